"""From a name to everything that is kept under it: findings and trail events, and how far back that reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.entity import Entity, EntityKind
from socconsole.model.finding import Severity
from socconsole.model.source import Freshness
from socconsole.store import reading, sources
from socconsole.store.instants import instant, instant_or_none, storable
from socconsole.text import Untrusted

_TRAIL: Final[Mapping[EntityKind, tuple[str, ...]]] = {
    EntityKind.KEY: ("key", "issued"),
    EntityKind.SESSION: ("session",),
    EntityKind.USER: ("user",),
    EntityKind.ROLE: ("role",),
    EntityKind.ADDRESS: ("address",),
    EntityKind.BUCKET: ("resource",),
    EntityKind.INSTANCE: ("resource",),
    EntityKind.RESOURCE: ("resource",),
    EntityKind.ACCOUNT: ("account",),
}
"""Under which names ``trail_entity`` has what a finding calls so; nothing in a trail is a domain."""

_ORDER: Final = (
    EntityKind.KEY, EntityKind.SESSION, EntityKind.USER, EntityKind.ROLE, EntityKind.ADDRESS, EntityKind.BUCKET,
    EntityKind.INSTANCE, EntityKind.RESOURCE, EntityKind.DOMAIN, EntityKind.ACCOUNT,
)  # fmt: skip
COUNTED: Final = 10_000
"""Events are counted up to here: beyond it a pivot finds nothing."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept under one name. ``events`` stops at ``COUNTED``."""

    entity: Entity
    findings: int
    open: int
    events: int
    first: datetime | None
    last: datetime | None
    accounts: tuple[str, ...]
    """Of the latest ``COUNTED`` events, and of the findings."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One finding or trail event that names it. ``ref`` is ``f-…``, or a trail event's number."""

    at: datetime
    ref: str | int
    what: Untrusted
    who: Untrusted
    account: str
    region: str
    severity: Severity | None
    """None for a trail event."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Horizon:
    """Within what a pivot looks: what is not here may still have happened. ``events`` stops at ``COUNTED``."""

    events: int
    since: datetime | None
    """From when on the trail of ``accounts`` was read, all of it; before that only what was told later or imported."""
    accounts: tuple[str, ...]
    """Those whose trail is read freshly and completely."""
    missing: tuple[str, ...]
    """Those in scope whose trail is not."""


def of_finding(conn: Connection, finding: str) -> list[Entity]:
    """What a finding names, actors before things."""
    id_ = reading.resolve(conn, finding)
    rows = conn.execute(
        "SELECT e.kind, e.value FROM finding_entity AS e JOIN finding AS f ON f.n = e.finding WHERE f.id = ?", (id_,)
    ).fetchall()
    return _entities(rows)


def of_event(conn: Connection, n: int) -> list[Entity]:
    """What a trail event names. A resource is called so, whatever it is: its name is what counts."""
    rows = conn.execute("SELECT kind, value FROM trail_entity WHERE n = ?", (n,)).fetchall()
    return _entities(("key" if kind == "issued" else kind, value) for kind, value in rows)


def called(conn: Connection, value: str) -> list[Entity]:
    """Everything that has this name, exactly."""
    name = storable(value.strip())
    kinds = {
        kind
        for table in ("finding_entity", "trail_entity")
        for kind in _KINDS
        if conn.execute(f"SELECT 1 FROM {table} WHERE kind = ? AND value = ? LIMIT 1", (kind, name)).fetchone()
    }
    found = _entities(("key" if kind == "issued" else kind, name) for kind in kinds)
    # The trail calls every thing a resource: under its own name it is listed once.
    things = {each for kind, each in found if kind in (EntityKind.BUCKET, EntityKind.INSTANCE)}
    return [(kind, each) for kind, each in found if kind is not EntityKind.RESOURCE or each not in things]


_KINDS: Final = (*EntityKind, "issued")


def held(conn: Connection, entity: Entity) -> Held:
    """How much is kept under a name, and from when to when."""
    kind, value = entity
    findings, open_, first, last = conn.execute(
        "SELECT count(*), coalesce(sum(q.closed = 0), 0), min(coalesce(q.occurred, q.published, q.seen)), "
        "max(coalesce(q.occurred, q.published, q.seen)) FROM finding_entity AS e JOIN queue AS q ON q.n = e.finding "
        "WHERE e.kind = ? AND e.value = ? AND q.sample = 0",
        (kind, value),
    ).fetchone()
    places = {
        account
        for (account,) in conn.execute(
            "SELECT DISTINCT q.account FROM finding_entity AS e JOIN queue AS q ON q.n = e.finding "
            "WHERE e.kind = ? AND e.value = ? AND q.sample = 0",
            (kind, value),
        )
    }
    events = 0
    instants = [each for each in (first, last) if each is not None]
    for name in _TRAIL.get(kind, ()):
        latest = "SELECT n, at FROM trail_entity WHERE kind = ? AND value = ? ORDER BY at DESC LIMIT ?"
        n, until = conn.execute(f"SELECT count(*), max(at) FROM ({latest})", (name, value, COUNTED)).fetchone()
        since = conn.execute("SELECT min(at) FROM trail_entity WHERE kind = ? AND value = ?", (name, value)).fetchone()
        events += n
        instants += [each for each in (*since, until) if each is not None]
        places |= {
            account
            for (account,) in conn.execute(
                f"SELECT DISTINCT t.account FROM ({latest}) AS e CROSS JOIN trail AS t ON t.n = e.n",
                (name, value, COUNTED),
            )
        }
    return Held(
        entity,
        findings,
        open_,
        min(events, COUNTED),
        instant_or_none(min(instants, default=None)),
        instant_or_none(max(instants, default=None)),
        tuple(sorted(each for each in places if each)),
    )


def moments(conn: Connection, entity: Entity, limit: int = 500) -> list[Moment]:
    """Findings and events under a name, newest first."""
    kind, value = entity
    found = [
        Moment(instant(at), id_, Untrusted(title), Untrusted(place), account or "", region or "", Severity(severity))
        for at, id_, title, place, account, region, severity in conn.execute(
            "SELECT coalesce(q.occurred, q.published, q.seen) AS at, q.id, q.title, q.place, q.account, q.region, "
            "q.severity FROM finding_entity AS e JOIN queue AS q ON q.n = e.finding "
            "WHERE e.kind = ? AND e.value = ? AND q.sample = 0 ORDER BY at DESC LIMIT ?",
            (kind, value, limit),
        )
    ]
    for name in _TRAIL.get(kind, ()):
        rows = conn.execute(
            "SELECT t.at, t.n, t.source, t.name, t.principal, t.account, t.region, t.error FROM trail_entity AS e "
            "JOIN trail AS t ON t.n = e.n WHERE e.kind = ? AND e.value = ? ORDER BY e.at DESC, e.n DESC LIMIT ?",
            (name, value, limit),
        )
        for at, n, source, call, who, account, region, error in rows:
            what = Untrusted(f"{source.partition('.')[0]} {call}")
            found.append(Moment(instant(at), n, what, Untrusted(who), account, region, None, error))
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def horizon(conn: Connection, now: datetime) -> Horizon:
    """How much of the trail is kept, and of which accounts it is read."""
    events = conn.execute("SELECT count(*) FROM (SELECT 1 FROM trail LIMIT ?)", (COUNTED,)).fetchone()[0]
    trails = [state for state in sources.states(conn, now=now) if state.key.service == "trail"]
    blind = {state.key.account for state in trails if state.freshness is not Freshness.FRESH}
    read = {state.key.account for state in trails} - blind
    begun = [
        instant(first)
        for account, first in conn.execute(
            "SELECT account, first_at FROM source WHERE service = 'trail' AND in_scope = 1 AND first_at IS NOT NULL"
        )
        if account in read
    ]
    return Horizon(events, max(begun, default=None), tuple(sorted(read)), tuple(sorted(blind)))


def _entities(rows: Iterable[tuple[str, str]]) -> list[Entity]:
    known = set(EntityKind)
    found = {(EntityKind(kind), value) for kind, value in rows if kind in known and kind != EntityKind.SIGNAL}
    return sorted(found, key=lambda each: (_ORDER.index(each[0]), each[1]))

"""Correlation over the store: for the findings that came or changed, what stands together with them, and no more.

A round takes some findings that wait (``incident_due``), gathers everything they could be tied to, also through what
the trail says was done to what, and what they were grouped with before; ``triage.correlate`` groups that; the rows
that moved are written. Each round is a short transaction of its own, so that nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole import triage
from socconsole.model.entity import Entity, EntityKind
from socconsole.model.finding import Kind
from socconsole.store import folding, naming, remerge, ringing, sources
from socconsole.store.codec import Codec
from socconsole.store.db import transaction
from socconsole.store.instants import instant, micros
from socconsole.triage.correlation import MANY_FINDINGS, MANY_PRINCIPALS, WINDOW, near, runs, ties
from socconsole.triage.entities import principal

SLICE: Final = 50
"""Findings of one round."""
CLOSURE: Final = 2_000
"""Findings that one round looks at, at most: beyond that nothing is one story any more."""

_EVENTS: Final = 1_000
"""Trail events of one round."""
_DEEDS: Final = 100
"""Changes that are looked at for one key or one store."""
_LATEST: Final = 20
_TRAIL: Final = "incidents/trail"
_ASIDE: Final = tuple(kind.value for kind in naming.ASIDE)
_CHANGE: Final = "t.read_only = 0 AND t.error = ''"
_TOUCHABLE: Final = (EntityKind.BUCKET, EntityKind.INSTANCE)


def advance(conn: Connection, now: datetime, limit: int = SLICE) -> int:
    """Correlate the next findings that wait; how much was looked at. 0: nothing waits any more."""
    with transaction(conn):
        events = _stirred_by_trail(conn)
        due = [n for (n,) in conn.execute("SELECT finding FROM incident_due ORDER BY finding LIMIT ?", (limit,))]
        if due:
            _regroup(conn, due)
            conn.executemany("DELETE FROM incident_due WHERE finding = ?", [(n,) for n in due])
        settled = folding.settle(conn, now)
    return len(due) + events + settled


def waits(conn: Connection, now: datetime) -> bool:
    """Whether :func:`advance` has anything to do: told without a write lock."""
    found = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM incident_due) OR EXISTS (SELECT 1 FROM incident WHERE dirty = 1) "
        "OR EXISTS (SELECT 1 FROM incident WHERE again <= ?)",
        (micros(now),),
    ).fetchone()[0]
    return bool(found) or _last_event(conn) > _seen_events(conn)


def finish(conn: Connection, now: datetime) -> None:
    """Correlate all that waits: for what ends with it (an import, ``recover``, a single round of the watch)."""
    while waits(conn, now):
        advance(conn, now)


# --- what waits -----------------------------------------------------------------------------------------


def _last_event(conn: Connection) -> int:
    found: int = conn.execute("SELECT coalesce(max(n), 0) FROM trail").fetchone()[0]
    return found


def _seen_events(conn: Connection) -> int:
    return int(sources.load_cursor(conn, _TRAIL) or 0)


def _stirred_by_trail(conn: Connection) -> int:
    """New changes in the trail make findings about what was changed wait; how many events were looked at."""
    after = _seen_events(conn)
    events = [n for (n,) in conn.execute("SELECT n FROM trail WHERE n > ? ORDER BY n LIMIT ?", (after, _EVENTS))]
    if not events:
        return 0
    conn.execute(
        "INSERT INTO incident_due (finding) SELECT f.finding FROM trail AS t "
        "CROSS JOIN trail_entity AS e ON e.n = t.n AND e.kind = 'resource' "
        "CROSS JOIN finding_entity AS f ON f.kind IN (?, ?) AND f.value = e.value "
        f"WHERE t.n BETWEEN ? AND ? AND {_CHANGE} GROUP BY f.finding ORDER BY f.finding DESC LIMIT ? "
        "ON CONFLICT DO NOTHING",
        (*(kind.value for kind in _TOUCHABLE), events[0], events[-1], _LATEST * _DEEDS),
    )
    sources.save_cursor(conn, _TRAIL, str(events[-1]))
    return len(events)


# --- what belongs together ------------------------------------------------------------------------------


def _regroup(conn: Connection, due: Sequence[int]) -> None:
    closure = _Closure(conn, due)
    groups = triage.correlate(closure.members.values(), closure.deeds.values(), common=frozenset(closure.common))
    looked_at = [*closure.members, *(n for n in due if n not in closure.members)]
    before = dict(
        _each(conn, "SELECT n, incident FROM queue WHERE n IN ({})", looked_at),
    )
    after: dict[int, str] = {}
    for group in groups:
        founder = min(n for n in group.members if not closure.members[n].follows)
        named: str = conn.execute("SELECT id FROM finding WHERE n = ?", (founder,)).fetchone()[0]
        after.update(dict.fromkeys(group.members, "n-" + named.removeprefix("f-")))
    moved = [(after.get(n), n) for n, incident in before.items() if incident != after.get(n)]
    if not moved:
        return
    conn.executemany(
        "INSERT INTO incident (id) VALUES (?) ON CONFLICT DO NOTHING", [(each,) for each in set(after.values())]
    )
    conn.executemany("UPDATE queue SET incident = ?, folded = 0 WHERE n = ?", moved)
    touched = {incident for incident, _ in moved} | {before[n] for _, n in moved}
    for incident in touched - {None}:
        # Its lead may be one of those that left: nobody stands for others until it was folded anew.
        conn.execute("UPDATE queue SET folded = 0 WHERE incident = ? AND folded = 1", (incident,))
        if conn.execute("SELECT 1 FROM queue WHERE incident = ? LIMIT 1", (incident,)).fetchone():
            conn.execute("UPDATE incident SET dirty = 1 WHERE id = ?", (incident,))
        else:
            conn.execute("DELETE FROM incident WHERE id = ?", (incident,))


class _Closure:
    """Everything that may be tied to some findings, over any number of steps: ``members``, ``deeds``, ``common``."""

    def __init__(self, conn: Connection, due: Sequence[int]) -> None:
        self._conn = conn
        self._due = frozenset(due)
        self._naming: dict[Entity, list[triage.Member]] = {}
        self._runs: dict[Entity, dict[int, list[int]]] = {}
        self._rings = ringing.rings(conn)
        self.members: dict[int, triage.Member] = {}
        self.deeds: dict[int, triage.Deed] = {}
        self.common: set[Entity] = set()
        waiting = list(due)
        looked_at: set[int] = set()
        while waiting and len(self.members) < CLOSURE:
            n = waiting.pop()
            if n in looked_at:
                continue
            looked_at.add(n)
            member = self._member(n)
            if member is not None:
                self.members[n] = member
            # What is gone or a sample now is no member: those it stood with have to do without it.
            beside = self._grouped_with(n) if member is None else self._next_to(member)
            waiting += [other for other in beside if other not in looked_at]

    def _next_to(self, member: triage.Member) -> Iterator[int]:
        yield from self._grouped_with(member.id)
        for entity in sorted(member.entities):
            if not ties(entity) or (member.follows and entity[0] is not EntityKind.BUCKET):
                continue
            named = self._named(entity)
            if entity in self.common:
                if member.id in self._due:  # it may be what made it common: what it tied is looked at anew
                    yield from (each.id for each in named if self._grouped(each.id))
            elif entity[0] is EntityKind.SIGNAL:
                yield from (each.id for each in named)
            else:
                yield from self._run_of(entity, member.id)
        for host in sorted(member.carries):
            named = self._named(host)
            if host not in self.common:
                yield from (each.id for each in named if near(member, each))
        if not member.follows:
            yield from (n for n, ring in self._rings.items() if ring.hosts & member.entities)
            yield from self._done(member)

    def _run_of(self, entity: Entity, n: int) -> Sequence[int]:
        """Findings that name something in the same run of time as finding ``n`` does."""
        if entity not in self._runs:
            parted = [[each.id for each in run] for run in runs(self._named(entity))]
            self._runs[entity] = {one: run for run in parted for one in run}
        return self._runs[entity].get(n, ())

    def _grouped_with(self, n: int) -> Iterator[int]:
        for (other,) in self._conn.execute(
            "SELECT n FROM queue WHERE incident = (SELECT incident FROM queue WHERE n = ?)", (n,)
        ):
            yield other

    def _grouped(self, n: int) -> bool:
        found = self._conn.execute("SELECT 1 FROM queue WHERE n = ? AND incident IS NOT NULL", (n,))
        return found.fetchone() is not None

    # --- findings ---

    def _member(self, n: int) -> triage.Member | None:
        row = self._conn.execute(
            "SELECT sources, kind, sample, began, at, published FROM queue WHERE n = ?", (n,)
        ).fetchone()
        if row is None or row[0] == naming.STANDING or row[1] in _ASIDE or row[2]:
            return None
        _, kind, _, *times = row
        carries = self._rings[n].hosts if n in self._rings else frozenset[Entity]()
        follows = kind == Kind.CONTROL.value or bool(carries)
        return triage.Member(n, *self._span(n, *times), self._entities(n), follows, carries)

    def _span(self, n: int, began: int, at: int, published: int | None) -> tuple[datetime, datetime]:
        """From when to when a finding is about: from what it began with to its last activity, or its publication."""
        since = self._rings[n].since if n in self._rings else instant(began)
        return since, max(since, instant(max(at, published or at)))

    def _entities(self, n: int) -> frozenset[Entity]:
        rows = self._conn.execute("SELECT kind, value FROM finding_entity WHERE finding = ?", (n,)).fetchall()
        if not rows:
            rows = self._named_late(n)
        signals = self._conn.execute(
            "SELECT 'signal', a.key FROM alias AS a WHERE a.finding = ? "
            "AND EXISTS (SELECT 1 FROM finding_entity WHERE kind = 'signal' AND value = a.key)",
            (n,),
        ).fetchall()
        return frozenset((EntityKind(kind), value) for kind, value in (*rows, *signals))

    def _named_late(self, n: int) -> list[tuple[str, str]]:
        """What a finding names that was stored before this was noted; nothing for one that names nothing."""
        seen = self._conn.execute("SELECT seen FROM finding WHERE n = ?", (n,)).fetchone()[0]
        finding = remerge.merged(self._conn, Codec(self._conn), n, seen, triage.Context())
        naming.name(self._conn, n, finding)
        return self._conn.execute("SELECT kind, value FROM finding_entity WHERE finding = ?", (n,)).fetchall()

    def _named(self, entity: Entity) -> list[triage.Member]:
        """The findings that name something, as far as time goes; and whether it is too common to tell anything."""
        known = self._naming.get(entity)
        if known is not None:
            return known
        kind, value = entity
        also = "UNION SELECT a.finding FROM alias AS a WHERE a.key = :value" if kind is EntityKind.SIGNAL else ""
        rows = self._conn.execute(
            f"WITH named (n) AS (SELECT finding FROM finding_entity WHERE kind = :kind AND value = :value {also}) "
            "SELECT f.n, f.began, f.at, f.published FROM named AS e JOIN queue AS f ON f.n = e.n "
            "WHERE f.sample = 0 AND f.kind NOT IN (:aside, :also_aside) AND f.sources <> :standing "
            "ORDER BY f.n DESC LIMIT :most",
            {
                "kind": kind.value, "value": value, "aside": _ASIDE[0], "also_aside": _ASIDE[1],
                "standing": naming.STANDING, "most": MANY_FINDINGS + 1,
            },
        ).fetchall()  # fmt: skip
        found = [triage.Member(n, *self._span(n, *times), frozenset()) for n, *times in rows]
        self._naming[entity] = found
        if len(found) > MANY_FINDINGS or (kind is EntityKind.ADDRESS and self._is_shared(value)):
            self.common.add(entity)
        return found

    def _is_shared(self, address: str) -> bool:
        behind = self._conn.execute(
            "SELECT DISTINCT p.kind, p.value FROM finding_entity AS a "
            "CROSS JOIN finding_entity AS p INDEXED BY finding_entity_n ON p.finding = a.finding "
            "JOIN finding AS f ON f.n = a.finding AND f.sample = 0 "
            "WHERE a.kind = 'address' AND a.value = ? AND p.kind IN ('user', 'role') LIMIT ?",
            (address, MANY_PRINCIPALS + 1),
        ).fetchall()
        return len(behind) > MANY_PRINCIPALS

    # --- what the trail ties ---

    def _done(self, member: triage.Member) -> Iterator[int]:
        """Findings tied to this one by a change in the trail: of its store, by others; of other stores, by its key."""
        since, until = micros(member.first - WINDOW), micros(member.last + WINDOW)
        for kind, value in sorted(member.entities):
            named = "resource" if kind in _TOUCHABLE else "key" if kind is EntityKind.KEY else ""
            if not named:
                continue
            for n, at, key, arn in self._conn.execute(
                "SELECT t.n, t.at, t.access_key, t.principal FROM trail_entity AS e JOIN trail AS t ON t.n = e.n "
                f"WHERE e.kind = ? AND e.value = ? AND e.at BETWEEN ? AND ? AND {_CHANGE} "
                "ORDER BY e.at DESC, e.n DESC LIMIT ?",
                (named, value, since, until, _DEEDS),
            ).fetchall():
                if n not in self.deeds:
                    self.deeds[n] = self._deed(n, at, key, arn)
                    yield from self._near(self.deeds[n])

    def _deed(self, n: int, at: int, key: str, arn: str) -> triage.Deed:
        who = {e for e in principal(arn) if e[0] in (EntityKind.SESSION, EntityKind.USER)}
        if key:
            who.add((EntityKind.KEY, key))
        touched = self._conn.execute("SELECT value FROM trail_entity WHERE n = ? AND kind = 'resource'", (n,))
        what = frozenset((kind, value) for (value,) in touched.fetchall() for kind in _TOUCHABLE)
        return triage.Deed(instant(at), frozenset(who), what)

    def _near(self, deed: triage.Deed) -> Iterator[int]:
        for entity in sorted(deed.who | deed.what):
            for each in self._named(entity):
                if entity not in self.common and each.first - WINDOW <= deed.at <= each.last + WINDOW:
                    yield each.id


def _each(conn: Connection, sql: str, values: Sequence[int]) -> Iterator[tuple[int, str | None]]:
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        yield from conn.execute(sql.format(",".join("?" * len(part))), part)

"""Reading single findings: everything that is known of one detection, and the records it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from sqlite3 import Connection, Row
from typing import Any, Final

from socconsole import triage
from socconsole.model.finding import Finding, Format, Leaving, Observation, Priority, State, Verdict, Workflow
from socconsole.store import egress, rows
from socconsole.store.codec import Codec, unpack_observation
from socconsole.store.instants import instant, instant_or_none
from socconsole.store.leaving import Flow, flow
from socconsole.store.sources import fresh_origins as fresh_origins
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Standing:
    """What was decided about a finding, over all ids it has had. None where nothing was."""

    acked_at: datetime | None = None
    acked_by: Untrusted | None = None
    ack_reason: Untrusted | None = None
    owner: Untrusted | None = None
    owned_at: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: Untrusted | None = None
    snooze_reason: Untrusted | None = None
    verdict: Verdict | None = None
    verdict_at: datetime | None = None
    verdict_by: Untrusted | None = None
    verdict_reason: Untrusted | None = None
    note: Untrusted | None = None
    note_at: datetime | None = None
    note_by: Untrusted | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A finding as it stands: what AWS says, what was decided, and what follows from both.

    ``state``, ``leaving`` and ``still_firing`` hold for the instant it was read at; ``facts`` is what they are
    computed from, for any other instant (``triage.state``).
    """

    finding: Finding
    decided: Standing
    facts: triage.Facts
    state: State
    leaving: Leaving | None
    still_firing: bool
    not_sent: tuple[str, ...]
    """Kinds of workflow writes that AWS has not been told yet: ``acknowledge``, ``note`` …"""
    send_failed: tuple[str, ...]
    """Why writes among them failed; text from AWS is cleaned by whoever stored it."""
    aliases: tuple[str, ...]
    """Other ids under which this finding can be named."""
    ended: Ended | None = None
    """How and when it was closed; None while it is open."""
    way_out: WayOut | None = None
    """The way out that its resources name, and what leaves there; None where they name none."""
    incident: str | None = None
    """The incident candidate that it is part of; None while it stands alone."""
    case: str | None = None
    """The case that it is in, the first of several, open ones before closed ones; None while it is in none."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """What a finding has to do with a way out (``store.egress``)."""

    path: str | None
    """Its id; None where the finding belongs to several, as ``flow.cannot_see`` says."""
    resource: str
    flow: Flow


class How(StrEnum):
    """How a finding came to be closed."""

    GONE = "gone"
    """AWS no longer has any of its records."""
    ARCHIVED = "archived"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


HOW_SQL: Final = (
    "CASE WHEN q.active = 1 THEN lower(q.workflow) WHEN EXISTS (SELECT 1 FROM observation AS o "
    "WHERE o.finding = q.n AND o.head = 1 AND o.n NOT IN (SELECT observation FROM missing WHERE confirmed = 1)) "
    "THEN 'archived' ELSE 'gone' END"
)
"""The ``How`` of a closed row ``q`` of ``queue``."""


@dataclass(frozen=True, slots=True)
class Ended:
    """That a finding is closed: how, and when this store learnt of it (None: before it kept that)."""

    how: How
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Body:
    """One record, complete, as compact ASCII JSON. ``current`` is False for a version that was overtaken."""

    format: Format
    origin: Untrusted
    data: bytes
    seen: datetime
    current: bool


def resolve(conn: Connection, id: str) -> str | None:
    """The id that a finding has now, given any it ever had here or on another install; None if unknown."""
    n = _number(conn, id)
    if n is None:
        return None
    found: str = conn.execute("SELECT id FROM finding WHERE n = ?", (n,)).fetchone()[0]
    return found


def get(conn: Connection, id: str, now: datetime | None = None) -> Stored | None:
    """One finding by any of its ids, as it stands at ``now`` (default: this moment); None if unknown."""
    n = _number(conn, id)
    return None if n is None else _Reader(conn, now or datetime.now(UTC)).read(n)


def each(conn: Connection, ids: Iterable[str], now: datetime | None = None) -> Iterator[Stored]:
    """Several findings in the order asked for; unknown ids are left out."""
    reader = _Reader(conn, now or datetime.now(UTC))
    for id_ in ids:
        n = _number(conn, id_)
        found = None if n is None else reader.read(n)
        if found is not None:
            yield found


def bodies(conn: Connection, id: str) -> list[Body]:
    """The records of a finding: current ones first, then what was overtaken, oldest first."""
    n = _number(conn, id)
    if n is None:
        return []
    codec = Codec(conn)
    return [
        Body(Format(format_), Untrusted(origin), codec.unpack(data, dictionary), instant(seen), bool(head))
        for format_, origin, dictionary, data, seen, head in conn.execute(
            "SELECT o.format, g.name, b.dictionary, b.data, o.seen, o.head FROM observation AS o "
            "JOIN body AS b ON b.observation = o.n JOIN origin AS g ON g.n = o.origin "
            "WHERE o.finding = ? ORDER BY o.head DESC, o.n",
            (n,),
        )
    ]


def observation(conn: Connection, codec: Codec, n: int) -> Observation:
    """One stored record as its reader understood it, without its body; inactive when AWS no longer has it."""
    dictionary, doc, digest, gone = conn.execute(
        "SELECT b.dictionary, b.doc, o.digest, coalesce(m.confirmed, 0) FROM observation AS o "
        "JOIN body AS b ON b.observation = o.n LEFT JOIN missing AS m ON m.observation = o.n WHERE o.n = ?",
        (n,),
    ).fetchone()
    found = unpack_observation(codec.unpack(doc, dictionary), digest)
    return replace(found, active=False) if gone else found


def findings_json(stored: Stored, now: datetime) -> dict[str, Any]:
    """A finding as the command line prints it (one line of ``findings --json``), to go through ``ascii_json``."""
    finding = stored.finding
    state, leaving, still_firing = triage.state(stored.facts, now)
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "title": finding.title,
        "severity": finding.severity.name,
        "score": finding.priority.score,
        "reasons": [{"points": r.points, "why": r.why} for r in finding.priority.reasons],
        "sources": list(finding.sources),
        "product": finding.product,
        "account": finding.account,
        "region": finding.region,
        "types": list(finding.types),
        "resources": [{"type": r.type, "id": r.id} for r in finding.resources],
        "actors": [{"kind": a.kind, "value": a.value, "detail": a.detail} for a in finding.actors],
        "occurred": rfc3339(finding.occurred),
        "published": rfc3339(finding.published),
        "seen": rfc3339(finding.seen),
        "updated": rfc3339(finding.updated),
        "workflow": finding.workflow.value,
        "state": state.value,
        "leaving": None if leaving is None else leaving.value,
        "still_firing": still_firing,
        "owner": stored.decided.owner,
        "case": stored.case,
        "incident": stored.incident,
        "sample": finding.sample,
        "ended": None if stored.ended is None else {"how": stored.ended.how.value, "at": rfc3339(stored.ended.at)},
        "egress": None if stored.way_out is None else _egress_json(stored.way_out),
    }


def _egress_json(way: WayOut) -> dict[str, Any]:
    """``rate`` is in ``unit`` a second, null where nobody can see it; ``cannot_see`` says why."""
    return {
        "path": way.path,
        "resource": way.resource or None,
        "rate": way.flow.rate,
        "unit": way.flow.unit,
        "last_byte": rfc3339(way.flow.last_byte),
        "cannot_see": way.flow.cannot_see or None,
    }


def rfc3339(at: datetime | None) -> str | None:
    """``2026-03-01T03:09:46Z``, with a fraction where there is one."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- one row, put together ----------------------------------------------------------------------------


def _number(conn: Connection, id: str) -> int | None:
    row = conn.execute("SELECT n FROM finding WHERE id = ?", (id,)).fetchone()
    if row is None and len(id) >= 14:
        row = conn.execute("SELECT finding FROM alias WHERE key > ? AND key < ? || 'g' LIMIT 1", (id, id)).fetchone()
    return row[0] if row else None


_ROW = """
    SELECT f.id, f.score, f.reasons, f.seen, q.workflow, q.active, q.sequence, q.occurred, q.acked_at, q.snoozed_at,
        q.snoozed_until, q.snooze_print IS q.print AS snooze_fits, q.resolved_at, q.resumed_at, q.blocked_at, q.incident
    FROM finding AS f JOIN queue AS q ON q.n = f.n WHERE f.n = ?
"""
# One decision group, the latest over all ids the finding has had.
_GROUPS = {
    "ack_seq": ("acked_at", "acked_by", "ack_reason"),
    "owner_seq": ("owner", "owned_at"),
    "snooze_seq": ("snoozed_at", "snoozed_until", "snoozed_by", "snooze_reason"),
    "verdict_seq": ("verdict", "verdict_at", "verdict_by", "verdict_reason"),
    "note_seq": ("note", "note_at", "note_by"),
}


class _Reader:
    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now
        self._codec = Codec(conn)
        self._fresh = fresh_origins(conn, now)
        self._flows: dict[str, Flow] = {}

    def read(self, n: int) -> Stored | None:
        cursor = self._conn.cursor()
        cursor.row_factory = Row
        row = cursor.execute(_ROW, (n,)).fetchone()
        heads = self._conn.execute(
            "SELECT o.n, g.name FROM observation AS o JOIN origin AS g ON g.n = o.origin "
            "WHERE o.finding = ? AND o.head = 1 ORDER BY o.n",
            (n,),
        ).fetchall()
        if row is None or not heads:  # deleted between two statements
            return None
        merged = triage.merge(
            [observation(self._conn, self._codec, number) for number, _ in heads],
            instant(row["seen"]),
            triage.Context(),
        )
        # The score is the one that was stored with what was known of the estate then: what the table sorts by.
        finding = replace(merged, id=row["id"], priority=Priority(row["score"], rows.reasons(row["reasons"])))
        facts = triage.Facts(
            workflow=Workflow(row["workflow"]),
            active=bool(row["active"]),
            sequence=bool(row["sequence"]),
            last_occurred=instant_or_none(row["occurred"]),
            acknowledged_at=instant_or_none(row["acked_at"]),
            snoozed_at=instant_or_none(row["snoozed_at"]),
            snoozed_until=instant_or_none(row["snoozed_until"]),
            snooze_fits=bool(row["snooze_fits"]),
            resolved_at=instant_or_none(row["resolved_at"]),
            blocked_at=instant_or_none(row["blocked_at"]),
            resumed_at=instant_or_none(row["resumed_at"]),
            leaks=rows.leaks(finding),
            fresh=all(origin in self._fresh for _, origin in heads),
        )
        state, leaving, still_firing = triage.state(facts, self._now)
        waiting = self._conn.execute(
            "SELECT o.kind, o.state, o.why FROM decided AS k JOIN outbox AS o ON o.finding_id = k.finding_id "
            "WHERE k.n = ? AND o.taken_by IS NULL AND o.state IN ('unsent', 'claimed', 'failed') ORDER BY o.id",
            (n,),
        ).fetchall()
        return Stored(
            finding,
            self._standing(n),
            facts,
            state,
            leaving,
            still_firing,
            tuple(kind for kind, _, _ in waiting),
            tuple(why for _, outcome, why in waiting if outcome == "failed"),
            self._aliases(n, finding.id),
            self._ended(n) if state is State.RESOLVED else None,
            self._way_out(finding),
            row["incident"],
            self._case(n),
        )

    def _case(self, n: int) -> str | None:
        """Also under ids that it had before it was merged."""
        row = self._conn.execute(
            "SELECT c.id FROM case_finding AS f JOIN case_file AS c ON c.id = f.case_id WHERE f.finding IN "
            "(SELECT id FROM finding WHERE n = ?1 UNION SELECT substr(key, 1, 14) FROM alias WHERE finding = ?1) "
            "AND c.merged = '' ORDER BY c.closed IS NOT NULL, c.opened LIMIT 1",
            (n,),
        ).fetchone()
        return None if row is None else str(row[0])

    def _way_out(self, finding: Finding) -> WayOut | None:
        names = [name.raw() for each in finding.resources for name in (each.id, each.name) if name is not None]
        found = egress.meant(self._conn, names, finding.account, finding.region)
        path = egress.one_of(found)
        if path is None:
            several = len(found.named[0] if found.named else found.linked)
            why = f"belongs to {several} ways out: none of their meters is its own"
            return WayOut(None, "", Flow(None, None, "bytes", why)) if several else None
        if path not in self._flows:
            self._flows[path] = flow(self._conn, path, self._now)
        resource = egress.resource_of(self._conn, path)
        return WayOut(path, resource, self._flows[path])

    def _standing(self, n: int) -> Standing:
        cursor = self._conn.cursor()
        cursor.row_factory = Row
        found = cursor.execute(
            "SELECT d.* FROM decided AS k JOIN decision AS d ON d.finding_id = k.finding_id WHERE k.n = ?",
            (n,),
        ).fetchall()
        values: dict[str, Any] = {}
        for group, columns in _GROUPS.items():
            latest = max((row for row in found if row[group] is not None), key=lambda r: r[group], default=None)
            for column in columns:
                value = None if latest is None else latest[column]
                if value is None:
                    values[column] = None
                elif column.endswith(("_at", "_until")):
                    values[column] = instant(value)
                elif column == "verdict":
                    values[column] = Verdict(value)
                else:
                    values[column] = Untrusted(value)
        return Standing(**values)

    def _ended(self, n: int) -> Ended:
        how, at = self._conn.execute(f"SELECT {HOW_SQL}, resolved_at FROM queue AS q WHERE n = ?", (n,)).fetchone()
        return Ended(How(how), instant_or_none(at))

    def _aliases(self, n: int, id_: str) -> tuple[str, ...]:
        found = {key[:14] for (key,) in self._conn.execute("SELECT key FROM alias WHERE finding = ?", (n,))}
        return tuple(sorted(found - {id_}))

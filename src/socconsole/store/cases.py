"""Cases as they are read: what the ledger says of each, with its findings under the ids that they have now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from socconsole.model.action import ActionRecord
from socconsole.model.case import Case, CaseStatus, Stakeholder
from socconsole.model.finding import Severity
from socconsole.store import actions, reading
from socconsole.store.instants import instant, instant_or_none
from socconsole.text import Untrusted

_CHUNK: Final = 500
_WHOLE: Final = (
    "WITH RECURSIVE part (id) AS (VALUES (?1) UNION SELECT c.id FROM case_file AS c JOIN part AS p ON c.merged = p.id)"
)
"""A case, and those that were merged into it or into one of them."""

_COLUMNS: Final = (
    "id, title, severity, status, owner, hypothesis, incident, opened, opened_by, closed, held, merged, evidence, seq"
)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry about a case, without its private texts; ``ledger.get`` has those."""

    seq: int
    verb: str
    at: datetime
    who: Untrusted
    data: Mapping[str, Any]


def get(conn: Connection, id_: str) -> Case | None:
    """A case by its id; None where there is none."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM case_file WHERE id = ?", (id_.strip().lower(),)).fetchone()
    return None if row is None else _case(conn, row)


def each(conn: Connection, *, closed: bool = False) -> Iterator[Case]:
    """Open cases, worst first and then the oldest; with ``closed`` those that are not as well, after them."""
    where = "" if closed else "WHERE closed IS NULL AND merged = ''"
    order = "ORDER BY closed IS NOT NULL, severity DESC, opened"
    for row in conn.execute(f"SELECT {_COLUMNS} FROM case_file {where} {order}").fetchall():
        yield _case(conn, row)


_ANYWAY: Final = (
    "(closed IS NOT NULL AND merged = '' AND (SELECT json_extract(e.data, '$.anyway') FROM case_event AS e "
    "WHERE e.case_id = c.id AND e.verb = 'case_close' ORDER BY e.seq DESC LIMIT 1) IS TRUE)"
)


def closed_anyway(conn: Connection) -> Iterator[Case]:
    """Closed cases, not merged into others, that were last closed although something stood open."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM case_file AS c WHERE {_ANYWAY} ORDER BY closed")
    for row in rows.fetchall():
        yield _case(conn, row)


def with_clocks(conn: Connection) -> list[tuple[str, int, bool]]:
    """(id, sequence of the last entry, whether it is closed) of every case of which clocks may run: the open ones, and
    those that were closed although something stood open."""
    sql = f"SELECT id, seq, closed IS NOT NULL FROM case_file AS c WHERE (closed IS NULL AND merged = '') OR {_ANYWAY}"
    return [(id_, seq, bool(closed)) for id_, seq, closed in conn.execute(sql)]


def of_finding(conn: Connection, finding: str) -> tuple[str, ...]:
    """Ids of the cases, not merged into others, that a finding is in."""
    id_ = reading.resolve(conn, finding) or finding
    return tuple(
        case
        for (case,) in conn.execute(
            "SELECT f.case_id FROM case_finding AS f JOIN case_file AS c ON c.id = f.case_id "
            "WHERE f.finding IN (SELECT ?1 UNION SELECT substr(key, 1, 14) FROM alias WHERE finding = "
            "(SELECT n FROM finding WHERE id = ?1)) AND c.merged = '' ORDER BY c.opened",
            (id_,),
        )
    )


def events(conn: Connection, case: str) -> list[Event]:
    """Every entry about it, and about all that became part of it, at whatever remove, in their order."""
    rows = conn.execute(
        f"{_WHOLE} SELECT DISTINCT e.seq, e.verb, e.at, e.who, e.data FROM case_event AS e "
        "WHERE e.case_id IN (SELECT id FROM part) ORDER BY e.seq",
        (case,),
    )
    return [Event(seq, verb, instant(at), Untrusted(who), json.loads(data)) for seq, verb, at, who, data in rows]


def first_opened(conn: Connection, case: Case) -> datetime:
    """When the first of the cases that it is made of was opened: what one of them knew, the whole knew."""
    sql = f"{_WHOLE} SELECT min(opened) FROM case_file WHERE id IN (SELECT id FROM part)"
    (first,) = conn.execute(sql, (case.id,)).fetchone()
    return instant(first)


def actions_of(conn: Connection, case: Case) -> list[ActionRecord]:
    """The containments that were made for its findings, the newest first."""
    return sorted(actions.of_findings(conn, case.findings), key=lambda one: one.intended, reverse=True)


def worst_first(conn: Connection, ids: Sequence[str]) -> list[str]:
    """Ids that the store knows, by score; those that it does not know yet, last."""
    score: dict[str, tuple[int, int]] = {}
    for start in range(0, len(ids), _CHUNK):
        part = list(ids[start : start + _CHUNK])
        marks = ",".join("?" * len(part))
        for id_, points, first in conn.execute(f"SELECT id, score, first FROM queue WHERE id IN ({marks})", part):
            score[id_] = (points, first)
    return sorted(dict.fromkeys(ids), key=lambda one: score.get(one, (-1, 0)), reverse=True)


def _case(conn: Connection, row: tuple[Any, ...]) -> Case:
    id_, title, severity, status, owner, hypothesis, incident, opened, by, closed, held, merged, evidence, seq = row
    listed = [one for (one,) in conn.execute("SELECT finding FROM case_finding WHERE case_id = ?", (id_,))]
    told = conn.execute("SELECT name, at, how FROM case_told WHERE case_id = ? ORDER BY seq", (id_,)).fetchall()
    return Case(
        id=id_,
        title=Untrusted(title),
        severity=Severity(severity),
        status=CaseStatus(status),
        owner=Untrusted(owner),
        hypothesis=Untrusted(hypothesis),
        incident=incident,
        opened=instant(opened),
        opened_by=Untrusted(by),
        closed=instant_or_none(closed),
        held=bool(held),
        into=merged,
        findings=tuple(worst_first(conn, _now_called(conn, listed))),
        evidence=tuple(json.loads(evidence)),
        told=tuple(Stakeholder(Untrusted(name), instant(at), Untrusted(how)) for name, at, how in told),
        seq=seq,
    )


def _now_called(conn: Connection, ids: Sequence[str]) -> list[str]:
    """Findings that were merged since have one id now; what the store does not know keeps the one it had."""
    known: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        known.update(id_ for (id_,) in conn.execute(f"SELECT id FROM finding WHERE id IN ({marks})", part))
    return [one if one in known else reading.resolve(conn, one) or one for one in ids]

"""Reading containments: what was intended, what AWS says became of it, what undoes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from socconsole.model.action import ActionRecord, ActionState, Call, Reversible
from socconsole.model.world import Place
from socconsole.store.instants import instant, instant_or_none, micros


@dataclass(frozen=True, slots=True)
class Stored:
    """An action with all that its entries hold. ``results`` are the calls as they went."""

    record: ActionRecord
    reversible: Reversible
    wide: bool
    calls: tuple[Call, ...]
    undo_calls: tuple[Call, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    evidence: str | None
    """SHA-256 of what was read before the first call."""
    results: tuple[Mapping[str, Any], ...]


_COLUMNS: Final = (
    "id, action, target, account, region, finding, state, who, intended, settled, intent_seq, undoes, undone_by, "
    "reversible, wide, calls, undo_calls, before, after, evidence, results, verified, detail, leave"
)


def get(conn: sqlite3.Connection, id_: str) -> ActionRecord | None:
    found = whole(conn, id_)
    return found.record if found else None


def whole(conn: sqlite3.Connection, id_: str) -> Stored | None:
    """An action with its calls, before-state and undo plan."""
    return next(iter(_select(conn, "id = ?", id_)), None)


def latest(conn: sqlite3.Connection, limit: int = 100) -> list[ActionRecord]:
    """Newest first."""
    return _records(conn, "1", limit, order="intent_seq DESC LIMIT ?")


def intended_since(conn: sqlite3.Connection, since: datetime, states: Sequence[ActionState]) -> list[ActionRecord]:
    """Those in one of these states that were intended from a moment on, newest first."""
    marks = ",".join("?" * len(states))
    values = (micros(since), *(one.value for one in states))
    return _records(conn, f"intended >= ? AND state IN ({marks})", *values, order="intent_seq DESC")


def of_finding(conn: sqlite3.Connection, finding: str) -> list[ActionRecord]:
    """Everything done for a finding, oldest first; what was done for others and closes what it needs; and, of a
    finding of ours that something is owed about an action, that action."""
    return of_findings(conn, (finding,))


def of_findings(conn: sqlite3.Connection, findings: Sequence[str]) -> list[ActionRecord]:
    """The same of several findings, each action once."""
    named = "(SELECT value FROM json_each(?))"
    closing = (
        "SELECT c.action FROM queue AS q JOIN need AS d ON d.n = q.n JOIN closing AS c ON c.name = d.name "
        f"WHERE q.id IN {named}"
    )
    held = "undone_by IS NULL AND undoes IS NULL AND state IN ('applied', 'partial')"
    owing = (
        "SELECT w.action FROM queue AS q JOIN alias AS k ON k.finding = q.n JOIN owed AS w ON w.alarm = k.key "
        f"WHERE q.id IN {named}"
    )
    where = f"finding IN {named} OR ({held} AND id IN ({closing})) OR id IN ({owing})"
    ids = json.dumps(list(findings))
    return _records(conn, where, ids, ids, ids)


def in_force(conn: sqlite3.Connection) -> list[ActionRecord]:
    """Containments that hold, wholly or in part, and have not been undone; oldest first."""
    return _records(conn, "state IN ('applied', 'partial') AND undone_by IS NULL AND undoes IS NULL")


def in_doubt(conn: sqlite3.Connection) -> list[ActionRecord]:
    """Intents whose outcome nobody knows, oldest first.

    One of them may be under way: whoever resolves it takes the lock of its target first.
    """
    return _records(conn, "state = ?", ActionState.IN_DOUBT.value)


def _records(conn: sqlite3.Connection, where: str, *values: object, order: str = "intent_seq") -> list[ActionRecord]:
    return [stored.record for stored in _select(conn, where, *values, order=order)]


def _select(conn: sqlite3.Connection, where: str, *values: object, order: str = "intent_seq") -> list[Stored]:
    query = f"SELECT {_COLUMNS} FROM action WHERE {where} ORDER BY {order}"
    cursor = conn.execute(query, values)
    names = [column[0] for column in cursor.description]
    return [_stored(dict(zip(names, row, strict=True))) for row in cursor]


def _stored(row: dict[str, Any]) -> Stored:
    record = ActionRecord(
        id=row["id"],
        action=row["action"],
        target=row["target"],
        place=Place(row["account"], row["region"]),
        finding=row["finding"],
        state=ActionState(row["state"]),
        who=row["who"],
        intended=instant(row["intended"]),
        settled=instant_or_none(row["settled"]),
        verified=tuple((when, held) for when, held in json.loads(row["verified"])),
        undone_by=row["undone_by"],
        undoes=row["undoes"],
        intent_seq=row["intent_seq"],
        detail=row["detail"],
        leave=row["leave"],
    )
    return Stored(
        record=record,
        reversible=Reversible(row["reversible"]),
        wide=bool(row["wide"]),
        calls=_calls(row["calls"]),
        undo_calls=_calls(row["undo_calls"]),
        before=json.loads(row["before"]),
        after=json.loads(row["after"]),
        evidence=row["evidence"],
        results=tuple(json.loads(row["results"])),
    )


def _calls(text: str) -> tuple[Call, ...]:
    return tuple(Call(call["service"], call["operation"], call["params"]) for call in json.loads(text))

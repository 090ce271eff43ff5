"""What intents, outcomes and later checks do to the ``action`` table, and what is ``owed`` about it; see
``projections`` for their data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from socconsole.model.action import ActionState, Reversible
from socconsole.model.entry import Line
from socconsole.store import closings, owed, own
from socconsole.store.instants import micros, storable

VERBS: Final = frozenset({"intent", "outcome", "verified", "resolved", "overdue", "approved"})


def apply(conn: sqlite3.Connection, line: Line) -> None:
    """Apply one entry of :data:`VERBS` inside the caller's transaction."""
    verb = line.entry.verb
    if verb == "intent":
        _intent(conn, line)
        owed.intended(conn, line)
        closings.intended(conn, line)
    elif verb == "overdue":
        owed.passed(conn, line)
    elif verb == "approved":
        owed.approved(conn, line)
    else:
        _learnt(conn, line)


def _intent(conn: sqlite3.Connection, line: Line) -> None:
    """An intent without an outcome is in doubt: nobody knows yet whether AWS did it."""
    data = line.entry.data
    conn.execute(
        "INSERT INTO action (id, action, target, account, region, finding, state, who, intended, intent_seq, "
        "undoes, reversible, wide, calls, undo_calls, before, after, evidence, cuts, leave) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            data["id"],
            data["action"],
            data["target"],
            data["account"],
            data["region"],
            data.get("finding"),
            ActionState.IN_DOUBT.value,
            line.entry.who,
            micros(line.at),
            line.seq,
            data.get("undoes"),
            Reversible(data["reversible"]).value,
            int(bool(data["wide"])),
            json.dumps(data["calls"]),
            json.dumps(data["undo_calls"]),
            json.dumps(data["before"]),
            json.dumps(data["after"]),
            data.get("evidence"),
            int(bool(data.get("cuts", True))),
            storable(_leave(data)),
        ),
    )


def _leave(data: Mapping[str, Any]) -> str:
    """By whose leave, where it was not the analyst's own, and when to look again."""
    said = []
    if approval := data.get("approval"):
        said.append(f"approved by {approval['by']} ({approval['peer']})")
    if data.get("break_glass"):
        said.append("break-glass" + (": the approval is owed" if data.get("owes", True) else ""))
    if data.get("expires"):
        said.append(f"to be looked at again by {data['expires']}")
    return "; ".join(said)


def _learnt(conn: sqlite3.Connection, line: Line) -> None:
    data = line.entry.data
    cursor = conn.cursor()
    cursor.row_factory = sqlite3.Row
    row = cursor.execute("SELECT * FROM action WHERE id = ?", (data["id"],)).fetchone()
    if row is None:
        raise LookupError(f"no intent has the id {data['id']!r}")
    was, state = ActionState(row["state"]), ActionState(data["state"])
    checks = json.loads(row["verified"])
    if "when" in data:
        checks.append([str(data["when"]), bool(data["held"])])
    if line.entry.verb == "verified" and (state not in _HELD or _taken_back(conn, row)):
        # A look that told nothing moves nothing, and what we undid ourselves is not held because we undid it.
        state = was
    elif line.entry.verb == "verified" and row["undoes"] is None and _HELD[state] < _HELD.get(was, 0):
        own.containment_undone(conn, row, line, state, checks)
    # settled: when the state was first known; a later check does not move it.
    conn.execute(
        "UPDATE action SET state = ?, verified = ?, settled = coalesce(settled, ?) WHERE id = ?",
        (state.value, json.dumps(checks), micros(line.at), data["id"]),
    )
    if "results" in data:
        conn.execute("UPDATE action SET results = ? WHERE id = ?", (json.dumps(data["results"]), data["id"]))
    detail = data.get("detail") or line.entry.private.get("detail")
    if detail:
        conn.execute("UPDATE action SET detail = ? WHERE id = ?", (storable(str(detail)), data["id"]))
    if row["undoes"] is not None:  # an undo that holds takes its action out of force, one that came undone puts it back
        undone = data["id"] if state is ActionState.APPLIED else None
        conn.execute(
            "UPDATE action SET undone_by = ? WHERE id = ? AND (undone_by IS NULL OR undone_by = ?)",
            (undone, row["undoes"], data["id"]),
        )
    for id_ in filter(None, (data["id"], row["undoes"])):
        owed.learnt(conn, line, id_)


_HELD: Final = {ActionState.NOT_APPLIED: 0, ActionState.PARTIAL: 1, ActionState.APPLIED: 2}
"""How much of a containment holds, for the states that a look at AWS can find."""


def _taken_back(conn: sqlite3.Connection, action: sqlite3.Row) -> bool:
    """Whether we undid it ourselves, wholly or in part, or are about to."""
    if action["undone_by"] is not None:
        return True
    undos = conn.execute(
        "SELECT 1 FROM action WHERE undoes = ? AND state IN ('in_doubt', 'applied', 'partial')", (action["id"],)
    )
    return undos.fetchone() is not None

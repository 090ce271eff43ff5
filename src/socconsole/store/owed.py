"""What is still owed about an action: a look at it when it was to expire, an approval after break-glass.

Nothing here is ever done by itself. When a moment passes, the watch puts that on record (``overdue``), and a finding
of our own says so until it is settled: the action is undone, or somebody else approved it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from sqlite3 import Connection, Row
from typing import Any, Final

from socconsole.model.action import ActionState
from socconsole.model.entry import Line
from socconsole.model.finding import Severity
from socconsole.store import own
from socconsole.store.instants import instant, micros, storable

EXPIRED: Final = "Containment:Response/Expired"
"""The type of the finding about an action that is in force past its time."""

BROKEN_GLASS: Final = "Containment:Response/BreakGlass"
"""The type of the finding about what was done without the second person."""

WITHIN: Final = timedelta(hours=1)
"""How long the second person's approval of what was done under break-glass may take."""

_IN_FORCE: Final = (ActionState.APPLIED, ActionState.PARTIAL, ActionState.UNKNOWN)
"""Unknown: what a function of the team's did cannot be read back, and is as likely to hold."""


class What(StrEnum):
    """What somebody has to do."""

    LOOK = "look"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Owed:
    """Something owed about an action that is due now, with what the entry about it names."""

    action_id: str
    what: What
    due: datetime
    action: str
    target: str
    account: str
    region: str
    finding: str | None


def overdue(conn: Connection, now: datetime) -> list[Owed]:
    """What was due by ``now`` and has not been said yet, the oldest first."""
    found = conn.execute(
        "SELECT w.action, w.what, w.due, a.action, a.target, a.account, a.region, a.finding "
        "FROM owed AS w JOIN action AS a ON a.id = w.action WHERE w.told IS NULL AND w.settled IS NULL AND w.due <= ? "
        "AND (w.what = 'approval' OR (a.undone_by IS NULL AND a.state IN (?, ?, ?))) ORDER BY w.due, w.action",
        (micros(now), *_IN_FORCE),
    )
    return [Owed(id_, What(what), instant(due), *rest) for id_, what, due, *rest in found]


def approval_owed(conn: Connection, action_id: str) -> datetime | None:
    """By when a second person has to approve an action; None where nobody has to, or somebody did."""
    found = conn.execute(
        "SELECT due FROM owed WHERE action = ? AND what = 'approval' AND settled IS NULL", (action_id,)
    ).fetchone()
    return None if found is None else instant(found[0])


# --- what the ledger's entries do, each in the caller's transaction -----------------------------------------


def intended(conn: Connection, line: Line) -> None:
    """An intent: note what will be due, and call for the second person at once where glass was broken."""
    data = line.entry.data
    if data.get("expires"):
        _note(conn, data["id"], What.LOOK, datetime.fromisoformat(data["expires"]))
    if "owes" not in data:
        return
    due = line.at + WITHIN
    alarm = _glass(conn, _action(conn, data["id"]), line, due if data["owes"] else None)
    if data["owes"]:
        _note(conn, data["id"], What.APPROVAL, due, alarm)


def learnt(conn: Connection, line: Line, action_id: str) -> None:
    """What became of an action, or of what it undid: that may settle what is owed about it, or owe it anew."""
    action = _action(conn, action_id)
    state, undone = ActionState(action["state"]), action["undone_by"] is not None
    if line.entry.verb != "verified" and state is ActionState.NOT_APPLIED:
        _settle(conn, action_id, What.APPROVAL, line)  # nothing was done that anybody could approve
    if undone or state is ActionState.NOT_APPLIED:
        _settle(conn, action_id, What.LOOK, line)
    elif state in _IN_FORCE:  # in force again: its undo came undone
        conn.execute(
            "UPDATE owed SET settled = NULL, told = NULL, alarm = '' "
            "WHERE action = ? AND what = 'look' AND settled IS NOT NULL",
            (action_id,),
        )


def passed(conn: Connection, line: Line) -> None:
    """``overdue``: the finding about it speaks, once."""
    data = line.entry.data
    what = What(data["what"])
    found = conn.execute(
        "SELECT due FROM owed WHERE action = ? AND what = ? AND told IS NULL AND settled IS NULL", (data["id"], what)
    ).fetchone()
    if found is None:
        return
    action, due = _action(conn, data["id"]), instant(found[0])
    alarm = _expired(conn, action, line, due) if what is What.LOOK else _glass(conn, action, line, due)
    conn.execute(
        "UPDATE owed SET told = ?, alarm = ? WHERE action = ? AND what = ?", (line.seq, alarm, data["id"], what)
    )


def approved(conn: Connection, line: Line) -> None:
    """``approved``: a second person said yes to what had been done; the first yes settles it."""
    data = line.entry.data
    if not _settle(conn, data["id"], What.APPROVAL, line):
        return
    (leave,) = conn.execute("SELECT leave FROM action WHERE id = ?", (data["id"],)).fetchone()
    said = storable(f"break-glass: approved afterwards by {data['by']} ({data['peer']})")
    kept = [part for part in leave.split("; ") if not part.startswith("break-glass")]
    conn.execute("UPDATE action SET leave = ? WHERE id = ?", ("; ".join([*kept, said]), data["id"]))


def _note(conn: Connection, action: str, what: What, due: datetime, alarm: str = "") -> None:
    conn.execute("INSERT INTO owed (action, what, due, alarm) VALUES (?, ?, ?, ?)", (action, what, micros(due), alarm))


def _settle(conn: Connection, action: str, what: What, line: Line) -> bool:
    """Whether it was owed until now."""
    found = conn.execute(
        "UPDATE owed SET settled = ? WHERE action = ? AND what = ? AND settled IS NULL RETURNING alarm",
        (line.seq, action, what),
    ).fetchall()
    for (alarm,) in found:
        own.close(conn, alarm, line.at)
    return bool(found)


def _action(conn: Connection, id_: str) -> Row:
    cursor = conn.cursor()
    cursor.row_factory = Row
    found: Row | None = cursor.execute("SELECT * FROM action WHERE id = ?", (id_,)).fetchone()
    if found is None:
        raise LookupError(f"no intent has the id {id_!r}")
    return found


# --- the findings -------------------------------------------------------------------------------------------


def _expired(conn: Connection, action: Row, line: Line, due: datetime) -> str:
    said = (
        f"{action['id']} ({action['action']} on {action['target']}) was to be looked at again by {_stamp(due)} and is "
        f"still in force, since {_stamp(instant(action['intended']))}, by {action['who']}. Nothing is released by "
        f"itself. To keep it, acknowledge this; to give back what it took away: socconsole undo {action['id']}"
    )
    title = f"In force past its time: {action['action']} on {action['target']}"
    severity = Severity.HIGH if action["wide"] else Severity.MEDIUM
    return own.about_action(conn, action, line, title, said, severity, _facts(EXPIRED, action))


def _glass(conn: Connection, action: Row, line: Line, due: datetime | None) -> str:
    """``due`` None: there is nobody whose approval could be owed."""
    late = due is not None and line.at >= due
    done = "undo of " + action["undoes"] + ", " if action["undoes"] else ""
    title = f"{'Approval overdue' if late else 'Break-glass'}: {done}{action['action']} on {action['target']}"
    said = f"{action['who']} acted without the second person, under break-glass: {action['id']}. " + (
        "This team has nobody else whose approval could be owed."
        if due is None
        else f"Somebody else's approval {'was' if late else 'is'} due by {_stamp(due)}. "
        f"socconsole action approve {action['id']} prints the line to send them, and takes their answer with "
        "--approval; that closes this finding, and nothing else does."
    )
    facts = _facts(BROKEN_GLASS, action)
    return own.about_action(conn, action, line, title, said, Severity.CRITICAL, facts, action["intent_seq"])


def _facts(type_: str, action: Row) -> Mapping[str, Any]:
    names = ("action", "target", "account", "region", "finding", "who")
    return {"type": type_, "action_id": action["id"], **{name: action[name] for name in names}}


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"

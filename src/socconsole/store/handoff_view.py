"""What the next shift has to know beside the cases: what changed, what is owed, what ends. Reading only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final

from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.entry import Line
from socconsole.store import actions, adopted, case_view, handoffs, ledger, project_cases
from socconsole.store.case_view import Happened
from socconsole.store.instants import instant, micros
from socconsole.text import Untrusted

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_PAGE: Final = 500
LISTED: Final = 60
"""Changes to cases and clocks that are told one by one; how many more there were is said."""

_DONE: Final = ("acknowledge", "claim", "note", "verdict", "snooze", "take_back")
_FAILED: Final = (ActionState.NOT_APPLIED, ActionState.PARTIAL, ActionState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Changed:
    """What happened since a handoff. ``more``: changes to cases that are not listed."""

    cases: tuple[Happened, ...]
    more: int
    actions: tuple[ActionRecord, ...]
    decided: Counter[str]
    """Findings acknowledged, snoozed …, by verb."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is owed about an action: ``look`` at it, or an ``approval``."""

    action: ActionRecord
    what: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """A snooze, and when its finding is back."""

    finding: str
    title: Untrusted
    until: datetime


def last(conn: Connection) -> handoffs.HandedOff | None:
    """The last handoff that somebody took over, here or elsewhere: what lies before it was told. One that nobody
    accepted told nobody anything."""
    return next((one for one in handoffs.latest(conn) if one.accepted is not None), None)


def changed(folder: StateFolder, conn: Connection, since: datetime, after: int = 0) -> Changed:
    """What was put on the ledger from ``since`` on, and after entry ``after``."""
    told: list[Line] = []
    done: dict[str, ActionRecord] = {}
    decided: Counter[str] = Counter()
    for line in _newest(folder, since, after):
        if line.entry.verb in _DONE:
            decided[line.entry.verb] += len(line.entry.subjects)
        elif line.entry.verb in project_cases.VERBS:
            told.append(line)
        elif line.entry.verb == "intent" and (record := actions.get(conn, str(line.entry.data["id"]))):
            done[record.id] = record
    listed = [case_view.happened(line) for line in told[:LISTED]]
    return Changed(tuple(listed), len(told) - len(listed), tuple(done.values()), decided)


def _newest(folder: StateFolder, since: datetime, after: int) -> Iterator[Line]:
    """This install's own entries, the newest first. What was adopted happened before it came here."""
    offset = 0
    while lines := ledger.window(folder, offset, _PAGE).lines:
        for line in lines:
            if line.at < since or line.seq <= after:
                return
            if line.entry.verb != adopted.ADOPTED:
                yield line
        offset += len(lines)


def failed(conn: Connection, since: datetime) -> list[ActionRecord]:
    """Containments and undos intended since then of which AWS does not say that they hold, newest first."""
    return [one for one in actions.latest(conn, _PAGE) if one.intended >= since and one.state in _FAILED]


def owed(conn: Connection) -> list[Due]:
    """Everything that is still owed about an action, the first due first."""
    rows = conn.execute("SELECT action, what, due FROM owed WHERE settled IS NULL ORDER BY due, action").fetchall()
    found = [(actions.get(conn, id_), what, instant(due)) for id_, what, due in rows]
    return [
        Due(record, what, due)
        for record, what, due in found
        if record is not None and (what == "approval" or record.undone_by is None)
    ]


def snoozes_ending(conn: Connection, now: datetime, until: datetime, limit: int = 50) -> list[Ending]:
    """Open findings whose snooze ends by then, the first first."""
    rows = conn.execute(
        "SELECT id, title, snoozed_until FROM queue WHERE snoozed_until > ? AND snoozed_until <= ? AND closed = 0 "
        "ORDER BY snoozed_until LIMIT ?",
        (micros(now), micros(until), limit),
    )
    return [Ending(id_, Untrusted(title), instant(at)) for id_, title, at in rows]

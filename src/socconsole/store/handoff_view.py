"""What the next shift has to know beside the cases: what changed, what is owed, what ends. Reading only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final

from socconsole.model.action import ActionRecord, ActionState
from socconsole.store import actions, case_view, handoffs, ledger, project_cases
from socconsole.store.case_view import Happened
from socconsole.store.instants import instant, micros
from socconsole.text import Untrusted

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

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
    return handoffs.last_accepted(conn)


def told_up_to(folder: StateFolder, handoff: handoffs.HandedOff) -> int | None:
    """The last entry that a handoff told of; None where its own entry does not say so, as those of before.

    One that is given is read first and put on record then: what came between is the next one's to tell.
    """
    if not handoff.given:
        return handoff.seq
    line = ledger.get(folder, [handoff.seq]).get(handoff.seq)
    read = line.entry.data.get("read") if line is not None else None
    return read if isinstance(read, int) else None


def changed(folder: StateFolder, conn: Connection, since: datetime, after: int | None = None) -> Changed:
    """What was put on the ledger after entry ``after``, or from ``since`` on where that is not known: this install's
    own entries, the newest first. What was adopted happened before it came here."""
    begin = ledger.last_before(folder, since) if after is None else after
    told = ledger.window(folder, 0, LISTED, verbs=sorted(project_cases.VERBS), after=begin)
    decided = ledger.subjects(folder, begin, _DONE)
    intents = [str(line.entry.data["id"]) for line in ledger.lines(folder, begin, verbs=("intent",))]
    records = [actions.get(conn, id_) for id_ in dict.fromkeys(reversed(intents))]
    return Changed(
        cases=tuple(case_view.happened(line) for line in told.lines),
        more=told.total - len(told.lines),
        actions=tuple(one for one in records if one is not None),
        decided=Counter({verb: decided[verb] for verb in _DONE if verb in decided}),
    )


def failed(conn: Connection, since: datetime) -> list[ActionRecord]:
    """Containments and undos intended since then of which AWS does not say that they hold, newest first."""
    return actions.intended_since(conn, since, _FAILED)


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

"""Signing on and off: what the command line and the console put on record alike.

Whoever signs on twice is told so, and a shift has an end that can be meant. Who is on, and which handoffs were given
since, is read from the store; both entries are written under one lock, so two windows of one analyst sign on once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final

from socconsole.model.entry import Entry
from socconsole.store import db, handoffs
from socconsole.store.handoffs import HandedOff, Shift
from socconsole.store.instants import micros
from socconsole.store.project_handoffs import OFF, ON

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

LONGEST: Final = timedelta(days=7)
"""No shift is longer: an end after that is a slip of the hand."""
_WAIT_S: Final = 2.0


class ShiftRefused(ValueError):
    """Not signed on or off, and nothing was written; says why. ``remedy`` is the command that gets on with it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


SHORTLY: Final = "the store is busy: recorded; the store will show it shortly"
"""What is said where an entry is on the ledger, and the store has not taken it in."""


@dataclass(frozen=True, slots=True)
class SignedOn:
    """A shift that began. ``seq``: the entry; ``projected``: False where the store could not take it in yet."""

    seq: int
    projected: bool


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A shift that ended. ``given``: the handoffs of that shift, newest first; the others as :class:`SignedOn`."""

    seq: int
    given: tuple[HandedOff, ...]
    projected: bool = True

    @property
    def accepted(self) -> bool:
        return any(one.accepted for one in self.given)


def of(conn: Connection, who: str) -> Shift | None:
    """The shift that ``who`` is on now."""
    return next((one for one in handoffs.on_shift(conn) if one.who.raw() == who), None)


def given_in(conn: Connection, shift: Shift) -> tuple[HandedOff, ...]:
    """Handoffs given since somebody signed on, newest first."""
    return tuple(handoffs.given_after(conn, shift.seq))


def may_begin(folder: StateFolder, who: str, now: datetime, until: datetime | None) -> None:
    """Whether ``who`` may sign on: asked before AWS is. Raises :class:`ShiftRefused`."""
    if until is not None and not now < until <= now + LONGEST:
        raise ShiftRefused(f"an end at {until:%Y-%m-%dT%H:%M:%SZ} is past, or more than {LONGEST.days} days away")
    with db.reading(folder) as conn:
        mine = of(conn, who)
    if mine is not None:
        raise ShiftRefused(f"you are on since {mine.since:%Y-%m-%dT%H:%M:%SZ}", "socconsole shift off")


def sign_on(
    folder: StateFolder, who: str, now: datetime, until: datetime | None, sessions: Sequence[tuple[str, str]]
) -> SignedOn:
    """Put on record who is on, and what became of the responder role of each account (READY, DENIED, UNKNOWN).

    Raises :class:`ShiftRefused`, ``LockHeld``, ``ledger.LedgerError`` or ``ledger.EntryRefused``; nothing is on record
    then.
    """
    data = {
        "now": micros(now),
        "until": micros(until) if until is not None else None,
        "sessions": [{"account": account, "state": state} for account, state in sessions],
    }
    with folder.lock("shift", _WAIT_S):
        _caught_up(folder)
        may_begin(folder, who, now, until)
        return SignedOn(*_append(folder, Entry(ON, who, data=data)))


def sign_off(folder: StateFolder, who: str, now: datetime) -> SignedOff:
    """End the shift. Raises as :func:`sign_on` does."""
    with folder.lock("shift", _WAIT_S):
        _caught_up(folder)
        with db.reading(folder) as conn:
            mine = of(conn, who)
            given = given_in(conn, mine) if mine is not None else ()
        if mine is None:
            raise ShiftRefused("you are not signed on", "socconsole shift on")
        seq, projected = _append(folder, Entry(OFF, who, data={"now": micros(now), "of": mine.seq}))
        return SignedOff(seq, given, projected)


def loose_end(given: Sequence[HandedOff]) -> str:
    """What is still to be said of the handoffs of a shift, in a sentence; empty when the next one has taken over."""
    if not given:
        return "no handoff was given in this shift"
    if not any(one.accepted for one in given):
        return f"the handoff {given[0].id} is not accepted yet: nobody is known to have taken over"
    return ""


def _caught_up(folder: StateFolder) -> None:
    """Who is on has to be seen: of a store behind the ledger somebody would sign on twice."""
    from socconsole.store import project  # with the signing key's library: not for the header, which only reads

    try:
        project.project(folder)
    except db.Error as trouble:
        raise ShiftRefused(f"not recorded: the store: {trouble}; try again") from trouble


def _append(folder: StateFolder, entry: Entry) -> tuple[int, bool]:
    """The entry's sequence, and whether the store has taken it in."""
    from socconsole.store import decisions, ledger

    (line,) = ledger.append(folder, [entry])
    return line.seq, decisions.taken_in(folder, line.seq)

"""The clocks of all cases at a glance, cheap enough to ask every few seconds. Reading only.

Of a case that was closed although clocks by law were open those run on, until they are met or answered.

What is said of a case is read again when an entry about it was written, and once a minute, since findings change too;
between, its clocks are reckoned from what was read. Where no case is open, none of the rooms that reckon clocks is
loaded: the header asks before the first frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.config import Config
from socconsole.model.clock import Clock, ClockState, Facts
from socconsole.store import cases

AGES_S: Final = 60.0
SOON: Final = timedelta(hours=1)
TODAY: Final = timedelta(days=1)
_TEAM: Final = "team"
"""``case_clocks.TEAM.role``, whose room is not loaded here."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The open clock that somebody has to look at first, and how many of all open cases are past their time."""

    case: str
    clock: Clock
    overdue: int
    closed: bool = False
    """Its case was closed over it."""
    law: Clock | None = None
    """Where it is the team's own: the first by law or contract, which recurring updates shall not hide."""


class Glance:
    """Keeps what was read of each open case. Belongs to one thread at a time."""

    def __init__(self, config: Config, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._monotonic = monotonic
        self._known: dict[str, tuple[int, float, Facts]] = {}

    def _running(self, conn: Connection, now: datetime) -> list[tuple[str, bool, Clock]]:
        """(case, whether it is closed, clock) of every open clock that has a time."""
        rows = cases.with_clocks(conn)
        self._known = {id_: self._known[id_] for id_, _, _ in rows if id_ in self._known}
        if not rows:
            return []
        from socconsole.clocks import clocks
        from socconsole.store.case_clocks import still_running

        found: list[tuple[str, bool, Clock]] = []
        for id_, seq, closed in rows:
            if (facts := self._facts(conn, id_, seq)) is not None:
                every = clocks(facts, now)
                running = still_running(every) if closed else every
                found += [(id_, closed, one) for one in running if one.open and one.due]
        return found

    def nearest(self, conn: Connection, now: datetime) -> Nearest | None:
        """The clock to look at first of all, as :func:`urgency` has it. None without an open clock."""
        found = self._running(conn, now)
        if not found:
            return None
        case, closed, clock = min(found, key=lambda one: urgency(one[2], now))
        law = first(by_law(one for _, _, one in found), now) if clock.role == _TEAM else None
        return Nearest(case, clock, sum(past(one, now) for _, _, one in found), closed, law)

    def _facts(self, conn: Connection, id_: str, seq: int) -> Facts | None:
        kept = self._known.get(id_)
        if kept is not None and kept[0] == seq and self._monotonic() - kept[1] < AGES_S:
            return kept[2]
        case = cases.get(conn, id_)
        if case is None:
            return None
        from socconsole.store import case_clocks

        read = case_clocks.facts(conn, self._config, case)
        self._known[id_] = (seq, self._monotonic(), read)
        return read


def first(clocks: Iterable[Clock], now: datetime) -> Clock | None:
    """The one to look at first of a case's clocks; None where none is open and has a time."""
    running = [one for one in clocks if one.open and one.due is not None]
    return min(running, key=lambda one: urgency(one, now), default=None)


def by_law(clocks: Iterable[Clock]) -> list[Clock]:
    """Those that law or contract asks for: without the team's own."""
    return [one for one in clocks if one.role != _TEAM]


def urgency(clock: Clock, now: datetime) -> tuple[int, bool, float]:
    """By what an open clock with a time is sorted, the first first.

    What is over by law or contract; whatever is due within the hour, the team's own too; what is due within the day by
    law; what the team is late with; what is due later by law, what is certain to run before what nobody answered; the
    team's own.
    """
    if clock.due is None:
        return 6, False, 0.0
    team, ask = clock.role == _TEAM, clock.state is ClockState.ASK
    if past(clock, now):
        rank = 3 if team else 0
    elif clock.due - now <= SOON and not ask:
        rank = 1
    elif clock.due - now <= TODAY and not (team or ask):
        rank = 2
    else:
        rank = 5 if team else 4
    return rank, ask, clock.due.timestamp()


def past(clock: Clock, now: datetime) -> bool:
    """Whether its time is over: a question that nobody answered has one too."""
    return clock.open and clock.due is not None and clock.due <= now


def spent(clock: Clock, now: datetime) -> float | None:
    """The part of its time that has passed, 0 to 1 and beyond; None where it has no end."""
    if clock.due is None or clock.start is None:
        return None
    whole = (clock.due - clock.start).total_seconds()
    return (now - clock.start).total_seconds() / whole if whole > 0 else 1.0

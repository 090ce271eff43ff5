"""Reading a source that can be listed by time of update: what is new first, what is old behind it.

Two listings share a cursor. *Forward*: everything updated since the watermark, oldest first, with an overlap,
because clocks differ and products publish late. *Back*: from now into the past, newest first, down to a floor:
what is open, at the first reading; everything, after a gap in which nobody watched. A reading alternates
between them, so that news never waits for history.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from socconsole.aws import AwsTrouble, Kind
from socconsole.formats import Record
from socconsole.model.finding import Observation

HORIZON: Final = timedelta(days=90)
"""How far back services keep findings (GuardDuty, Security Hub: 90 days)."""

LATE: Final = timedelta(minutes=15)
"""Every forward listing begins this long before the watermark: products publish, and AWS lists, with delay.
What turns up later than that is found by sweeps, or by the first reading of another store."""

SKEW: Final = timedelta(minutes=5)
"""How wrong our clock can be: AWS refuses signatures from clocks further off."""

GAP: Final = timedelta(hours=6)
"""After so long without a reading, what happened meanwhile is read newest first, not oldest first."""

EDGE: Final = timedelta(milliseconds=1)
"""Added to a window's end where it is written in milliseconds: records are dated more finely."""

PAGES_BETWEEN: Final = 10
"""Pages of history between two looks at what is new."""

BUDGET_S: Final = 150.0
"""Seconds after which a reading ends with what it has; the next one goes on."""


class Back(msgspec.Struct, frozen=True):
    """History still to be read: from ``at`` down to ``floor``; ``every`` record or only the open ones."""

    at: datetime
    floor: datetime
    every: bool = False


class History(msgspec.Struct, frozen=True):
    """A cursor. ``mark``: everything updated before it has been seen, except what ``back`` still owes."""

    mark: datetime
    back: Back | None = None
    read: datetime | None = None
    """When the last reading ended; tells a gap."""


@dataclass(frozen=True, slots=True)
class Window:
    """A listing by time of update, both ends inclusive; ``until`` None means without end."""

    since: datetime
    until: datetime | None
    newest_first: bool
    only_open: bool


@dataclass(frozen=True, slots=True)
class Step:
    records: tuple[Record, ...]
    history: History
    complete: bool


Listing = Callable[[Window], AsyncIterator[tuple[Record, ...]]]
"""The pages of a window. Ends only when there is no more; raises ``AwsTrouble`` otherwise."""


def begin(stored: History | None, now: datetime) -> History:
    """The cursor of a reading that starts now."""
    if stored is None:
        return History(now - SKEW, Back(now + HORIZON, now - HORIZON))
    if stored.mark > now:  # a clock was set back: what it covers is not known
        stored = msgspec.structs.replace(stored, mark=now - SKEW)
    if now - (stored.read or stored.mark) <= GAP:
        return stored
    floor = max(stored.mark - LATE, now - HORIZON)
    if stored.back is not None:
        floor = min(floor, max(stored.back.floor, now - HORIZON))
    return History(now - SKEW, Back(now + HORIZON, floor, every=True))


async def read(
    stored: History | None,
    listing: Listing,
    now: datetime,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Step]:
    """One reading, page by page; every step's history can be stored and gone on from.

    The last step is ``complete`` unless history remains when the budget, or AWS's patience, is used up.
    """
    history = begin(stored, now)
    end = clock() + BUDGET_S
    past: AsyncIterator[tuple[Record, ...]] | None = None
    while True:
        async for step in _forward(history, listing, now):
            history = step.history
            yield step
        if history.back is None:
            return
        past = past or listing(_back_window(history.back))
        for _ in range(PAGES_BETWEEN):
            try:
                page = await anext(past, None)
            except AwsTrouble as trouble:
                if trouble.kind is Kind.THROTTLED:
                    return  # news was read whole: history steps back and goes on with the next reading
                raise
            history = msgspec.structs.replace(history, back=_further(history.back, page))
            yield Step(page or (), history, complete=False)
            if history.back is None:
                break  # to a last look at what is new, which completes the reading
        if history.back is not None and clock() > end:
            return


async def _forward(history: History, listing: Listing, now: datetime) -> AsyncIterator[Step]:
    pages = listing(Window(history.mark - LATE, None, newest_first=False, only_open=False))
    latest = history.mark
    ordered = True
    page = await anext(pages, ())
    while True:
        following = await anext(pages, None)
        seen = [moment for moment in _updates(page) if moment <= now]
        # Only in ascending order does a page say that everything before it has been seen.
        ordered = ordered and seen == sorted(seen) and (not seen or seen[0] >= history.mark - LATE)
        latest = max([latest, *seen])
        if following is None:
            mark = max(latest, now - SKEW)  # everything listed so far has been seen
            history = msgspec.structs.replace(history, mark=mark, read=now)
            yield Step(page, history, complete=history.back is None)
            return
        if ordered:
            history = msgspec.structs.replace(history, mark=max(history.mark, *seen, history.mark))
        yield Step(page, history, complete=False)
        page = following


def _back_window(back: Back) -> Window:
    return Window(back.floor, back.at, newest_first=True, only_open=not back.every)


def _further(back: Back | None, page: tuple[Record, ...] | None) -> Back | None:
    """What is still to be read after a page; nothing after the end of the listing (None)."""
    if back is None or page is None:
        return None
    seen = [moment for moment in _updates(page) if moment <= back.at]
    if not seen or seen != sorted(seen, reverse=True):
        return back
    return msgspec.structs.replace(back, at=seen[-1])


def _updates(page: tuple[Record, ...]) -> list[datetime]:
    return [one.updated for one in page if isinstance(one, Observation) and one.updated is not None]


def days(history: History, now: datetime) -> tuple[int, int] | None:
    """(days read, days to read) of the history that is still owed; None when none is."""
    if history.back is None:
        return None
    whole = max(1, (now - history.back.floor).days)
    return min(whole, max(0, (now - history.back.at).days)), whole

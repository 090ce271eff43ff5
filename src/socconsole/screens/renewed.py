"""What a screen shows of the store and reads whole: in a thread, one reading at a time, again as the store changes."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from socconsole.screens.base import ConsoleScreen
from socconsole.widgets.table import RowSource

T = TypeVar("T")
Row = TypeVar("Row")

NEVER: Final = math.inf
_REST: Final = 4
"""How many times as long as it took nothing is read again: a large reading must not go on and on beside the keys."""


class Renewed(Generic[T]):
    """An answer of the store that a screen keeps, and renews.

    ``value`` is None until the first answer came. A screen makes one in ``__init__``, has it renewed whenever it is
    itself (it is when it opens, when somebody commits, and every five seconds), and shows ``value``::

        def __init__(self, desk: Desk) -> None:
            super().__init__(desk)
            self._views = Renewed(self, lambda: desk.read(egress_view.overview, desk.now()), self.refill, ages_s=5.0)

        def source(self, text: str) -> RowSource[PathView]:
            return Filtered(self._views.value or (), text, _key, _said)

        def renew(self) -> None:
            self._views.renew()
            super().renew()

    ``ask`` is asked anew for each reading, with its arguments as they are then; ``show`` is called on the event loop
    when an answer came, unless the screen was left. Within ``rest_s`` seconds of the last reading's begin there is no
    other, and where that took long none within four times as long (0: no rest at all); after ``ages_s`` an answer is
    renewed even where nothing was written.
    """

    def __init__(
        self,
        screen: ConsoleScreen,
        ask: Callable[[], Awaitable[T]],
        show: Callable[[], None],
        *,
        rest_s: float = 0.0,
        ages_s: float = NEVER,
    ) -> None:
        self.value: T | None = None
        self._screen, self._ask, self._show = screen, ask, show
        self._rest_s, self._ages_s = rest_s, ages_s
        self._version = -1
        self._begun = -math.inf
        self._took = 0.0
        self._reading = False
        self._asked_otherwise = False

    def renew(self) -> None:
        """Read again if it is time to, and nobody does."""
        rested = time.monotonic() - self._begun
        rest_s = max(self._rest_s, _REST * self._took) if self._rest_s else 0.0
        changed = self._screen.desk.queue.version() != self._version
        if not self._reading and rested >= rest_s and (changed or rested >= self._ages_s):
            self._begin()

    def ask_anew(self) -> None:
        """The question itself is another one now: an answer that is under way is dropped, and this one is asked."""
        self._asked_otherwise = True
        if not self._reading:
            self._begin()

    def _begin(self) -> None:
        self._reading, self._version, self._begun = True, self._screen.desk.queue.version(), time.monotonic()
        self._screen.work(self._read())

    async def _read(self) -> None:
        try:
            self._asked_otherwise = True
            while self._asked_otherwise:
                self._asked_otherwise = False
                value = await self._ask()
        finally:
            self._reading = False
            self._took = time.monotonic() - self._begun
        self.value = value
        if self._screen.is_built:
            self._show()


class Filtered(RowSource[Row]):
    """Rows that were read whole, under a filter of words: ``said`` is what of a row the words are looked for in."""

    def __init__(
        self, rows: Sequence[Row], text: str, key: Callable[[Row], object], said: Callable[[Row], str]
    ) -> None:
        wanted = text.lower().split()
        self.rows = [row for row in rows if all(word in said(row).lower() for word in wanted)] if wanted else list(rows)
        self._key = key

    def count(self) -> int:
        return len(self.rows)

    def window(self, offset: int, limit: int) -> Sequence[Row]:
        return self.rows[offset : offset + limit]

    def key(self, row: Row) -> str:
        return str(self._key(row))

    def position_of(self, key: str) -> int | None:
        return next((i for i, row in enumerate(self.rows) if self.key(row) == key), None)

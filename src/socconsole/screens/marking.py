"""Lists whose rows can be marked, so that one act is about many of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, TypeVar

from textual import on
from textual.timer import Timer

from socconsole.commands import Command
from socconsole.screens.base import Invocation
from socconsole.screens.listing import ListScreen
from socconsole.widgets.table import WindowTable

Row = TypeVar("Row")

MARKS_LIMIT: Final = 10_000
"""Most rows of one bulk act: a hundred entries of a hundred."""


_RESTING_S: Final = 0.06
"""The detail follows the cursor when it rests: a held key paints rows, not details nobody reads."""


class MarkedList(ListScreen[Row]):
    """A list with the keys that mark its rows; what an act is about (``subject``) its own class says."""

    _resting: Timer | None = None

    @abstractmethod
    async def every_key(self) -> tuple[Sequence[str], str]:
        """Keys of what can be marked under the filter as it stands, worst first and at most :data:`MARKS_LIMIT`; and
        what they are, counted, in words."""

    @on(WindowTable.MarksChanged)
    def _marked(self, event: WindowTable.MarksChanged) -> None:
        event.stop()
        self.show_title()
        self.show_keys()

    def moved(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_RESTING_S, self._rested)

    def _rested(self) -> None:
        self.show_detail()
        self.show_keys()

    def why_not(self, command: Command) -> str:
        # Not even where one is marked: what is contained has to be under the cursor.
        if command.id == "contain" and self.is_built and self.table.marks:
            return "contain one finding at a time: clear the marks (*)"
        return super().why_not(command)

    def do_mark(self, asked: Invocation) -> None:
        self.table.toggle_mark()

    async def do_mark_all(self, asked: Invocation) -> None:
        if self.table.marks:
            self.table.clear_marks()
            return
        keys, said = await self.every_key()
        if not self.is_built:
            return
        self.table.mark_keys(keys)
        more = f" (the first {MARKS_LIMIT:,})" if len(keys) == MARKS_LIMIT else ""
        self.say(f"{said} marked{more}; * again clears")

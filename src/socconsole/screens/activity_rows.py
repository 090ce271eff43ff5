"""Activity's rows: the ledger by windows, or what a search of it found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from socconsole.model.action import ActionRecord
from socconsole.model.entry import Entry, Line
from socconsole.store import ledger
from socconsole.widgets.table import RowSource

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk
    from socconsole.store.state import StateFolder

Row = ActionRecord | Line

DAMAGED: Final = "DAMAGED"
"""What stands for the verb of an entry that cannot be read."""


FOUND_MOST: Final = 1_000
"""Entries that a filter shows, the newest that hold its text; how many more there are is said."""


class ActivityRows(RowSource[Row]):
    """Actions first, then entries; the ledger is read a window at a time.

    A damaged entry is a row that says so, and ``trouble`` why nothing can be told at all: this screen is where an
    analyst looks when something is wrong with the ledger.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._actions: Sequence[ActionRecord] = ()
        self._total = 0
        self.trouble = ""

    def count(self) -> int:
        self._actions = self._desk.standing_actions()
        try:
            self._total = newest(self._desk)
            self.trouble = ""
        except ledger.LedgerError as trouble:
            self._total, self.trouble = 0, f"{trouble.message}; {trouble.remedy}"
        return len(self._actions) + self._total

    def window(self, offset: int, limit: int) -> Sequence[Row]:
        ahead = len(self._actions)
        out: list[Row] = list(self._actions[offset : offset + limit])
        left = limit - len(out)
        if left > 0:
            first = max(0, offset - ahead)
            out += self._lines(first, left)
        return out

    def _lines(self, first: int, left: int) -> Sequence[Line]:
        try:
            return ledger.window(self._desk.folder, first, left).lines
        except ledger.LedgerError:
            last = self._total - first
            return [self._line(seq) for seq in range(last, max(0, last - left), -1)]

    def _line(self, seq: int) -> Line:
        try:
            return ledger.get(self._desk.folder, [seq])[seq]
        except (ledger.LedgerError, LookupError):
            said = {"error": "this entry cannot be read: socconsole ledger verify"}
            return Line(seq, datetime.fromtimestamp(0, UTC), "", "", Entry(DAMAGED, "?", data=said), "")

    def key(self, row: Row) -> str:
        return _key(row)

    def position_of(self, key: str) -> int | None:
        for index, record in enumerate(self._actions):
            if key == f"a:{record.id}":
                return index
        if key.startswith("l:"):  # newest first: the sequence is the position
            seq = int(key[2:])
            return len(self._actions) + self._total - seq if 1 <= seq <= self._total else None
        return None


class FoundRows(RowSource[Row]):
    """The newest entries that hold a text. A search reads every body, so it is made in a thread: see ``search``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.through = -1
        """The newest entry there was when it was searched; -1 before the first search has ended."""
        self.total = 0
        self.trouble = ""
        self._lines: Sequence[Line] = ()

    def search(self, folder: StateFolder) -> ledger.Window:
        """For a thread. Raises ``LedgerError``."""
        return ledger.window(folder, 0, FOUND_MOST, text=self.text)

    def take(self, found: ledger.Window, through: int) -> None:
        self._lines, self.total, self.through = found.lines, found.total, through

    def fail(self, trouble: ledger.LedgerError, through: int) -> None:
        """Which entries hold the text is not known then, so none is shown."""
        self.take(ledger.Window((), 0), through)
        self.trouble = f"{trouble.message}; {trouble.remedy}"

    def count(self) -> int:
        return len(self._lines)

    def window(self, offset: int, limit: int) -> Sequence[Row]:
        return self._lines[offset : offset + limit]

    def key(self, row: Row) -> str:
        return _key(row)

    def position_of(self, key: str) -> int | None:
        return next((index for index, line in enumerate(self._lines) if _key(line) == key), None)


def newest(desk: Desk) -> int:
    """The number of the newest entry. Raises ``LedgerError``."""
    return ledger.window(desk.folder, 0, 0).total


def _key(row: Row) -> str:
    return f"a:{row.id}" if isinstance(row, ActionRecord) else f"l:{row.seq}"

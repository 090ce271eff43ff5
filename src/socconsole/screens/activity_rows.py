"""Activity's rows: the ledger by windows, or what a search of it found."""

from __future__ import annotations

from bisect import bisect_left
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


ROUNDS: Final = "evaluated"
"""Verb of a round of posture checks: the watch fills half of a ledger with them, and screen 3 tells what they found."""
_AMONG: Final = 20_000
"""Entries, the newest, among which rounds are left out: looking for older ones would hold up the screen."""


class ActivityRows(RowSource[Row]):
    """Actions first, then entries without the posture rounds; the ledger is read a window at a time.

    A damaged entry is a row that says so, and ``trouble`` why nothing can be told at all: this screen is where an
    analyst looks when something is wrong with the ledger.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._actions: Sequence[ActionRecord] = ()
        self._total = 0
        self._seen = -1
        """The newest entry that was asked whether it is a round."""
        self._rounds: list[int] = []
        """Of each round that is left out, how many other entries lie before it: a sorted list."""
        self.trouble = ""

    @property
    def left_out(self) -> int:
        return len(self._rounds)

    def count(self) -> int:
        self._actions = self._desk.standing_actions()
        try:
            self._total = newest(self._desk)
            self._look_for_rounds()
            self.trouble = ""
        except ledger.LedgerError as trouble:
            self._total, self._rounds, self._seen = 0, [], -1
            self.trouble = f"{trouble.message}; {trouble.remedy}"
        return len(self._actions) + self._total - self.left_out

    def _look_for_rounds(self) -> None:
        if self._seen < 0:
            self._seen = max(0, self._total - _AMONG)
        for seq in ledger.numbers(self._desk.folder, ROUNDS, self._seen) if self._seen < self._total else ():
            if seq <= self._total:
                self._rounds.append(seq - 1 - len(self._rounds))
        self._seen = max(self._seen, self._total)

    def window(self, offset: int, limit: int) -> Sequence[Row]:
        ahead = len(self._actions)
        out: list[Row] = list(self._actions[offset : offset + limit])
        left = limit - len(out)
        if left > 0:
            last = self._total - self.left_out - max(0, offset - ahead)
            out += self._lines([self._seq(n) for n in range(last, max(0, last - left), -1)])
        return out

    def _seq(self, n: int) -> int:
        """The ``n``-th entry, from 1 on, of those that are shown."""
        return n + bisect_left(self._rounds, n)

    def _lines(self, seqs: Sequence[int]) -> Sequence[Line]:
        try:
            found = ledger.get(self._desk.folder, seqs)
            return [found[seq] for seq in seqs]
        except (ledger.LedgerError, LookupError):
            return [self._line(seq) for seq in seqs]

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
        shown = self._total - self.left_out
        if key.startswith("l:") and 1 <= (seq := int(key[2:])) <= self._total:
            n = seq - bisect_left(range(self.left_out), True, key=lambda at: self._rounds[at] + at + 1 >= seq)
            if 1 <= n <= shown and self._seq(n) == seq:
                return len(self._actions) + shown - n
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

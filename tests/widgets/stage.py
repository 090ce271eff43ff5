"""A screen with one widget, for tests without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from socconsole.widgets.shell import KeyPaint, SafeApp
from socconsole.widgets.table import Cell, Column

Row = tuple[str, str]


class Rows:
    """A source over a list, which counts what is asked of it."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.asked: list[tuple[int, int]] = []

    def count(self) -> int:
        return len(self.rows)

    def window(self, offset: int, limit: int) -> list[Row]:
        self.asked.append((offset, limit))
        return self.rows[offset : offset + limit]

    def key(self, row: Row) -> str:
        return row[0]

    def position_of(self, key: str) -> int | None:
        return next((index for index, row in enumerate(self.rows) if row[0] == key), None)


def numbered(count: int, start: int = 0) -> Rows:
    return Rows([(f"k{i}", f"row {i}") for i in range(start, start + count)])


COLUMNS = (
    Column[Row]("title", "WHAT", lambda row: Cell(row[1]), 10, flex=1, priority=90),
    Column[Row]("key", "KEY", lambda row: Cell(row[0], "quiet"), 6, priority=10),
)


class One(KeyPaint, Screen[None]):
    def __init__(self, make: Callable[[], list[Widget]]) -> None:
        super().__init__()
        self.make = make

    def compose(self) -> ComposeResult:
        yield from self.make()


class OneApp(SafeApp[None]):
    """Shows widgets and notes every message of ours that they post."""

    def __init__(self, *widgets: Widget, acting: str = "", at_once: bool = True) -> None:
        super().__init__()
        self.shown = list(widgets)
        self.acting = frozenset(acting)
        self.ignored: list[tuple[tuple[str, ...], str]] = []
        self.subject: Hashable = None
        if at_once:
            self.key_guard.window_s = 0.0

    @property
    def acting_keys(self) -> frozenset[str]:
        return self.acting

    def acting_subject(self) -> Hashable:
        return self.subject

    def discarded(self, keys: tuple[str, ...], why: str) -> None:
        self.ignored.append((keys, why))

    def on_mount(self) -> None:
        self.push_screen(One(lambda: self.shown))

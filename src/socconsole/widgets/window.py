"""Which rows of a long list are held, which of them are in view, and where the cursor is. Knows nothing of a screen.

Cost and memory are flat in the number of rows: only the view and a page on either side of it are held. The cursor
belongs to a row's key, not to a position: when rows come and go, it stays on its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

Row = TypeVar("Row")


class RowSource(Protocol[Row]):
    """Where rows come from, in one order under one filter. Asked on the event loop: answer quickly."""

    def count(self) -> int:
        """How many rows there are now."""

    def window(self, offset: int, limit: int) -> Sequence[Row]:
        """At most ``limit`` rows from position ``offset``."""

    def key(self, row: Row) -> str:
        """What identifies a row for good."""

    def position_of(self, key: str) -> int | None:
        """Where the row with this key stands now; None when it is not among them."""


class Window(Generic[Row]):
    """The view over a source; heights are in rows. ``top`` and ``cursor`` are positions, from 0."""

    def __init__(self, source: RowSource[Row] | None = None) -> None:
        self.source = source
        self.count = 0
        """Rows in the source when it was last read."""
        self.top = 0
        self.cursor = 0
        self.key: str | None = None
        """What the cursor is on; None where there is no row."""
        self._held_from = 0
        self._held: Sequence[Row] = ()

    def row(self, position: int) -> Row | None:
        """A row of those that are held."""
        index = position - self._held_from
        return self._held[index] if 0 <= index < len(self._held) else None

    def read(self, want: str | None, height: int, *, by_itself: bool) -> None:
        """Read count and view again, the cursor on ``want``; on the first row where that is gone.

        ``by_itself``: no key caused it. Then the cursor stays in its place where its row is gone, and the view, away
        from the top, stands still around it; at the top new rows are let in.
        """
        if self.source is None:
            return
        stays = by_itself or self.key is None
        before = self.cursor
        self.count = self.source.count()
        self._held = ()  # as things were
        at = self._find(want, height, near=by_itself) if want is not None and self.count else None
        if at is None:
            at = min(before, self.count - 1) if stays else 0
        elif by_itself and self.top:
            self.top += at - before
        self.cursor = max(0, at)
        self._settle(height)

    def go_to(self, position: int, height: int) -> bool:
        """Move the cursor; False where it was there."""
        before = self.cursor
        self.cursor = max(0, min(self.count - 1, position))
        if self.cursor == before:
            return False
        self._settle(height)
        return True

    def position_of(self, key: str) -> int | None:
        return None if self.source is None else self.source.position_of(key)

    def show(self, height: int) -> None:
        """Have the cursor's row in view, and all rows of the view held."""
        self.top = max(self.cursor - height + 1, min(self.top, self.cursor))
        self.top = max(0, min(self.top, self.count - height))
        self._hold(height)

    def _settle(self, height: int) -> None:
        self.show(height)
        row = self.row(self.cursor)
        self.key = None if row is None or self.source is None else self.source.key(row)

    def _hold(self, height: int) -> None:
        have = self._held_from <= self.top and min(self.top + height, self.count) <= self._held_from + len(self._held)
        if self.source is None or have:
            return
        self._held_from = max(0, self.top - height)
        self._held = self.source.window(self._held_from, 3 * height)

    def _find(self, key: str, height: int, *, near: bool) -> int | None:
        """Where a row stands now. ``near``: likely where it was, and reading the view again tells at no extra cost."""
        if self.source is None:
            return None
        if near:
            self._hold(height)
            for position, row in enumerate(self._held, start=self._held_from):
                if self.source.key(row) == key:
                    return position
        return self.source.position_of(key)

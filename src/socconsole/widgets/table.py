"""The windowed table: it knows the rows on the screen and asks for others when it gets there.

Cost and memory are flat in the number of rows. The cursor belongs to a row's key, not to a position: when
rows come and go, it stays on its finding. Only cells that differ are painted again, so a change outside the
view costs no byte on the wire.

It keeps its own scroll position instead of Textual's, because a change of ``virtual_size`` means a layout of
the whole screen, and rows arrive all the time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.painted import PaintedLines
from socconsole.widgets.rows import (
    Cell,
    Column,
    Line,
    fill,
    fit,
    head_line,
    layout,
    one_style,
    row_line,
)

__all__ = ["Cell", "Column", "RowSource", "WindowTable"]

Row = TypeVar("Row")

GUTTER: Final = 2
_HEAD: Final = 1


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


class WindowTable(PaintedLines, Generic[Row], can_focus=True):
    """A table over a :class:`RowSource`.

    Call :meth:`renew` when the data changed, :meth:`show_source` when filter or order did.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="table.up", show=False),
        Binding("down,j", "move(1)", "Down", id="table.down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="table.pageup", show=False),
        Binding("pagedown", "page(1)", "Page down", id="table.pagedown", show=False),
        Binding("home,g", "go(0)", "First", id="table.home", show=False),
        Binding("end,G", "go(-1)", "Last", id="table.end", show=False),
        Binding("enter", "open", "Open", id="open", show=False),
    ]
    DEFAULT_CSS = """
    WindowTable {
        height: 1fr;
        background: $background;
    }
    """

    class Moved(Message):
        """Another row is under the cursor (or none is). ``by_itself``: no key did it."""

        def __init__(self, table: WindowTable[Any], by_itself: bool) -> None:
            super().__init__()
            self.table = table
            self.key = table.cursor_key
            self.row = table.cursor_row
            self.by_itself = by_itself

        @property
        def control(self) -> WindowTable[Any]:
            return self.table

        def can_replace(self, message: Message) -> bool:
            # Of a burst of cursor keys only the last place matters to a listener.
            return isinstance(message, WindowTable.Moved) and message.table is self.table

    class Opened(Message):
        """Enter or a double click on a row."""

        def __init__(self, table: WindowTable[Any], key: str, row: Any) -> None:
            super().__init__()
            self.table = table
            self.key = key
            self.row = row

        @property
        def control(self) -> WindowTable[Any]:
            return self.table

    class MarksChanged(Message):
        def __init__(self, table: WindowTable[Any]) -> None:
            super().__init__()
            self.table = table
            self.marks = table.marks

        @property
        def control(self) -> WindowTable[Any]:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        source: RowSource[Row] | None = None,
        *,
        empty: str = "nothing here",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._columns = tuple(columns)
        self._source = source
        self._empty = empty
        self._sort: tuple[str, bool] | None = None
        self._count = 0
        self._top = 0
        self._cursor = 0
        self._key: str | None = None
        self._marks: frozenset[str] = frozenset()
        self._changed_at = float("-inf")
        self._block_at = 0
        self._block: Sequence[Row] = ()

    # -- what is known -------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Rows in the source when it was last read."""
        return self._count

    @property
    def cursor(self) -> int:
        """The cursor's position, from 0."""
        return self._cursor

    @property
    def cursor_key(self) -> str | None:
        return self._key

    @property
    def cursor_row(self) -> Row | None:
        return self._row(self._cursor) if self._key is not None else None

    @property
    def top(self) -> int:
        """The position of the first row on the screen."""
        return self._top

    @property
    def marks(self) -> frozenset[str]:
        """Keys of marked rows, also of those that are not in view."""
        return self._marks

    @property
    def rows_in_view(self) -> int:
        return max(1, self.size.height - _HEAD)

    def settled_for(self, ms: float, at: float | None = None) -> bool:
        """Whether no other row came under the cursor by itself in the ``ms`` before ``at``
        (``time.monotonic``; default now)."""
        at = time.monotonic() if at is None else at
        return at - self._changed_at >= ms / 1000

    # -- new data ------------------------------------------------------------------------------------

    def show_source(self, source: RowSource[Row], keep: str | None = None) -> None:
        """Show other rows, or the same in another order; the cursor goes to ``keep``, else stays on its key,
        else goes to the first row."""
        self._source = source
        self._read(keep or self._key, top_of=None)

    def renew(self) -> None:
        """The data changed: read the view again and paint what differs."""
        self._read(self._key, top_of=self._key)

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        self._columns = tuple(columns)
        self.repaint()

    def set_sort(self, column_id: str, descending: bool) -> None:
        """Show the sign of the order beside a column's title; ordering is the source's business."""
        self._sort = (column_id, descending)
        self.repaint()

    def set_empty(self, text: str) -> None:
        """What to say instead of rows when there are none."""
        self._empty = text
        if not self._count:
            self.repaint()

    def _read(self, want: str | None, top_of: str | None) -> None:
        """Read count and view again; ``top_of`` set means that no key of the analyst's caused it."""
        if self._source is None or not self.is_attached:
            return
        by_itself = top_of is not None or self._key is None
        before_key, before_at = self._key, self._cursor
        self._count = self._source.count()
        self._block = ()  # as things were
        at = self._find(want, near=top_of is not None) if want is not None and self._count else None
        if at is None:
            at = min(before_at, self._count - 1) if by_itself else 0
        elif top_of is not None and self._top:
            # Away from the top the view stands still around the cursor; at the top new rows are let in.
            self._top += at - before_at
        self._cursor = max(0, at)
        self._follow_cursor()
        self._fetch()
        row = self._row(self._cursor)
        self._key = None if row is None else self._source.key(row)
        if self._key != before_key:
            if by_itself:
                self._changed_at = time.monotonic()
            self.post_message(self.Moved(self, by_itself))
        self.repaint()

    def _find(self, key: str, near: bool) -> int | None:
        """Where a row stands now. ``near``: likely where it was, and reading the view again tells at no extra cost."""
        if self._source is None:
            return None
        if near:
            self._fetch()
            for position, row in enumerate(self._block, start=self._block_at):
                if self._source.key(row) == key:
                    return position
        return self._source.position_of(key)

    # -- the cursor ----------------------------------------------------------------------------------

    def go_to(self, position: int) -> None:
        """Move the cursor, as a key does."""
        if self._source is None or not self._count:
            return
        before, top = self._cursor, self._top
        self._cursor = max(0, min(self._count - 1, position))
        if self._cursor == before:
            return
        self._follow_cursor()
        self._fetch()
        row = self._row(self._cursor)
        self._key = None if row is None else self._source.key(row)
        if self._top == top:
            self._compose_row(before)
            self._compose_row(self._cursor)
        else:
            self.repaint()
        self.post_message(self.Moved(self, False))

    def go_to_key(self, key: str) -> bool:
        """Move the cursor to a row by its key; False when it is not among the rows."""
        at = self._source.position_of(key) if self._source is not None else None
        if at is None:
            return False
        self.go_to(at)
        return True

    def action_move(self, rows: int) -> None:
        self.go_to(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        self.go_to(self._cursor + pages * self.rows_in_view)

    def action_go(self, position: int) -> None:
        self.go_to(self._count - 1 if position < 0 else position)

    def action_open(self) -> None:
        row = self.cursor_row
        if row is not None and self._key is not None:
            self.post_message(self.Opened(self, self._key, row))

    # -- marks ---------------------------------------------------------------------------------------

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and go to the next."""
        if self._key is None:
            return
        self._set_marks(self._marks ^ {self._key})
        self.action_move(1)

    def mark_keys(self, keys: Collection[str]) -> None:
        """Mark exactly these rows."""
        self._set_marks(frozenset(keys))

    def clear_marks(self) -> None:
        self._set_marks(frozenset())

    def _set_marks(self, marks: frozenset[str]) -> None:
        if marks != self._marks:
            self._marks = marks
            self.repaint()
            self.post_message(self.MarksChanged(self))

    # -- reading rows --------------------------------------------------------------------------------

    def _follow_cursor(self) -> None:
        height = self.rows_in_view
        self._top = max(self._cursor - height + 1, min(self._top, self._cursor))
        self._top = max(0, min(self._top, self._count - height))

    def _fetch(self) -> None:
        """Hold the rows in view and a page on either side."""
        height = self.rows_in_view
        have = self._block_at <= self._top and min(self._top + height, self._count) <= self._block_at + len(self._block)
        if self._source is None or have:
            return
        self._block_at = max(0, self._top - height)
        self._block = self._source.window(self._block_at, 3 * height)

    def _row(self, position: int) -> Row | None:
        index = position - self._block_at
        return self._block[index] if 0 <= index < len(self._block) else None

    # -- painting ------------------------------------------------------------------------------------

    def lines_for(self, width: int, height: int) -> list[Line]:
        self._follow_cursor()
        self._fetch()
        signs = glyphs.current()
        placed = layout(self._columns, width - GUTTER)
        sort = None
        if self._sort is not None:
            sort = (self._sort[0], signs.down if self._sort[1] else signs.up)
        out = [head_line(placed, width, GUTTER, sort, signs.cut)]
        for position in range(self._top, self._top + height - _HEAD):
            out.append(self._line_of(position, placed, width))
        if not self._count:
            for index, text in enumerate(_wrapped(clean(self._empty), width - 2 * GUTTER)[: height - _HEAD - 1]):
                out[index + 2] = fill(((" " * GUTTER + text, "quiet"),), width)
        return out[:height]

    def _compose_row(self, position: int) -> None:
        y = position - self._top + _HEAD
        if _HEAD <= y < len(self._lines):
            width = self.size.width
            self.put_line(y, self._line_of(position, layout(self._columns, width - GUTTER), width))

    def _line_of(self, position: int, placed: Sequence[tuple[Column[Row], int]], width: int) -> Line:
        row = self._row(position) if position < self._count else None
        if row is None or self._source is None:
            return fill((), width)
        signs = glyphs.current()
        hot = position == self._cursor
        marked = self._source.key(row) in self._marks if self._marks else False
        gutter = ((signs.cursor if hot else " ", "text"), (signs.mark if marked else " ", "mark"))
        line = row_line(placed, row, width, gutter, signs.cut)
        return one_style(line, "cursor" if self.has_focus else "cursor-blurred") if hot else line

    # -- events --------------------------------------------------------------------------------------

    def _on_mount(self, event: events.Mount) -> None:
        super()._on_mount(event)
        if self._source is not None:
            self._read(self._key, top_of=None)

    def _on_focus(self, event: events.Focus) -> None:
        super()._on_focus(event)
        self._compose_row(self._cursor)

    def _on_blur(self, event: events.Blur) -> None:
        super()._on_blur(event)
        self._compose_row(self._cursor)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(3)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-3)

    async def _on_click(self, event: events.Click) -> None:
        position = self._top + event.y - _HEAD
        if event.y >= _HEAD and position < self._count:
            self.go_to(position)
            if event.chain == 2:
                self.action_open()


def _wrapped(text: str, width: int) -> list[str]:
    """Words in lines of at most ``width`` cells."""
    out: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            out.append(current)
        current = word if cell_len(word) <= width else fit(word, max(1, width), glyphs.current().cut)
    return [*out, current] if current else out

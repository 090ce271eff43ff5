"""The windowed table: it knows the rows on the screen and asks for others when it gets there.

What is held and where the cursor is, ``window.Window`` knows; here are keys, messages and paint. Only cells that
differ are painted again, so a change outside the view costs no byte on the wire.

It keeps its own scroll position instead of Textual's, because a change of ``virtual_size`` means a layout of
the whole screen, and rows arrive all the time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

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
from socconsole.widgets.window import RowSource, Window

__all__ = ["Cell", "Column", "RowSource", "WindowTable"]

Row = TypeVar("Row")

GUTTER: Final = 2
_HEAD: Final = 1


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
        self._window = Window(source)
        self._empty = empty
        self._sort: tuple[str, bool] | None = None
        self._marks: frozenset[str] = frozenset()
        self._changed_at = float("-inf")

    # -- what is known -------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Rows in the source when it was last read."""
        return self._window.count

    @property
    def cursor(self) -> int:
        """The cursor's position, from 0."""
        return self._window.cursor

    @property
    def cursor_key(self) -> str | None:
        return self._window.key

    @property
    def cursor_row(self) -> Row | None:
        return self._window.row(self._window.cursor) if self._window.key is not None else None

    @property
    def top(self) -> int:
        """The position of the first row on the screen."""
        return self._window.top

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
        self._window.source = source
        self._read(keep or self._window.key, by_itself=False)

    def renew(self) -> None:
        """The data changed: read the view again and paint what differs."""
        self._read(self._window.key, by_itself=self._window.key is not None)

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
        if not self._window.count:
            self.repaint()

    def _read(self, want: str | None, *, by_itself: bool) -> None:
        window = self._window
        if window.source is None or not self.is_attached:
            return
        before, unasked = window.key, by_itself or window.key is None
        window.read(want, self.rows_in_view, by_itself=by_itself)
        if window.key != before:
            if unasked:
                self._changed_at = time.monotonic()
            self.post_message(self.Moved(self, unasked))
        self.repaint()

    # -- the cursor ----------------------------------------------------------------------------------

    def go_to(self, position: int) -> None:
        """Move the cursor, as a key does."""
        window = self._window
        before, top = window.cursor, window.top
        if not window.count or not window.go_to(position, self.rows_in_view):
            return
        if window.top == top:
            self._compose_row(before)
            self._compose_row(window.cursor)
        else:
            self.repaint()
        self.post_message(self.Moved(self, False))

    def go_to_key(self, key: str) -> bool:
        """Move the cursor to a row by its key; False when it is not among the rows."""
        at = self._window.position_of(key)
        if at is None:
            return False
        self.go_to(at)
        return True

    def action_move(self, rows: int) -> None:
        self.go_to(self._window.cursor + rows)

    def action_page(self, pages: int) -> None:
        self.go_to(self._window.cursor + pages * self.rows_in_view)

    def action_go(self, position: int) -> None:
        self.go_to(self._window.count - 1 if position < 0 else position)

    def action_open(self) -> None:
        row = self.cursor_row
        if row is not None and self._window.key is not None:
            self.post_message(self.Opened(self, self._window.key, row))

    # -- marks ---------------------------------------------------------------------------------------

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and go to the next."""
        if self._window.key is None:
            return
        self._set_marks(self._marks ^ {self._window.key})
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

    # -- painting ------------------------------------------------------------------------------------

    def lines_for(self, width: int, height: int) -> list[Line]:
        self._window.show(self.rows_in_view)
        signs = glyphs.current()
        placed = layout(self._columns, width - GUTTER)
        sort = None
        if self._sort is not None:
            sort = (self._sort[0], signs.down if self._sort[1] else signs.up)
        out = [head_line(placed, width, GUTTER, sort, signs.cut)]
        for position in range(self._window.top, self._window.top + height - _HEAD):
            out.append(self._line_of(position, placed, width))
        if not self._window.count:
            for index, text in enumerate(_wrapped(clean(self._empty), width - 2 * GUTTER)[: height - _HEAD - 1]):
                out[index + 2] = fill(((" " * GUTTER + text, "quiet"),), width)
        return out[:height]

    def _compose_row(self, position: int) -> None:
        y = position - self._window.top + _HEAD
        if _HEAD <= y < len(self._lines):
            width = self.size.width
            self.put_line(y, self._line_of(position, layout(self._columns, width - GUTTER), width))

    def _line_of(self, position: int, placed: Sequence[tuple[Column[Row], int]], width: int) -> Line:
        source = self._window.source
        row = self._window.row(position) if position < self._window.count else None
        if row is None or source is None:
            return fill((), width)
        signs = glyphs.current()
        hot = position == self._window.cursor
        marked = source.key(row) in self._marks if self._marks else False
        gutter = ((signs.cursor if hot else " ", "text"), (signs.mark if marked else " ", "mark"))
        line = row_line(placed, row, width, gutter, signs.cut)
        return one_style(line, "cursor" if self.has_focus else "cursor-blurred") if hot else line

    # -- events --------------------------------------------------------------------------------------

    def _on_mount(self, event: events.Mount) -> None:
        super()._on_mount(event)
        self._read(self._window.key, by_itself=False)

    def _on_focus(self, event: events.Focus) -> None:
        super()._on_focus(event)
        self._compose_row(self._window.cursor)

    def _on_blur(self, event: events.Blur) -> None:
        super()._on_blur(event)
        self._compose_row(self._window.cursor)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(3)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-3)

    async def _on_click(self, event: events.Click) -> None:
        position = self._window.top + event.y - _HEAD
        if event.y >= _HEAD and position < self._window.count:
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

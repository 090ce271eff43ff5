"""A list with a filter, and beside it (or below, where it is narrow) the detail of the row under the cursor."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widgets import Static

from socconsole.commands import Command
from socconsole.screens import words
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.desk import Desk
from socconsole.widgets import glyphs
from socconsole.widgets.asking import Changed
from socconsole.widgets.detail import Body, DetailPane, Section
from socconsole.widgets.rows import fit
from socconsole.widgets.table import Column, RowSource, WindowTable

Row = TypeVar("Row")

BROAD: Final = 160
"""From here on a list has room for more columns, and a detail needs no more than it has."""
TYPING_PAUSE_S: Final = 0.12
"""How long typing rests before a filter is tried: a keystroke at a million rows must not wait for a count."""


class ListScreen(ConsoleScreen, Generic[Row]):
    DEFAULT_CSS = """
    ListScreen #title { height: 1; color: $text-quiet; padding: 0 1; }
    ListScreen #split { height: 1fr; layout: vertical; }
    ListScreen #list { height: 1fr; }
    ListScreen #side { height: 42%; min-height: 6; border-top: solid $rule; }
    ListScreen.-short #side { display: none; }
    ListScreen.-wide #split { layout: horizontal; }
    ListScreen.-wide #list { width: 60%; height: 100%; }
    ListScreen.-wide #side {
        display: block; width: 40%; height: 100%; border-top: none; border-left: solid $rule;
    }
    ListScreen.-broad #list { width: 70%; }
    ListScreen.-broad #side { width: 30%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+down,right_square_bracket", "scroll_detail(3)", "Detail down", id="side.down", show=False),
        Binding("shift+up,left_square_bracket", "scroll_detail(-3)", "Detail up", id="side.up", show=False),
    ]
    innermost: ClassVar[str] = "#list"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.filter_text = ""
        self.shown: RowSource[Row] | None = None
        self._trying: Timer | None = None
        self._line = ""
        self._filtering = False

    # -- what a list says --------------------------------------------------------------------------------

    @abstractmethod
    def columns(self) -> Sequence[Column[Row]]:
        """What of a row is in the table, and which columns a narrow one gives up first."""

    @abstractmethod
    def source(self, text: str) -> RowSource[Row]:
        """The rows under a filter. Raises ``ValueError`` with a sentence when the filter cannot be read."""

    @abstractmethod
    def detail(self, row: Row) -> tuple[Body, list[Section]]:
        """Title and sections of the row under the cursor."""

    @abstractmethod
    def empty_text(self) -> str:
        """What an empty list says: never "nothing" of what was not read, or not completely."""

    def empty_detail(self) -> tuple[Body, list[Section]]:
        """What stands beside an empty list."""
        return [], []

    def title_text(self) -> str:
        return ""

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if not said and command.needs == "row" and self.is_built and self.table.cursor_row is None:
            return "there is no row"
        return said

    @abstractmethod
    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        """What is shown, all of it, as plain values. Called in a thread."""

    # -- layout ------------------------------------------------------------------------------------------

    @property
    def table(self) -> WindowTable[Row]:
        return self.query_one("#list", WindowTable)

    def body(self) -> ComposeResult:
        self.shown = self.source(self.filter_text)
        with Vertical():
            yield Static("", id="title", markup=False)
            with Container(id="split"):
                yield WindowTable(self.columns(), self.shown, empty="", id="list")
                yield DetailPane(id="side")

    def built(self) -> None:
        self.table.focus()
        self.show_rest()

    def sized(self, size: Size) -> dict[str, bool]:
        return {**super().sized(size), "-broad": size.width >= BROAD}

    def on_resize(self, event: events.Resize) -> None:
        if self.is_built:
            self.call_after_refresh(self.show_title)

    def renew(self) -> None:
        if self.is_built:
            self.table.renew()
            self.show_rest()

    def tick(self) -> None:
        # Ages are painted from the clock: reading the view again is a millisecond, and only what differs is sent.
        self.renew()

    def show_rest(self) -> None:
        """Everything around the table."""
        self.table.set_empty(self.empty_text())
        self.show_title()
        self.show_detail()

    def show_title(self) -> None:
        left = f" {glyphs.current().rule} {self.titled}  {self.title_text()} "
        right = f" {self.count_text()} "
        width = max(0, self.app.size.width - 2)
        room = max(0, width - len(right))  # the count stands whole: half a number is another one
        size = cell_len(left)
        left = fit(left, room, glyphs.current().cut) if size > room else left + glyphs.current().rule * (room - size)
        line = Content((left + right)[: max(width, 0)])
        if line.plain != self._line:
            self._line = line.plain
            self.query_one("#title", Static).update(line, layout=False)

    def count_text(self) -> str:
        return f"{self.table.count:,}"

    def show_detail(self) -> None:
        row = self.table.cursor_row
        pane = self.query_one("#side", DetailPane)
        if not pane.display:
            return
        if row is None:
            pane.show_sections(*self.empty_detail())
            return
        title, sections = self.detail(row)
        pane.show_sections(title, sections, key=self.table.cursor_key or "")

    def action_scroll_detail(self, lines: int) -> None:
        """Read on in the detail without leaving the row."""
        self.query_one("#side", DetailPane).scroll_by(lines)

    @on(WindowTable.Moved)
    def _moved(self, event: WindowTable.Moved) -> None:
        event.stop()
        self.moved()

    def moved(self) -> None:
        """Another row is under the cursor."""
        self.show_detail()
        self.show_keys()

    @on(WindowTable.Opened)
    def _opened(self, event: WindowTable.Opened) -> None:
        event.stop()
        self.perform(self.desk.command("open"))

    def blocked(self, at: float) -> str:
        if not self.table.settled_for(300, at):
            return "the row under the cursor has just changed by itself"
        return ""

    # -- filter ------------------------------------------------------------------------------------------

    async def do_filter(self, asked: Invocation) -> None:
        if asked.argument:
            if self.apply_filter("" if asked.argument == "-" else asked.argument):
                self.table.go_to(0)
            return
        before = self.filter_text
        self._filtering = True
        line = await self.ask("/", before, hint=self.filter_hint(), kind="/", check=self.refused_filter)
        self._filtering = False
        if self._trying is not None:
            self._trying.stop()
        if line is None:
            self.apply_filter(before)
            return
        if self.apply_filter(line) and self.filter_text != before:
            self.table.go_to(0)  # the first of what is shown now, with nothing above it out of sight

    def refused_filter(self, text: str) -> str:
        """Why a filter cannot be read, in a sentence; empty when it can."""
        try:
            self.source(text.strip())
        except ValueError as trouble:
            return str(trouble)
        return ""

    def filter_hint(self) -> str:
        return "words; enter keeps, esc returns"

    @on(Changed)
    def _typing(self, event: Changed) -> None:
        event.stop()
        if not self._filtering:
            return
        if self._trying is not None:
            self._trying.stop()
        self._trying = self.set_timer(TYPING_PAUSE_S, lambda: self._try(event.value))

    def _try(self, text: str) -> None:
        if self._filtering:
            self.apply_filter(text)

    def apply_filter(self, text: str) -> bool:
        """Show what the filter lets through; False, and said, when it cannot be read."""
        if not self.is_built:  # the console is closing while somebody waited for a thread
            return False
        try:
            source = self.source(text.strip())
        except ValueError as trouble:
            self.say(str(trouble), "error")
            return False
        self.hush()  # what an earlier try was refused for
        self.filter_text = text.strip()
        self.table.clear_marks()
        self._show_source(source)
        return True

    def refill(self) -> None:
        """Show the rows anew, under the filter as it stands: they were read again."""
        self._show_source(self.source(self.filter_text))

    def _show_source(self, source: RowSource[Row]) -> None:
        self.shown = source
        self.table.show_source(source)
        self.show_rest()
        self.show_keys()

    # -- export ------------------------------------------------------------------------------------------

    async def do_export(self, asked: Invocation) -> None:
        name = asked.argument or await self.ask("export to", hint="FILE.csv or FILE.json") or ""
        if not name.strip():
            return
        from socconsole.reports.files import NotWritten
        from socconsole.screens import export

        try:
            rows = await asyncio.to_thread(self.export_rows)
            path = await asyncio.to_thread(export.write, name, rows)
        except NotWritten as trouble:
            self.say(str(trouble), "error")
            return
        self.say(f"{words.plural(len(rows), 'row')} written to {path}, readable by you alone", "good")

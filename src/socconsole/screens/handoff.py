"""Handoff: what the next shift has to know, what nobody may overlook first; giving it, and taking another's."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any, ClassVar, Final

from socconsole.commands import Command
from socconsole.screens import handoff_first, handoff_rows, handoff_take, opening
from socconsole.screens import handoff_papers as papers
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.handoff_papers import NotDone
from socconsole.screens.handoff_row import ACTION, CASE, FINDING, HANDOFF, PATH, SOURCE, HandoffRow
from socconsole.screens.listing import ListScreen
from socconsole.screens.reader import ReadScreen, plain
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.text import clean
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

_REST_S: Final = 5.0
"""It reads all that is open: not at every commit of a busy watch."""
_AGES_S: Final = 30.0
_RECEIPT_MOST: Final = 5_000
"""Characters of a receipt that is pasted; one takes some seven hundred."""


class HandoffScreen(ListScreen[HandoffRow]):
    place: ClassVar[str] = "handoff"
    titled: ClassVar[str] = "Handoff"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "give", "accept", "receipt", "write", "undo", "filter", "copy", "command", "help",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        measured = papers.Measured()
        self._read = Renewed(
            self,
            lambda: desk.read(partial(papers.read, desk, measured), desk.now()),
            self._came,
            rest_s=_REST_S,
            ages_s=_AGES_S,
        )
        self._rows: list[HandoffRow] = []

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[HandoffRow]]:
        return (
            Column("group", "", lambda row: Cell(row.group, "quiet"), 9, priority=90),
            Column("state", "STATE", lambda row: Cell(row.state, row.style), 15, priority=95),
            Column("said", "WHAT", lambda row: Cell(row.said, "text" if row.state else "quiet"), 20, 1),
        )

    def source(self, text: str) -> RowSource[HandoffRow]:
        return self._filtered(text)

    def _filtered(self, text: str) -> Filtered[HandoffRow]:
        return Filtered(self._rows, text, lambda row: row.key, lambda row: f"{row.group} {row.state} {row.said}")

    def _came(self) -> None:
        if self._read.value is not None:
            self._rows = handoff_rows.rows(self._read.value, self.desk.stamp)
        self.refill()

    def renew(self) -> None:
        self._read.renew()
        super().renew()

    def on_screen_resume(self) -> None:
        if self._read.value is not None:  # what was done on the screen above, at once
            self._read.ask_anew()

    def title_text(self) -> str:
        trouble = self._read.value.trouble if self._read.value is not None else ""
        said = [f"NOT KNOWN: {clean(trouble, 200)}"] if trouble else []
        first = handoff_first.headline(self._rows)
        shown = [f"/{clean(self.filter_text, 60)}"] if self.filter_text else []
        return ", ".join(filter(None, [*said, first])) + "  ".join(["", *shown])

    def empty_text(self) -> str:
        return "reading …" if self._read.value is None else f"nothing of the handoff holds {self.filter_text!r}"

    def detail(self, row: HandoffRow) -> tuple[Body, list[Section]]:
        return row.title, row.sections

    def do_back(self, asked: Invocation) -> None:
        if self.filter_text:
            self.apply_filter("")
            self.say("filter cleared")
        else:
            super().do_back(asked)

    # -- what a row is about -----------------------------------------------------------------------------

    def subject(self) -> Hashable:
        return self.table.cursor_key

    def _row(self, asked: Invocation) -> HandoffRow | None:
        """The row that was under the cursor when the key was pressed."""
        return next((row for row in self._rows if row.key == asked.subject), None)

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id != "undo" or not self.is_built:
            return said
        row = self.table.cursor_row
        return "" if row is not None and row.kind == ACTION else "that is no containment"

    async def do_open(self, asked: Invocation) -> None:
        row = self._row(asked)
        if row is None:
            return
        if row.kind == CASE:
            opening.case(self.desk, row.about)
        elif row.kind == FINDING:
            opening.finding(self.desk, row.about)
        elif row.kind == PATH:
            opening.path(self.desk, row.about)
        elif row.kind == SOURCE:
            self.desk.app.show_place("sources")
        else:
            line = await self._receipt_of(row)
            screen = handoff_take.receipt(self.desk, row.about, line) if line else None
            self.desk.app.push_screen(screen or ReadScreen(self.desk, row.title, row.sections))

    async def _receipt_of(self, row: HandoffRow) -> str:
        """The receipt of a handoff that was taken here; empty for all else."""
        if row.kind != HANDOFF:
            return ""
        try:
            return await asyncio.to_thread(papers.receipt_again, self.desk, row.about)
        except NotDone:
            return ""  # the row itself says what is known

    def do_undo(self, asked: Invocation) -> None:
        row = self._row(asked)
        if asked.argument:
            opening.undo(self.desk, asked.argument)
        elif row is not None and row.kind == ACTION:
            opening.undo(self.desk, row.about)

    def do_copy(self, asked: Invocation) -> None:
        row = self._row(asked)
        if row is not None:
            self.say(self.desk.app.send_to_clipboard(plain(row.title, row.sections)))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"part": row.group, "state": row.state, "what": row.said, "kind": row.kind, "about": row.about}
            for row in self._filtered(self.filter_text).rows
        ]

    # -- handing over ------------------------------------------------------------------------------------

    def _offered(self, suffix: str) -> str:
        return f"handoff-{self.desk.now().astimezone(UTC):%Y%m%d-%H%MZ}{suffix}"

    async def do_write(self, asked: Invocation) -> None:
        name = asked.argument or await self.ask("write to", self._offered(".html"), ".html, .md or .json")
        if not (name or "").strip():
            return
        try:
            path, size = await asyncio.to_thread(papers.write, self.desk, name or "")
        except NotDone as why:
            self.say(str(why), "error")
            return
        self.say(f"{clean(str(path), 200)}: {size:,} bytes, readable by you alone", "good")

    async def do_give(self, asked: Invocation) -> None:
        hint = "the signed file for the next shift's install; it goes on record"
        name = asked.argument or await self.ask("give", self._offered(".handoff"), hint)
        if not (name or "").strip():
            return
        self.say("making the file …", seconds=0)
        try:
            gave = await asyncio.to_thread(papers.give, self.desk, name or "")
        except NotDone as why:
            self.say(str(why), "error")
            return
        self._read.ask_anew()
        self.hush()
        if self.is_current:
            self.desk.app.push_screen(handoff_take.given(self.desk, gave))
        else:  # he went on meanwhile
            self.desk.app.say(f"{gave.given.parcel.id} was given: {clean(str(gave.path), 200)}", "good")

    async def do_accept(self, asked: Invocation) -> None:
        name = asked.argument or await self.ask("accept", hint="FILE.handoff of another install; it is shown first")
        if not (name or "").strip():
            return
        self.say("reading it …", seconds=0)
        try:
            examined = await asyncio.to_thread(papers.examine, self.desk, name or "")
        except NotDone as why:
            self._refused("accept", why)
            return
        self.hush()
        self.desk.app.push_screen(handoff_take.TakeScreen(self.desk, examined))

    async def do_receipt(self, asked: Invocation) -> None:
        hint = "paste the line that they got, or name the file that holds it"
        said = asked.argument or await self.ask("receipt", hint=hint, most=_RECEIPT_MOST)
        if not (said or "").strip():
            return
        try:
            done = await asyncio.to_thread(papers.receipt, self.desk, said or "")
        except NotDone as why:
            self._refused("receipt", why)
            return
        self.desk.app.poll()
        self._read.ask_anew()
        self.say(done, "good")

    def _refused(self, what: str, why: NotDone) -> None:
        """Whole, on a screen of its own: the footer has no room for a sentence and what mends it."""
        self.say(str(why), "error")
        title: Body = [(what, "strong"), (": not done, and nothing was recorded", "bad")]
        self.desk.app.push_screen(ReadScreen(self.desk, title, [Section("why", [[(str(why), "warn")]])]))

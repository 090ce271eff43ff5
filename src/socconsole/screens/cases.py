"""Cases: incidents under work, worst first, with the clock that is nearest and what still leaves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final

from socconsole.commands import cases as ask
from socconsole.config import Config
from socconsole.model.case import Case
from socconsole.model.clock import Clock
from socconsole.model.finding import Leaving
from socconsole.screens import clock_words, opening, words
from socconsole.screens.base import Invocation
from socconsole.screens.case_acts import CaseActs, record
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.store import case_clocks, case_leaving, cases
from socconsole.store.case_glance import by_law, first, past
from socconsole.store.db import Connection
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.asking import needed
from socconsole.widgets.columns import severity_cell, severity_style, severity_text
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

_REST_S: Final = 2.0
_AGES_S: Final = 30.0
_CLOCKS: Final = 8
"""Clocks named beside the list; the rest are counted."""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as the list shows it: an open one, or one that was closed over clocks that run on."""

    case: Case
    clocks: tuple[Clock, ...]
    leaving: int
    """Findings by which something leaves now."""
    unseen: int
    """Findings of which nobody can tell, or which the store does not know."""

    nearest: Clock | None
    """The one to look at first, when it was read."""


class CasesScreen(ListScreen[CaseLine], CaseActs):
    place: ClassVar[str] = "cases"
    titled: ClassVar[str] = "Cases"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "new_case", "claim", "note", "close", "filter", "copy", "screen.triage", "command", "help",
        "escalate",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lines = Renewed(
            self,
            lambda: desk.read(partial(_open, desk.config), desk.now()),
            self.refill,
            rest_s=_REST_S,
            ages_s=_AGES_S,
        )

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[CaseLine]]:
        return (
            Column("sev", "SEV", lambda row: severity_cell(row.case.severity), 3, priority=99),
            Column("clock", "CLOCK", self._clock, 28, priority=97),
            Column("leaving", "LEAVING", _leaving, 12, priority=85),
            Column("what", "WHAT", _what, 24, 2, priority=98),
            Column("status", "STATUS", lambda row: Cell(row.case.status.value, "quiet"), 13, priority=60),
            Column("owner", "OWNER", lambda row: Cell(row.case.owner), 10, priority=70),
            Column("n", "FINDINGS", lambda row: Cell(f"{len(row.case.findings):,}"), 8, priority=40, align="right"),
            Column("age", "AGE", self._age, 5, priority=30, align="right"),
            Column("id", "ID", lambda row: Cell(row.case.id, "quiet"), 10, priority=50),
        )

    def _clock(self, row: CaseLine) -> Cell:
        clock = row.nearest
        if clock is None:
            return Cell("none open", "quiet")
        now = self.desk.now()
        text, style = clock_words.left(clock, now)
        said = f"{clock_words.name(clock)} {text}"
        if clock.role == case_clocks.TEAM.role and (law := first(by_law(row.clocks), now)) is not None:
            said += f", {clock_words.name(law)} {clock_words.left(law, now)[0]}"
        return Cell(said, style)

    def _age(self, row: CaseLine) -> Cell:
        return Cell(words.age((self.desk.now() - row.case.opened).total_seconds()), "quiet")

    def source(self, text: str) -> RowSource[CaseLine]:
        return self._filtered(text)

    def _filtered(self, text: str) -> Filtered[CaseLine]:
        return Filtered(self._lines.value or (), text, lambda row: row.case.id, _said)

    def renew(self) -> None:
        self._lines.renew()
        super().renew()

    def title_text(self) -> str:
        now = self.desk.now()
        lines = self._lines.value or ()
        overdue = sum(past(clock, now) for row in lines for clock in row.clocks)
        leaving = sum(bool(row.leaving) for row in lines)
        said = [f"{words.plural(overdue, 'clock')} OVERDUE"] if overdue else []
        said += [f"{leaving} still leaving"] if leaving else []
        return ", ".join([*said, *([clean(self.filter_text, 60)] if self.filter_text else [])])

    def empty_text(self) -> str:
        if self._lines.value is None:
            return "reading …"
        if self.filter_text and self._lines.value:
            return f"no open case holds {self.filter_text!r}"
        return "no case is open. K in Triage opens one of a finding or an incident, N here one by hand (a phone call)"

    def detail(self, row: CaseLine) -> tuple[Body, list[Section]]:
        case, now = row.case, self.desk.now()
        title: Body = [(f"{severity_text(case.severity)}  ", severity_style(case.severity)), (case.title, "strong")]
        shown: list[Body] = []
        for clock in [one for one in row.clocks if one.open][:_CLOCKS]:
            text, style = clock_words.left(clock, now)
            shown.append(
                [
                    (f"{text}  ", style),
                    (f"{clock_words.name(clock)} {clock.title}, ", "text"),
                    (clean(clock.entity, 40), "quiet"),
                ]
            )
        more = sum(one.open for one in row.clocks) - len(shown)
        shown += [[(f"and {more} more (enter)", "quiet")]] if more > 0 else []
        left = _leaving(row)
        return title, [
            Section(
                "case",
                [
                    f"{case.id}  {case.status.value}, owner {clean(case.owner, 40)}"
                    + ("  LEGAL HOLD" if case.held else "")
                ],
            ),
            Section("clocks", shown or [[("none is open", "quiet")]]),
            Section("leaving", [[(clean(left.text, 40), left.style)]]),
            Section("believed", [case.hypothesis if case.hypothesis else [("nobody said yet", "warn")]]),
            Section("findings", [f"{len(case.findings):,}"]),
            Section("opened", [[(f"{self.desk.stamp(case.opened)} by ", "quiet"), (case.opened_by, "text")]]),
        ]

    def do_back(self, asked: Invocation) -> None:
        if self.filter_text:
            self.apply_filter("")
            self.say("filter cleared")
        else:
            super().do_back(asked)

    # -- acts --------------------------------------------------------------------------------------------

    def subject(self) -> Hashable:
        return self.table.cursor_key

    def case_here(self) -> Case | None:
        row = self.table.cursor_row
        return row.case if row is not None else None

    def clocks_here(self) -> Sequence[Clock]:
        row = self.table.cursor_row
        return row.clocks if row is not None else ()

    def changed(self) -> None:
        self._lines.ask_anew()

    def do_open(self, asked: Invocation) -> None:
        if self.table.cursor_key:
            opening.case(self.desk, self.table.cursor_key)

    async def do_new_case(self, asked: Invocation) -> None:
        title = await self.ask(
            "a case by hand", hint="what was reported, by whom", given=asked.argument, check=needed("a title")
        )
        if title is None:
            return
        case, said = await record(self.desk, ask.OpenCase(title=title))
        if case:
            opening.case(self.desk, case, said)
        else:
            self.say(*said)

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.say(self.desk.app.send_to_clipboard(f"{row.case.id} {row.case.severity.name} {clean(row.case.title)}"))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "case": row.case.id,
                "title": row.case.title,
                "severity": row.case.severity.name,
                "status": row.case.status.value,
                "owner": row.case.owner,
                "opened": row.case.opened,
                "findings": len(row.case.findings),
                "leaving": row.leaving,
                "cannot_see": row.unseen,
                "clock": row.nearest.id if row.nearest else None,
                "due": row.nearest.due if row.nearest else None,
            }
            for row in self._filtered(self.filter_text).rows
        ]


def _what(row: CaseLine) -> Cell:
    """Its title; of a case that was closed over its clocks that too, where STATUS has no room."""
    return Cell(row.case.title) if row.case.closed is None else Cell(f"(closed) {clean(row.case.title)}", "quiet")


def _leaving(row: CaseLine) -> Cell:
    """Yes wins over what cannot be seen, and that over silence, which is none known and never none."""
    signs = glyphs.current()
    if row.leaving:
        return Cell(f"{signs.bad} yes, {row.leaving}", "bad")
    if row.unseen:
        return Cell(f"{signs.warn} cannot see", "warn")
    return Cell("none known" if row.case.findings else "no finding", "quiet")


def _said(row: CaseLine) -> str:
    case = row.case
    return " ".join((case.id, clean(case.title, 300), case.severity.name, case.status.value, clean(case.owner, 60)))


def _open(config: Config, conn: Connection, now: datetime) -> list[CaseLine]:
    """Every open case, then those that were closed over clocks by law or contract which nobody met or answered yet.
    For a thread."""
    found = [_line(conn, case, case_clocks.of_case(conn, config, case, now), now) for case in cases.each(conn)]
    for case in cases.closed_anyway(conn):
        if running := case_clocks.still_running(case_clocks.of_case(conn, config, case, now)):
            found.append(_line(conn, case, running, now))
    return found


def _line(conn: Connection, case: Case, clocks: tuple[Clock, ...], now: datetime) -> CaseLine:
    told = case_leaving.tally(conn, case, now)
    unseen = told.said[Leaving.CANNOT_SEE] + told.missing
    return CaseLine(case, clocks, told.said[Leaving.YES], unseen, first(clocks, now))

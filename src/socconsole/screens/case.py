"""One case: its six lines, clocks, steps, findings, containments and history, and what is done to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from socconsole.commands import cases as ask
from socconsole.model.case import Case
from socconsole.model.clock import Clock, ClockState
from socconsole.screens import case_rows, escalate_sections, opening, words
from socconsole.screens.base import Invocation
from socconsole.screens.case_findings import CaseFindings
from socconsole.screens.case_papers import CasePapers
from socconsole.screens.case_rows import CaseRead, CaseRow
from socconsole.screens.desk import Desk
from socconsole.screens.finding_sections import heading, sections
from socconsole.screens.reader import ReadScreen, plain
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.screens.replies import Said
from socconsole.store import case_clocks, case_findings, case_playbooks, case_view, cases, reading, six_lines
from socconsole.store.db import Connection
from socconsole.text import clean
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.prompt import LinePrompt
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

if TYPE_CHECKING:
    from datetime import datetime

_REST_S: Final = 1.0
_AGES_S: Final = 30.0


class CaseScreen(CaseFindings, CasePapers):
    place: ClassVar[str] = "case"
    titled: ClassVar[str] = "Case"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "note", "claim", "mark", "mark_all", "undo", "filter", "command", "help", "back", "copy",
        "escalate",
    )  # fmt: skip

    def __init__(self, desk: Desk, case: str, said: Said | None = None) -> None:
        super().__init__(desk)
        self.case = case
        self._to_say = said
        self._unfolded = False
        self._read = Renewed(
            self,
            lambda: desk.read(partial(_whole, desk), self.case, desk.now()),
            self._came,
            rest_s=_REST_S,
            ages_s=_AGES_S,
        )

    def built(self) -> None:
        super().built()
        if self._to_say is not None:
            self.say(*self._to_say)
            self._to_say = None

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[CaseRow]]:
        return (
            Column("kind", "", lambda row: Cell(row.kind, "quiet"), 9, priority=90),
            Column("state", "STATE", lambda row: Cell(*row.state(self.desk.now())), 19, priority=95),
            Column("said", "WHAT", lambda row: Cell(row.said, row.style), 20, 1, priority=99),
            Column("owner", "OWNER", lambda row: Cell(row.owner, "quiet"), 7, priority=50),
        )

    def source(self, text: str) -> RowSource[CaseRow]:
        return self._filtered(text)

    def _filtered(self, text: str) -> Filtered[CaseRow]:
        if text:  # whoever looks for a clock means it, and not what it is folded under
            shown = [row for row in self._rows if row.about != case_rows.ASKS]
        else:
            shown = [row for row in self._rows if self._unfolded or not row.folded]
        return Filtered(shown, text, lambda row: row.key, self._said)

    def _said(self, row: CaseRow) -> str:
        return f"{row.kind} {row.state(self.desk.now())[0]} {clean(row.said, 2_000)}"

    def rows_shown(self) -> Sequence[CaseRow]:
        return self._filtered(self.filter_text).rows

    def _came(self) -> None:
        if self._read.value is not None:
            self._rows = self._read.value.rows
        if marks := self.table.marks:  # of what left the case meanwhile none stays
            self.table.mark_keys(marks & {row.key for row in self._rows})
        self.refill()

    def renew(self) -> None:
        self._read.renew()
        super().renew()

    def title_text(self) -> str:
        case = self.case_here()
        if case is None:
            return self.case
        held = "  LEGAL HOLD" if case.held else ""
        shown = f"  {clean(self.filter_text, 40)}" if self.filter_text else ""
        marks = f"  {words.plural(len(self.table.marks), 'mark')}" if self.table.marks else ""
        return f"{case.id}  {case.severity.name}  {case.status.value}  {clean(case.owner, 24)}{held}{marks}{shown}"

    def count_text(self) -> str:
        case = self.case_here()
        if case is None or self.filter_text:
            return f"{self.table.count:,} of {words.plural(len(self._rows), 'row')}"
        return words.plural(len(case.findings), "finding")

    def empty_text(self) -> str:
        if self._read.value is None:
            return "reading …"
        if self._read.value.read.case is None:
            return f"there is no case {self.case}"
        return f"nothing of this case holds {self.filter_text!r}"

    def detail(self, row: CaseRow) -> tuple[Body, list[Section]]:
        if row.kind == "finding" and (stored := reading.get(self.desk.conn, row.about, self.desk.now())) is not None:
            return heading(stored.finding), sections(stored, self.desk.stamp)
        return row.title, row.sections

    def do_back(self, asked: Invocation) -> None:
        if self.table.marks:
            self.table.clear_marks()
        elif self.filter_text:
            self.apply_filter("")
            self.say("filter cleared")
        else:
            super().do_back(asked)

    # -- what an act is about ----------------------------------------------------------------------------

    def case_here(self) -> Case | None:
        return self._read.value.read.case if self._read.value is not None else None

    def clocks_here(self) -> Sequence[Clock]:
        return self._read.value.read.clocks if self._read.value is not None else ()

    # -- keys --------------------------------------------------------------------------------------------

    def do_open(self, asked: Invocation) -> None:
        row = self.row_of(asked)
        if row is None:
            return
        if row.kind == "finding":
            opening.finding(self.desk, row.about)
        elif row.kind == "step":
            self.perform(self.desk.command("step"))
        elif row.about == case_rows.ASKS:
            self._unfolded = not self._unfolded
            self.refill()
        elif row.kind == "clock":
            self._answer_clock(row.about)
        else:
            self.desk.app.push_screen(ReadScreen(self.desk, row.title, row.sections))

    def clock_under_cursor(self) -> str:
        row = next((one for one in self._rows if one.key == self.table.cursor_key), None)
        return row.about if row is not None and row.kind == "clock" else ""

    def _answer_clock(self, id_: str) -> None:
        """Begin the line that says something about a clock; what is done already is only shown."""
        clock = next((one for one in self.clocks_here() if one.id == id_), None)
        if clock is None:
            return
        if clock.state is ClockState.ASK:
            line = f'applies {clock.regime} yes "{clean(clock.entity, 120)}"'
            self.say(clock.asks, "warning", 0)
        elif clock.open:
            line = f"sent {clock.id} "
        else:
            self.say(f"{clock.id} is {clock.state.value.replace('_', ' ')}; what is said again amends it")
            return
        self.perform(self.desk.command("command"), line)

    async def do_step(self, asked: Invocation) -> None:
        row, case = self.row_of(asked), self.case_here()
        if row is None or case is None or row.kind != "step":
            return
        playbook, _, step = row.about.partition("/")
        if asked.argument:
            await self.act(ask.TickStep(case=case.id, playbook=playbook, step=step, note=asked.argument, seen=case.seq))
            return
        skip = False

        def turn(line: str) -> str:
            nonlocal skip
            skip = not skip
            self.query_one(LinePrompt).set_hint(_LEFT_OUT if skip else _DONE)
            return line

        note = await self.ask(clean(row.said, 40), hint=_DONE, complete=turn, kind="step")
        if note is not None:
            await self.act(
                ask.TickStep(case=case.id, playbook=playbook, step=step, note=note, skip=skip, seen=case.seq)
            )

    def acted(self) -> None:
        if self.is_built:
            self.table.clear_marks()
        self._read.ask_anew()

    def changed(self) -> None:
        self._read.ask_anew()

    def merged(self, into: str) -> None:
        self.case = into
        self._read.ask_anew()

    def do_copy(self, asked: Invocation) -> None:
        row = self.row_of(asked)
        if self.about(asked.subject):
            super().do_copy(asked)
        elif row is not None:
            self.say(self.desk.app.send_to_clipboard(plain(row.title, row.sections)))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        now = self.desk.now()
        return [
            {"kind": row.kind, "id": row.about, "state": row.state(now)[0], "what": row.said, "owner": row.owner}
            for row in self.rows_shown()
        ]


_ESCALATED: Final = 100
"""Findings, the worst first, of which escalations are looked for."""
_DONE: Final = "how it was done; tab: left out on purpose"
_LEFT_OUT: Final = "LEFT OUT on purpose: why; tab: done"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A case as it was read, and its rows: made where it was read, since there may be ten thousand."""

    read: CaseRead
    rows: Sequence[CaseRow] = ()


def _whole(desk: Desk, conn: Connection, id_: str, now: datetime) -> _Shown:
    """All of a case. For a thread."""
    case = cases.get(conn, id_)
    if case is None:
        return _Shown(CaseRead())
    config = desk.config
    told = escalate_sections.told_of(conn, config, desk.world, case.id, *case.findings[:_ESCALATED])
    escalated = escalate_sections.section(told, config, desk.stamp)
    read = CaseRead(
        case,
        six_lines.six_lines(conn, config, case, now),
        case_clocks.of_case(conn, config, case, now),
        tuple(case_playbooks.of_case(conn, config, case)),
        case_playbooks.fitting(conn, config, case),
        "; ".join(case_playbooks.trouble(config)),
        case_findings.listed(conn, case, now),
        tuple(cases.actions_of(conn, case)),
        case_view.history(desk.folder, conn, case),
        case_view.still_open(conn, config, case, now),
        escalated,
    )
    return _Shown(read, case_rows.rows(read, desk.stamp, now))

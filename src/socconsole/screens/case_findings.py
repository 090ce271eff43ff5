"""Bulk work inside a case: the keys of Triage on its findings, and what else is done to some of them.

What is marked is meant, else the finding under the cursor; on a row that is no finding the same keys mean the case,
or tick its step. Footer and questions say which.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from socconsole.commands import Command
from socconsole.commands import cases as ask
from socconsole.screens import opening, words
from socconsole.screens.acts import FindingActs
from socconsole.screens.base import Invocation
from socconsole.screens.case_acts import CaseActs, record
from socconsole.screens.case_rows import CaseRow
from socconsole.screens.marking import MARKS_LIMIT, MarkedList
from socconsole.widgets.asking import needed

_ON_FINDINGS: Final = (
    "open", "acknowledge", "note", "claim", "mark", "contain", "split", "snooze", "verify", "raw",
)  # fmt: skip
"""Keys that the footer shows first where findings are meant."""

_EITHER: Final = {"note": "Note", "claim": "Claim"}
"""Commands that mean findings or the case."""

_ABOUT: Final = {
    "step": (("step",), "a step; :playbook NAME brings them"),
    "mark": (("finding", "step"), "a finding, or a step"),
    "pivot": (("finding",), "a finding"),
    "tree": (("finding",), "a finding"),
    "undo": (("finding", "contained"), "a containment"),
}
"""Commands about some kinds of row, and what to put the cursor on."""


@dataclass(frozen=True, slots=True)
class Here:
    """What was there when a key was pressed."""

    case: str
    row: str | None
    """Key of the row under the cursor."""
    findings: tuple[str, ...]
    """Ids of the marked findings, or of that under the cursor, worst first."""


class CaseFindings(MarkedList[CaseRow], CaseActs, FindingActs):
    """The screen of a case as far as it is about findings."""

    case: str
    _rows: Sequence[CaseRow] = ()
    _marked_ids: tuple[frozenset[str], Sequence[CaseRow], tuple[str, ...]] = (frozenset(), (), ())

    # -- what an act is about ----------------------------------------------------------------------------

    def subject(self) -> Hashable:
        key = self.table.cursor_key if self.is_built else None
        return Here(self.case, key, self.meant())

    def about(self, subject: Hashable) -> tuple[str, ...]:
        return subject.findings if isinstance(subject, Here) else ()

    def escalates(self, subject: Hashable) -> Sequence[str]:
        return self.about(subject) or CaseActs.escalates(self, subject)

    def meant(self) -> tuple[str, ...]:
        """Ids of the findings that an act would be about now."""
        if not self.is_built:
            return ()
        if marks := self.table.marks:
            known, of, ids = self._marked_ids
            if known is not marks or of is not self._rows:  # asked for each key of the footer, of ten thousand rows
                ids = tuple(row.about for row in self._rows if row.key in marks)
                self._marked_ids = marks, self._rows, ids
            return ids
        row = self.table.cursor_row
        return (row.about,) if row is not None and row.kind == "finding" else ()

    def row_of(self, asked: Invocation) -> CaseRow | None:
        """The row that was under the cursor when the key was pressed."""
        key = asked.subject.row if isinstance(asked.subject, Here) else None
        return next((row for row in self._rows if row.key == key), None)

    async def every_key(self) -> tuple[Sequence[str], str]:
        shown = [row.key for row in self.rows_shown() if row.kind == "finding"][:MARKS_LIMIT]
        return shown, words.plural(len(shown), "finding")

    def rows_shown(self) -> Sequence[CaseRow]:
        """All rows under the filter as it stands."""
        return self._rows

    def why_not(self, command: Command) -> str:
        if command.id in _EITHER and not self.meant():
            return "" if self.case_here() is not None else "there is no case"
        said = super().why_not(command)
        if said or command.id not in _ABOUT or not self.is_built:
            return said
        kinds, what = _ABOUT[command.id]
        row = self.table.cursor_row
        if row is not None and row.kind in kinds:
            return ""
        return "" if self.meant() and "finding" in kinds and command.id != "mark" else f"put the cursor on {what}"

    # -- what the footer says ------------------------------------------------------------------------------

    def footer(self) -> Sequence[str]:
        if not self.meant():
            return self.footer_ids
        return (*_ON_FINDINGS, *(id_ for id_ in self.footer_ids if id_ not in _ON_FINDINGS))

    def label(self, command: Command) -> str:
        row = self.table.cursor_row if self.is_built else None
        kind = row.kind if row is not None else ""
        marked = len(self.table.marks) if self.is_built else 0
        if command.id == "open":
            return {"clock": "Answer", "step": "Tick"}.get(kind, "Open")
        if command.id == "mark" and kind == "step":
            return "Tick"
        if command.id in _EITHER:
            meant = words.plural(marked, "finding") if marked else "finding" if kind == "finding" else "case"
            return f"{_EITHER[command.id]} {meant}"
        return super().label(command)

    # -- keys that mean findings or the case ---------------------------------------------------------------

    async def do_note(self, asked: Invocation) -> None:
        acts = FindingActs if self.about(asked.subject) else CaseActs
        await acts.do_note(self, asked)

    async def do_claim(self, asked: Invocation) -> None:
        acts = FindingActs if self.about(asked.subject) else CaseActs
        await acts.do_claim(self, asked)

    def do_mark(self, asked: Invocation) -> None:
        row = self.row_of(asked)
        if row is not None and row.kind == "step":
            self.perform(self.desk.command("step"))
        else:
            super().do_mark(asked)

    def do_undo(self, asked: Invocation) -> None:
        row = self.row_of(asked)
        if not asked.argument and row is not None and row.kind == "contained" and not self.about(asked.subject):
            opening.undo(self.desk, row.about)
        else:
            super().do_undo(asked)

    # -- some of its findings --------------------------------------------------------------------------------

    async def do_detach(self, asked: Invocation) -> None:
        case, ids = self.case_here(), self.about(asked.subject)
        if case is None or not ids:
            return
        if await self.ask_act(
            lambda reason: ask.DetachFindings(case=case.id, findings=ids, reason=reason),
            f"take {self.named(ids)} out of {case.id}: why", kind="reason", given=asked.argument,
        ):  # fmt: skip
            self.table.clear_marks()

    async def do_split(self, asked: Invocation) -> None:
        """The new case is opened over this one; escape comes back to what is left here."""
        case, ids = self.case_here(), self.about(asked.subject)
        if case is None or not ids:
            return
        many = words.plural(len(ids), "finding")
        title = await self.ask(
            f"split {many}: title", value=self.title_of(ids[0]), hint=f"a new case of them, out of {case.id}",
            kind="title", given=asked.argument, check=needed("a title"),
        )  # fmt: skip
        if title is None:
            return
        reason = await self.ask(
            f"split {many}: why", hint="it stays on the ledger", kind="reason", check=needed("a reason")
        )
        if reason is None:
            return
        made, said = await record(
            self.desk, ask.SplitCase(case=case.id, findings=ids, title=title.strip(), reason=reason.strip())
        )
        if not made:
            self.say(*said)
            return
        self.acted()
        opening.case(self.desk, made, said)

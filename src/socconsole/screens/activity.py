"""Activity: the ledger, newest first, under the containments that are in force or in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from socconsole.commands import Command
from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.entry import Line, line_json
from socconsole.reports.files import NotWritten
from socconsole.screens import opening, words
from socconsole.screens.activity_rows import DAMAGED, ROUNDS, ActivityRows, FoundRows, Row, newest
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.reader import ReadScreen
from socconsole.store import entry_words, ledger, reading
from socconsole.text import ascii_json, clean
from socconsole.widgets.detail import Body, Piece, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

_TITLED: Final = 20
STATE_STYLES: Final = {
    ActionState.APPLIED: "good",
    ActionState.IN_DOUBT: "bad",
    ActionState.PARTIAL: "warn",
    ActionState.UNKNOWN: "bad",
    ActionState.NOT_APPLIED: "quiet",
}


class ActivityScreen(ListScreen[Row]):
    place: ClassVar[str] = "activity"
    titled: ClassVar[str] = "Activity"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "undo", "filter", "copy", "screen.triage", "screen.sources", "command", "help",
    )  # fmt: skip

    def columns(self) -> Sequence[Column[Row]]:
        return (
            Column("at", "TIME", self._at, 15, priority=90),
            Column("seq", "ENTRY", self._seq, 6, priority=40, align="right"),
            Column("who", "WHO", lambda row: Cell(_who(row), "quiet"), 8, priority=92),
            Column("verb", "WHAT", _verb, 12, priority=95),
            Column("subject", "SUBJECT", _subject, 11, 1, priority=70),
            Column("summary", "SUMMARY", _summary, 16, 3, priority=94),
        )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._searching = False

    def source(self, text: str) -> RowSource[Row]:
        return FoundRows(text) if text else ActivityRows(self.desk)

    def show_rest(self) -> None:
        super().show_rest()
        self._search()

    def _search(self) -> None:
        """Look for what the filter asks for, unless that is known or looked for already."""
        rows = self.shown
        if isinstance(rows, FoundRows) and not self._searching:
            try:
                through = newest(self.desk)
            except ledger.LedgerError as trouble:
                rows.fail(trouble, rows.through)
                self.table.set_empty(self.empty_text())
                return
            if rows.through != through:
                self._searching = True
                self.work(self._search_in_thread(rows, through))

    async def _search_in_thread(self, rows: FoundRows, through: int) -> None:
        try:
            rows.take(await asyncio.to_thread(rows.search, self.desk.folder), through)
        except ledger.LedgerError as trouble:
            rows.fail(trouble, through)
        finally:
            self._searching = False
        self.renew()  # shows what was found; or looks for what the filter has become meanwhile

    def count_text(self) -> str:
        rows = self.shown
        if isinstance(rows, FoundRows) and rows.total > rows.count():
            return f"the newest {rows.count():,} of {rows.total:,}"
        if isinstance(rows, FoundRows) and rows.through > 0:
            return f"{rows.count():,} of {rows.through:,}"
        return super().count_text()

    def empty_text(self) -> str:
        if isinstance(self.shown, ActivityRows | FoundRows) and self.shown.trouble:
            return self.shown.trouble
        if isinstance(self.shown, FoundRows) and self.shown.through < 0:
            return "still looking …"
        return f"no entry holds {self.filter_text!r}" if self.filter_text else "the ledger has no entry yet"

    def title_text(self) -> str:
        if self.filter_text:
            return f"entries that hold {clean(self.filter_text, 60)}"
        rows = self.shown
        left = rows.left_out if isinstance(rows, ActivityRows) else 0
        hidden = f"; {words.plural(left, 'posture round')} left out: /{ROUNDS} shows them" if left else ""
        return f"what was decided and done; containments in force and in doubt on top{hidden}"

    def why_not(self, command: Command) -> str:
        if command.id == "undo" and not isinstance(self.table.cursor_row, ActionRecord):
            return "choose a containment (the rows on top)"
        return super().why_not(command)

    def subject(self) -> str | None:
        return self.table.cursor_key

    def detail(self, row: Row) -> tuple[Body, list[Section]]:
        if isinstance(row, ActionRecord):
            return f"{words.named(row)} on {row.target}", action_sections(row, self.desk)
        return f"entry {row.seq}: {_verb(row).text}", entry_sections(row, self.desk)

    def do_open(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.desk.app.push_screen(ReadScreen(self.desk, *self.detail(row)))

    def do_undo(self, asked: Invocation) -> None:
        id_ = asked.argument or (str(asked.subject).removeprefix("a:") if asked.subject else "")
        opening.undo(self.desk, id_)

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if isinstance(row, ActionRecord):
            text = f"{row.id} {row.action} {row.target} {row.place.account} {row.place.region} {row.state}"
        elif row is not None:
            text = ascii_json(line_json(row))
        else:
            return
        self.say(self.desk.app.send_to_clipboard(text))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        try:
            lines = ledger.window(self.desk.folder, 0, 100_000, text=self.filter_text).lines
        except ledger.LedgerError as trouble:
            raise NotWritten(f"{trouble.message}; {trouble.remedy}") from trouble
        return [line_json(line) for line in lines]

    def _at(self, row: Row) -> Cell:
        return Cell(words.short_stamp(_when(row), local=self.desk.local_time), "quiet")

    def _seq(self, row: Row) -> Cell:
        return Cell(str(row.intent_seq if isinstance(row, ActionRecord) else row.seq), "quiet")


def action_sections(record: ActionRecord, desk: Desk) -> list[Section]:
    """A containment as the ledger tells it."""
    state = record.state
    checks: list[Body] = [
        [(f"{when}: ", "quiet"), ("held", "good") if held else ("did NOT hold", "bad")]
        for when, held in record.verified
    ]
    out = [
        Section("state", [[(state.value.replace("_", " "), STATE_STYLES[state])]]),
        Section("where", [f"{record.place.account}  {record.place.region}"]),
        Section("target", [record.target]),
        Section("who", [record.who]),
        Section("intent", [f"{desk.stamp(record.intended)}, entry {record.intent_seq}"]),
        Section("settled", [desk.stamp(record.settled) if record.settled else "not yet"]),
        Section("read back", checks or [[("not yet", "warn")]]),
    ]
    for label, value in (
        ("finding", record.finding),
        ("undone by", record.undone_by),
        ("undoes", record.undoes),
        ("by leave", record.leave),
        ("detail", record.detail),
    ):
        if value:
            out.append(Section(label, [value], kept=label == "detail"))
    return [*out, Section("id", [record.id])]


def entry_sections(line: Line, desk: Desk) -> list[Section]:
    """An entry as it stands, hash included."""
    entry = line.entry
    return [
        Section("when", [desk.stamp(line.at)]),
        Section("who", [entry.who]),
        Section("what", [entry_words.said(line)], kept=True),
        Section("about", _about(entry.subjects, desk) or [entry_words.subject(line) or "this install"]),
        *(Section(name, [text], kept=True) for name, text in sorted(entry.private.items())),
        Section("data", [ascii_json(dict(entry.data), indent=2)], kept=True),
        Section("install", [[(f"{line.install}  session {line.session}", "quiet")]]),
        Section("hash", [[(line.hash, "quiet")]]),
    ]


def _about(subjects: Sequence[str], desk: Desk) -> list[Body]:
    """Subjects, findings with their titles."""
    out: list[Body] = []
    for subject in subjects[:_TITLED]:
        stored = reading.get(desk.conn, subject) if subject.startswith("f-") else None
        titled: list[Piece] = [(subject, "text")]
        if stored is not None:
            titled += [("  ", "quiet"), (stored.finding.title, "quiet")]
        out.append(titled)
    return [*out, *subjects[_TITLED:]]


def _when(row: Row) -> datetime:
    return row.intended if isinstance(row, ActionRecord) else row.at


def _who(row: Row) -> str:
    return row.who if isinstance(row, ActionRecord) else row.entry.who


_SAID: Final = {
    "unacknowledged": "overdue", "ended": "AWS closed", ROUNDS: "posture", "acknowledge": "ack",
    "take_back": "took back", "sent": "told AWS", "send_failed": "not sent", "overtaken": "not sent",
    "asked": "flow logs",
    "case_change": "case", "case_open": "case opened", "case_close": "case closed", "case_merge": "case merged",
    "case_attach": "case", "case_detach": "case", "case_told": "case told", "case_packed": "case pack",
    "case_playbook": "playbook", "case_step": "step", "case_hold": "legal hold", "clock_moment": "clock",
    "clock_answer": "clock", "clock_sent": "clock met", "clock_decision": "decision", "clock_warned": "clock warns",
    "clock_settled": "clock quiet", "handoff_taken": "handoff in", "handoff_accepted": "handoff ok",
    "handoff_unaccepted": "handoff open", "escalating": "telling", "escalated": "told",
    "escalation_stopped": "answered", "respond": "ARMED", "stand_down": "disarmed",
}  # fmt: skip
"""Verbs that would read as if somebody had done them, or as nothing at all; the rest stand for themselves."""


def _verb(row: Row) -> Cell:
    if isinstance(row, ActionRecord):
        said = "IN FORCE" if row.state is ActionState.APPLIED else row.state.value.replace("_", " ").upper()
        return Cell(said, STATE_STYLES[row.state])
    verb = row.entry.verb
    if verb == "intent" and row.entry.data.get("undoes"):
        return Cell("UNDO intent", "strong")
    style = (
        "bad"
        if verb == DAMAGED
        else "strong"
        if verb in ("intent", "outcome")
        else "quiet"
        if verb == "system"
        else "text"
    )
    return Cell(_SAID.get(verb, verb.replace("_", " ")), style)


def _subject(row: Row) -> Cell:
    return Cell(row.target if isinstance(row, ActionRecord) else entry_words.subject(row))


def _summary(row: Row) -> Cell:
    if isinstance(row, ActionRecord):
        return Cell(f"{words.named(row)} in {row.place.account} {row.place.region}")
    return Cell(str(row.entry.data["error"]) if row.entry.verb == DAMAGED else entry_words.said(row), "quiet")

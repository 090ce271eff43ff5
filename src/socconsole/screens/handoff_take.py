"""What a handoff of another install holds, whole, and taking it over; and the papers that come of handing over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult

from socconsole.commands import Command
from socconsole.screens import handoff_paper, words
from socconsole.screens import handoff_papers as papers
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.handoff_papers import Examined, NotDone
from socconsole.screens.reader import ReadScreen, plain
from socconsole.text import Untrusted, clean
from socconsole.widgets.confirm import ConfirmField
from socconsole.widgets.detail import Body, DetailPane, Section
from socconsole.widgets.footer import KeyHint

if TYPE_CHECKING:
    from socconsole.reports.accepting import Taken
    from socconsole.reports.giving import Gave
    from socconsole.screens.desk import Desk

_TYPED = 6
"""Characters of the handoff's id that are typed to take it over."""


class PaperScreen(ReadScreen):
    """Something to read, and where it has a line for somebody else, ``y`` copies that and ``w`` writes it to a file."""

    place: ClassVar[str] = "paper"
    footer_ids: ClassVar[tuple[str, ...]] = ("copy", "write", "back", "command", "help")

    def __init__(self, desk: Desk, title: Body, sections: Sequence[Section], line: str = "", name: str = "") -> None:
        super().__init__(desk, title, sections)
        self._line = line
        self._file = name

    def why_not(self, command: Command) -> str:
        if command.id == "write" and not self._line:
            return "there is no receipt here"
        return super().why_not(command)

    def label(self, command: Command) -> str:
        if self._line and command.id in ("copy", "write"):
            return f"{command.title} receipt"
        return super().label(command)

    def do_copy(self, asked: Invocation) -> None:
        self.say(self.desk.app.send_to_clipboard(self._line or plain(self._title, self._sections)))

    async def do_write(self, asked: Invocation) -> None:
        await write_line(self, asked, self._line, self._file)


async def write_line(screen: ConsoleScreen, asked: Invocation, line: str, name: str) -> None:
    """Write a receipt to a file of the analyst's choice."""
    chosen = asked.argument or await screen.ask("write the receipt to", name, "a file that is not there yet") or ""
    if not chosen.strip():
        return
    try:
        path = await asyncio.to_thread(papers.new_file, chosen, f"{line}\n".encode())
    except NotDone as why:
        screen.say(str(why), "error")
        return
    screen.say(f"the receipt is in {clean(str(path), 200)}, readable by you alone", "good")


class TakeScreen(ConsoleScreen):
    """A file from elsewhere as it would be taken over; enter asks, and what is typed takes it over."""

    place: ClassVar[str] = "take"
    titled: ClassVar[str] = "a handoff from elsewhere"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "copy", "write", "back", "command", "help")

    def __init__(self, desk: Desk, examined: Examined) -> None:
        super().__init__(desk)
        self.examined = examined
        self._begun = False
        self._outcome: list[Section] = []
        self._receipt = examined.receipt
        before = examined.before
        if before is not None:
            when = desk.stamp(before.accepted)
            self._outcome = taken_before(
                f"accepted already, at {when} by {clean(before.accepted_by, 60)}", self._receipt
            )
        self._sections = examined.paper

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")
        yield ConfirmField(id="confirm")

    def built(self) -> None:
        self.query_one(DetailPane).focus()
        self._show()

    def _show(self) -> None:
        if self.is_built:
            self.query_one(DetailPane).show_sections(self._title, [*self._outcome, *self._sections], key="take")

    @property
    def _title(self) -> Body:
        parcel = self.examined.read.parcel
        return [(parcel.id, "strong"), (" of ", "quiet"), (Untrusted(parcel.who), "strong")]

    def why_not(self, command: Command) -> str:
        if command.id == "open" and self.examined.before is not None:
            return "it was accepted already"
        if command.id == "open" and self._begun:
            return "it is being taken over" if not self._receipt else "it is yours"
        if command.id == "write" and not self._receipt:
            return "there is no receipt yet"
        return super().why_not(command)

    def label(self, command: Command) -> str:
        if command.id == "open":
            return "Take over …"
        return f"{command.title} receipt" if self._receipt and command.id in ("copy", "write") else command.title

    # -- the question ------------------------------------------------------------------------------------

    @property
    def asking(self) -> bool:
        return super().asking or self.query_one(ConfirmField).asking

    def answer_keys(self) -> Sequence[KeyHint]:
        if not self.query_one(ConfirmField).asking:
            return super().answer_keys()
        return KeyHint("enter", "takes it over"), KeyHint("esc", "leaves everything as it is")

    def do_open(self, asked: Invocation) -> None:
        parcel = self.examined.read.parcel
        self.query_one(ConfirmField).ask(
            f"Take over {parcel.id} of {clean(parcel.who, 60)}: {handoff_paper.holds(parcel)}.\n"
            f"From then on they are yours. Type the last {_TYPED} characters of its id.",
            parcel.id[-_TYPED:],
        )
        self.show_keys()

    @on(ConfirmField.Cancelled)
    def _gave_up(self, event: ConfirmField.Cancelled) -> None:
        event.stop()
        self.query_one(DetailPane).focus()
        self.show_keys()
        self.say("nothing was taken over")

    @on(ConfirmField.Confirmed)
    def _confirmed(self, event: ConfirmField.Confirmed) -> None:
        event.stop()
        self.query_one(DetailPane).focus()
        if self._begun or self.examined.before is not None:
            return
        self._begun = True
        self.say("taking it over …", seconds=0)
        self.outlive(self._take())

    async def _take(self) -> None:
        """To its end, also when this screen is left: then the next line of the footer says what came of it."""
        try:
            taken = await asyncio.to_thread(papers.accept, self.desk, self.examined)
        except NotDone as why:
            self._begun = False
            self._outcome = [Section("not taken", [[(str(why), "bad")]])]
            self.desk.app.say(str(why), "error")
        else:
            self._receipt = taken.receipt
            self._outcome = _taken(self.desk, taken)
            self.desk.app.poll()
            self.desk.app.say(f"{taken.parcel.id} is yours, ledger entry {taken.seq:,}; y copies its receipt", "good")
        self._show()
        if self.is_built:
            self.query_one(DetailPane).to_top()
            self.show_keys()

    # -- what comes of it --------------------------------------------------------------------------------

    def do_copy(self, asked: Invocation) -> None:
        said = self._receipt or plain(self._title, [*self._outcome, *self._sections])
        self.say(self.desk.app.send_to_clipboard(said))

    async def do_write(self, asked: Invocation) -> None:
        await write_line(self, asked, self._receipt, f"{self.examined.read.parcel.id}.receipt")


def given(desk: Desk, gave: Gave) -> PaperScreen:
    """What was given, for whoever carries the file over."""
    parcel = gave.given.parcel
    file, size = clean(str(gave.path.resolve()), 400), f"{len(gave.given.data):,} bytes, readable by you alone"
    return PaperScreen(
        desk,
        [(parcel.id, "strong"), (" was given; ", "quiet"), ("UNACCEPTED", "bad")],
        [
            Section("file", [[(file, "strong")], size]),
            Section("sha256", [gave.given.digest]),
            Section("holds", [handoff_paper.holds(parcel)]),
            *handoff_paper.listed(parcel),
            Section("ledger", [f"entry {gave.seq:,}"]),
            Section(
                "next",
                [
                    "it is as confidential as the ledger: bring it to the next shift's install, where A takes it over",
                    [("R", "accent"), (" here takes the receipt that they get; until then it is unaccepted", "quiet")],
                ],
            ),
        ],
    )  # fmt: skip


def receipt(desk: Desk, id_: str, line: str) -> PaperScreen:
    """The receipt of a handoff that was accepted here, once more."""
    return PaperScreen(
        desk, [(id_, "strong"), (" was accepted here", "quiet")], taken_before("", line), line, f"{id_}.receipt"
    )


def taken_before(said: str, line: str) -> list[Section]:
    """That it was accepted, and the receipt for who gave it."""
    found = [Section("accepted", [[(said, "warn")]])] if said else []
    return [*found, *([_receipt(line)] if line else [])]


def _taken(desk: Desk, taken: Taken) -> list[Section]:
    parcel = taken.parcel
    new = words.plural(taken.adopted, "entry was", "entries were")
    return [
        Section("taken", [[(f"it is yours: ledger entry {taken.seq:,}; {new} new here", "good")]]),
        _receipt(taken.receipt),
        *([Section("decided", list(taken.decided))] if taken.decided else []),
        Section("next", ["4 Cases has its cases; U on a containment in 6 Handoff undoes it", *parcel.lacks]),
    ]


def _receipt(line: str) -> Section:
    said: Body = [
        ("y", "accent"),
        (" copies it, ", "quiet"),
        ("w", "accent"),
        (" writes it to a file: send it to", "quiet"),
    ]
    more: Body = [("who gave it. Until they have it, they count the handoff as unaccepted", "quiet")]
    return Section("receipt", [[(line, "strong")], said, more])

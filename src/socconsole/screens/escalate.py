"""Escalate: who would be told when, and in which words; then a reason sets it going, and here is what became of it.

What is shown is what the watch would do, made by what it uses itself. Nothing is sent from here: the wish goes on
record, and the watch sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.app import ComposeResult

from socconsole.screens import escalate_sections, words
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.escalating import EscalateActs
from socconsole.screens.reader import plain
from socconsole.screens.renewed import Renewed
from socconsole.store import escalation_acts, escalation_plan, escalations
from socconsole.store.db import Connection
from socconsole.store.escalation_plan import Proposal
from socconsole.store.ledger import EntryRefused, LedgerError
from socconsole.text import clean
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, DetailPane, Section
from socconsole.widgets.footer import KeyHint
from socconsole.widgets.prompt import LinePrompt

if TYPE_CHECKING:
    from socconsole.store.escalations import Told

_REST_S: Final = 0.5
_AGES_S: Final = 5.0
_SAID_S: Final = 15.0
_PAGES: Final = {"pageup": -1, "pagedown": 1}


@dataclass(frozen=True, slots=True)
class _Read:
    about: Sequence[Told] = ()
    proposals: Sequence[Proposal] = ()
    told: Sequence[escalate_sections.Told] = ()
    refused: str = ""


class EscalateScreen(EscalateActs):
    place: ClassVar[str] = "escalate"
    titled: ClassVar[str] = "Escalate"
    footer_ids: ClassVar[tuple[str, ...]] = ("back", "escalate", "copy", "command", "help")

    def __init__(self, desk: Desk, ids: Sequence[str], path: str = "") -> None:
        super().__init__(desk)
        self.ids = tuple(ids)
        self._path = path.strip()
        """The path that is shown; the first that fits when empty."""
        self._read = Renewed(
            self, lambda: desk.read(self._look, desk.now()), self._came, rest_s=_REST_S, ages_s=_AGES_S
        )
        self._asked = False
        self._begun = ""

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")

    def built(self) -> None:
        self.query_one(DetailPane).focus()
        self.renew()

    def subject(self) -> Hashable:
        return self.ids

    def renew(self) -> None:
        self._read.renew()

    def _look(self, conn: Connection, now: datetime) -> _Read:
        """For a thread."""
        config, world = self.desk.config, self.desk.world
        try:
            about = escalation_acts.about(conn, self.ids, now)
        except escalation_acts.EscalationRefused as refused:
            told = escalate_sections.told_of(conn, config, world, *self.ids[: escalations.MOST])
            return _Read(told=told, refused=str(refused))
        told = escalate_sections.told_of(conn, config, world, *(one.id for one in about))
        return _Read(about, escalation_plan.propose(conn, config, world, about, self.desk.analyst, now), told)

    def _came(self) -> None:
        self._show()
        if not self._asked:
            self._asked = True
            self.work(self._begin())

    # -- what is shown -----------------------------------------------------------------------------------

    @property
    def _paths(self) -> list[str]:
        return [one.path for one in self._read.value.proposals] if self._read.value is not None else []

    @property
    def _chosen(self) -> Proposal | None:
        found = self._read.value.proposals if self._read.value is not None else ()
        return next((one for one in found if one.path == self._path), found[0] if found else None)

    def _show(self) -> None:
        read = self._read.value
        if read is None or not self.is_built:
            return
        now = self.desk.now()
        under_way = escalate_sections.section(read.told, self.desk.config, self.desk.stamp)
        shown = [under_way] if under_way is not None else []
        chosen = self._chosen
        if read.refused:
            shown.insert(0, Section("", [[(read.refused, "warn")]]))
        elif chosen is not None and not self._begun:
            place = self._paths.index(chosen.path) + 1, len(self._paths)
            shown += escalate_sections.proposal(chosen, place, now)
        # A key of its own for each path, so that another one is shown from its beginning.
        self.query_one(DetailPane).show_sections(self._title(read), shown, key=f"{self._path} {self._begun}")

    def _title(self, read: _Read) -> Body:
        if not read.about:
            return [("Escalate", "strong")]
        worst = read.about[0]
        more = f"  and {len(read.about) - 1} more" if len(read.about) > 1 else ""
        left = len(set(self.ids)) - len(read.about)
        less = f"  ({left:,} left out: closed, or more than go together)" if left > 0 else ""
        return [
            ("Escalate ", "quiet"), (f"{severity_text(worst.severity)} ", severity_style(worst.severity)),
            (worst.title, "strong"), (more, "text"), (less, "warn"),
        ]  # fmt: skip

    # -- asking ------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Ask for the reason, for as long as it takes or nobody wants to any more; then put it on record."""
        trouble, given = "", ""
        if self._path and self._path not in self._paths:
            trouble, self._path = f"no path is called {clean(self._path, 40)}", ""
            self._show()
        while (chosen := self._chosen) is not None:
            answer = await self.ask(
                "escalate: why", given, self._hint(), self._turn if len(self._paths) > 1 else None,
                kind="reason", trouble=trouble,
            )  # fmt: skip
            if answer is None:
                if not self._begun and self.is_current:
                    self.desk.app.go_back()
                return
            chosen, given = self._chosen or chosen, answer
            if chosen.going is not None:
                trouble = f"{chosen.path} is under way about it already: nobody is told twice"
            elif not answer.strip():
                trouble = "a reason is needed; nothing was recorded"
            elif not (trouble := await self._record(chosen, answer.strip())):
                return

    def _hint(self) -> str:
        chosen, paths = self._chosen, self._paths
        if chosen is None:
            return ""
        turn = f"; tab: path {paths[(paths.index(chosen.path) + 1) % len(paths)]}" if len(paths) > 1 else ""
        if chosen.going is not None:
            return f"under way already: nobody is told twice{turn}"
        first = chosen.tells[0].channel if chosen.tells else ""
        does = "enter: on record only, nobody is told now" if chosen.nobody else f"enter: {first} is told"
        return f"{does}{turn}"

    def _turn(self, line: str) -> str:
        paths, chosen = self._paths, self._chosen
        if chosen is not None:
            self._path = paths[(paths.index(chosen.path) + 1) % len(paths)]
            self.query_one(LinePrompt).set_hint(self._hint())
            self._show()
        return line

    def answer_keys(self) -> Sequence[KeyHint]:
        said = {"enter": "escalate", "tab": "next path"}
        return [KeyHint(key.key, said.get(key.key, key.label)) for key in super().answer_keys()] + [
            KeyHint("pgdn", "read on")
        ]

    async def _record(self, chosen: Proposal, reason: str) -> str:
        """Put it on record, in a thread: it waits for the disk. What was wrong, empty for nothing."""
        desk = self.desk
        try:
            begun = await asyncio.to_thread(
                escalation_acts.begin, desk.folder, chosen.path, self.ids, desk.analyst, reason, desk.now()
            )
        except (escalation_acts.EscalationRefused, EntryRefused, LedgerError, OSError, desk.conn.Error) as trouble:
            return f"not recorded: {clean(str(trouble), 300)}"
        self._begun = begun.id
        self._show()
        desk.app.poll()
        if not begun.seq:
            self.say(f"{begun.id}: somebody was faster; nobody is told twice", "warning", _SAID_S)
        elif chosen.nobody:
            self.say(f"on record, entry {begun.seq:,}, and not sent: {chosen.nobody}", "warning", _SAID_S)
        else:
            what = begun.abouts[0] if len(begun.abouts) == 1 else words.plural(len(begun.abouts), "finding")
            said = f"path {chosen.path} is under way about {what}, ledger entry {begun.seq:,}; the watch sends"
            self.say(said, "good", _SAID_S)
        return ""

    def do_escalate(self, asked: Invocation) -> None:
        """Once it is under way: by another path."""
        if asked.argument:
            super().do_escalate(asked)
        elif not self.asking:
            self._begun = ""
            self._show()
            self.work(self._begin())

    def on_key(self, event: events.Key) -> None:
        if event.key in _PAGES:  # while a reason is typed, too
            event.stop()
            self.query_one(DetailPane).action_scroll_pages(_PAGES[event.key])

    def do_copy(self, asked: Invocation) -> None:
        read = self._read.value
        if read is not None and self._chosen is not None:
            shown = escalate_sections.proposal(self._chosen, (1, 1), self.desk.now())
            self.say(self.desk.app.send_to_clipboard(plain(self._title(read), list(shown))))

"""One answer of one check, whole: its evidence, what mends it, and what it was before."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult

from socconsole.commands import Command
from socconsole.model.posture import OWN
from socconsole.model.world import Place
from socconsole.screens import fixing, posture_words
from socconsole.screens.acts import plan_named
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.reader import plain
from socconsole.screens.renewed import Renewed
from socconsole.store import posture_past, posture_trust, posture_view
from socconsole.store.db import Connection
from socconsole.store.posture_past import Span
from socconsole.store.posture_view import Row
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, DetailPane, Section

Answers = tuple[tuple[Row, ...], tuple[Span, ...]]


class CheckScreen(ConsoleScreen):
    place: ClassVar[str] = "check"
    titled: ClassVar[str] = "the check"
    footer_ids: ClassVar[tuple[str, ...]] = ("back", "contain", "copy", "command", "help")

    def __init__(self, desk: Desk, check: str, subject: str, where: Place) -> None:
        super().__init__(desk)
        self.check, self.about, self.where = check, subject, where
        self._read: Renewed[Answers] = Renewed(
            self,
            lambda: desk.read(_answers, check, subject, where, desk.now()),
            self._show,
            ages_s=10.0,
        )

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")

    def built(self) -> None:
        self.query_one(DetailPane).focus()
        self._show()

    def renew(self) -> None:
        self._read.renew()

    @property
    def _row(self) -> Row | None:
        rows = self._read.value[0] if self._read.value is not None else ()
        return next((row for row in rows if row.result.answered_by == OWN), rows[0] if rows else None)

    def _shown(self) -> tuple[Body, list[Section]]:
        if self._read.value is None:
            return f"reading {glyphs.current().cut}", []
        rows, spans = self._read.value
        if (row := self._row) is None:
            gone: Body = [(f"{self.check}  ", "strong"), ("gone: it says nothing of this any more", "quiet")]
            return gone, posture_words.past(spans, self.desk.stamp)
        others = [
            Section("others", [posture_words.heading(one.result), *one.result.evidence])
            for one in rows
            if one is not row
        ]
        shown = posture_words.whole(row, spans, self.desk.stamp, fixing.how(row))
        return posture_words.heading(row.result), [*shown, *others]

    def _show(self) -> None:
        self.query_one(DetailPane).show_sections(*self._shown(), key=f"{self.check} {self.about}")
        self.show_keys()

    # -- commands ----------------------------------------------------------------------------------------

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id != "contain":
            return said
        return fixing.why_not(self._row) if self._row is not None else "nothing is known of it now"

    def do_contain(self, asked: Invocation) -> None:
        if asked.argument:
            plan_named(self, asked.argument)
        elif self._row is not None:
            self.work(fixing.fix(self, self._row))

    def do_copy(self, asked: Invocation) -> None:
        self.say(self.desk.app.send_to_clipboard(plain(*self._shown())))


def _answers(conn: Connection, check: str, subject: str, where: Place, now: datetime) -> Answers:
    trusted = posture_trust.trust(conn, now)
    rows = posture_view.results(conn, trusted, check=check, subject=subject, account=where.account, region=where.region)
    return tuple(rows), tuple(posture_past.spans(conn, check, subject, where))

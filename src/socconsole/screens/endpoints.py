"""Endpoints: whatever serves an LLM with what its checks came to, the estate around, what changed, where data lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from socconsole.commands import Command
from socconsole.model.source import Freshness
from socconsole.model.world import WorldKind
from socconsole.screens import fixing, health, opening, posture_words, words
from socconsole.screens.acts import pivot_named, plan_named
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.endpoint_lens import EndpointLens, EndpointRow
from socconsole.screens.endpoint_sections import entities
from socconsole.screens.lens import Lens
from socconsole.screens.listing import ListScreen
from socconsole.screens.posture_lenses import ChangesLens, EstateLens, ResidencyLens
from socconsole.screens.reader import plain
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.store import clear, posture_trust
from socconsole.store.db import Connection
from socconsole.store.posture_past import Change
from socconsole.store.posture_trust import Trust
from socconsole.store.posture_view import Row
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Column
from socconsole.widgets.table import RowSource

SHIFT: Final = timedelta(hours=12)
"""What changed is told for as long, unless somebody says otherwise."""
_AGES_S: Final = 10.0
"""How long what was read is shown while nothing is written: what is believed depends on the clock too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of one lens, and how far it is believed."""

    lens: str
    rows: tuple[Any, ...]
    trusted: Trust


class EndpointsScreen(ListScreen[Any]):
    place: ClassVar[str] = "endpoints"
    titled: ClassVar[str] = "Endpoints"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "lens", "contain", "filter", "pivot", "copy", "screen.triage", "screen.sources", "command", "help",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lenses: tuple[Lens[Any], ...] = (
            EndpointLens(desk), EstateLens(desk), ChangesLens(desk), ResidencyLens(desk),
        )  # fmt: skip
        self._lens: Lens[Any] = self._lenses[0]
        self._span = SHIFT
        self._seen: Renewed[Seen] = Renewed(
            self, lambda: desk.read(_read, self._lens, desk.now(), self._since), self.refill, ages_s=_AGES_S
        )

    @property
    def _since(self) -> datetime:
        return self.desk.now() - self._span

    @property
    def _rows(self) -> tuple[Any, ...]:
        """Of this lens; none while they are being read."""
        return self._seen.value.rows if self._is_read and self._seen.value else ()

    @property
    def _is_read(self) -> bool:
        return self._seen.value is not None and self._seen.value.lens == self._lens.id

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[Any]]:
        return self._lens.columns()

    def source(self, text: str) -> RowSource[Any]:
        return self._filtered(text)

    def _filtered(self, text: str) -> Filtered[Any]:
        return Filtered(self._rows, text, self._lens.key, self._lens.said)

    def renew(self) -> None:
        self._seen.renew()
        super().renew()

    def title_text(self) -> str:
        lens = f"{glyphs.current().fold} {self._lens.title}  " if self._lens.title else ""
        if not self._is_read or self._seen.value is None:
            return f"{lens}reading {glyphs.current().cut}"
        trusted = self._seen.value.trusted
        said = [self._lens.summary(self._rows, self._since), posture_words.freshness(trusted)]
        return lens + ", ".join([*said, *([clean(self.filter_text, 60)] if self.filter_text else [])])

    def empty_text(self) -> str:
        if self.filter_text and self._rows:
            return f"nothing here holds {self.filter_text!r}"
        if not self._is_read or self._seen.value is None:
            return f"reading {glyphs.current().cut}"
        if self.desk.world.kind is WorldKind.IMPORT:
            return "imported only, no live source: posture is not evaluated"
        states = self._seen.value.trusted.posture
        if not states:
            return "posture is not evaluated: every account excludes it, or no watch has run yet"
        if all(state.freshness is Freshness.NEVER for state in states):
            return f"not evaluated yet: the first round of {words.plural(len(states), 'place')} is still to come"
        judged = clear.judge(states, world=self.desk.world.kind, watch_alive=self.desk.watch_alive())
        return health.of(judged, starting=self.desk.starting).absence(self._lens.nothing)

    def detail(self, row: Any) -> tuple[Body, list[Section]]:
        if self._seen.value is None:
            return [], []
        title, sections = self._lens.detail(row, self._seen.value.trusted)
        missing = posture_words.lacking(self._seen.value.trusted)
        return title, [*sections, *([Section("beside", [[(missing, "warn")]])] if missing else [])]

    def do_back(self, asked: Invocation) -> None:
        if self.filter_text:
            self.apply_filter("")
            self.table.go_to(0)
            self.say("filter cleared")
        elif self._lens is not self._lenses[0]:
            self._show_lens(self._lenses[0])
        else:
            super().do_back(asked)

    # -- its lenses --------------------------------------------------------------------------------------

    def do_lens(self, asked: Invocation) -> None:
        name, _, span = asked.argument.strip().partition(" ")
        if span:
            try:
                self._span = words.duration(span)
            except ValueError as trouble:
                self.say(str(trouble), "warning")
                return
        after = self._lenses[(self._lenses.index(self._lens) + 1) % len(self._lenses)]
        chosen = next((one for one in self._lenses if name and one.id.startswith(name)), None if name else after)
        if chosen is None:
            self.say(f"one of: {', '.join(one.id for one in self._lenses)}; changes takes a time: 3d", "warning")
        else:
            self._show_lens(chosen)

    def _show_lens(self, lens: Lens[Any]) -> None:
        """A filter is about the rows that it was typed over: another lens begins without one."""
        self._lens = lens
        self.filter_text = ""
        self.refill()  # to nothing, until it is read: no row of another lens stands under these columns
        self.table.set_columns(lens.columns())
        self.table.go_to(0)
        self._seen.ask_anew()

    # -- commands ----------------------------------------------------------------------------------------

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id not in ("contain", "pivot", "open") or not self.is_built:
            return said
        row = self.table.cursor_row
        if row is None:
            return "there is no row"
        if command.id == "open":
            return "" if isinstance(row, (EndpointRow, Row, Change)) else "all of it stands in the detail"
        if command.id == "pivot":
            return "" if isinstance(row, EndpointRow) else "on an endpoint"
        return fixing.why_not(row) if isinstance(row, Row) else "on a failing check: enter lists an endpoint's"

    def subject(self) -> str | None:
        return self.table.cursor_key

    def do_open(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if isinstance(row, EndpointRow):
            opening.endpoint(self.desk, row.endpoint.id)
        elif isinstance(row, Row):
            opening.check(self.desk, row.result.check, row.result.subject, row.result.place)
        elif isinstance(row, Change):
            opening.check(self.desk, row.check, row.subject, row.place)

    def do_contain(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if asked.argument:
            plan_named(self, asked.argument)
        elif isinstance(row, Row):
            self.work(fixing.fix(self, row))

    def do_pivot(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
        elif isinstance(row, EndpointRow):
            opening.pivot(self.desk, entities(row.endpoint), row.endpoint.name)

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.say(self.desk.app.send_to_clipboard(plain(*self.detail(row))))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [self._lens.exported(row) for row in self._filtered(self.filter_text).rows]


def _read(conn: Connection, lens: Lens[Any], now: datetime, since: datetime) -> Seen:
    trusted = posture_trust.trust(conn, now)
    return Seen(lens.id, lens.read(conn, trusted, since), trusted)

"""One endpoint: a map of what it reads and where it sends, and its checks, failing ones first with what mends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from socconsole.commands import Command
from socconsole.model.endpoint import Endpoint
from socconsole.model.posture import Verdict
from socconsole.screens import fixing, opening, posture_words
from socconsole.screens.acts import pivot_named, plan_named
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.endpoint_map import EndpointMap
from socconsole.screens.endpoint_sections import KINDS, callers, entities, facts
from socconsole.screens.listing import ListScreen
from socconsole.screens.posture_lenses import result_columns, result_exported, result_said
from socconsole.screens.reader import plain
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.store import endpoint_callers, endpoint_results, endpoint_view, posture_trust, posture_view
from socconsole.store.db import Connection
from socconsole.store.endpoint_callers import Callers
from socconsole.store.posture_trust import Trust
from socconsole.store.posture_view import Round, Row
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, DetailPane, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource, WindowTable

LOW: Final = 30
"""Below this height the map has room for fewer lines."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of an endpoint; ``endpoint`` is None where the store does not have it."""

    endpoint: Endpoint | None
    rows: tuple[Row, ...]
    callers: Callers | None
    trusted: Trust
    round: Round | None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the card: an answer; without one, the endpoint itself."""

    row: Row | None = None


class EndpointScreen(ListScreen[Item]):
    DEFAULT_CSS = """
    EndpointScreen.-low EndpointMap { height: 5; }
    """
    place: ClassVar[str] = "endpoint"
    titled: ClassVar[str] = "Endpoint"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "contain", "back", "filter", "pivot", "copy", "command", "help")

    def __init__(self, desk: Desk, endpoint: str) -> None:
        super().__init__(desk)
        self.endpoint = endpoint
        self._read: Renewed[Read] = Renewed(
            self, lambda: desk.read(_card, endpoint, desk.now()), self.refill, ages_s=10.0
        )

    def body(self) -> ComposeResult:
        self.shown = self.source(self.filter_text)
        with Vertical():
            yield Static("", id="title", markup=False)
            yield EndpointMap(id="map")
            with Container(id="split"):
                yield WindowTable(self.columns(), self.shown, empty="", id="list")
                yield DetailPane(id="side")

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < LOW, "-low")

    @property
    def _one(self) -> Endpoint | None:
        return self._read.value.endpoint if self._read.value is not None else None

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[Item]]:
        return [
            Column(
                one.id, one.title, _of(one, self._itself), one.width, one.flex, priority=one.priority, align=one.align
            )
            for one in result_columns()
        ]

    def _itself(self, column: str) -> Cell:
        if column == "what":
            return Cell("what it is, where it is, who calls it", "text")
        return Cell(f"{glyphs.current().part} card" if column == "verdict" else "", "quiet")

    def source(self, text: str) -> RowSource[Item]:
        return self._filtered(text)

    def _filtered(self, text: str) -> Filtered[Item]:
        read = self._read.value
        items = [Item(), *map(Item, read.rows)] if read is not None and read.endpoint is not None else []
        return Filtered(items, text, _key, lambda item: result_said(item.row) if item.row is not None else "card")

    def renew(self) -> None:
        self._read.renew()
        super().renew()

    def refill(self) -> None:
        super().refill()
        self.query_one(EndpointMap).show(self._one)

    def title_text(self) -> str:
        read = self._read.value
        if read is None or read.endpoint is None:
            return f"reading {glyphs.current().cut}" if read is None else ""
        counts = {verdict: sum(row.result.verdict is verdict for row in read.rows) for verdict in Verdict}
        said = ", ".join(f"{counts[each]} {each}" for each in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS))
        filtered = f", {clean(self.filter_text, 60)}" if self.filter_text else ""
        name = f"{clean(read.endpoint.name, 60)} {KINDS[read.endpoint.kind]}"
        return f"{name}  {said}, {posture_words.place_freshness(read.trusted, read.endpoint.place)}{filtered}"

    def count_text(self) -> str:
        return f"{len(self._read.value.rows):,}" if self._read.value is not None else ""

    def empty_text(self) -> str:
        if self._read.value is None:
            return f"reading {glyphs.current().cut}"
        return f"no answer holds {self.filter_text!r}" if self._one else "this endpoint is no longer in the store"

    def detail(self, item: Item) -> tuple[Body, list[Section]]:
        read, one = self._read.value, self._one
        if read is None or one is None:
            return [], []
        if item.row is not None:
            how = fixing.how(item.row, one)
            return posture_words.heading(item.row.result), posture_words.sections(item.row, self.desk.stamp, how)
        title: Body = [(one.name, "strong"), (f"  {KINDS[one.kind]}", "quiet")]
        said = [*facts(one)]
        if read.callers is not None:
            said.insert(5, callers(read.callers, self.desk.stamp))
        return title, [*said, *posture_words.evaluated(read.round, self.desk.stamp)]

    def do_back(self, asked: Invocation) -> None:
        if self.filter_text:
            self.apply_filter("")
            self.table.go_to(0)
            self.say("filter cleared")
        else:
            super().do_back(asked)

    # -- commands ----------------------------------------------------------------------------------------

    @property
    def _row(self) -> Row | None:
        item = self.table.cursor_row
        return item.row if item is not None else None

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id not in ("contain", "open") or not self.is_built:
            return said
        if self._row is None:
            return "on a check: down goes to the first" if self._one is not None else "there is no row"
        return fixing.why_not(self._row) if command.id == "contain" else ""

    def subject(self) -> str | None:
        return self.table.cursor_key

    def do_open(self, asked: Invocation) -> None:
        if (row := self._row) is not None:
            opening.check(self.desk, row.result.check, row.result.subject, row.result.place)

    def do_contain(self, asked: Invocation) -> None:
        if asked.argument:
            plan_named(self, asked.argument)
        elif (row := self._row) is not None:
            self.work(fixing.fix(self, row, self._one))

    def do_pivot(self, asked: Invocation) -> None:
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
        elif (one := self._one) is not None:
            opening.pivot(self.desk, entities(one), one.name)

    def do_copy(self, asked: Invocation) -> None:
        item = self.table.cursor_row
        if item is not None:
            self.say(self.desk.app.send_to_clipboard(plain(*self.detail(item))))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [result_exported(item.row) for item in self._filtered(self.filter_text).rows if item.row is not None]


def _of(column: Column[Row], itself: Any) -> Any:
    return lambda item: column.paint(item.row) if item.row is not None else itself(column.id)


def _key(item: Item) -> str:
    return "card" if item.row is None else str(item.row.n)


def _card(conn: Connection, id_: str, now: datetime) -> Read:
    trusted = posture_trust.trust(conn, now)
    one = endpoint_view.endpoint(conn, id_)
    if one is None:
        return Read(None, (), None, trusted, None)
    rows = sorted(endpoint_results.about(conn, trusted, one), key=posture_words.worst_first)
    called = endpoint_callers.called(conn, one, now)
    return Read(one, tuple(rows), called, trusted, posture_view.rounds(conn).get(one.place))

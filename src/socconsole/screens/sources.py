"""Sources: every service of every account and region in scope, how fresh it is, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from socconsole.model.source import Freshness, SourceState
from socconsole.model.world import WorldKind
from socconsole.screens import trail_sections, words
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.health import STARTING, STOPPED
from socconsole.screens.listing import ListScreen
from socconsole.screens.reader import ReadScreen
from socconsole.screens.renewed import Renewed
from socconsole.store import latency, quarantine, recording, rule_standing, sources
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.columns import freshness_sign
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource


class SourceRows(RowSource[SourceState]):
    """All sources fit in memory: a few dozen even for a large organisation."""

    def __init__(self, desk: Desk, text: str) -> None:
        self._desk = desk
        self._words = text.lower().split()
        self._rows: list[SourceState] = []

    def count(self) -> int:
        self._rows = sorted((s for s in self._desk.sources() if self._fits(s)), key=_worst_first)
        return len(self._rows)

    def window(self, offset: int, limit: int) -> Sequence[SourceState]:
        return self._rows[offset : offset + limit]

    def key(self, row: SourceState) -> str:
        return f"{row.key.service}/{row.key.account}/{row.key.region}"

    def position_of(self, key: str) -> int | None:
        return next((i for i, row in enumerate(self._rows) if self.key(row) == key), None)

    def _fits(self, row: SourceState) -> bool:
        said = f"{self.key(row)} {row.freshness} {clean(row.detail)}".lower()
        return all(word in said for word in self._words)


_WORST: Final = (
    Freshness.DENIED, Freshness.ERROR, Freshness.PARTIAL, Freshness.STALE, Freshness.NEVER, Freshness.OFF,
    Freshness.FRESH,
)  # fmt: skip
"""Nothing seen, then less than all, then what is late or to come, then what is switched off."""


def _worst_first(row: SourceState) -> tuple[int, str, str, str]:
    return _WORST.index(row.freshness), row.key.service, row.key.account, row.key.region


_MEASURE_S: Final = 30.0
"""How often latencies are measured anew: a thread's work over a day of events."""


class SourcesScreen(ListScreen[SourceState]):
    place: ClassVar[str] = "sources"
    titled: ClassVar[str] = "Sources"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "filter", "copy", "screen.triage", "screen.activity", "command", "help",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._latencies = Renewed(
            self,
            lambda: desk.read(latency.measure, desk.now()),
            self.show_detail,
            rest_s=_MEASURE_S,
            ages_s=_MEASURE_S,
        )

    def renew(self) -> None:
        self._latencies.renew()
        super().renew()

    def columns(self) -> Sequence[Column[SourceState]]:
        return (
            Column("state", "STATE", self._state, 9, priority=99),
            Column("service", "SERVICE", lambda s: Cell(s.key.service), 12, priority=95),
            Column("account", "ACCOUNT", lambda s: Cell(s.key.account), 12, priority=90),
            Column("region", "REGION", lambda s: Cell(s.key.region), 14, priority=90),
            Column("age", "AGE", lambda s: Cell(words.age(s.age_s), "quiet"), 5, priority=85, align="right"),
            Column("findings", "FINDINGS", lambda s: Cell(f"{s.findings:,}"), 8, priority=60, align="right"),
            Column("detail", "DETAIL", self._detail, 10, 1, priority=50),
        )

    def source(self, text: str) -> RowSource[SourceState]:
        return SourceRows(self.desk, text)

    def empty_text(self) -> str:
        if self.filter_text:
            return f"no source holds {self.filter_text!r}"
        if self.desk.world.kind is WorldKind.IMPORT:
            return "imported only, no live source"
        if self.desk.starting:
            return "reading … the watch is starting"
        return "no source is in scope: name accounts and regions in the config, then start the watch"

    def title_text(self) -> str:
        watch = "the watch lives" if self.desk.watch_alive() else STARTING if self.desk.starting else STOPPED
        held = self.desk.held_back()
        return f"{watch}  {held}".strip()

    def detail(self, row: SourceState) -> tuple[Body, list[Section]]:
        sign, style = self._sign(row)
        named = f"{row.key.service} {row.key.account} {row.key.region}"
        title: Body = [(f"{sign}  ", style), (named, "strong")]
        last = self.desk.stamp(row.last_complete) if row.last_complete else "no answer yet was fresh and complete"
        out = [Section("complete", [f"{last}, the last fresh and complete answer" if row.last_complete else last])]
        reading = self._is_read_now(row)
        if row.detail:
            why = "the watch is asking it for the first time" if reading else row.detail
            out.append(Section("why", [why], kept=True))
        if row.remedy and not reading:
            out.append(Section("mend it", [[(row.remedy, "strong")]]))
        if row.note:
            out.append(Section("note", [row.note]))
        out += trail_sections.stopped(self._stopped(row), self.desk.stamp)
        return title, [*out, *self._latency(row), *self._rules(row), Section("findings", [f"{row.findings:,}"])]

    def _stopped(self, row: SourceState) -> list[tuple[str, datetime]]:
        """The trails of its place that do not record."""
        if row.key.service != "trail":
            return []
        return recording.stopped(self.desk.conn, row.key.account, row.key.region)

    def _detail(self, row: SourceState) -> Cell:
        """Why a source is not fresh; of one that is, that what it reads is not written any more."""
        if row.detail or not (stopped := self._stopped(row)):
            return Cell(row.detail, "quiet")
        return Cell(f"{', '.join(trail_sections.named(arn) for arn, _ in stopped)} does not record", "bad")

    def _latency(self, row: SourceState) -> list[Section]:
        """From the event to us, and what to change where that is too slow."""
        if self._latencies.value is None:
            return []
        found = self._latencies.value.get(sources.origin_of(row.key))
        said: list[Body] = [latency.describe(found)]
        if advice := latency.advice(row.key.service, found):
            said.append([(advice, "strong")])
        return [Section("latency", said)]

    def _rules(self, row: SourceState) -> list[Section]:
        """How the rules over the trail stand: what nobody records, none of them can see."""
        said = rule_standing.words(self.desk.conn, self.desk.now()) if row.key.service == "trail" else []
        return [Section("rules", [clean(line) for line in said])] if said else []

    def _is_read_now(self, row: SourceState) -> bool:
        return row.freshness is Freshness.NEVER and any(row.key == state.key for state in self.desk.reading())

    def _sign(self, row: SourceState) -> tuple[str, str]:
        """Sign and word of a source's state, and their style."""
        if self._is_read_now(row):
            return f"{glyphs.current().cut} reading", "warn"
        sign, style = freshness_sign(row.freshness)
        return f"{sign} {row.freshness}", style

    def _state(self, row: SourceState) -> Cell:
        return Cell(*self._sign(row))

    def do_open(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            title, sections = self.detail(row)
            for label, deferred in (("quarantine", False), ("deferred", True)):
                held: list[Body] = [
                    [(f"{kept.origin} line {kept.line}: ", "quiet"), (kept.why, "text")]
                    for kept in quarantine.kept(self.desk.conn, deferred=deferred, limit=50)
                ]
                if held:
                    sections.append(Section(label, held))
            self.desk.app.push_screen(ReadScreen(self.desk, title, sections))

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            said = f"{row.key.service} {row.key.account} {row.key.region} {row.freshness} {clean(row.detail)}"
            remedy = f"\n{row.remedy}" if row.remedy else ""
            self.say(self.desk.app.send_to_clipboard(said + remedy))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        source = SourceRows(self.desk, self.filter_text)
        return [
            {
                "service": s.key.service,
                "account": s.key.account,
                "region": s.key.region,
                "state": s.freshness.value,
                "age_s": s.age_s,
                "detail": s.detail,
                "findings": s.findings,
            }
            for s in source.window(0, source.count())
        ]

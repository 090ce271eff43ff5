"""One way out: its meter as a chart, with the alarm's threshold and the moment of each finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from textual.app import ComposeResult

from socconsole.commands import AskTalkers, Command
from socconsole.model.wire import Progress, Talked
from socconsole.screens import opening, talkers_sections, words
from socconsole.screens.acts import pivot_named, plan_named
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.contain import failure
from socconsole.screens.desk import Desk
from socconsole.screens.egress_sections import heading, sections, why_no_flows
from socconsole.screens.reader import plain
from socconsole.screens.renewed import Renewed
from socconsole.store import egress, egress_view
from socconsole.store.db import Connection
from socconsole.store.egress import Metered
from socconsole.store.egress_view import PathView
from socconsole.triage import ways_out
from socconsole.triage.amounts import amount
from socconsole.widgets.chart import Chart, ChartPane
from socconsole.widgets.columns import severity_style
from socconsole.widgets.detail import Body, DetailPane, Section

SPANS: Final = (timedelta(hours=3), timedelta(days=1), timedelta(days=14))
_STEPS: Final = {SPANS[0]: 180, SPANS[1]: 288, SPANS[2]: 336}
"""Of a minute, of five, of an hour: none finer than what CloudWatch keeps of that age."""

_CHANGES: Final = 12
"""Changes of an alarm that are shown."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a way out, and of what time. ``view`` is None where the store does not have it any more."""

    since: datetime
    until: datetime
    view: PathView | None = None
    metered: Metered | None = None


class PathScreen(ConsoleScreen):
    place: ClassVar[str] = "path"
    titled: ClassVar[str] = "the way out"
    footer_ids: ClassVar[tuple[str, ...]] = ("back", "talkers", "pivot", "span", "contain", "copy", "command", "help")

    def __init__(self, desk: Desk, path: str, *, asking: bool = False) -> None:
        super().__init__(desk)
        self.path = path
        self._asking: AskTalkers | None = None
        """The question under way: who it talks to."""
        self._ask_at_once = asking
        self._scanned = ""
        self._span = SPANS[0]
        self._read = Renewed(
            self, lambda: desk.read(_way_out, self.path, self._span, desk.now()), self._show, ages_s=0.0
        )

    def body(self) -> ComposeResult:
        yield ChartPane(id="chart")
        yield DetailPane(id="detail")

    def built(self) -> None:
        self.query_one(DetailPane).focus()
        if self._ask_at_once:
            self._ask_at_once = False
            self.perform(self.desk.command("talkers"))

    def renew(self) -> None:
        self._read.renew()

    @property
    def _view(self) -> PathView | None:
        return self._read.value.view if self._read.value is not None else None

    def _show(self) -> None:
        read, pane = self._read.value, self.query_one(DetailPane)
        if read is None or (view := read.view) is None:
            pane.show_sections("reading …" if read is None else "this way out is no longer in the store", [])
            return
        self.query_one(ChartPane).show(_chart(read, view, local_time=self.desk.local_time))
        shown = [*self._talkers(), *sections(view, self.desk.stamp, self.desk.now())]
        changes: list[Body] = [
            [(self.desk.stamp(change.at) + "  ", "quiet"), (change.summary, "text")]
            for alarm in view.alarms
            for change in egress.changes(self.desk.conn, alarm.alarm.arn, _CHANGES)
        ]
        if changes:
            shown.append(Section("history", changes))
        pane.show_sections(heading(view), shown, key=self.path)

    # -- who it talks to ---------------------------------------------------------------------------------

    def _talkers(self) -> list[Section]:
        if self._asking is not None:
            return [Section("talks to", [[(f"asking the flow logs …  {self._scanned}", "warn")]])]
        told = self.desk.told.get(self.path)
        return talkers_sections.sections(told) if told is not None else []

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        view = self._view
        if not said and command.id == "talkers" and view is not None:
            return why_no_flows(view.path)
        return said

    def do_pivot(self, asked: Invocation) -> None:
        view = self._view
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
        elif view is not None:
            opening.pivot(self.desk, [ways_out.entity(view.path)], view.path.name)

    def label(self, command: Command) -> str:
        return "Stop" if command.id == "talkers" and self._asking is not None else super().label(command)

    async def do_talkers(self, asked: Invocation) -> None:
        if self._asking is not None:
            await self.desk.stop(self._asking)
            return
        request = self._asking = AskTalkers(path=self.path)
        self._scanned = ""
        self.query_one(DetailPane).to_top()
        self._show()
        self.show_keys()
        try:
            reply = await self.desk.ask_talkers(request, self._heard)
        finally:
            self._asking = None
        if self.is_built:
            if isinstance(reply, Talked):
                self.desk.told[self.path] = reply.talkers
            else:
                self.say(failure(reply), "warning", 0)
            self._show()
            self.show_keys()

    def _heard(self, progress: Progress) -> None:
        self._scanned = f"{progress.done} of {progress.total}: {progress.text}"
        if self.is_built:
            self._show()

    def do_span(self, asked: Invocation) -> None:
        self._span = SPANS[(SPANS.index(self._span) + 1) % len(SPANS)]
        self.say(f"the last {words.age(self._span.total_seconds())}")
        self._read.ask_anew()

    def do_contain(self, asked: Invocation) -> None:
        if asked.argument:
            plan_named(self, asked.argument)
        elif (view := self._view) is not None and view.findings:
            opening.offers(self.desk, view.findings[0].id)
        else:
            self.say("no open finding names it; :contain ACTION TARGET plans by hand", "warning")

    def do_copy(self, asked: Invocation) -> None:
        if (view := self._view) is not None:
            shown = [*self._talkers(), *sections(view, self.desk.stamp, self.desk.now())]
            self.say(self.desk.app.send_to_clipboard(plain(heading(view), shown)))


def _way_out(conn: Connection, path: str, span: timedelta, until: datetime) -> Read:
    since = until - span
    found = egress_view.view(conn, path, until)
    return Read(since, until, found, None if found is None else egress_view.meter(conn, found.path, since))


def _chart(read: Read, view: PathView, *, local_time: bool) -> Chart | None:
    since, span, metered = read.since, read.until - read.since, read.metered
    if metered is None:
        return None
    steps = _STEPS[span]
    wide = span / steps
    if wide.total_seconds() < metered.series.period_s:  # of this age only the coarse one is kept
        wide = timedelta(seconds=metered.series.period_s)
        steps = int(span / wide)
    values = egress_view.shape(metered, since, read.until, steps)
    limit, word = _threshold(view, wide)
    top = max([one for one in values if one is not None] + ([limit * 1.2] if limit else []), default=0.0) or 1.0
    return Chart(
        values=values,
        unit_top=amount(top, view.flow.unit),
        axis=(words.short_stamp(since, local=local_time), f"now, a step is {_step(wide)}"),
        top=top,
        threshold=limit,
        threshold_word=word,
        marks=tuple(((one.at - since) / span, severity_style(one.severity)) for one in view.findings),
    )


def _threshold(view: PathView, step: timedelta) -> tuple[float | None, str]:
    """The lowest threshold on this path's own meter, for as long as one step."""
    limits = [
        alarm.alarm.threshold * step.total_seconds() / alarm.alarm.period_s
        for alarm in view.alarms
        if alarm.alarm.threshold and alarm.alarm.period_s and alarm.alarm.statistic == "Sum"
        and alarm.alarm.dimensions == view.path.dimensions
    ]  # fmt: skip
    lowest = min(limits, default=None)
    return lowest, "" if lowest is None else amount(lowest, view.flow.unit)


def _step(wide: timedelta) -> str:
    return words.age(wide.total_seconds())

"""Egress: every way out, what leaves by it now, and whether an alarm would tell."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Final

from socconsole.commands import Command
from socconsole.model.world import WorldKind
from socconsole.screens import case_entry, opening, words
from socconsole.screens.acts import pivot_named, plan_named
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.egress_sections import KINDS, alarm_sign, heading, rate, sections, why_no_flows
from socconsole.screens.escalating import EscalateActs
from socconsole.screens.health import describe
from socconsole.screens.listing import ListScreen
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.store import egress_view
from socconsole.store.egress_view import PathView
from socconsole.text import clean
from socconsole.triage import ways_out
from socconsole.triage.amounts import short
from socconsole.widgets.chart import spark
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

SERVICES: Final = frozenset({"egress", "alarms", "metrics"})
"""Sources from which this screen is made."""

NONE_FOUND: Final = (
    "no NAT gateway, exposed or LLM host, declared or tagged bucket, VPC endpoint, internet-facing load balancer, "
    "SageMaker endpoint or invoked Bedrock model was found"
)
"""What is looked for, and none of it is there."""

_AGES_S: Final = 5.0
"""How long what was read is shown while nothing is written."""


class EgressScreen(ListScreen[PathView], EscalateActs):
    place: ClassVar[str] = "egress"
    titled: ClassVar[str] = "Egress"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "open", "talkers", "pivot", "contain", "filter", "copy", "screen.triage", "screen.sources", "command", "help",
        "escalate",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._views = Renewed(self, lambda: desk.read(egress_view.overview, desk.now()), self.refill, ages_s=_AGES_S)

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[PathView]]:
        return (
            Column("alarm", "ALARM", lambda row: Cell(*alarm_sign(row)), 8, priority=99),
            Column("rate", "LEAVING", self._rate, 14, priority=95, align="right"),
            Column("usual", "USUAL/MIN", _usual, 10, priority=90, align="right"),
            Column("last", "LAST", self._last, 5, priority=80, align="right"),
            Column("shape", "LAST 2 H", lambda row: Cell(spark(row.shape), "accent"), 24, priority=60),
            Column("what", "WAY OUT", lambda row: Cell(row.path.name), 22, 2, priority=98, ends=True),
            Column("kind", "KIND", lambda row: Cell(KINDS[row.path.kind], "quiet"), 13, priority=50),
            Column("holds", "HOLDS", lambda row: Cell(_holds(row), "quiet"), 10, 1, priority=70),
            Column("account", "ACCOUNT", self._account, 12, priority=30),
            Column("region", "REGION", lambda row: Cell(row.path.place.region, "quiet"), 12, priority=35),
        )

    def _rate(self, row: PathView) -> Cell:
        if row.flow.rate is None:
            return Cell("cannot see", "warn")
        style = "bad" if row.raised else "strong" if row.flow.rate else "quiet"
        return Cell(short(row.flow.rate, row.flow.unit), style)

    def _last(self, row: PathView) -> Cell:
        last = row.flow.last_byte
        return Cell("-" if last is None else words.age((self.desk.now() - last).total_seconds()), "quiet")

    def _account(self, row: PathView) -> Cell:
        account = row.path.place.account
        return Cell(next((a.name for a in self.desk.config.accounts if a.account == account), "") or account, "quiet")

    def source(self, text: str) -> RowSource[PathView]:
        return self._filtered(text)

    def _filtered(self, text: str) -> Filtered[PathView]:
        return Filtered(self._views.value or (), text, lambda row: row.path.id, _said)

    def renew(self) -> None:
        self._views.renew()
        super().renew()

    def title_text(self) -> str:
        views = self._views.value or ()
        raised = sum(view.raised for view in views)
        blind = sum(view.flow.rate is None for view in views)
        unwatched = sum(view.unwatched for view in views)
        said = [f"{raised} in ALARM"] if raised else []
        said += [f"{unwatched} without a fit alarm"] if unwatched else []
        said += [f"{blind} cannot be seen"] if blind else []
        return ", ".join([*said, *([clean(self.filter_text, 60)] if self.filter_text else [])])

    def empty_text(self) -> str:
        if self.filter_text and self._views.value:
            return f"no way out holds {self.filter_text!r}"
        if self._views.value is None:
            return "reading …"
        if self.desk.world.kind is WorldKind.IMPORT:
            return "imported only, no live source"
        asked = [state for state in self.desk.sources() if state.key.service == "egress"]
        if not asked:
            return "ways out are not looked for: every account excludes egress, or no watch has run yet"
        wrong = [state for state in asked if state.freshness != "FRESH"]
        if wrong:
            return f"not known: {'; '.join(describe(state) for state in wrong[:3])}"
        return f"{NONE_FOUND}, and every place was read completely; there are other ways out (docs/egress.md)"

    def detail(self, row: PathView) -> tuple[Body, list[Section]]:
        return heading(row), sections(row, self.desk.stamp, self.desk.now())

    def do_back(self, asked: Invocation) -> None:
        if self.filter_text:
            self.apply_filter("")
            self.table.go_to(0)
            self.say("filter cleared")
        else:
            super().do_back(asked)

    # -- commands ----------------------------------------------------------------------------------------

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id not in ("contain", "talkers", "case", "escalate") or not self.is_built:
            return said
        row = self.table.cursor_row
        if row is None:
            return "there is no row"
        if command.id == "talkers":
            return why_no_flows(row.path)
        if not row.findings:
            if command.id != "contain":
                return "no open finding names it; N on Cases opens one by hand"
            return f"no open finding names it; :contain ACTION {row.path.resource} plans by hand"
        return ""

    def subject(self) -> str | None:
        return self.table.cursor_key

    def do_open(self, asked: Invocation) -> None:
        if self.table.cursor_key:
            opening.path(self.desk, self.table.cursor_key)

    def do_pivot(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
        elif row is not None:
            opening.pivot(self.desk, [ways_out.entity(row.path)], row.path.name)

    def do_talkers(self, asked: Invocation) -> None:
        if self.table.cursor_key:
            opening.path(self.desk, self.table.cursor_key, asking=True)

    def do_contain(self, asked: Invocation) -> None:
        if asked.argument:
            plan_named(self, asked.argument)
            return
        row = self.table.cursor_row
        if row is not None and row.findings:
            opening.offers(self.desk, row.findings[0].id)

    def escalates(self, subject: Hashable) -> Sequence[str]:
        """The open findings that name the way out."""
        found = (row for row in self._views.value or () if row.path.id == subject)
        return tuple(one.id for row in found for one in row.findings)

    async def do_case(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if asked.argument:
            case_entry.go_to(self, asked.argument)
        elif row is not None and row.findings:
            await case_entry.enter(self, [one.id for one in row.findings], clean(row.findings[0].title, 300))

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            said = f"{row.path.resource} {row.path.place.account} {row.path.place.region} {rate(row.flow)}"
            self.say(self.desk.app.send_to_clipboard(said))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "path": row.path.id,
                "kind": row.path.kind.value,
                "resource": row.path.resource,
                "name": row.path.name,
                "account": row.path.place.account,
                "region": row.path.place.region,
                "dataset": row.path.dataset,
                "alarm": alarm_sign(row)[0].split()[-1],
                "rate": row.flow.rate,
                "usual": row.flow.usual,
                "unit": row.flow.unit,
                "last_byte": row.flow.last_byte,
                "cannot_see": row.flow.cannot_see,
            }
            for row in self._filtered(self.filter_text).rows
        ]


def _usual(row: PathView) -> Cell:
    usual = row.flow.usual
    return Cell("UNKNOWN" if usual is None else short(usual, row.flow.unit).removesuffix("/min"), "quiet")


def _holds(row: PathView) -> str:
    return row.path.dataset or ("LLM" if row.path.llm else "")


def _said(row: PathView) -> str:
    path = row.path
    return " ".join(
        (
            path.resource, clean(path.name), KINDS[path.kind], path.place.account, path.place.region, path.dataset,
            alarm_sign(row)[0], "llm" if path.llm else "", "cannot see" if row.flow.rate is None else "",
        )
    )  # fmt: skip

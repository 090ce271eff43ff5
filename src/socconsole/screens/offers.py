"""What would stop a finding, read from AWS: the actions that fit it, what helps first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from socconsole.commands import Offer
from socconsole.model.wire import Offered
from socconsole.screens import opening, plan_sections
from socconsole.screens.base import Invocation
from socconsole.screens.contain import READING, ask, failure
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.plan_sections import Plan
from socconsole.screens.renewed import Filtered
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource


class OffersScreen(ListScreen[Plan]):
    """What would stop this finding: reads only."""

    place: ClassVar[str] = "contain"
    titled: ClassVar[str] = "Contain"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "back", "copy", "command", "help")

    def __init__(self, desk: Desk, finding: str) -> None:
        super().__init__(desk)
        self.finding = finding
        self._plans: tuple[Plan, ...] = ()
        self._said = READING
        self._left_for_plan = False
        """A plan of it was opened since it was read."""

    def built(self) -> None:
        super().built()
        self.work(self._offer())

    async def _offer(self) -> None:
        reply = await ask(self.desk, Offer(finding=self.finding))
        if isinstance(reply, Offered):
            self._plans = reply.plans
            self._said = "no action of this version fits this finding"
        else:
            self._plans, self._said = (), failure(reply)
        self.apply_filter("")

    def on_screen_resume(self) -> None:
        """Back from a plan: what it did may have changed what helps, so it is read again."""
        if self._left_for_plan and self.is_built:
            self._left_for_plan = False
            self.say(READING, seconds=0)
            self.work(self._offer())

    def columns(self) -> Sequence[Column[Plan]]:
        return (
            Column("helps", "FITS", _fits, 5, priority=99),
            Column(
                "action", "ACTION", lambda p: Cell(plan_sections.text(p.get("action", "?")), "strong"), 30, priority=98
            ),
            Column("target", "TARGET", lambda p: Cell(plan_sections.text(p.get("target", "?"))), 16, 2, priority=90),
            Column("why", "HERE", lambda p: Cell(plan_sections.text(p.get("why", "")), "quiet"), 12, 3, priority=40),
        )

    def source(self, text: str) -> RowSource[Plan]:
        return Filtered(self._plans, text, _key, _said)  # in the order of the actor: strongest fit first

    def empty_text(self) -> str:
        return self._said

    def title_text(self) -> str:
        return f"what would stop {self.finding}, strongest first"

    def detail(self, row: Plan) -> tuple[Body, list[Section]]:
        return plan_sections.title(row), plan_sections.summary(row)

    def do_open(self, asked: Invocation) -> None:
        plan = self.table.cursor_row
        if plan is not None:
            self._left_for_plan = True
            opening.plan(
                self.desk,
                str(plan.get("action", "")),
                str(plan.get("target", "")),
                str(plan.get("account", "")),
                str(plan.get("region", "")),
                self.finding,
            )

    def do_copy(self, asked: Invocation) -> None:
        plan = self.table.cursor_row
        if plan is not None:
            self.say(self.desk.app.send_to_clipboard(_said(plan)))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return self._plans


def _key(plan: Plan) -> str:
    return f"{plan.get('action')} {plan.get('target')}"


def _said(plan: Plan) -> str:
    return " ".join(plan_sections.text(plan.get(name, "")) for name in ("action", "target", "why"))


def _fits(plan: Plan) -> Cell:
    return Cell("helps", "good") if plan.get("helps") else Cell("no", "quiet")

"""What would stop a finding, read from AWS: the actions that fit it, what helps first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from socconsole.commands import Offer
from socconsole.model.wire import Offered
from socconsole.screens import plan_sections
from socconsole.screens.base import Invocation
from socconsole.screens.contain import READING, ask, failure
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.plan_sections import Plan
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource


class PlanRows(RowSource[Plan]):
    """The offered plans, in the actor's order: strongest fit first."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = plans

    def count(self) -> int:
        return len(self._plans)

    def window(self, offset: int, limit: int) -> Sequence[Plan]:
        return self._plans[offset : offset + limit]

    def key(self, row: Plan) -> str:
        return f"{row.get('action')} {row.get('target')}"

    def position_of(self, key: str) -> int | None:
        return next((i for i, plan in enumerate(self._plans) if self.key(plan) == key), None)


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
        return PlanRows(self._plans)

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
            self.desk.app.open_plan(
                str(plan.get("action", "")),
                str(plan.get("target", "")),
                str(plan.get("account", "")),
                str(plan.get("region", "")),
                self.finding,
            )

    def do_copy(self, asked: Invocation) -> None:
        plan = self.table.cursor_row
        if plan is not None:
            said = " ".join(plan_sections.text(plan.get(name, "")) for name in ("action", "target", "why"))
            self.say(self.desk.app.send_to_clipboard(said))


def _fits(plan: Any) -> Cell:
    return Cell("helps", "good") if plan.get("helps") else Cell("no", "quiet")


def _text(plan: Any, name: str) -> str:
    return plan_sections.text(plan.get(name, ""))

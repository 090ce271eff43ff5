"""What would stop a finding, or those of an incident, read from AWS: the actions that fit, what helps first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from socconsole.commands import Offer
from socconsole.model.wire import Offered
from socconsole.screens import opening, plan_sections, words
from socconsole.screens.base import Invocation
from socconsole.screens.contain import READING, ask, failure
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.plan_sections import Plan
from socconsole.screens.renewed import Filtered
from socconsole.store import reading
from socconsole.text import clean
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

_ASKED: Final = 100
"""Findings of an incident of thousands that are named to the actor, which looks at fewer."""

_NAMED: Final = 8
"""Findings named in one list of the detail; the rest are counted."""


class OffersScreen(ListScreen[Plan]):
    """What would stop these findings: reads only."""

    place: ClassVar[str] = "contain"
    titled: ClassVar[str] = "Contain"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "back", "copy", "command", "help")

    def __init__(self, desk: Desk, findings: tuple[str, ...], incident: str = "") -> None:
        super().__init__(desk)
        self.findings = findings
        """Worst first; several only of an incident."""
        self.incident = incident
        self._plans: tuple[Plan, ...] = ()
        self._looked_at = 0
        self._titles: dict[str, str] = {}
        self._said = READING
        self._left_for_plan = False
        """A plan of it was opened since it was read."""

    def built(self) -> None:
        super().built()
        self.work(self._offer())

    async def _offer(self) -> None:
        reply = await ask(self.desk, Offer(findings=self.findings[:_ASKED]))
        if isinstance(reply, Offered):
            self._plans, self._looked_at = reply.plans, reply.looked_at
            fits = "fits these findings" if self._several else "fits this finding"
            self._said = f"no action of this version {fits}"
            if self._several:
                found = reading.each(self.desk.conn, self.findings[: reply.looked_at])
                self._titles = {one.finding.id: clean(one.finding.title, 120) for one in found}
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
            *([Column("blocks", "BLOCKS", self._blocks, 6, priority=97)] if self._several else ()),
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
        if not self._several:
            return f"what would stop {self.findings[0]}, strongest first"
        return f"what would stop {self._looked()} of {self.incident}, what blocks most first"

    @property
    def _several(self) -> bool:
        return len(self.findings) > 1

    def _looked(self) -> str:
        """How many findings the list is about: not all of an incident of hundreds."""
        if self._looked_at in (0, len(self.findings)):
            return words.plural(len(self.findings), "finding")
        return f"the worst {self._looked_at} of {words.plural(len(self.findings), 'finding')}"

    def _blocks(self, plan: Plan) -> Cell:
        blocked = len(_blocked(plan))
        return Cell(f"{blocked}/{self._looked_at}", "good" if blocked else "quiet")

    def detail(self, row: Plan) -> tuple[Body, list[Section]]:
        told = plan_sections.summary(row)
        if self._several:
            blocks = _blocked(row)
            left = [id_ for id_ in self._titles if id_ not in blocks]
            counted = f"{len(blocks)} of {words.plural(self._looked_at, 'finding')}; {len(left) or 'none'} left"
            told[1:1] = [Section("blocks", [counted]), Section("done for", self._named([str(row.get("finding"))]))]
            told += [Section(head, self._named(ids)) for head, ids in (("ends", blocks), ("leaves", left)) if ids]
        return plan_sections.title(row), told

    def _named(self, ids: Sequence[str]) -> list[Body | str]:
        more = [f"and {len(ids) - _NAMED} more"] if len(ids) > _NAMED else []
        return [*(self._titles.get(id_, id_) for id_ in ids[:_NAMED]), *more]

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
                str(plan.get("finding") or self.findings[0]),
            )

    def do_copy(self, asked: Invocation) -> None:
        plan = self.table.cursor_row
        if plan is not None:
            self.say(self.desk.app.send_to_clipboard(_said(plan)))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return self._plans


def _key(plan: Plan) -> str:
    return " ".join(str(plan.get(name)) for name in ("action", "target", "account", "region"))


def _blocked(plan: Plan) -> Sequence[str]:
    """Ids of the findings that count as blocked once it holds."""
    return plan.get("blocks") or ()


def _said(plan: Plan) -> str:
    return " ".join(plan_sections.text(plan.get(name, "")) for name in ("action", "target", "why"))


def _fits(plan: Plan) -> Cell:
    if not plan.get("helps"):
        return Cell("no", "quiet")
    return Cell("mends" if plan.get("purpose") == "harden" else "helps", "good")

"""What would stop a finding, or those of an incident, read from AWS: the actions that fit, what helps first.

What is compared here are reasons. So the list has the whole width, a target that all share stands in the title, and the
detail below begins with the whole reason of the row under the cursor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from socconsole.commands import Command, Offer
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
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "undo", "back", "copy", "command", "help")
    DEFAULT_CSS = """
    OffersScreen.-wide #split { layout: vertical; }
    OffersScreen.-wide #list { width: 100%; height: 1fr; }
    OffersScreen.-wide #side { width: 100%; height: 42%; border-left: none; border-top: solid $rule; }
    """

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
        self._reading = True
        self._done: Sequence[tuple[str, str]] = ()
        """What was in force when it was asked for: once that differs, the answer is of yesterday."""

    def built(self) -> None:
        super().built()
        self._read()

    def _read(self) -> None:
        self._reading, self._done = True, self._in_force()
        self.work(self._offer())

    def _in_force(self) -> Sequence[tuple[str, str]]:
        return [(one.id, one.state.value) for one in self.desk.standing_actions()]

    async def _offer(self) -> None:
        reply = await ask(self.desk, Offer(findings=self.findings[:_ASKED]))
        self._reading = False
        if isinstance(reply, Offered):
            self._plans, self._looked_at = reply.plans, reply.looked_at
            fits = "fits these findings" if self._several else "fits this finding"
            self._said = f"no action of this version {fits}"
            if self._several:
                found = reading.each(self.desk.conn, self.findings[: reply.looked_at])
                self._titles = {one.finding.id: clean(one.finding.title, 120) for one in found}
        else:
            self._plans, self._said = (), failure(reply)
        if self.is_built:
            self.hush()
            self.table.set_columns(self.columns())
            self.refill()

    def renew(self) -> None:
        """What was done since, here or by anybody else, may have changed what helps: it is read again."""
        if self.is_built and not self._reading and self._in_force() != self._done:
            self._again()
        super().renew()

    def on_screen_resume(self) -> None:
        """Back from a plan, which may have come to nothing that is in force."""
        if self._left_for_plan and self.is_built:
            self._left_for_plan = False
            self._again()

    def _again(self) -> None:
        self.say(READING, seconds=0)
        self._read()
        self.refill()  # until the answer is here no row says that it helps

    def columns(self) -> Sequence[Column[Plan]]:
        longest = max((len(plan_sections.text(plan.get("action", "?"))) for plan in self._plans), default=6)
        return (
            Column("helps", "FITS", self._fits, 8, priority=99),
            *([Column("blocks", "BLOCKS", self._blocks, 6, priority=97)] if self._several else ()),
            Column("action", "ACTION", _action, max(6, min(longest, 30)), priority=98),
            *(() if self._shared else (Column("target", "TARGET", _target, 14, 1, priority=90, ends=True),)),
            Column("why", "HERE", lambda row: Cell(self._why(row), "quiet"), 12, 4, priority=40),
        )

    def source(self, text: str) -> RowSource[Plan]:
        return Filtered(self._plans, text, _key, _said)  # in the order of the actor: best first

    def empty_text(self) -> str:
        return self._said

    def title_text(self) -> str:
        about = f"{self._looked()} of {self.incident}" if self._several else self.findings[0]
        on = f" on {self._shared}" if self._shared else ""
        return f"what would stop {about}{on}, {'narrowest' if self._several else 'strongest'} first"

    @property
    def _shared(self) -> str:
        """The target that every row is about; empty where they differ."""
        targets = {plan_sections.text(plan.get("target", "?")) for plan in self._plans}
        return targets.pop() if len(targets) == 1 else ""

    @property
    def _several(self) -> bool:
        return len(self.findings) > 1

    def _looked(self) -> str:
        """How many findings the list is about: not all of an incident of hundreds."""
        if self._looked_at in (0, len(self.findings)):
            return words.plural(len(self.findings), "finding")
        return f"the worst {self._looked_at} of {words.plural(len(self.findings), 'finding')}"

    def _blocks(self, plan: Plan) -> Cell:
        if plan.get("in_force") and not plan.get("helps"):
            return Cell("-", "quiet")  # what it blocks is blocked already
        blocked = len(_blocked(plan))
        return Cell(f"{blocked}/{self._looked_at}", "good" if blocked else "quiet")

    def _fits(self, plan: Plan) -> Cell:
        if self._reading:
            return Cell("…", "quiet")
        if not plan.get("helps"):
            return Cell("in force", "good") if plan.get("in_force") else Cell("no", "quiet")
        if plan.get("purpose") == "harden":
            return Cell("mends", "good")
        does = plan.get("does")
        return Cell("helps", "good") if does in (None, "stops") else Cell(plan_sections.text(does), "text")

    def _why(self, plan: Plan) -> str:
        """The reason, without what stands in the first column already."""
        if self._reading:
            return READING
        why = plan_sections.reason(plan)
        held = self._held(plan) if plan.get("helps") else self._held(plan).removeprefix("in force ")
        return f"{held}; {why}" if held else why

    def _held(self, plan: Plan) -> str:
        """Since when it is in force, by which action; empty where it is not."""
        held = plan.get("in_force")
        if not held:
            return ""
        since = words.clock(datetime.fromisoformat(str(held["since"])), local=self.desk.local_time)
        how = "by the record " if plan.get("helps") else "in part " if held["state"] != "applied" else ""
        return f"in force {how}since {since}, {plan_sections.text(held['id'])}"

    def detail(self, row: Plan) -> tuple[Body, list[Section]]:
        if self._reading:
            return plan_sections.title(row), [Section("here", [READING])]
        told = plan_sections.summary(row)
        if self._several and not row.get("in_force"):
            blocks = _blocked(row)
            left = [id_ for id_ in self._titles if id_ not in blocks]
            counted = f"{len(blocks)} of {words.plural(self._looked_at, 'finding')}; {len(left) or 'none'} left"
            told[1:1] = [Section("blocks", [counted]), Section("done for", self._named([str(row.get("finding"))]))]
            told += [Section(head, self._named(ids)) for head, ids in (("ends", blocks), ("leaves", left)) if ids]
        if held := self._held(row):
            undoes = f"; {self.desk.keymap.label('undo')} undoes it"
            told.insert(0, Section("done", [[(held, "good"), (undoes, "quiet")]]))
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

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if not said and command.id == "undo" and self.is_built:
            row = self.table.cursor_row
            return "" if row is not None and row.get("in_force") else "this was not done, or was undone since"
        return said

    def do_undo(self, asked: Invocation) -> None:
        plan = self.table.cursor_row
        held = plan.get("in_force") if plan is not None else None
        if asked.argument or held:
            self._left_for_plan = True
            opening.undo(self.desk, asked.argument or str(held["id"] if held else ""))

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


def _action(plan: Plan) -> Cell:
    return Cell(plan_sections.text(plan.get("action", "?")), "strong")


def _target(plan: Plan) -> Cell:
    return Cell(plan_sections.text(plan.get("target", "?")))

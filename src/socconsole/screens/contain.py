"""Containment: what would help, exactly what it would do, the typed confirmation, and what came of it.

Nothing here decides whether something may be done: the actor refuses, this screen only says why it would. The
request itself belongs to the app and outlives the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult

from socconsole.commands import ActorRequest, Command, Contain, Offer, PlanContain, PlanUndo, Undo
from socconsole.model.action import Mode
from socconsole.model.wire import AnyReply, Done, Failed, Offered, Planned, Progress
from socconsole.screens import plan_sections, words
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.plan_sections import Plan
from socconsole.text import clean
from socconsole.widgets.confirm import ConfirmField
from socconsole.widgets.detail import Body, DetailPane, Section
from socconsole.widgets.footer import KeyHint
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

UNARMED = ":respond REASON arms; until then y copies the aws lines"
_EXPOSE = "RE-EXPOSES"
_READING = "reading what is true in AWS …"


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
        self._said = _READING

    def built(self) -> None:
        self.work(self._offer())

    async def _offer(self) -> None:
        reply = await ask(self.desk, Offer(finding=self.finding))
        if isinstance(reply, Offered):
            self._plans = reply.plans
            self._said = "no action of this version fits this finding"
        else:
            self._said = failure(reply)
        self.apply_filter("")

    def columns(self) -> Sequence[Column[Plan]]:
        return (
            Column("helps", "FITS", _fits, 5, priority=99),
            Column("action", "ACTION", lambda p: Cell(plan_sections.text(p.get("action", "?")), "strong"), 18),
            Column("target", "TARGET", lambda p: Cell(plan_sections.text(p.get("target", "?"))), 16, 2),
            Column("why", "HERE", lambda p: Cell(plan_sections.text(p.get("why", "")), "quiet"), 12, 3),
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


class PlanScreen(ConsoleScreen):
    """One plan, from reading to the last verification. ``asked`` names the action to undo, or what to plan."""

    place: ClassVar[str] = "plan"
    titled: ClassVar[str] = "the plan"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "copy", "back", "command", "help")

    def __init__(self, desk: Desk, asked: PlanContain | PlanUndo) -> None:
        super().__init__(desk)
        self.asked = asked
        self.planned: Planned | None = None
        self._aws_lines: Sequence[str] = ()
        self._why_no_plan = _READING
        self._begun = False
        """It was confirmed, and nothing that can be tried again came of it."""
        self._accepted = False
        """The analyst typed that he accepts that an undo RE-EXPOSES."""
        self._steps: list[Body] = []
        self._result: list[Section] = []

    @property
    def undoing(self) -> bool:
        return isinstance(self.asked, PlanUndo)

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")
        yield ConfirmField(id="confirm")

    def built(self) -> None:
        self.query_one(DetailPane).focus()
        self._read()

    # -- the plan ----------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read what is true now; what came of an earlier attempt stays above it."""
        self.planned = None
        self._why_no_plan = _READING
        self.show(_READING, self._head())
        self.show_keys()
        self.work(self._plan())

    async def _plan(self) -> None:
        reply = await ask(self.desk, self.asked)
        if isinstance(reply, Planned):
            self.planned = reply
            self._aws_lines = reply.aws_lines
            self.show_plan()
        else:
            self._why_no_plan = failure(reply)
            lines: list[Section] = []
            if isinstance(reply, Failed) and reply.aws_lines:
                self._aws_lines = reply.aws_lines
                lines = [Section("by hand", list(reply.aws_lines))]
            self.show([(failure(reply), "bad")], [*self._head(), *lines])
        self.show_status()

    def show(self, title: Body, sections: Sequence[Section]) -> None:
        if self.is_built:
            self.query_one(DetailPane).show_sections(title, sections, key="plan")

    def show_plan(self) -> None:
        if self.planned is None:
            return
        plan = self.planned.plan
        sections = [*self._head(), *plan_sections.details(plan, self.planned.aws_lines, undo=self.undoing)]
        self.show(plan_sections.title(plan, undo=self.undoing), sections)

    def _head(self) -> list[Section]:
        """What was done so far, and what came of it."""
        return [*self._result, *([Section("progress", list(self._steps))] if self._steps else [])]

    def why_not(self, command: Command) -> str:
        if command.id != "open":
            return super().why_not(command)
        if self.planned is None:
            return self._why_no_plan if self._why_no_plan == _READING else ""
        if self._begun:
            return "it was confirmed already"
        plan = self.planned.plan
        if plan.get("refusals"):
            return "refused: " + "; ".join(plan_sections.text(r) for r in plan["refusals"])
        if not plan.get("helps") and not self.undoing:
            helping = self._aws_lines
            more = ": y copies the commands that would help" if helping else ""
            other = f"; {plan_sections.text(plan['instead'])} would" if plan.get("instead") else ""
            return f"it would change nothing here{other}{more}"
        return UNARMED if self.desk.mode is not Mode.RESPOND else ""

    def label(self, command: Command) -> str:
        if command.id != "open":
            return super().label(command)
        if self.planned is None and self._why_no_plan != _READING:
            return "Read again"
        return "Undo …" if self.undoing else "Contain …"

    def answer_keys(self) -> Sequence[KeyHint]:
        field = self.query_one(ConfirmField)
        if not field.asking:
            return super().answer_keys()
        keys = [KeyHint("enter", "confirms"), KeyHint("esc", "leaves everything as it is")]
        return [*keys, KeyHint("tab", "reason")] if field.takes_reason else keys

    @property
    def asking(self) -> bool:
        return super().asking or self.query_one(ConfirmField).asking

    # -- confirming ------------------------------------------------------------------------------------

    def do_open(self, asked: Invocation) -> None:
        if self.planned is None:
            self._read()
            return
        plan = self.planned.plan
        field = self.query_one(ConfirmField)
        if plan.get("re_exposes") and not self._accepted:
            said = "What this restores is public, cross-account, or was written inside the incident."
            field.ask(f"{said}\nType the word to accept that.", _EXPOSE)
        else:
            confirm, needed = self.planned.confirm, bool(plan.get("re_exposes") or plan.get("second_person"))
            field.ask(self._restated(plan, confirm), confirm, reason=True, needs_reason=needed)
        self.show_keys()

    def _restated(self, plan: Plan, confirm: str) -> str:
        verb = "UNDO " if self.undoing else ""
        about = f" for {plan['finding']}" if plan.get("finding") else ""
        target = plan_sections.text(plan.get("target", "?"))
        change = "the whole id" if len(confirm) >= len(target) else f"the last {len(confirm)} characters of the target"
        return (
            f"{verb}{plan_sections.text(plan.get('action', '?'))} on {target}\n"
            f"in {plan_sections.where(plan)}{clean(about, 80)}: {words.plural(len(plan.get('calls') or ()), 'call')}. "
            f"Type {change}."
        )

    @on(ConfirmField.Confirmed)
    def _confirmed(self, event: ConfirmField.Confirmed) -> None:
        event.stop()
        plan = self.planned.plan if self.planned is not None else None
        if plan is None or self._begun:
            return
        self.query_one(DetailPane).focus()
        if plan.get("re_exposes") and not self._accepted:
            self._accepted = True
            self.perform(self.desk.command("open"))
            return
        why = self.why_not(self.desk.command("open"))  # the mode may have ended while the analyst typed
        if why:
            self.say(why, "warning")
            return
        self._begun = True
        self._result = []
        self._step("confirmed; the actor has it")
        self.desk.app.carry_out(self._request(plan, event.typed, event.reason), self._heard, self._settled)
        self.show_keys()

    @on(ConfirmField.Cancelled)
    def _gave_up(self, event: ConfirmField.Cancelled) -> None:
        event.stop()
        self._accepted = False
        self.query_one(DetailPane).focus()
        self.show_keys()
        self.say("nothing was done")

    def _request(self, plan: Plan, typed: str, reason: str) -> Contain | Undo:
        if isinstance(self.asked, PlanUndo):
            return Undo(
                action_id=self.asked.action_id,
                confirm=typed,
                reason=reason,
                accept_exposure=self._accepted,
            )
        return Contain(
            action=str(plan.get("action", self.asked.action)),
            target=str(plan.get("target", self.asked.target)),
            confirm=typed,
            account=str(plan.get("account", "")),
            region=str(plan.get("region", "")),
            finding=self.asked.finding,
            reason=reason,
        )

    def _heard(self, progress: Progress) -> None:
        self._step(f"{progress.done} of {progress.total}: {progress.text}")

    def _step(self, said: str) -> None:
        self._steps.append([(self.desk.stamp(self.desk.now()) + "  ", "quiet"), (said, "text")])
        self.show_plan()

    def _settled(self, reply: AnyReply) -> None:
        if isinstance(reply, Done):
            self._result = plan_sections.outcome(reply.outcome)
            self.show_plan()
        else:
            # Whatever it was, it can be tried again: the actor settles what is in doubt on this target before it
            # acts, and takes no confirmation of a plan that has changed. So the plan is read anew, for the eye too.
            self._result = [Section("outcome", [[(failure(reply), "bad")]])]
            self._begun = self._accepted = False
            if self.is_built:
                self._read()
        if self.is_built:
            self.show_status()

    # -- looking -----------------------------------------------------------------------------------------

    def do_copy(self, asked: Invocation) -> None:
        if not self._aws_lines:
            self.say("no aws lines to copy", "warning")
            return
        self.say(self.desk.app.send_to_clipboard("\n".join(self._aws_lines)))


async def ask(desk: Desk, request: ActorRequest) -> AnyReply:
    """Ask the actor; without one the answer says so."""
    if desk.link is None:
        return Failed(kind="fault", why="the actor has not been started yet")
    return await desk.link.ask(request)


def failure(reply: object) -> str:
    """A refusal or a failure in one line."""
    if isinstance(reply, Failed):
        remedy = f" ({clean(reply.remedy, 200)})" if reply.remedy else ""
        return f"{clean(reply.why, 400)}{remedy}"
    return "the actor answered something else"


def _fits(plan: Any) -> Cell:
    return Cell("helps", "good") if plan.get("helps") else Cell("no", "quiet")

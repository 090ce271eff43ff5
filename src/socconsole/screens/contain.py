"""A plan: exactly what would be done, the typed confirmation, and what came of it.

Nothing here decides whether something may be done: the actor refuses, this screen only says why it would. The
request itself belongs to the app and outlives the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult

from socconsole.commands import ActorRequest, Command, Contain, PlanContain, PlanUndo, Undo
from socconsole.model.action import Mode
from socconsole.model.wire import AnyReply, Done, Failed, Planned, Progress
from socconsole.screens import plan_sections, words
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.plan_sections import Plan
from socconsole.store import handoffs
from socconsole.store.handoffs import HandedOff
from socconsole.text import clean
from socconsole.widgets.confirm import ConfirmField
from socconsole.widgets.detail import Body, DetailPane, Section
from socconsole.widgets.footer import KeyHint

_EXPOSE = "RE-EXPOSES"
_HANDED = "HANDED-OVER"
_GLASS = "BREAK-GLASS"
_APPROVAL = "socconsole-approval."
_APPROVAL_MOST = 8_000
"""Characters of a second person's line; one takes some six hundred."""
READING = "reading what is true in AWS …"


_SECOND: tuple[Body, ...] = (
    "it is on record and holds for 30 minutes. Send it to somebody on another enrolled install, who runs:",
    [("socconsole approve LINE", "strong")],
    "then enter takes the line that this prints",
)


_LEFT: Final = {
    "read back at once": "the read-backs after 15 and 60 seconds",
    "reading back at 15 s": "the read-back after 60 seconds",
}
"""What is still to come after a step of the actor's, by how that begins."""


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
        self._why_no_plan = READING
        self._begun = False
        """It was confirmed, and nothing that can be tried again came of it."""
        self._accepted: frozenset[str] = frozenset()
        """The words that the analyst typed, for what an undo does besides: RE-EXPOSES, HANDED-OVER."""
        self._holder: HandedOff | None = None
        """By which another install answers for what would be undone."""
        self._proposal = ""
        """The line for a second person, where only their yes was missing."""
        self._approval = ""
        self._glass = False
        self._hidden = ""
        """What of this target would stay snoozed, where the plan RE-EXPOSES it."""
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
        self._why_no_plan = READING
        self.show(READING, self._head())
        self.show_keys()
        self.work(self._plan())

    async def _plan(self) -> None:
        reply = await ask(self.desk, self.asked)
        if isinstance(self.asked, PlanUndo):
            self._holder = await self.desk.read(handoffs.holder, self.asked.action_id)
        if isinstance(reply, Planned):
            if reply.plan.get("re_exposes"):
                self._hidden = await asyncio.to_thread(self.desk.snoozed_about, str(reply.plan.get("target", "")))
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
        hidden = [Section("snoozed", [[(self._hidden, "warn")]])] if self._hidden else []
        held = [plan_sections.held_by(self._holder)] if self._holder is not None else []
        sections = [
            *self._head(),
            *held,
            *hidden,
            *plan_sections.details(plan, self.planned.aws_lines, undo=self.undoing, done=self._begun),
        ]
        self.show(plan_sections.title(plan, undo=self.undoing), sections)

    def _to_top(self) -> None:
        """To what was done and what came of it: the plan may have been read to its end meanwhile."""
        self.query_one(DetailPane).to_top()

    def _head(self) -> list[Section]:
        """What was done so far, and what came of it."""
        asked: list[Section] = []
        if self._proposal and not self._begun:
            shown = f"{self._proposal[:40]}… ({len(self._proposal):,} characters; y copies it)"
            asked = [Section("proposal", [[(shown, "accent")], *_SECOND])]
        return [*self._result, *asked, *([Section("progress", list(self._steps))] if self._steps else [])]

    def why_not(self, command: Command) -> str:
        if command.id != "open":
            return super().why_not(command)
        if self.planned is None:
            return self._why_no_plan if self._why_no_plan == READING else ""
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
        return ""

    def label(self, command: Command) -> str:
        if command.id != "open":
            return super().label(command)
        if self.planned is None and self._why_no_plan != READING:
            return "Read again"
        if not self._armed:
            return "Arm …"
        if self._waits_for_second:
            return "Approval …"
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

    @property
    def _armed(self) -> bool:
        return self.desk.mode is Mode.RESPOND

    async def _arm(self) -> None:
        """Ask what this session is armed for; once it is, the plan's own question follows."""
        reason = await self.ask("respond", hint="why this session has to contain; it goes on record", kind="reason")
        if not (reason or "").strip():
            self.say("not armed, nothing was done; y copies the aws lines")
            return
        self.say(*await self.desk.respond(reason or ""))
        if self._armed:
            self.perform(self.desk.command("open"))

    @property
    def _waits_for_second(self) -> bool:
        return bool(self._proposal) and not (self._approval or self._glass)

    async def _ask_for_approval(self) -> None:
        hint = f"paste the second person's line; or {_GLASS}, for an open CRITICAL finding"
        line = await self.ask("approval", hint=hint, most=_APPROVAL_MOST)
        said = (line or "").strip()
        self._glass = said == _GLASS
        self._approval = said if said.startswith(_APPROVAL) else ""
        if self._waits_for_second:
            self.say(
                f"an approval begins with {_APPROVAL}; nothing was done" if said else "nothing was done", "warning"
            )
        else:
            self.perform(self.desk.command("open"))

    def do_open(self, asked: Invocation) -> None:
        if self.planned is None:
            self._read()
            return
        if not self._armed:
            self.work(self._arm())
            return
        if self._waits_for_second:
            self.work(self._ask_for_approval())
            return
        plan = self.planned.plan
        field = self.query_one(ConfirmField)
        if (due := self._to_accept(plan)) is not None:
            said, word = due
            field.ask(f"{said}\nType the word to accept that.", word)
        else:
            confirm = self.planned.confirm
            needed = bool(plan.get("re_exposes") or plan.get("second_person") or self._holder)
            field.ask(self._restated(plan, confirm), confirm, reason=True, needs_reason=needed)
        self.show_keys()

    def _to_accept(self, plan: Plan) -> tuple[str, str] | None:
        """What has to be accepted before the plan itself is asked about, and the word for it; None once all is."""
        if self._holder is not None and _HANDED not in self._accepted:
            return plan_sections.forced(self._holder), _HANDED
        if plan.get("re_exposes") and _EXPOSE not in self._accepted:
            return "What this restores is public, cross-account, or was written inside the incident.", _EXPOSE
        return None

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
        if (due := self._to_accept(plan)) is not None:
            self._accepted |= {due[1]}
            self.perform(self.desk.command("open"))
            return
        if not self._armed:  # it may have ended while the analyst typed
            self.say("not armed any more, nothing was done", "warning")
            return
        why = self.why_not(self.desk.command("open"))
        if why:
            self.say(why, "warning")
            return
        self._begun = True
        self._result = []
        self._step("confirmed; the actor has it")
        self._to_top()
        self.desk.app.carry_out(self._request(plan, event.typed, event.reason), self._heard, self._settled)
        self.show_keys()

    @on(ConfirmField.Cancelled)
    def _gave_up(self, event: ConfirmField.Cancelled) -> None:
        event.stop()
        self._accepted, self._glass = frozenset(), False
        self._approval = ""
        self.query_one(DetailPane).focus()
        self.show_keys()
        self.say("nothing was done")

    def _request(self, plan: Plan, typed: str, reason: str) -> Contain | Undo:
        if isinstance(self.asked, PlanUndo):
            return Undo(
                action_id=self.asked.action_id,
                confirm=typed,
                reason=reason,
                accept_exposure=_EXPOSE in self._accepted,
                although_handed_over=_HANDED in self._accepted,
                approval=self._approval,
                break_glass=self._glass,
            )
        return Contain(
            action=str(plan.get("action", self.asked.action)),
            target=str(plan.get("target", self.asked.target)),
            confirm=typed,
            account=str(plan.get("account", "")),
            region=str(plan.get("region", "")),
            finding=self.asked.finding,
            check=self.asked.check,
            reason=reason,
            approval=self._approval,
            break_glass=self._glass,
        )

    def _heard(self, progress: Progress) -> None:
        self._step(f"{progress.done} of {progress.total}: {progress.text}")
        if progress.done == progress.total and (left := _LEFT.get(progress.text.split(":")[0])):
            self._step(f"still to come: {left}; leaving this screen stops nothing")

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
            self._accepted, self._begun, self._glass = frozenset(), False, False
            self._approval = ""
            if isinstance(reply, Failed) and reply.proposal:
                self._proposal = reply.proposal
            if self.is_built:
                self._read()
        if self.is_built:
            self._to_top()
            self.show_status()

    # -- looking -----------------------------------------------------------------------------------------

    def do_copy(self, asked: Invocation) -> None:
        if self._proposal and not self._begun:
            self.say(self.desk.app.send_to_clipboard(self._proposal))
            return
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

"""The shape that nearly every containment has: a part of a resource's configuration, from one state to another.

A file in ``actions`` says how to read that part (``look``, ``state``), what it should become and why (``cut``),
and which calls lead from one state to another (``steps``). Planning, reading back, noticing drift and undoing
follow from that, here, once for all of them: an undo is the same steps towards the state that the ledger holds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import eq
from typing import Any, Final, Generic, Protocol, TypeVar

from socconsole.model.action import ActionState, Call, Plan
from socconsole.model.finding import Finding
from socconsole.response.base import Door, Info, NoteCall, Target
from socconsole.response.calls import make
from socconsole.response.found import resources
from socconsole.response.trail import Write, last_write

State = Mapping[str, Any]
"""A JSON document of exactly what an action changes: no ids or times that differ after each write."""

LATELY: Final = timedelta(hours=24)
"""What was written this shortly before an action may be the intruder's: giving it back takes more than a key."""


class Seen(Protocol):
    """A target as AWS described it in one round of reads; each action has its own kind."""

    @property
    def evidence(self) -> Mapping[str, Any]:
        """Each part as AWS returned it, to be kept."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Exact, untrusted."""

    @property
    def unread(self) -> tuple[str, ...]:
        """Parts that AWS denied and that do not decide the plan."""


S = TypeVar("S", bound=Seen)


@dataclass(frozen=True, slots=True)
class Cut:
    """What an action would make of what it saw. ``wanted`` None: it would change nothing, and ``why`` not."""

    wanted: State | None
    why: str
    blast_radius: str = "none: nothing would change"
    fit: int = 50
    """0 to 100: how well it answers this finding, for the order of an offer."""
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    """Why it must not be done at all: a service-linked role, a lock-out of the responder."""
    instead: str = ""
    """Id of the action that would help, and a few words; empty when nothing better is known."""
    instead_calls: tuple[Call, ...] = ()
    cuts: bool = True
    """False where it leaves another way open that was seen: the finding is not blocked by it alone."""
    wide: bool = False
    """This once it reaches further than such an action does as a rule."""


class Change(ABC, Generic[S]):
    """An action as a change from one state to another; fulfils ``base.Action``."""

    info: Info
    writes: tuple[str, ...] = ()
    """CloudTrail's event names of what writes the state, to tell who wrote it last."""

    trail_region = ""
    """Where the trail has them, when not where the target is: IAM's are in us-east-1 alone."""

    types: tuple[str, ...] = ()
    """What records call its targets: each such resource of a finding is one."""

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """As ``base.Action`` says."""
        return resources(finding, self.types, self.name)

    # --- what a file in ``actions`` fills in ---------------------------------------------------------------

    @abstractmethod
    def name(self, target: str) -> str:
        """As ``base.Action`` says."""

    @abstractmethod
    def arns(self, target: Target) -> tuple[str, ...]:
        """The ARNs its calls are checked on, the target's own first; patterns where an id is not known before."""

    @abstractmethod
    async def look(self, door: Door, target: Target) -> S:
        """Read the target afresh. Raises ``AwsTrouble`` when what decides the plan cannot be read."""

    @abstractmethod
    def state(self, seen: S) -> State:
        """The part that the calls change, as it is now. Its keys are the same whatever their values."""

    @abstractmethod
    def cut(self, seen: S, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        """What it should become and why, or why not. ``own`` are all accounts of the same owner."""

    def hardened(self, seen: S, target: Target, own: Collection[str]) -> Cut | None:
        """What a posture check asks for where :meth:`cut` asks for less, as nothing leaks, or as less would do for a
        finding: the stronger state and why, with ``cuts`` False. None where the two are the same.
        """
        return None

    @abstractmethod
    def steps(self, seen: S, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        """The calls, in order, that lead from ``now`` to ``wanted``; none for what is so already.

        Asked both ways: ``seen`` is what surrounds the state, and never decides the direction.
        """

    def exposes(self, seen: S, target: Target, restored: State) -> tuple[str, ...]:
        """What giving back ``restored`` would open again: to the public, to other accounts, to a suspect."""
        return ()

    def restored(self, seen: S, done: Plan) -> State:
        """What an undo aims at: the state before. Where others' later changes can be kept, they should be."""
        return done.before

    def same(self, one: Any, other: Any) -> bool:
        """Do two values of a part of the state say the same, in whatever form AWS returned them?"""
        return bool(one == other)

    def words(self, state: State) -> str:
        """A state in a few words."""
        return "; ".join(f"{key}: {_word(value)}" for key, value in state.items())

    def trail_name(self, target: Target) -> str:
        """The resource name under which CloudTrail files the writes."""
        return target.id

    # --- what follows --------------------------------------------------------------------------------------

    def resources(self, plan: Plan) -> tuple[str, ...]:
        return self.arns(Target(plan.target, plan.place))

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        return (Target(plan.target, plan.place),)

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        seen = await self.look(door, target)
        return self._planned(seen, target, finding, self.cut(seen, target, finding, own))

    async def harden(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        """As :meth:`plan`, for a posture check that fails: whether anything leaks now is not the question."""
        seen = await self.look(door, target)
        cut = self.hardened(seen, target, own)
        return await self.plan(door, target, finding, own) if cut is None else self._planned(seen, target, finding, cut)

    def _planned(self, seen: S, target: Target, finding: Finding | None, cut: Cut) -> Plan:
        now = self.state(seen)
        after = now if cut.wanted is None else cut.wanted
        calls = self.steps(seen, target, now, after)
        helps = bool(calls)
        return Plan(
            action=self.info.id,
            target=target.id,
            place=target.place,
            finding=finding.id if finding else None,
            helps=helps,
            why=cut.why if helps or cut.wanted is None else "would change nothing here: it is so already",
            instead=cut.instead,
            calls=calls,
            undo_calls=self.steps(seen, target, after, now),
            before=now,
            after=after,
            stops=self.info.stops,
            does_not_stop=self.info.does_not_stop,
            blast_radius=cut.blast_radius,
            reversible=self.info.reversible,
            wide=self.info.wide or cut.wide,
            warnings=(*cut.warnings, *_unread(seen)),
            permitted="unknown",
            read_at=datetime.now(UTC),
            instead_calls=cut.instead_calls,
            refusals=cut.refusals,
            evidence=seen.evidence,
            tags=seen.tags,
            cuts=helps and self.info.cuts and cut.cuts,
            fit=cut.fit,
            second_person=self.info.second_person,
        )

    async def apply(self, door: Door, plan: Plan, note_call: NoteCall) -> None:
        await make(door, plan, note_call)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        now = self.state(await self.look(door, Target(plan.target, plan.place)))
        return judge(now, plan.before, plan.after, self.same)

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        target = Target(done.target, done.place)
        seen = await self.look(door, target)
        now, wanted = self.state(seen), self.restored(seen, done)
        calls = self.steps(seen, target, now, wanted)
        helps = bool(calls)
        as_before = now.keys() == done.before.keys() and all(self.same(now[key], done.before[key]) for key in now)
        drifted = not as_before and judge(now, done.before, done.after, self.same) is not ActionState.APPLIED
        opened = self.exposes(seen, target, wanted) if helps else ()
        warnings: list[str] = []
        if drifted:
            warnings.append(
                f"DRIFT: someone changed it since. Before the action: {self.words(done.before)}. "
                f"Set by it: {self.words(done.after)}. Now: {self.words(now)}"
            )
        if helps and self.writes:
            where = replace(done.place, region=self.trail_region or done.place.region)
            last = await last_write(door, where, self.trail_name(target), self.writes)
            if _lately(last, done):
                opened = (*opened, "what it restores was written within the day before the action")
            if opened or last.at is None:  # that nobody can tell is itself something to know before it is given back
                warnings.append(f"who wrote it last: {last.words}")
        if opened:
            warnings.insert(0, f"RE-EXPOSES: {'; '.join(opened)}")
        return replace(
            done,
            helps=helps,
            why=f"restores {self.words(wanted)}" if helps else "nothing of it is left to be undone",
            instead="keep it as it is: nothing asks for the old state by itself" if opened else "",
            calls=calls,
            undo_calls=self.steps(seen, target, wanted, now),
            before=now,
            after=wanted,
            stops="nothing: this gives back what the action took away",
            does_not_stop="",
            blast_radius="opens again: " + "; ".join(opened)
            if opened
            # A way out of a network is no exposure by itself, and is given back all the same: nothing more is claimed.
            else "gives back what the action took away; opens nothing to the public or to strangers that can be seen",
            # What is typed says what is at stake: giving a leak back, writing over a stranger's change.
            wide=helps and (bool(opened) or drifted),
            warnings=(*warnings, *_unread(seen)),
            permitted="unknown",
            read_at=datetime.now(UTC),
            re_exposes=bool(opened),
            cuts=False,
            refusals=(),
            instead_calls=(),
            evidence=seen.evidence,
            tags=seen.tags,
            second_person=bool(opened),
        )


def judge(now: State, before: State, after: State, same: Callable[[Any, Any], bool] = eq) -> ActionState:
    """What ``now`` says of a change from ``before`` to ``after``, part by part."""
    if all(same(now.get(key), value) for key, value in after.items()):
        return ActionState.APPLIED
    if all(same(now.get(key), value) for key, value in before.items()):
        return ActionState.NOT_APPLIED
    return ActionState.PARTIAL


def _lately(last: Write, done: Plan) -> bool:
    """Was the state before the action written just before it, by somebody else? (``read_at``: of the plan.)"""
    return last.at is not None and done.read_at - LATELY < last.at <= done.read_at


def _unread(seen: Seen) -> tuple[str, ...]:
    return tuple(f"not read, denied: {part}" for part in seen.unread)


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_word(one)}' for key, one in value.items())}}}"
    return str(value)

"""Several containments as one: one order, one confirmation, one intent; undone in reverse.

A composition reads, decides which of its members help here and in which order, and is carried out part by part:
a part that fails stops itself, not the others, because each closes a way of its own. What became of each part
is read back and said; where they differ the whole is ``partial``.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from socconsole.aws import AwsTrouble
from socconsole.model.action import ActionState, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import rails
from socconsole.response.base import Action, Door, Info, NoteCall, Noted, Target
from socconsole.response.calls import in_a_row

T = TypeVar("T")

Part = tuple[Action, Target]
"""A member and what it is to be aimed at."""

Way = Sequence[Part]
"""Alternatives, best first: the first that helps and may be done is taken, those after it are not needed then."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What might be done here, in the order in which it should be."""

    ways: Sequence[Way]
    warnings: tuple[str, ...] = ()
    """What the choice rests on, and what it could not see."""


class Composition(ABC):
    """An action made of others; fulfils ``base.Action``."""

    info: Info
    members: tuple[Action, ...]
    """All that may be parts of it."""
    fit: int | None = None
    """Its place in an offer, 0 to 100; None: that of its best part."""

    @abstractmethod
    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """As ``base.Action`` says."""

    @abstractmethod
    def name(self, target: str) -> str:
        """As ``base.Action`` says."""

    @abstractmethod
    async def choose(self, door: Door, target: Target, finding: Finding | None) -> Choice:
        """What might be done here, in the order in which it should be. Raises ``AwsTrouble``."""

    # --- what follows --------------------------------------------------------------------------------------

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        choice = await self.choose(door, target, finding)
        parts = list(dict.fromkeys(part for way in choice.ways for part in way))
        found = await asyncio.gather(*(_part(door, part, finding, own) for part in parts))
        plans = dict(zip(parts, found, strict=True))
        kept: list[Plan] = []
        left_out: list[str] = []
        instead = ""
        for way in choice.ways:
            for part in way:
                plan = plans[part]
                if isinstance(plan, Plan) and plan.helps and not plan.refusals and not self._overlaps(plan, kept):
                    kept.append(plan)
                    break
                left_out.append(_why_not(part, plan))
                instead = instead or (plan.instead if isinstance(plan, Plan) else "")
        whole = self._whole(target, finding.id if finding else None, tuple(kept), tuple(left_out))
        return replace(whole, instead="" if whole.helps else instead, warnings=(*choice.warnings, *whole.warnings))

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        plans = [await self._member(part).plan_undo(door, part) for part in reversed(done.parts)]
        helping = tuple(plan for plan in plans if plan.helps)
        whole = self._whole(Target(done.target, done.place), done.finding, helping, ())
        return replace(
            whole,
            why="restores, last first: " + "; ".join(f"{plan.action}: {plan.why}" for plan in helping)
            if helping
            else "nothing of it is left to be undone",
            stops="nothing: this gives back what the action took away",
            does_not_stop="",
            wide=any(plan.wide for plan in helping),
            re_exposes=any(plan.re_exposes for plan in helping),
            second_person=any(plan.re_exposes for plan in helping),
            instead=next((plan.instead for plan in helping if plan.instead), ""),
        )

    def resources(self, plan: Plan) -> tuple[str, ...]:
        found = (arn for part in plan.parts for arn in self._member(part).resources(part))
        # A plan without parts changes nothing; the rails still ask what its target is called.
        return tuple(dict.fromkeys(found)) or (plan.target,)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        own = Target(plan.target, plan.place)
        return (own, *(t for t in _each(held for p in plan.parts for held in self._member(p).holds(p)) if t != own))

    def each(self, plan: Plan) -> tuple[tuple[Action, Plan], ...]:
        """Its parts in order, each with the member that carries it out."""
        return tuple((self._member(part), part) for part in plan.parts)

    def objections(self, plan: Plan, never: Sequence[str], tags: Mapping[str, str]) -> tuple[str, ...]:
        """What the rails say of that which is written besides the target itself; see ``rails`` for both lists."""
        others = [(member, part) for member, part in self.each(plan) if part.target != plan.target]
        said = (
            sentence
            for member, part in others
            for sentence in (rails.never_touch(never, part, member.resources(part)[0]), rails.protected(tags, part))
        )
        return tuple(_each(filter(None, said)))

    async def apply(self, door: Door, plan: Plan, note_call: NoteCall) -> None:
        first = 0
        for member, part in self.each(plan):
            await member.apply(door, part, later(note_call, first))
            first += len(part.calls)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        states = await asyncio.gather(*(self._member(part).verify(door, part) for part in plan.parts))
        found = set(states)
        if ActionState.IN_DOUBT in found:
            return ActionState.IN_DOUBT
        return found.pop() if len(found) == 1 else ActionState.PARTIAL

    def _member(self, part: Plan) -> Action:
        return next(member for member in self.members if member.info.id == part.action)

    def _overlaps(self, plan: Plan, kept: Sequence[Plan]) -> bool:
        """Would it write what a part before it writes? Planned on what is now, it would undo that part."""
        return any(self._written(plan) & self._written(one) for one in kept)

    def _written(self, plan: Plan) -> set[object]:
        """The parts of its own target's state, and what it holds besides its target."""
        own = {(plan.target, plan.place, key) for key in plan.before}
        return {*own, *self._member(plan).holds(plan)[1:]}

    def _whole(self, target: Target, finding: str | None, parts: tuple[Plan, ...], left_out: tuple[str, ...]) -> Plan:
        helps = bool(parts)
        return Plan(
            action=self.info.id,
            target=target.id,
            place=target.place,
            finding=finding,
            helps=helps,
            why="; ".join(f"{part.action} on {part.target}: {part.why}" for part in parts)
            if helps
            else "would change nothing here: " + ("; ".join(left_out) or "none of its parts has anything to aim at"),
            instead="",
            calls=in_a_row(part.calls for part in parts),
            undo_calls=in_a_row(part.undo_calls for part in reversed(parts)),
            before={_name(part): dict(part.before) for part in parts},
            after={_name(part): dict(part.after) for part in parts},
            stops="; ".join(_each(part.stops for part in parts)) or self.info.stops,
            does_not_stop=self.info.does_not_stop,
            blast_radius="; ".join(f"{part.action}: {part.blast_radius}" for part in parts) or "none",
            reversible=_reversible(parts) if parts else self.info.reversible,
            wide=self.info.wide or any(part.wide for part in parts),
            warnings=(
                *(f"{warning} ({part.action})" for part in parts for warning in part.warnings),
                *(f"left out, {each}" for each in left_out if helps),
            ),
            permitted="unknown",
            read_at=datetime.now(UTC),
            evidence={_name(part): dict(part.evidence) for part in parts},
            tags={key: value for part in parts for key, value in part.tags.items()},
            cuts=any(part.cuts for part in parts),
            fit=max((part.fit for part in parts), default=0) if self.fit is None else self.fit,
            second_person=self.info.second_person or any(part.second_person for part in parts),
            parts=parts,
        )


async def part_states(door: Door, members: Iterable[Action], plan: Plan) -> str:
    """Each part and what became of it, in words; what cannot be read is said so."""
    by_id = {member.info.id: member for member in members}
    said: list[str] = []
    for part in plan.parts:
        try:
            state = (await by_id[part.action].verify(door, part)).value.replace("_", " ")
        except AwsTrouble as trouble:
            state = f"not known ({trouble.kind})"
        said.append(f"{part.action} on {part.target}: {state}")
    return "; ".join(said)


def later(note_call: NoteCall, first: int) -> NoteCall:
    """Notes the calls of a part as those of the whole, of which ``first`` come before."""

    async def note(call: Noted) -> None:
        await note_call(replace(call, index=first + call.index))

    return note


def calls_of(members: Iterable[Action]) -> tuple[str, ...]:
    """Every call that any of them may make, for a composition's ``Info``."""
    return tuple(_each(call for member in members for call in member.info.calls))


async def _part(door: Door, part: Part, finding: Finding | None, own: Collection[str]) -> Plan | AwsTrouble:
    action, target = part
    try:
        return await action.plan(door, target, finding, own)
    except AwsTrouble as trouble:  # what cannot be read is left out and said; the others close their ways
        return trouble


def _why_not(part: Part, plan: Plan | AwsTrouble) -> str:
    name = f"{part[0].info.id} on {part[1].id}"
    if isinstance(plan, AwsTrouble):
        return f"{name}: reading it failed ({plan.kind})"
    if plan.refusals:
        return f"{name}: {'; '.join(plan.refusals)}"
    if plan.helps:
        return f"{name}: writes the same as a part before it; do it afterwards"
    return f"{name}: {plan.why}" + (f"; instead: {plan.instead}" if plan.instead else "")


def _reversible(parts: Iterable[Plan]) -> Reversible:
    """As the whole is: partly where some of it is, or not."""
    found = {part.reversible for part in parts}
    return found.pop() if len(found) == 1 else Reversible.PARTLY


def _name(part: Plan) -> str:
    return f"{part.action} {part.target}"


def _each(found: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(found))

"""Changes that AWS takes on at once and carries out over seconds or minutes.

While it is at it nobody can say that the change failed: reading back gives IN DOUBT instead, and
``afterwards.resolve`` settles it when AWS is done. Nothing is undone meanwhile either: AWS would refuse, or the
two would cross.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TypeVar

from socconsole.model.action import ActionState, Plan
from socconsole.response.base import Door, Target
from socconsole.response.change import Change, Seen, judge

S = TypeVar("S", bound=Seen)


class Unfolding(Change[S]):
    """A change whose target has states in between."""

    @abstractmethod
    def underway(self, seen: S) -> str:
        """What AWS is doing to the target at the moment, in a word or two; empty when it is at rest."""

    def judged(self, seen: S, plan: Plan) -> ActionState:
        """What is true of ``plan`` by what was read: in doubt, not failed, while AWS is at it."""
        state = judge(self.state(seen), plan.before, plan.after)
        return ActionState.IN_DOUBT if state is not ActionState.APPLIED and self.underway(seen) else state

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        return self.judged(await self.look(door, Target(plan.target, plan.place)), plan)

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        plan = await super().plan_undo(door, done)
        if doing := self.underway(await self.look(door, Target(done.target, done.place))):
            return replace(plan, refusals=(*plan.refusals, f"AWS is at it still ({doing}): look again when it is done"))
        return plan

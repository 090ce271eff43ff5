"""What would be done, read afresh: the plan of a containment or of an undo. What fits a finding is ``offering``'s.

Nothing here changes anything, in AWS or on the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from socconsole.commands import PlanContain, PlanUndo
from socconsole.model.action import ActionRecord, ActionState, Plan, Purpose
from socconsole.model.finding import Finding
from socconsole.response import book, rails, registry, s3_bucket
from socconsole.response.base import Action, Door
from socconsole.response.change import Change
from socconsole.response.closing import closes
from socconsole.response.compose import Composition
from socconsole.response.locate import Aim, locate
from socconsole.response.permits import permits
from socconsole.response.session import Refusal, Session
from socconsole.text import token

Planner = Callable[[Door], Awaitable[Plan]]


async def plan(session: Session, request: PlanContain) -> Plan:
    """What would be done, read afresh, with every rail's objection. Raises ``Refusal``, ``AwsTrouble``."""
    aim = await locate(
        session, request.action, request.target, request.account, request.region, request.finding, request.check
    )
    async with session.door(session, "reader") as door:
        plan = await planned(session, door, aim.finding, planner_of(session, aim), aim.action)
    return show(session, subject_of(aim), plan)


async def plan_undo(session: Session, request: PlanUndo) -> Plan:
    """Read afresh and say how the action would be undone."""
    record, done = await undoable(session, request.action_id)
    async with session.door(session, "reader") as door:
        plan = await planned(session, door, None, undo_planner_of(done), action_of(done))
    if elsewhere := await asyncio.to_thread(book.handed_over, session.folder, record.id):
        plan = replace(plan, warnings=(elsewhere, *plan.warnings))
    return show(session, record.id, plan)


async def planned(session: Session, door: Door, finding: Finding | None, planner: Planner, action: Action) -> Plan:
    """A fresh plan with its permission and all objections that do not depend on who confirms it."""
    plan = await planner(door)
    resources = action.resources(plan)
    principal = book.responder_arn(session, plan.place.account)
    if isinstance(action, Composition):
        objections = action.objections(plan, session.config.never_touch, session.config.protected_tags)
        plan = replace(plan, refusals=(*plan.refusals, *objections))
    plan = replace(plan, cuts=_cuts(plan, finding), closes=closes(plan))
    plan = replace(plan, permitted=await permits(door, plan, principal, resources, session.folder.world.partition))
    return rails.of_plan(
        plan,
        finding,
        resources[0],
        never=session.config.never_touch,
        tags=session.config.protected_tags,
        world_=session.folder.world,
        responder=principal,
        profile_may=session.config.allow_profile_to_respond,
    )


def _cuts(plan: Plan, finding: Finding | None) -> bool:
    """Does it end what the finding tells of? Where a data store is named, only what closes that store does.

    Taking an intruder's session away leaves the store as open as it was: to call that blocked would be to say
    that nothing leaves any more.
    """
    if finding is None or not plan.cuts:
        return False
    if not any(resource.type in s3_bucket.TYPES for resource in finding.resources):
        return True
    stores = {target.id for target in s3_bucket.buckets_of(finding)}
    return not stores.isdisjoint(part.target for part in plan.parts or (plan,) if part.cuts)


async def undoable(session: Session, action_id: str) -> tuple[ActionRecord, Plan]:
    """An action that can be undone, and its plan as the ledger holds it; or ``Refusal``."""
    found = await asyncio.to_thread(book.recorded, session.folder, action_id)
    if found is None:
        raise Refusal("input", f"no action has the id {token(action_id)}", "socconsole action show")
    record, done = found
    if record.undone_by:
        raise Refusal("refused", f"{record.id} was undone already, by {record.undone_by}")
    if record.state is ActionState.NOT_APPLIED:
        raise Refusal("refused", f"{record.id} was not applied: there is nothing to undo")
    if registry.of(done) is None:
        raise Refusal("input", f"{record.id} is a {token(done.action)}, which this version does not know")
    return record, done


def subject_of(aim: Aim) -> str:
    place = aim.target.place
    return f"{aim.action.info.id} {place.account} {place.region} {aim.target.id}"


def show(session: Session, subject: str, plan: Plan) -> Plan:
    """Remember that the analyst was shown it (see ``Session.shown``)."""
    if session.shown is not None:
        session.shown[subject] = plan
    return plan


def planner_of(session: Session, aim: Aim) -> Planner:
    """Reads afresh what would be done for what is meant. Only a check may ask to harden what does not leak."""
    own = session.folder.world.accounts
    action = aim.action
    if not aim.check or not isinstance(action, Change):
        return lambda door: action.plan(door, aim.target, aim.finding, own)

    async def mend(door: Door) -> Plan:
        plan = await action.harden(door, aim.target, aim.finding, own)
        if not plan.helps or plan.cuts:
            return replace(plan, check=aim.check)
        stops = f"nothing that leaks now; from now on: {plan.stops}" if action.info.cuts else plan.stops
        return replace(plan, check=aim.check, purpose=Purpose.HARDEN, stops=stops)

    return mend


def undo_planner_of(done: Plan) -> Planner:
    return lambda door: action_of(done).plan_undo(door, done)


def action_of(done: Plan) -> Action:
    """Of a plan that :func:`undoable` let pass."""
    action = registry.of(done)
    if action is None:
        raise LookupError(done.action)
    return action

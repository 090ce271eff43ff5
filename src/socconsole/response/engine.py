"""plan → confirm → intent on the ledger → apply → verify → outcome on the ledger; the same for every action.

From the intent on nothing interrupts: a cancelled caller waits until the outcome is recorded. What kills the
process in between leaves an intent whose lock is free, and ``afterwards.resolve`` asks AWS what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.model.action import ActionRecord, ActionState, Mode, Plan
from socconsole.model.finding import Finding
from socconsole.response import afterwards, book, rails, records, registry, s3_bucket
from socconsole.response.base import Action, Door, NoteCall, Noted, Target
from socconsole.response.compose import Composition, later, part_states
from socconsole.response.locate import Aim, finding_of, locate
from socconsole.response.outcome import Outcome
from socconsole.response.permits import grants, permits, unnarrowed
from socconsole.response.session import Refusal, Session, uninterrupted
from socconsole.store.ledger import LedgerError
from socconsole.store.state import LockHeld
from socconsole.text import token

AT_ONCE: Final = 6
"""Plans read at the same time for one offer."""

Planner = Callable[[Door], Awaitable[Plan]]


async def plan(session: Session, request: PlanContain) -> Plan:
    """What would be done, read afresh, with every rail's objection. Raises ``Refusal``, ``AwsTrouble``."""
    aim = await locate(session, request.action, request.target, request.account, request.region, request.finding)
    async with session.door(session, "reader") as door:
        plan = await _planned(session, door, aim.finding, _planner(session, aim), aim.action)
    return _show(session, _subject(aim), plan)


async def plan_undo(session: Session, request: PlanUndo) -> Plan:
    """Read afresh and say how the action would be undone."""
    record, done = await _done(session, request.action_id)
    async with session.door(session, "reader") as door:
        plan = await _planned(session, door, None, _undo_planner(done), _action(done))
    return _show(session, record.id, plan)


async def contain(session: Session, request: Contain) -> Outcome:
    """Carry out an action on one target.

    Raises ``Refusal``, and ``AwsTrouble`` for a target that could not be read (nothing was done then either).
    """
    aim = await locate(session, request.action, request.target, request.account, request.region, request.finding)
    order = _Order(
        action=aim.action,
        target=aim.target,
        finding=aim.finding,
        planner=_planner(session, aim),
        confirm=request.confirm,
        reason=request.reason,
        subject=_subject(aim),
        approval=request.approval,
        glass=request.break_glass,
        expires=request.expires,
    )
    return await _perform(session, order)


async def undo(session: Session, request: Undo) -> Outcome:
    """Restore what an action changed; see :func:`contain`."""
    record, done = await _done(session, request.action_id)
    order = _Order(
        action=_action(done),
        target=_target(done),
        # It may be gone by now, and decides nothing here but whether glass may be broken for it.
        finding=await finding_of(session, done.finding or "") if request.break_glass else None,
        planner=_undo_planner(done),
        confirm=request.confirm,
        reason=request.reason,
        subject=record.id,
        undoes=record.id,
        accept_exposure=request.accept_exposure,
        approval=request.approval,
        glass=request.break_glass,
    )
    return await _perform(session, order)


async def offer(session: Session, finding_id: str) -> tuple[Plan, ...]:
    """A plan for every action and target that fit the finding, those that help first."""
    finding = await finding_of(session, finding_id)
    if finding is None:
        raise Refusal("input", "which finding?")
    aims = [
        Aim(action, t, finding) for action in registry.known(session.config).values() for t in action.targets(finding)
    ]
    if not aims:
        return ()
    troubles: list[AwsTrouble] = []
    some = asyncio.Semaphore(AT_ONCE)

    async with session.door(session, "reader") as door:

        async def one(aim: Aim) -> Plan:
            try:
                async with some:
                    plan = await _planned(session, door, finding, _planner(session, aim), aim.action)
            except AwsTrouble as trouble:  # one target that cannot be read hides no other, nor is it hidden
                troubles.append(trouble)
                return _unread(aim, trouble, session.now())
            return _show(session, _subject(aim), plan)

        plans = await asyncio.gather(*map(one, aims))
    if len(troubles) == len(aims):
        raise troubles[0]
    return tuple(sorted(plans, key=lambda plan: (not plan.helps, -plan.fit)))


@dataclass(frozen=True, slots=True)
class _Order:
    """All that decides about one act."""

    action: Action
    target: Target
    finding: Finding | None
    planner: Planner
    confirm: str
    reason: str
    subject: str
    """Key of the plan that was shown for it (see ``Session.shown``)."""
    undoes: str | None = None
    accept_exposure: bool = False
    approval: str = ""
    """A second person's line."""
    glass: bool = False
    expires: datetime | None = None


async def _perform(session: Session, order: _Order) -> Outcome:
    if session.mode is not Mode.RESPOND:
        # Unarmed: read what would be done all the same, so that the refusal can say it.
        async with session.door(session, "reader") as door:
            plan = await _planned(session, door, order.finding, order.planner, order.action)
        raise _refusal(plan, rails.armed(session.mode), ":respond, or --respond on the command line")
    try:
        with session.folder.lock(book.lock_name(order.target)):
            async with session.door(session, "reader") as door:
                await afterwards.settle_doubts(session.folder, door, session.analyst, order.target)
                plan, consent = await _confirmed(session, door, order)
                with contextlib.ExitStack() as held:
                    for other in order.action.holds(plan)[1:]:
                        held.enter_context(session.folder.lock(book.lock_name(other)))
                    return await uninterrupted(_carry_out(session, door, order, plan, consent))
    except LockHeld as held:
        raise Refusal(
            "refused", f"another process (pid {held.pid}) is acting on {token(order.target.id)} right now"
        ) from held


async def _confirmed(session: Session, door: Door, order: _Order) -> tuple[Plan, records.Consent]:
    """A fresh plan that every rail lets pass, that was confirmed and approved; or ``Refusal``."""
    plan = await _planned(session, door, order.finding, order.planner, order.action)
    now = session.now()
    recent = await asyncio.to_thread(book.recent_intents, session.folder, now - rails.RATE_WINDOW)
    for objection in (
        *plan.refusals,
        "" if plan.helps else "; try ".join(filter(None, (plan.why, plan.instead))),
        _seen(session, order.subject, plan),
        rails.exposure(plan, order.accept_exposure, order.reason),
        rails.break_glass(order.glass, order.reason, order.finding),
        "" if order.glass else rails.rate(recent, now),
        _unnarrowed(session, order, plan),
        rails.skew(await _skew(door, plan)),
        rails.confirmed(plan, order.confirm, whole=session.by_script),
    ):
        if objection:
            raise _refusal(plan, objection)
    if rails.stale(plan, session.now()):
        again = await _planned(session, door, order.finding, order.planner, order.action)
        objection = next(filter(None, again.refusals), "") or rails.moved(plan, again)
        if objection:
            raise _refusal(again, objection)
    return plan, await _consented(session, order, plan)


async def _consented(session: Session, order: _Order, plan: Plan) -> records.Consent:
    """The second person's yes where one is needed; without it a proposal is put on record, and ``Refusal``."""
    undoes = order.undoes or ""
    second = await asyncio.to_thread(book.approved, session, order.approval, plan, undoes) if order.approval else None
    # A drill has nobody else; with peers enrolled it is practised there as well.
    alone = session.config.alone or (session.folder.world.drill is not None and not session.config.peers)
    objection = rails.second_person(plan, approved=second is not None, glass=order.glass, alone=alone)
    if objection:
        line = await asyncio.to_thread(book.propose, session, plan, undoes, order.reason)
        remedy = "on another enrolled install: socconsole approve LINE; then the same here with --approval LINE"
        raise Refusal("refused", objection, remedy, plan, proposal=line)
    return records.Consent(order.accept_exposure, second, order.glass and second is None, order.expires)


def _unnarrowed(session: Session, order: _Order, plan: Plan) -> str:
    """``permits.unnarrowed``; a profile that acts by its own rights has them as they are."""
    if not book.responder_arn(session, plan.place.account):
        return ""
    return unnarrowed(order.action, plan, session.folder.world.partition)


async def _skew(door: Door, plan: Plan) -> float | None:
    """Seconds that our clock is ahead of AWS's, by the date of an answer; None where it told none."""
    try:
        answer = await door.call(plan.place, "sts:GetCallerIdentity", {})
        told = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
        return (datetime.now(UTC) - parsedate_to_datetime(told)).total_seconds()
    except (AwsTrouble, LookupError, ValueError, TypeError):  # the date has no zone, is none, or is missing
        return None


async def _carry_out(session: Session, door: Door, order: _Order, plan: Plan, consent: records.Consent) -> Outcome:
    """Intent, calls, read-back, outcome. Runs to its end once begun; ``door`` only reads."""
    action_id = records.new_id()
    head = await asyncio.to_thread(
        book.write_intent,
        session.folder,
        action_id,
        plan,
        session.analyst,
        order.reason,
        order.undoes,
        consent,
    )
    await _tell(session, 1, "intent recorded")
    calls: list[Noted] = []

    async def note_call(call: Noted) -> None:
        calls.append(call)

    # Assumed only now, for this one resource, and naming the intent: CloudTrail is a witness of the ledger.
    tags = {
        "soc:head": head,
        "soc:action": action_id,
        **({"soc:finding": plan.finding} if plan.finding else {}),
    }
    await _apply(session, order.action, plan, tags, note_call)
    answer = "AWS said yes" if calls and all(call.answered for call in calls) else "AWS did not say yes"
    await _tell(session, 2, f"{answer}; reading back")
    state, detail = await _read_back(door, order.action, plan, calls)
    try:
        seq = await asyncio.to_thread(
            book.write_outcome, session.folder, action_id, plan, session.analyst, state, calls, detail
        )
    except LedgerError as trouble:
        # What is not on the record is not claimed: the intent is, and it stays in doubt until read back.
        seq, detail = int(head.partition(":")[0]), f"read back {state.value}, and not recorded: {trouble.message}"
        state = ActionState.IN_DOUBT
    await _tell(session, 3, f"read back at once: {state.value}")
    return Outcome(
        action_id=action_id,
        state=state,
        plan=plan,
        calls=tuple(calls),
        verified=((records.AT_ONCE, state is ActionState.APPLIED),),
        ledger=seq,
        detail=detail,
    )


async def _apply(session: Session, action: Action, plan: Plan, tags: Mapping[str, str], note_call: NoteCall) -> None:
    """The calls, each with a session that may do what its part of the plan asks for and no more.

    Of several containments each has a session of its own: one policy for all of them could be longer than STS takes.
    """
    first = 0
    for member, part, grant in grants(action, plan):
        async with session.door(session, "responder", tags=tags, grant=grant) as responder:
            await member.apply(responder, part, later(note_call, first))
        first += len(part.calls)


async def _tell(session: Session, done: int, text: str) -> None:
    """Progress past the intent. Whoever listened may be gone (a closed pipe): that must not end the action."""
    with contextlib.suppress(Exception):
        await session.tell(done, 3, text)


async def _read_back(door: Door, action: Action, plan: Plan, calls: list[Noted]) -> tuple[ActionState, str]:
    """What is true now, and what to say of it. What the calls said is only a hint."""
    trouble = next((call for call in calls if not call.answered), None)
    said = f"{trouble.operation}: {trouble.trouble}" if trouble else ""
    try:
        state = await action.verify(door, plan)
    except AwsTrouble as unread:
        return ActionState.IN_DOUBT, "; ".join(filter(None, (said, f"reading back: {unread.kind}")))
    if plan.parts and state is not ActionState.APPLIED and isinstance(action, Composition):
        said = "; ".join(filter(None, (said, await part_states(door, action.members, plan))))
    if state is not ActionState.APPLIED and any(call.lost for call in calls):
        # A request may still be on its way: only a later look can say that it had no effect.
        return ActionState.IN_DOUBT, f"{said}; no effect was seen yet"
    if state is ActionState.NOT_APPLIED and calls and trouble is None:
        # AWS's own reads lag behind its writes (IAM by seconds, at times minutes): to call that "not applied"
        # would leave something in force that nobody looks at again and nobody can undo.
        return ActionState.IN_DOUBT, "AWS said yes to every call, and does not show it yet"
    return state, said


async def _planned(session: Session, door: Door, finding: Finding | None, planner: Planner, action: Action) -> Plan:
    """A fresh plan with its permission and all objections that do not depend on who confirms it."""
    plan = await planner(door)
    resources = action.resources(plan)
    principal = book.responder_arn(session, plan.place.account)
    if isinstance(action, Composition):
        objections = action.objections(plan, session.config.never_touch, session.config.protected_tags)
        plan = replace(plan, refusals=(*plan.refusals, *objections))
    plan = replace(plan, cuts=_cuts(plan, finding))
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


async def _done(session: Session, action_id: str) -> tuple[ActionRecord, Plan]:
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


def _unread(aim: Aim, trouble: AwsTrouble, now: datetime) -> Plan:
    """What stands in an offer for a target of which nothing is known."""
    info = aim.action.info
    why = f"not known: reading it failed ({trouble.kind})" + (f"; {trouble.remedy}" if trouble.remedy else "")
    return Plan(
        action=info.id,
        target=aim.target.id,
        place=aim.target.place,
        finding=aim.finding.id if aim.finding else None,
        helps=False,
        why=why,
        instead="",
        calls=(),
        undo_calls=(),
        before={},
        after={},
        stops=info.stops,
        does_not_stop=info.does_not_stop,
        blast_radius="not known",
        reversible=info.reversible,
        wide=info.wide,
        warnings=(),
        permitted="unknown",
        read_at=now,
        refusals=(why,),
    )


def _subject(aim: Aim) -> str:
    place = aim.target.place
    return f"{aim.action.info.id} {place.account} {place.region} {aim.target.id}"


def _show(session: Session, subject: str, plan: Plan) -> Plan:
    if session.shown is not None:
        session.shown[subject] = plan
    return plan


def _seen(session: Session, subject: str, plan: Plan) -> str:
    """At a keyboard: was this plan shown, and does it still hold?"""
    if session.shown is None:
        return ""
    if subject not in session.shown:
        return "look at the plan first: none was shown for this target"
    return rails.moved(session.shown[subject], plan)


def _planner(session: Session, aim: Aim) -> Planner:
    own = session.folder.world.accounts
    return lambda door: aim.action.plan(door, aim.target, aim.finding, own)


def _undo_planner(done: Plan) -> Planner:
    return lambda door: _action(done).plan_undo(door, done)


def _action(done: Plan) -> Action:
    """Of a plan that :func:`_done` let pass."""
    action = registry.of(done)
    if action is None:
        raise LookupError(done.action)
    return action


def _target(plan: Plan) -> Target:
    return Target(plan.target, plan.place)


def _refusal(plan: Plan, why: str, remedy: str = "") -> Refusal:
    return Refusal("refused", why, remedy, plan)

"""plan → confirm → intent on the ledger → apply → verify → outcome on the ledger; the same for every action.

From the intent on nothing interrupts: a cancelled caller waits until the outcome is recorded. What kills the
process in between leaves an intent whose lock is free, and ``afterwards.resolve`` asks AWS what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from socconsole.aws import AwsTrouble
from socconsole.commands import Contain, Undo
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.model.finding import Finding
from socconsole.response import afterwards, book, planning, rails, records
from socconsole.response.base import Action, Door, NoteCall, Noted, Target
from socconsole.response.compose import Composition, later, part_states
from socconsole.response.locate import finding_of, locate
from socconsole.response.outcome import Outcome
from socconsole.response.permits import grants, unnarrowed
from socconsole.response.session import Refusal, Session, uninterrupted
from socconsole.store.ledger import LedgerError
from socconsole.store.state import LockHeld
from socconsole.text import token


async def contain(session: Session, request: Contain) -> Outcome:
    """Carry out an action on one target.

    Raises ``Refusal``, and ``AwsTrouble`` for a target that could not be read (nothing was done then either).
    """
    aim = await locate(
        session, request.action, request.target, request.account, request.region, request.finding, request.check
    )
    order = _Order(
        action=aim.action,
        target=aim.target,
        finding=aim.finding,
        planner=planning.planner_of(session, aim),
        confirm=request.confirm,
        reason=request.reason,
        subject=planning.subject_of(aim),
        approval=request.approval,
        glass=request.break_glass,
        expires=request.expires,
    )
    return await _perform(session, order)


async def undo(session: Session, request: Undo) -> Outcome:
    """Restore what an action changed; see :func:`contain`."""
    record, done = await planning.undoable(session, request.action_id)
    elsewhere = await asyncio.to_thread(book.handed_over, session.folder, record.id)
    if elsewhere and not (request.although_handed_over and request.reason.strip()):
        raise Refusal("refused", elsewhere, "or here all the same: --although-handed-over with --reason")
    order = _Order(
        action=planning.action_of(done),
        target=Target(done.target, done.place),
        # It may be gone by now, and decides nothing here but whether glass may be broken for it.
        finding=await finding_of(session, done.finding or "") if request.break_glass else None,
        planner=planning.undo_planner_of(done),
        confirm=request.confirm,
        reason=request.reason,
        subject=record.id,
        undoes=record.id,
        accept_exposure=request.accept_exposure,
        approval=request.approval,
        glass=request.break_glass,
    )
    return await _perform(session, order)


@dataclass(frozen=True, slots=True)
class _Order:
    """All that decides about one act."""

    action: Action
    target: Target
    finding: Finding | None
    planner: planning.Planner
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
            plan = await planning.planned(session, door, order.finding, order.planner, order.action)
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
    plan = await planning.planned(session, door, order.finding, order.planner, order.action)
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
        again = await planning.planned(session, door, order.finding, order.planner, order.action)
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
    glass = order.glass and second is None
    return records.Consent(order.accept_exposure, second, glass, glass and not alone, order.expires)


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
        owes=consent.owes and state is not ActionState.NOT_APPLIED,
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


def _seen(session: Session, subject: str, plan: Plan) -> str:
    """At a keyboard: was this plan shown, and does it still hold?"""
    if session.shown is None:
        return ""
    if subject not in session.shown:
        return "look at the plan first: none was shown for this target"
    return rails.moved(session.shown[subject], plan)


def _refusal(plan: Plan, why: str, remedy: str = "") -> Refusal:
    return Refusal("refused", why, remedy, plan)

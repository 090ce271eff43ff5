"""One request to one reply: the same code for a key, a palette entry and a command-line verb."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from socconsole.aws import AwsTrouble
from socconsole.aws.mask import mask
from socconsole.commands import (
    ActorRequest,
    AskTalkers,
    Contain,
    Offer,
    PlanContain,
    PlanUndo,
    ProveResponder,
    RecordByHand,
    Send,
    Undo,
)
from socconsole.model.action import Mode, Plan
from socconsole.model.wire import AnyReply, Done, Failed, Offered, Planned, Progress, Proven, Talked
from socconsole.response import afterwards, awscli, book, by_hand, engine, offering, planning, talkers, workflow
from socconsole.response.outcome import Outcome
from socconsole.response.present import offer_json, outcome_json, plan_json
from socconsole.response.rails import confirm_text
from socconsole.response.responder_sessions import responder_sessions
from socconsole.response.session import Refusal, Session
from socconsole.store.ledger import LedgerError
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

Report = Callable[[Progress], Awaitable[None]]


async def run_request(
    folder: StateFolder,
    config: Config,
    request: ActorRequest,
    mode: Mode,
    analyst: str,
    on_progress: Report | None = None,
    *,
    by_script: bool = False,
) -> AnyReply:
    """Carry out one request in ``mode`` and say what came of it; every kind of trouble is a ``Failed``.

    ``by_script`` asks for whole ids where six typed characters would do. ``Respond`` and ``StandDown`` belong to
    a running actor and fail here.
    """

    async def tell(done: int, total: int, text: str) -> None:
        if on_progress is not None:
            await on_progress(Progress(done=done, total=total, text=text))

    return await run_in(Session(folder, config, analyst, mode, by_script=by_script, tell=tell), request)


async def run_in(session: Session, request: ActorRequest) -> AnyReply:
    """As :func:`run_request`, in a session that a command-line verb has made."""
    if session.mode is Mode.RESPOND:
        # A console proves the ledger when it is armed; a verb is armed for this one request.
        why = await asyncio.to_thread(book.unfit, session.folder, session.config)
        if why:
            return Failed(kind="refused", why=why, remedy="socconsole ledger verify")
    return await answer(session, request)


async def answer(session: Session, request: ActorRequest) -> AnyReply:
    """One request of a console that has been armed before, if it is armed."""
    try:
        return await _answer(session, request)
    except Refusal as refusal:
        lines = awscli.lines(refusal.plan) if refusal.plan is not None else ()
        return Failed(
            kind=refusal.kind, why=refusal.why, remedy=refusal.remedy, aws_lines=lines, proposal=refusal.proposal
        )
    except AwsTrouble as trouble:
        return Failed(kind="aws", why=str(trouble), remedy=trouble.remedy)
    except LedgerError as trouble:
        return Failed(kind="fault", why=trouble.message, remedy=trouble.remedy)


async def _answer(session: Session, request: ActorRequest) -> AnyReply:
    match request:
        case PlanContain():
            return _planned(await planning.plan(session, request))
        case PlanUndo():
            return _planned(await planning.plan_undo(session, request))
        case Offer():
            return _offered(await offering.offer(session, request.findings))
        case Contain():
            outcome = await engine.contain(session, request)
            return await _done(session, outcome, request.wait)
        case Undo():
            outcome = await engine.undo(session, request)
            return await _done(session, outcome, request.wait)
        case AskTalkers():
            return Talked(talkers=await talkers.ask(session, request))
        case ProveResponder():
            found = await responder_sessions(session.folder.world, session.config)
            return Proven(sessions=tuple(asdict(one) for one in found))
        case RecordByHand():
            return Done(outcome=await by_hand.record(session, request))
        case Send():
            return await workflow.drain(session, include_read=request.include_read)
        case _:
            return Failed(kind="input", why="that is for a running console: here it is --respond, each time")


def _offered(found: offering.Offers) -> Offered:
    return Offered(plans=tuple(offer_json(one) for one in found.offers), looked_at=found.looked_at)


def _planned(plan: Plan) -> Planned:
    return Planned(plan=plan_json(plan), confirm=confirm_text(plan), aws_lines=awscli.lines(plan))


async def _done(session: Session, outcome: Outcome, wait: bool) -> Done:
    if wait:
        outcome = await afterwards.later(session, outcome)
    return Done(outcome=outcome_json(outcome))


def fault(error: Exception) -> Failed:
    """What to say of an exception that nobody foresaw; its text may hold anything."""
    return Failed(kind="fault", why=f"a fault of ours: {type(error).__name__}: {clean(mask(str(error)), 200)}")

"""What every containment keeps, each on a target where it helps; the embedded AWS and its journal are the judge."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from socconsole.aws.operations import table
from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Call, Effect, Mode, Plan, Reversible
from socconsole.response import afterwards, calls, engine, planning, rails
from socconsole.response.base import Target
from socconsole.response.outcome import Outcome
from socconsole.response.present import plan_json
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Refusal, Session
from socconsole.store.state import StateFolder
from tests.response.actions.case import Case, do
from tests.response.conftest import Make, changes, eventually, record

CASES: tuple[Case, ...] = tuple(
    case
    for file in sorted(Path(__file__).parent.glob("cases_*.py"))
    for case in import_module(f"tests.response.actions.{file.stem}").CASES
)
EACH = pytest.mark.parametrize("case", CASES, ids=str)

EVERY_FAULT = "SOCCONSOLE_EVERY_FAULT" in os.environ
"""Set it to meet a fault at each call of the long plans too: some minutes more."""

FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "error", "code": "ThrottlingException", "status": 400, "times": None},
    {"kind": "error", "code": "InternalError", "status": 500, "times": None},
    {"kind": "reset", "times": None},
    {"kind": "truncated", "times": None},
    {"kind": "slow", "latency": 1.3, "times": None},
)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit to the actions within ten minutes."""
    monkeypatch.setattr(rails, "RATE", 10_000)


def test_every_action_has_a_case() -> None:
    assert {case.action for case in CASES} == set(ACTIONS)


def test_what_an_action_calls_is_a_containing_call_of_the_responder() -> None:
    for action in ACTIONS.values():
        for call in action.info.calls:
            row = table()[call]
            assert row.effect is Effect.CONTAIN, f"{action.info.id}: {call}"
            assert row.roles == ("responder",), f"{action.info.id}: {call}"


def _planning(case: Case, target: str) -> PlanContain:
    at = {"account": case.place.account, "region": case.place.region}
    return PlanContain(action=case.action, target=target, **at)


def _doing(case: Case, target: str) -> Contain:
    at = {"account": case.place.account, "region": case.place.region}
    return Contain(action=case.action, target=target, confirm=ACTIONS[case.action].name(target), reason="drill", **at)


@dataclass(frozen=True)
class World:
    """What an attempt takes place in."""

    aws: Embedded
    folder: StateFolder
    session: Make

    async def contain(self, case: Case, target: str) -> tuple[Outcome, ActionState]:
        """The outcome at once, and what became of it when AWS was done."""
        outcome = await engine.contain(self.session(), _doing(case, target))
        return outcome, await self.settled(case, outcome)

    async def undo(self, case: Case, action_id: str, target: str) -> ActionState:
        request = Undo(action_id=action_id, confirm=target, reason="drill", accept_exposure=True)
        return await self.settled(case, await engine.undo(self.session(), request))

    async def settled(self, case: Case, outcome: Outcome) -> ActionState:
        if not case.takes or outcome.state is not ActionState.IN_DOUBT:
            return outcome.state
        assert await self.resolve() == {}, "nobody knows yet"
        self.aws.clock.skip(case.takes)
        return (await self.resolve())[outcome.action_id]

    async def resolve(self) -> dict[str, ActionState]:
        async with self.session().door(self.session(), "reader") as door:
            return dict(await afterwards.resolve(self.folder, door, "oncall1", in_flight=0.0))


@pytest.fixture
def session(session: Make, request: pytest.FixtureRequest) -> Make:
    """With the configuration that the case asks for."""
    return partial(session, config=request.getfixturevalue("case").config)


@pytest.fixture
def world(aws: Embedded, folder: StateFolder, session: Make) -> World:
    return World(aws, folder, session)


def reversible(case: Case) -> bool:
    return ACTIONS[case.action].info.reversible is not Reversible.NO


async def _cannot_be_undone(world: World, case: Case, action_id: str, plan: Plan) -> None:
    """It is said with the reason, and refused; what it did stands."""
    back = await planning.plan_undo(world.session(Mode.TRIAGE), PlanUndo(action_id=action_id))
    assert not back.helps
    assert back.calls == ()
    assert "cannot" in back.why
    with pytest.raises(Refusal):
        await world.undo(case, action_id, plan.target)


async def _plan(session: Session, case: Case, target: str) -> Plan:
    return await planning.plan(session, _planning(case, target))


@EACH
async def test_planned_denied_applied_undone_and_drifted(
    case: Case, aws: Embedded, folder: StateFolder, session: Make, world: World
) -> None:
    """The life of a containment in one world, for a world is most of what a test costs."""
    target = case.prepare(aws)
    plan = await _planned_without_a_trace(case, target, aws, folder, session)
    await _denied_is_said_before_and_ends_as_not_applied(case, target, plan, aws, folder, session)

    done = await _applied_as_planned(case, target, plan, session, world)
    if not reversible(case):
        await _cannot_be_undone(world, case, done.action_id, plan)
        return
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert back.helps
    assert not any(warning.startswith("DRIFT") for warning in back.warnings)
    assert await world.undo(case, done.action_id, plan.target) is ActionState.APPLIED
    restored = await _plan(session(Mode.TRIAGE), case, target)
    assert restored.before == plan.before
    assert restored.helps

    done, state = await world.contain(case, target)
    assert state is ActionState.APPLIED, done.detail
    case.drift(aws, target)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert any(warning.startswith("DRIFT") for warning in back.warnings), back.warnings
    assert back.wide or not back.helps, "writing over a stranger's change takes the whole id"


async def _planned_without_a_trace(case: Case, target: str, aws: Embedded, folder: StateFolder, session: Make) -> Plan:
    before = changes(aws)
    plan = await _plan(session(Mode.TRIAGE), case, target)
    assert plan.helps, plan.why
    assert plan.calls
    assert bool(plan.undo_calls) is reversible(case)
    assert plan.permitted == "likely"
    assert plan.refusals == ()
    assert {f"{call.service}:{call.operation}" for call in plan.calls + plan.undo_calls} <= set(
        ACTIONS[case.action].info.calls
    )
    json.dumps(plan_json(plan))
    assert changes(aws) == before, "a plan changes nothing"
    assert record(folder) == []
    return plan


async def _denied_is_said_before_and_ends_as_not_applied(
    case: Case, target: str, plan: Plan, aws: Embedded, folder: StateFolder, session: Make
) -> None:
    """Nothing that changes anything is left to the role, which may still read; then it has all of it again."""
    deny = {"Effect": "Deny", "NotAction": ["*:Get*", "*:List*", "*:Describe*", "sts:*"], "Resource": "*"}
    policy = {"RoleName": "socconsole-responder", "PolicyName": "lost"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    do(aws, "iam:PutRolePolicy", case.place, **policy, PolicyDocument=document)
    denied = await _plan(session(Mode.TRIAGE), case, target)
    assert denied.permitted == "unlikely"
    assert record(folder) == [], "said before any intent"
    done = await engine.contain(session(), _doing(case, target))
    assert done.state is ActionState.NOT_APPLIED
    assert (await _plan(session(Mode.TRIAGE), case, target)).before == plan.before
    do(aws, "iam:DeleteRolePolicy", case.place, **policy)


async def _applied_as_planned(case: Case, target: str, plan: Plan, session: Make, world: World) -> Outcome:
    done, state = await world.contain(case, target)
    assert state is ActionState.APPLIED, done.detail
    assert (done.state is ActionState.IN_DOUBT) is bool(case.takes), "in doubt while AWS is at it, and only then"
    assert [call.operation for call in done.calls if not call.answered] == []
    made = [call.operation for call in done.calls]
    assert made == [f"{call.service}:{call.operation}" for call in plan.calls]
    again = await _plan(session(Mode.TRIAGE), case, target)
    assert not again.helps, "what is done already is not offered"
    return done


@EACH
async def test_a_fault_at_any_call_ends_in_what_is_true(
    case: Case, aws: Embedded, session: Make, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = case.prepare(aws)
    plan = await _plan(session(Mode.TRIAGE), case, target)
    action, aim = ACTIONS[case.action], Target(plan.target, plan.place)
    for number, call in enumerate(_met(plan)):
        for rule in _faults(case, number):
            if call.operation not in {one.operation for one in plan.calls}:
                break  # what an earlier fault let be made (an empty group) is found again, and not made twice
            fault = aws.faults.add(service=call.service, op=call.operation, **rule)
            reached = _made(aws, call)
            with monkeypatch.context() as patience:
                # Seconds: less than an answer that is late, and mostly enough to make EC2's client first.
                patience.setattr(calls, "DEADLINE", 1.0)
                done = await engine.contain(session(), _doing(case, target))
            # AWS carries out what reached it, although nobody waits for the answer any more.
            if rule["kind"] == "slow" and fault.hits:
                await eventually(partial(_more, aws, call, reached))
            aws.faults.clear()
            state = done.state
            async with session().door(session(), "reader") as door:
                if state is ActionState.IN_DOUBT:
                    aws.clock.skip(case.takes)
                    state = (await world.resolve())[done.action_id]
                truth = await action.verify(door, plan)
            assert state is truth, f"{call.operation} {rule}: {done.detail}"
            if state is not ActionState.NOT_APPLIED and not reversible(case):
                target = case.prepare(aws)  # what is gone is gone: another one for the next fault
                plan = await _plan(session(Mode.TRIAGE), case, target)
                continue
            if state is not ActionState.NOT_APPLIED:
                assert await world.undo(case, done.action_id, aim.id) is ActionState.APPLIED
            fresh = await _plan(session(Mode.TRIAGE), case, target)
            assert fresh.before == plan.before, "as it was, for the next fault"
            plan = fresh


def _met(plan: Plan) -> list[Call]:
    """The calls at which faults are met: one of each operation, for a fault hits the first call of its kind.

    Of a composition the first call of each part; what comes after that within a part is its own case's. Of long
    plans the first, the middle and the last, unless all are asked for.
    """
    met = [part.calls[0] for part in plan.parts] or plan.calls
    found = list({call.operation: call for call in met}.values())
    if len(found) <= 3 or EVERY_FAULT:
        return found
    return [found[0], found[len(found) // 2], found[-1]]


def _faults(case: Case, number: int) -> tuple[Mapping[str, Any], ...]:
    """Every kind at the pattern of them all; elsewhere one in turn, so that the family sees each of them."""
    if case.action == "s3-block-public":
        return FAULTS
    return (FAULTS[(number + len(case.action)) % len(FAULTS)],)


def _made(aws: Embedded, call: Call) -> int:
    return len(aws.journal.calls(call.service, call.operation))


def _more(aws: Embedded, call: Call, than: int) -> bool:
    return _made(aws, call) > than

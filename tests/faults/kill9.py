"""One cycle of kill -9 during a containment, and the judgement: by the embedded AWS's journal, never by us."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from socconsole.commands import PlanContain, Undo
from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode, Reversible
from socconsole.response import afterwards, engine, planning, rails
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Session
from socconsole.response.unfolding import Unfolding
from socconsole.store import db, ledger
from socconsole.store.ledger_verify import verify
from socconsole.store.state import StateFolder
from tests.response.actions.case import Case
from tests.response.actions.test_contract import CASES

from .zygote import POINTS


class Zygote:
    """The process that forks the ones that die."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()

    def run(self, folder: StateFolder, point: str, nth: int, case: Case, target: str) -> int:
        """Exit code of a containment that dies at ``point``: -9, or 0 where it came to its end before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"action": case.action, "target": target, "confirm": target, "reason": "drill"}
        where = {"account": case.place.account, "region": case.place.region}
        line = json.dumps({"store": str(folder.root), "point": point, "nth": nth, **order, **where})
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Tally:
    """What would be wrong, over all cycles; all of it has to stay 0."""

    cycles: int = 0
    calls_without_intent: int = 0
    double_calls: int = 0
    unresolved: int = 0
    wrong: int = 0
    sent_by_resolving: int = 0
    broken_ledgers: int = 0
    told: list[str] = field(default_factory=list)
    in_doubt: dict[str, int] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        return (
            self.calls_without_intent
            + self.double_calls
            + self.unresolved
            + self.wrong
            + self.sent_by_resolving
            + self.broken_ledgers
        )


@dataclass(frozen=True)
class Prey:
    """A containment and the target it helps on, in a world that was prepared for it."""

    case: Case
    target: str
    calls: int


async def prepare(aws: Embedded, folder: StateFolder, case: Case) -> Prey:
    session = Session(folder, Config(share=1.0), "oncall1", Mode.TRIAGE)
    at = {"account": case.place.account, "region": case.place.region}
    plan = await planning.plan(session, PlanContain(action=case.action, target=case.prepare(aws), **at))
    assert plan.helps, f"{case.action}: {plan.why}"
    return Prey(case, plan.target, len(plan.calls))


async def cycle(
    aws: Embedded, folder: StateFolder, zygote: Zygote, prey: Prey, point: str, nth: int, tally: Tally
) -> int:
    """Contain in a process that dies, start again, resolve, judge by the journal; then put it back."""
    before, seq = aws.journal.head, ledger.head(folder).seq
    code = zygote.run(folder, point, nth, prey.case, prey.target)

    made = aws.journal.calls(mutating=True, after=before, where=lambda call: call.role == "socconsole-responder")
    intents = ledger.read(folder, after=seq, verbs=("intent",))
    tally.cycles += 1
    tally.calls_without_intent += bool(made) and len(intents) != 1
    wanted = [call["operation"] for call in intents[0].entry.data["calls"]] if intents else []
    tally.double_calls += [call.op for call in made] != wanted[: len(made)]

    session = Session(folder, Config(share=1.0), "oncall1", Mode.RESPOND, by_script=True)
    resolving = aws.journal.head
    async with session.door(session, "reader") as door:
        for id_, state in await afterwards.resolve(folder, door, "oncall1", in_flight=0.0):
            tally.in_doubt[state.value] = tally.in_doubt.get(state.value, 0) + 1
            assert id_ == intents[0].entry.data["id"]
    tally.sent_by_resolving += len(aws.journal.calls(mutating=True, after=resolving))
    tally.unresolved += afterwards.doubtful(folder)
    tally.broken_ledgers += not verify(folder.root).whole
    if not intents:
        return code
    last = ledger.read(folder, after=seq, verbs=("outcome", "resolved"))[-1].entry.data["state"]
    # What is only made ready (a group or a list of ours that nothing follows yet) changes nothing, and stays by
    # design: the action's ``undo_leaves`` names it.
    done = sum(call.status < 400 for call in made[_ready(wanted) :])
    truth = "applied" if done == len(wanted) - _ready(wanted) else "not_applied" if done == 0 else "partial"
    if last != truth:
        tally.wrong += 1
        tally.told.append(f"{prey.case.action} {point} {nth}: told {last}, by the journal {truth}")
    if last != "not_applied":
        id_ = intents[0].entry.data["id"]
        back = Undo(action_id=id_, confirm=prey.target, reason="drill", accept_exposure=True)
        assert (await engine.undo(session, back)).state is ActionState.APPLIED
    return code


def _ready(calls: list[str]) -> int:
    """How many of a plan's first calls only make something of ours ready."""
    if not calls or calls[0] not in ("CreateNetworkAcl", "CreateSecurityGroup"):
        return 0
    return next((n for n, name in enumerate(calls) if name not in MAKING_READY), len(calls))


MAKING_READY = frozenset({"CreateNetworkAcl", "CreateSecurityGroup", "RevokeSecurityGroupEgress"})


def killable() -> list[Case]:
    """All that are undone as they were, whose state is read back at once, and that need not be told anything: the
    process that is killed has a configuration of its own."""
    return [
        case
        for case in CASES
        if ACTIONS[case.action].info.reversible is Reversible.YES
        and not isinstance(ACTIONS[case.action], Unfolding)
        and case.config == Config(share=1.0)
    ]


async def _loop(cycles: int, prefix: str) -> Tally:
    dice = random.Random(7)
    tally = Tally()
    rails.RATE = 100_000  # type: ignore[misc]  # the rail that counts confirmations is tested elsewhere
    cases = [case for case in killable() if case.action.startswith(prefix)]
    with tempfile.TemporaryDirectory() as scratch, Embedded() as aws, Zygote(Path.cwd()) as zygote:
        for number, case in enumerate(cases):
            aws.reset()
            folder = StateFolder.create(Path(scratch) / f"state{number}", aws.world)
            db.prepare(folder)
            prey = await prepare(aws, folder, case)
            for _ in range(-(-cycles // len(cases))):
                point = dice.choice((*POINTS, f"ms:{dice.randint(10, 600)}", f"ms:{dice.randint(10, 600)}"))
                await cycle(aws, folder, zygote, prey, point, dice.randrange(prey.calls), tally)
    return tally


if __name__ == "__main__":  # python -m tests.faults.kill9 300 [ACTION…]
    result = asyncio.run(_loop(int(sys.argv[1]) if len(sys.argv) > 1 else 300, "".join(sys.argv[2:3])))
    sys.stdout.write(f"{result}\n")
    sys.exit(bool(result.faults))

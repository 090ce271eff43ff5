"""One cycle of kill -9 during a containment, and the judgement: by the embedded AWS's journal, never by us."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.drill.exposure import bucket_of
from socconsole.model.action import ActionState, Mode
from socconsole.response import afterwards
from socconsole.response.session import Session
from socconsole.store import db, ledger
from socconsole.store.ledger_verify import verify
from socconsole.store.state import StateFolder

from .zygote import BUCKET, PLACE, POINTS

PUT = "PutPublicAccessBlock"


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

    def run(self, folder: StateFolder, point: str) -> int:
        """Exit code of a containment that dies at ``point``: -9, or 0 where it came to its end before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder.root} {point}\n")
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


async def cycle(aws: Embedded, folder: StateFolder, zygote: Zygote, point: str, tally: Tally) -> int:
    """Open the bucket, contain it in a process that dies, start again, resolve, judge."""
    key = f"AKIB{PLACE.account}BLDR"
    aws.cloud.hands.call(key, PLACE.region, "s3:DeletePublicAccessBlock", {"Bucket": BUCKET})
    before, seq = aws.journal.head, ledger.head(folder).seq
    code = zygote.run(folder, point)

    puts = aws.journal.calls("s3", PUT, after=before)
    intents = ledger.read(folder, after=seq, verbs=("intent",))
    closed = bucket_of(BUCKET).public_access_block is not None
    tally.cycles += 1
    tally.calls_without_intent += len(puts) > len(intents)
    tally.double_calls += len(puts) > 1

    session = Session(folder, Config(share=1.0), "oncall1", Mode.TRIAGE)
    resolving = aws.journal.head
    async with session.door(session, "reader") as door:
        for id_, state in await afterwards.resolve(folder, door, "oncall1", in_flight=0.0):
            tally.in_doubt[state.value] = tally.in_doubt.get(state.value, 0) + 1
            assert id_ == intents[0].entry.data["id"]
    tally.sent_by_resolving += len(aws.journal.calls(mutating=True, after=resolving))
    tally.unresolved += afterwards.doubtful(folder)
    if intents:
        last = ledger.read(folder, after=seq, verbs=("outcome", "resolved"))[-1]
        tally.wrong += (last.entry.data["state"] == ActionState.APPLIED) != closed
    tally.broken_ledgers += not verify(folder.root).whole
    return code


async def _loop(cycles: int) -> Tally:
    dice = random.Random(7)
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch, Embedded() as aws, Zygote(Path.cwd()) as zygote:
        folder = StateFolder.create(Path(scratch) / "state", aws.world)
        db.prepare(folder)
        for number in range(cycles):
            point = POINTS[number % len(POINTS)] if number % 2 else f"ms:{dice.randint(10, 600)}"
            await cycle(aws, folder, zygote, point, tally)
            aws.journal.clear()
    return tally


if __name__ == "__main__":  # python -m tests.faults.kill9 300
    result = asyncio.run(_loop(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
    sys.stdout.write(f"{result}\n")
    sys.exit(bool(result.faults))

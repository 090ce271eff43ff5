"""From the attacker's first byte to its row in the store, and to its line on the screen, by push and by polling.

Two installs watch one embedded AWS at the same time, each with a watch in a process of its own and a console on a
terminal of its own: one has the queue, the other polls at the drill's intervals. The consoles show a list that a filter
keeps empty until the finding is in it, so that its line is painted when it stands there and for nothing else. The story
stands still until both watches have read everything, and each of its moves is made at a random moment of the polls: the
speed of the story is in none of the figures. Nor is what GuardDuty itself takes to find anything, since a drill's
reports at once: docs/push.md has the arithmetic.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from bench.figure import Row, Settings
from bench.screen import Shown, Timed, await_each, module, read_each
from bench.stats import median
from socconsole.cli.drill_world import INTERVALS, head, push_table
from socconsole.cli.world import write_accounts
from socconsole.drill import Embedded, launch, pushing
from socconsole.processes import ours
from socconsole.store import session
from socconsole.store.db import prepare
from socconsole.store.state import StateFolder

RUNS: Final = 20
PATIENCE_S: Final = 180.0
POLLS_S: Final = 5.0
"""The longest of the drill's intervals."""

_FIRST_BYTE: Final = 195
_OPENED: Final = 150
_BEFORE: Final = "SELECT min(seen) FROM finding WHERE title LIKE '%Block Public Access%'"
_FINDING: Final = (
    "SELECT min(seen) FROM finding "
    "WHERE types LIKE '%Exfiltration:S3/AnomalousBehavior%' AND resources LIKE '%llm-corpus%'"
)
_FILTER: Final = 'res:kaufhaus-llm-corpus-prod type:"Exfiltration:S3/AnomalousBehavior"'
"""The same finding, asked for on Triage; a filter shows every finding in a row of its own."""
_EMPTY, _LINE = "nothing matches", "Objects in S3 bucket"
_LIST: Final = 100
"""Cells of a line that belong to the list: the detail beside it says the title as well."""
_SAID: Final = "watch.said"
_CALL: Final = "SELECT min(seen) FROM trail WHERE name = 'PutBucketPolicy'"
_NOTE: Final = (
    "median (maximum); two installs on one AWS; polling at the drill's own intervals: Security Hub 3 s, GuardDuty 5 s"
)

T = TypeVar("T")


def run(settings: Settings) -> Iterator[Row]:
    rounds = 3 if settings.quick else RUNS
    taken = [_round(settings.scratch / f"{number}", number) for number in range(rounds)]
    for name in taken[0]:
        pushed, polled = ([one[name][install] for one in taken] for install in range(2))
        yield Row(name, f"push {_said(pushed)}", f"polling {_said(polled)}", n=f"{rounds} drills", note=_NOTE)


def _said(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({max(seconds):.2f} s)"


def _round(place: Path, number: int) -> dict[str, list[float]]:
    """Seconds of one drill, each by push and by polling."""
    chance = random.Random(number)
    with ExitStack() as open_ones:
        # The story's dates have passed by then: no listing is asked for what is to come.
        begun = datetime.now(UTC) - timedelta(seconds=_FIRST_BYTE + 1)
        aws = open_ones.enter_context(Embedded(seed=number + 1, started=begun))
        table = push_table(pushing.install(aws.cloud, aws.engine.scenario).table(aws.port))
        roots = place / "pushed", place / "polled"
        watches = [
            open_ones.enter_context(_watched(root, aws, push)) for root, push in zip(roots, (table, ""), strict=True)
        ]
        for root, watch in zip(roots, watches, strict=True):
            _until(partial(_asked, root, watch), f"{root.name}: every source")
        _reach(aws, _OPENED - 1)
        for root in roots:
            _until(partial(_seen, root, _BEFORE), f"{root.name}: what came before")
        called = _after(aws, _OPENED, roots, _CALL, chance)
        consoles = [open_ones.enter_context(_console(root)) for root in roots]
        await_each(consoles, lambda shown: _EMPTY in shown.text)
        read_each(consoles, chance.uniform(0, POLLS_S))
        began, clock = time.time(), Timed.time()
        _reach(aws, _FIRST_BYTE)
        painted = await_each(consoles, _stands, PATIENCE_S)
        seen = [_until(partial(_seen, root, _FINDING), f"{root.name}: {_FIRST_BYTE}") for root in roots]
        return {
            "first byte to its line on the screen": [at - clock for at in painted],
            "first byte to its finding's row": [at - began for at in seen],
            "policy opened to its event's row": called,
        }


@contextmanager
def _console(root: Path) -> Iterator[Timed]:
    """A console on a state folder that somebody watches, with the list under the filter."""
    session.save(root, session.Session(filter=_FILTER))
    with Timed(module("socconsole", "--store", root)) as terminal:
        yield terminal


def _stands(shown: Shown) -> bool:
    return any(_LINE in shown.line(y)[:_LIST] for y in range(shown.rows))


def _reach(aws: Embedded, position: float) -> None:
    """Let the story come to a position, wherever the clock is."""
    aws.engine.advance(aws.clock.moment(position + 0.5))


def _after(aws: Embedded, position: float, roots: tuple[Path, ...], sql: str, chance: random.Random) -> list[float]:
    """Seconds from the move at a position to its row in each store."""
    time.sleep(chance.uniform(0, POLLS_S))  # a move falls anywhere between two polls: that is what is measured
    began = time.time()
    _reach(aws, position)
    return [_until(partial(_seen, root, sql), f"{root.name}: {position}") - began for root in roots]


@contextmanager
def _watched(root: Path, aws: Embedded, push: str) -> Iterator[subprocess.Popen[bytes]]:
    """A state folder and a watch on it."""
    for folder in (root.parent, root):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = launch.describe("leak")
    made = StateFolder.create(root, aws.world)
    accounts = [(account, label, "", info.regions) for account, label in info.accounts]
    write_accounts(root, accounts, head=head(), more=INTERVALS + push)
    prepare(made)
    with (root / _SAID).open("wb") as said:
        process = subprocess.Popen(ours("socconsole", "watch", "--store", str(root)), stderr=said)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _asked(root: Path, watch: subprocess.Popen[bytes]) -> bool:
    """Whether findings are read, and the queue answers where there is one."""
    if watch.poll() is not None:
        said = (root / _SAID).read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise AssertionError(f"{root.name}: its watch has ended: {said}")
    wanted = "service IN ('securityhub', 'guardduty', 'trail', 'push') AND in_scope = 1"
    total, answered = _one(root, f"SELECT count(*), count(complete_at) FROM source WHERE {wanted}")
    return bool(total and total == answered)


def _seen(root: Path, sql: str) -> float | None:
    (found,) = _one(root, sql)
    return found / 1_000_000 if found else None


def _one(root: Path, sql: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(f"file:{root / 'store.db'}?mode=ro", uri=True)) as conn:
        row: tuple[Any, ...] = conn.execute(sql).fetchone()
    return row


def _until(find: Callable[[], T | None], what: str) -> T:
    """What ``find`` finds; ``AssertionError`` when it is not there in time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(0.05)  # the pace of looking; what is waited for is the condition
    raise AssertionError(f"{what}: not there within {PATIENCE_S:.0f} s")

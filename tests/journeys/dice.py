"""Random keys on the real console, and what the embedded AWS was asked to do because of them.

Of five runs three begin in Triage and two on an armed confirmation, of which one ends with the right text typed. Each
is twenty keys, drawn from the run's number alone: the same number is the same run. Nothing but that text may lead to
a containing call, judged by the drill's journal.

    python -m tests.journeys.dice 500        # all of them
    python -m tests.journeys.dice 1 --first 283 --lanes 1   # one of them again
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import string
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from socconsole.aws.operations import table
from socconsole.commands import COMMANDS
from socconsole.config import WORLD_FILE
from socconsole.model.action import Effect
from socconsole.store.state import StateFolder
from tests.journeys.conftest import ROOT, Drill, started
from tests.journeys.keys import (
    AGAIN_S,
    ALONE_S,
    ARRIVAL_S,
    CORPUS,
    ESCAPE_S,
    QUERY,
    arrived,
    asked,
    command,
    on_corpus,
    press,
    press_until,
)
from tests.terminal.harness import Terminal

SIZE: Final = {"columns": 100, "rows": 30}
KEYS_A_RUN: Final = 20
RIGHT: Final = CORPUS[-6:]
CALL: Final = f"s3:PutPublicAccessBlock {CORPUS}"
A_DESK: Final = 20
"""Runs on one state folder. Four of them contain; the rail that counts allows five in ten minutes."""

ESCAPE: Final = "\x1b"
ENTER: Final = "\r"
BACKSPACE: Final = "\x7f"
_MOVES: Final = ("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~", "\t", BACKSPACE)
_NAMED: Final = {
    "enter": ENTER, "escape": ESCAPE, "backspace": BACKSPACE, "space": " ", "tab": "\t", "colon": ":", "slash": "/",
    "asterisk": "*", "question_mark": "?", "ctrl+k": "\x0b",
}  # fmt: skip
_COMMANDS: Final = tuple(_NAMED.get(key, key) for one in COMMANDS for key in one.keys)
_ANY: Final = tuple(string.digits + string.ascii_letters + string.punctuation + " \x04\x15")
"""Ctrl-C is not among them: it leaves at once, by itself, and the run would be over."""

Dice = tuple[tuple[float, Sequence[str]], ...]
LOOSE: Final[Dice] = ((0.55, _COMMANDS), (0.1, (ENTER,)), (0.15, _MOVES), (0.2, _ANY))
ON_THE_QUESTION: Final[Dice] = ((0.5, tuple(RIGHT)), (0.14, (ENTER,)), (0.2, _MOVES), (0.03, (ESCAPE,)), (0.13, _ANY))
"""Mostly what the right text is made of."""
IN_THE_FIELD: Final[Dice] = tuple(side for side in ON_THE_QUESTION if side[1] != (ESCAPE,))
"""As before, and the question still stands when they are over."""


class Kind(StrEnum):
    LOOSE = "loose"
    """Anywhere, from Triage."""
    ARMED = "armed"
    """From an armed confirmation, without the right text."""
    TYPED = "typed"
    """The same, and then the right text."""


KINDS: Final = (Kind.LOOSE, Kind.LOOSE, Kind.ARMED, Kind.LOOSE, Kind.TYPED)
DICE: Final = {Kind.LOOSE: LOOSE, Kind.ARMED: ON_THE_QUESTION, Kind.TYPED: IN_THE_FIELD}


@dataclass(frozen=True)
class Run:
    """One throw: what is pressed depends on its number and on nothing else."""

    number: int

    @property
    def kind(self) -> Kind:
        return KINDS[self.number % len(KINDS)]

    @property
    def keys(self) -> list[str]:
        dice = random.Random(self.number)
        weights = [weight for weight, _ in DICE[self.kind]]
        while True:
            sides = dice.choices([side for _, side in DICE[self.kind]], weights, k=KEYS_A_RUN)
            keys = [dice.choice(side) for side in sides]
            if RIGHT not in written(keys):
                return keys


def written(keys: Sequence[str]) -> str:
    """The text that keys leave in a field whose cursor they do not move."""
    text = ""
    for key in keys:
        text = text[:-1] if key == BACKSPACE else text + key if key.isprintable() else text
    return text


@dataclass
class Tally:
    """What came of all runs. ``wrong``, ``ended`` and ``lost`` have to stay empty."""

    runs: Counter[Kind] = field(default_factory=Counter)
    keys: int = 0
    calls: Counter[Kind] = field(default_factory=Counter)
    armed: int = 0
    """Runs that began in RESPOND."""
    left: int = 0
    """Times that the keys were a way out of the console (``:q``, or the palette's)."""
    again: int = 0
    """Runs of which a step was lost (a busy machine takes keys for pasted), and which were begun anew."""
    wrong: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """Consoles that ended in any other way than that."""
    lost: list[str] = field(default_factory=list)
    """Runs that could not be played, so that nothing is known of them."""

    @property
    def sound(self) -> bool:
        return not (self.wrong or self.ended or self.lost)

    def add(self, other: Tally) -> None:
        self.runs += other.runs
        self.keys += other.keys
        self.calls += other.calls
        self.armed += other.armed
        self.left += other.left
        self.again += other.again
        self.wrong += other.wrong
        self.ended += other.ended
        self.lost += other.lost

    def __str__(self) -> str:
        kinds = ", ".join(f"{self.runs[kind]} {kind}" for kind in Kind)
        calls = ", ".join(f"{self.calls[kind]} {kind}" for kind in Kind)
        lines = [
            f"runs {self.runs.total()} ({kinds}); {self.armed} began in RESPOND",
            f"keys {self.keys}; begun anew {self.again}; the keys left the console {self.left} times",
            f"containing calls {self.calls.total()} ({calls})",
            f"wrong {len(self.wrong)}; consoles that ended by themselves {len(self.ended)}; lost {len(self.lost)}",
        ]
        return "\n".join([*lines, *self.wrong, *self.ended, *self.lost])


class Judge:
    """Containing requests of the responder, as the embedded AWS wrote them down. Each is told once."""

    def __init__(self, drill: Drill) -> None:
        self._journal = drill.store / "journal.jsonl"
        self._read = self._journal.stat().st_size
        self._contain = {name for name, row in table().items() if row.effect is Effect.CONTAIN}

    def calls(self) -> list[str]:
        with self._journal.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        made = [json.loads(line) for line in whole.splitlines()]
        names = ((f"{one['service']}:{one['op']}", one) for one in made if one["role"] == "socconsole-responder")
        return [f"{name} {one['params'].get('Bucket', '')}" for name, one in names if name in self._contain]


class Desk:
    """A console on a state folder of its own, and the embedded AWS behind it."""

    def __init__(self, drill: Drill, folder: StateFolder) -> None:
        self.drill = drill
        self.folder = folder
        self.terminal = self._open()
        self._s3 = drill.client("s3")

    def _open(self) -> Terminal:
        argv = [sys.executable, "-m", "socconsole", "--store", str(self.folder.root)]
        env = {"TEXTUAL_FPS": "60", "SOCCONSOLE_HOME": str(self.drill.home)}
        terminal = Terminal(argv, **SIZE, env=env, cwd=ROOT)
        arrived(terminal)
        return terminal

    def reopen(self) -> None:
        self.close()
        self.terminal = self._open()

    def close(self) -> None:
        self.terminal.__exit__(None, None, None)

    @property
    def armed(self) -> bool:
        return " RESPOND " in self.terminal.display[0]

    def home(self) -> None:
        """To Triage with nothing asked, by the key that each screen says leads out of it; or the console has ended."""
        for step in range(1, 25):
            self.terminal.quiet(ALONE_S)
            if self.terminal.process.poll() is not None:
                return
            text = self.terminal.text
            # What is said for a moment hides the keys that tell a question: Escape now and then, whatever is seen.
            if asked(self.terminal) or "🔎" in text or re.search(r"\d marks? ", text) or step % 4 == 0:
                press(self.terminal, ESCAPE)
            elif "─ Triage " not in text:
                press(self.terminal, "1")
            else:
                return
        raise AssertionError(f"no way back to Triage from\n{self.terminal.text}")

    def to_confirmation(self) -> None:
        """Armed, from Triage: X on the leaking bucket, and Enter until it asks for the text."""
        if not self.armed:
            command(self.terminal, "respond the corpus is leaking")
            self.terminal.wait_for(lambda: self.armed)
        if not on_corpus(self.terminal):
            command(self.terminal, "view all")
            command(self.terminal, f"filter {QUERY}")
            self.terminal.wait_for(lambda: on_corpus(self.terminal))
        press_until(self.terminal, "X", "what would stop")
        self.terminal.wait_for("▶ helps    s3-block-public", ARRIVAL_S)
        press_until(self.terminal, ENTER, "\n reversible ")
        press_until(self.terminal, ENTER, f"type {RIGHT} and Enter")

    def type_the_right_text(self) -> None:
        """Whatever the field holds, Enter empties it; then the text, as a person types it, until it was taken."""
        for _ in range(3):
            press_until(self.terminal, ENTER, f"that is not {RIGHT}")
            press(self.terminal, *RIGHT)
            press(self.terminal, ENTER)
            with contextlib.suppress(AssertionError):
                self.terminal.wait_for("confirmed; the actor has it", AGAIN_S)
                break
        self.terminal.wait_for("3 of 3: read back at once: applied", ARRIVAL_S)

    def put_back(self) -> None:
        """Open the bucket again by somebody else's hands, as it was."""
        self._s3.delete_public_access_block(Bucket=CORPUS)


@contextmanager
def seated(drill: Drill, number: int) -> Iterator[Desk]:
    """A desk: the first on the drill's own state folder, every other on a new one of the same AWS."""
    folder = own = StateFolder.open(drill.store)
    if number:
        folder = StateFolder.create(drill.home / f"desk-{number}", own.world)
        shutil.copy(own.root / WORLD_FILE, folder.root / WORLD_FILE)
    desk = Desk(drill, folder)
    try:
        yield desk
    finally:
        desk.close()
        if number and (watch := folder.holder("watch")):
            os.kill(watch, signal.SIGTERM)  # started by this desk's console, for this folder


def play(desk: Desk, run: Run, judge: Judge, tally: Tally) -> None:
    """One run, from Triage back to Triage. Raises ``AssertionError`` where a step towards it was lost."""
    terminal = desk.terminal
    if run.kind is not Kind.LOOSE:
        desk.to_confirmation()
    armed = desk.armed
    for key in run.keys:
        terminal.type([key], ESCAPE_S if key == ESCAPE else 0.05)
        if terminal.process.poll() is not None:
            break
    else:
        if run.kind is Kind.TYPED:
            desk.type_the_right_text()
    desk.home()
    left = terminal.process.poll()
    if left is not None:
        desk.reopen()
    calls = judge.calls()
    tally.runs[run.kind] += 1
    tally.keys += KEYS_A_RUN + (1 + len(RIGHT) + 1) * (run.kind is Kind.TYPED)
    tally.calls[run.kind] += len(calls)
    tally.armed += armed
    tally.left += left == 0
    if left:
        tally.ended.append(f"run {run.number} ({run.kind}): the console ended with {left}; keys {run.keys}")
    if calls != [CALL] * (run.kind is Kind.TYPED):
        tally.wrong.append(f"run {run.number} ({run.kind}): {calls or 'no call'}; keys {run.keys}")
    if calls:
        desk.put_back()


def play_again(desk: Desk, run: Run, judge: Judge, tally: Tally) -> None:
    """The same; once more on a new console where a step was lost."""
    try:
        play(desk, run, judge, tally)
    except AssertionError:
        tally.again += 1
        if calls := judge.calls():
            tally.wrong.append(f"run {run.number} ({run.kind}): lost its way after {calls}; keys {run.keys}")
            desk.put_back()
        desk.reopen()
        play(desk, run, judge, tally)


def sit(drill: Drill, number: int, runs: Sequence[Run], judge: Judge) -> Tally:
    """All these runs on one desk."""
    tally, left = Tally(), list(runs)
    try:
        with seated(drill, number) as desk:
            while left:
                play_again(desk, left[0], judge, tally)
                del left[0]
    except AssertionError as why:  # twice: the rest of this desk's runs would say nothing of the console
        said = str(why).partition("\n")[0]
        sys.stderr.write(f"{why}\n")
        tally.lost += [f"run {run.number} ({run.kind}): {said}" for run in left]
    if late := judge.calls():  # the console is gone: nothing can follow
        tally.wrong.append(f"after run {runs[-1].number}: {late}")
    return tally


def throw(drill: Drill, runs: Sequence[Run]) -> Tally:
    """All these runs against one drill, twenty on each desk."""
    tally, judge = Tally(), Judge(drill)
    for at in range(0, len(runs), A_DESK):
        tally.add(sit(drill, at // A_DESK, runs[at : at + A_DESK], judge))
        sys.stderr.write(f"{tally.runs.total()} of {len(runs)} from run {runs[0].number}\n")
    return tally


def _lane(runs: Sequence[Run]) -> Tally:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, started(Path(scratch) / "home") as drill:
        return throw(drill, runs)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.dice", description="random keys on the console")
    parser.add_argument("runs", type=int, nargs="?", default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--lanes", type=int, default=2, help="drills at once, each with a console of its own")
    asked_for = parser.parse_args()
    runs = [Run(number) for number in range(asked_for.first, asked_for.first + asked_for.runs)]
    each = -(-len(runs) // asked_for.lanes)
    tally, began = Tally(), time.monotonic()
    with ThreadPoolExecutor(asked_for.lanes) as lanes:
        for done in lanes.map(_lane, [runs[at : at + each] for at in range(0, len(runs), each)]):
            tally.add(done)
    sys.stdout.write(f"{tally}\n{time.monotonic() - began:.0f} s\n")
    return not tally.sound


if __name__ == "__main__":
    sys.exit(main())

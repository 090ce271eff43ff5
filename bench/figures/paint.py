"""From a key to its paint: left alone, and while another process commits 1,000 findings a second.

Cursor-down at random intervals of 50 to 110 ms, whatever the program does meanwhile, so that one late frame is felt by
every key that falls into it. A key is answered when the emulated screen shows the cursor on its finding (or beyond).
Console and ``textual.DataTable`` have a store and a writer of their own each, over the same 10k findings; every round
runs idle and busy one after the other.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench import fixtures, subjects
from bench.figure import Budget, Row, Settings
from bench.screen import DOWN, ROOT, Timed, module, pace_keys
from bench.stats import median, p99, ratio
from bench.subjects import Subject

FRAME_MS: Final = 1000 / 240
TIMELY: Final = Budget(1.5)
UNDISTURBED: Final = Budget(1.2)
PEER: Final = Budget(0.15)
RATE: Final = 1_000

_RUN: Final = 25
"""Keys from the top of the list on: as many as the smallest of the lists shows."""


class Writer:
    """Another process that commits findings while it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.rates: list[float] = []

    @contextmanager
    def committing(self) -> Iterator[None]:
        self._say("go")
        try:
            yield
        finally:
            self._say("stop")
            done, took = self._hear().split()
            self.rates.append(int(done) / float(took))

    def _say(self, word: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the writer has no input")
        print(word, file=self._process.stdin, flush=True)

    def _hear(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the writer has ended")
        return line


@contextmanager
def writer(root: Path, rate: int = RATE) -> Iterator[Writer]:
    argv = module("bench.apps.writer", root / "store.db", rate, fixtures.SMALL)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        made = Writer(process)
        try:
            made._hear()
            yield made
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(30)


def run(settings: Settings) -> Iterator[Row]:
    rounds, runs = (3, 1) if settings.quick else (7, 3)
    home = fixtures.store(fixtures.SMALL, settings.cache)
    ours_at = fixtures.copy(home, settings.scratch / "paint-ours")
    peer_at = fixtures.copy(home, settings.scratch / "paint-peer")
    ours, peer = subjects.console(ours_at), subjects.datatable(peer_at)
    took: dict[str, list[float]] = {"idle": [], "busy": [], "peer idle": [], "peer busy": []}
    with ExitStack() as stack:
        console = stack.enter_context(ours.at_rest())
        table = stack.enter_context(peer.at_rest())
        ours_writer, peer_writer = stack.enter_context(writer(ours_at)), stack.enter_context(writer(peer_at))
        for number in range(rounds):
            took["idle"] += press(ours, console, runs, number)
            with ours_writer.committing():
                took["busy"] += press(ours, console, runs, 100 + number)
            _seen(console, number)
            took["peer idle"] += press(peer, table, 1, 200 + number)
            with peer_writer.committing():
                took["peer busy"] += press(peer, table, 1, 300 + number)
            table.quiet(0.6, patience=60)  # what it is behind with must not run into our next turn
    n = {name: f"{len(values)} keys" for name, values in took.items()}
    idle, busy, peer_busy = took["idle"], took["busy"], took["peer busy"]
    few = "" if len(busy) >= 500 else "fewer than 500 keys: a p99 of this run is next to its maximum"
    yield Row(
        "key to paint, idle: p50",
        f"{median(idle):.1f} ms",
        f"one frame at 240 Hz {FRAME_MS:.1f} ms",
        ratio(idle, FRAME_MS),
        TIMELY,
        n["idle"],
    )
    rate = median(ours_writer.rates)
    yield Row(
        f"key to paint, {rate:,.0f} findings/s: p99",
        f"{p99(busy):.1f} ms (p50 {median(busy):.1f})",
        f"idle {p99(idle):.1f} ms",
        ratio(busy, idle, p99),
        UNDISTURBED,
        n["busy"],
        few,
    )
    yield Row(
        "key to paint, busy: p99",
        f"{p99(busy):.1f} ms",
        f"textual.DataTable at {median(peer_writer.rates):,.0f}/s {p99(peer_busy):.1f} ms",
        ratio(busy, peer_busy, p99),
        PEER,
        f"{n['busy']}, {n['peer busy']}",
        few or "fewer keys for the peer: its p99 is next to its maximum, of many late ones",
    )
    yield Row(
        "key to paint, idle: p50",
        f"{median(idle):.1f} ms",
        f"textual.DataTable {median(took['peer idle']):.1f} ms",
        ratio(idle, took["peer idle"]),
        n=n["peer idle"],
    )


def press(program: Subject, terminal: Timed, runs: int, seed: int, keys: int = _RUN) -> list[float]:
    """Milliseconds from each key to its paint, over several runs down from the top."""
    took: list[float] = []
    for number in range(runs):
        if program.cursor(terminal.now) != 0:
            terminal.send(program.top)
            terminal.await_paint(lambda shown: program.cursor(shown) == 0)
        terminal.read_for(0.2)

        def reached(shown: object, count: int) -> bool:
            stands = program.cursor(shown)  # type: ignore[arg-type]
            return stands is not None and stands >= count

        took += [1000 * each for each in pace_keys(terminal, DOWN, keys, reached, 1_000 * seed + number)]
    return took


def _seen(terminal: Timed, number: int) -> None:
    """What was committed has to have come to the screen, or nothing was measured: titles in view have changed."""
    terminal.await_paint(lambda shown: sum(" times: " in shown.line(y) for y in range(shown.rows)) >= 10)

"""What a cursor key and a page cost: bytes on the wire, CPU, beside ``textual.DataTable`` over the same 10k findings.

Both programs run at once and take turns. A key's bytes are all that come until nothing has come for a while: the
console paints its detail pane when the cursor rests, the peer has none. The least that could have been sent is taken
from what really changed on the emulated screen. CPU is that of the process, less what it uses when left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from bench import fixtures, subjects
from bench.figure import Budget, Row, Settings, skipped
from bench.screen import DOWN, PAGE_DOWN, Timed, changed, least_bytes
from bench.stats import Ratio, median, paired_ratio, ratio
from bench.subjects import Subject

LEAST: Final = Budget(2)
PAGE: Final = Budget(0.45)
FLAT: Final = Budget(1.1)

_QUIET_S: Final = 0.15
"""Longer than the console waits before it paints the detail of a row the cursor rests on."""
_REPEAT_S: Final = 1 / 30
"""A key held down, as keyboards repeat it."""
_RESTING, _HELD, _PAGES = 8, 20, 4


Spent = tuple[float, float]
"""CPU milliseconds, and seconds that passed meanwhile."""


@dataclass(slots=True)
class Costs:
    """Of one program. Bytes: one number a key (held: a round). CPU: of a key, once a round. ``idle``: CPU
    milliseconds a second of a program that nobody uses, in quarters of a second."""

    idle: list[float] = field(default_factory=list)

    down: list[float] = field(default_factory=list)
    down_least: list[float] = field(default_factory=list)
    down_cells: list[float] = field(default_factory=list)
    down_cpu: list[Spent] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    held_cpu: list[Spent] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    page_least: list[float] = field(default_factory=list)
    page_cpu: list[Spent] = field(default_factory=list)

    def of_keys(self, spent: list[Spent]) -> list[float]:
        """CPU milliseconds that the keys themselves cost, a round each."""
        return [cpu - median(self.idle) * took for cpu, took in spent]


def run(settings: Settings) -> Iterator[Row]:
    rounds = settings.rounds(7)
    root = fixtures.copy(fixtures.store(fixtures.SMALL, settings.cache), settings.scratch / "keys")
    ours, peer = take_turns([subjects.console(root), subjects.datatable(root)], rounds)
    keys, pages = f"{len(ours.down)} keys", f"{len(ours.page)} keys"
    yield Row(
        "cursor-down: bytes, with detail",
        f"{median(ours.down):,.0f} B for {median(ours.down_cells):.0f} cells",
        f"cells that changed {median(ours.down_least):,.0f} B",
        ratio([a / b for a, b in zip(ours.down, ours.down_least, strict=True)], 1.0),
        LEAST,
        keys,
    )
    yield Row(
        "cursor-down: bytes, with detail",
        f"{median(ours.down):,.0f} B",
        _bytes(peer.down),
        ratio(ours.down, peer.down),
        n=keys,
    )
    yield Row("cursor-down: CPU, with detail", *_cpu(ours.of_keys(ours.down_cpu), peer.of_keys(peer.down_cpu)), n=keys)
    held = f"{rounds} x {_HELD}"
    yield Row(
        "cursor-down held: bytes",
        f"{median(ours.held):,.0f} B",
        _bytes(peer.held),
        paired_ratio(ours.held, peer.held),
        n=held,
    )
    yield Row("cursor-down held: CPU", *_cpu(ours.of_keys(ours.held_cpu), peer.of_keys(peer.held_cpu)), n=held)
    yield Row(
        "page-down: bytes",
        f"{median(ours.page):,.0f} B, least {median(ours.page_least):,.0f}",
        _bytes(peer.page),
        ratio(ours.page, peer.page),
        PAGE,
        pages,
    )
    yield Row("page-down: CPU", *_cpu(ours.of_keys(ours.page_cpu), peer.of_keys(peer.page_cpu)), n=pages)
    if not settings.big:
        yield skipped("cursor-down: CPU, 1M", "a million findings take minutes to make: --big")
        return
    many = fixtures.copy(fixtures.store(fixtures.BIG, settings.cache), settings.scratch / "keys-1M")
    million, small = take_turns([subjects.console(many), subjects.console(root)], rounds)
    at_1m, at_10k = million.of_keys(million.held_cpu), small.of_keys(small.held_cpu)
    yield Row(
        "cursor-down held: CPU, 1M",
        f"{median(at_1m):.2f} ms",
        f"at 10k {median(at_10k):.2f} ms",
        paired_ratio(at_1m, at_10k),
        FLAT,
        held,
    )


def take_turns(programs: list[Subject], rounds: int) -> list[Costs]:
    """The costs of each program, all running, one after the other in each round."""
    costs = [Costs() for _ in programs]
    with ExitStack() as stack:
        terminals = [stack.enter_context(program.at_rest()) for program in programs]
        for _ in range(rounds):
            for program, terminal, cost in zip(programs, terminals, costs, strict=True):
                _one_round(program, terminal, cost)
    return costs


def _one_round(program: Subject, terminal: Timed, cost: Costs) -> None:
    _at(program, terminal, program.top, 0)
    cost.idle += [_idle_cpu_ms(terminal, 0.25) for _ in range(4)]

    clock = _Clock(terminal)
    for serial in range(1, _RESTING + 1):
        before, sent = terminal.shot(), len(terminal.raw)
        clock.start()
        _at(program, terminal, DOWN, serial)
        clock.stop()
        after = terminal.shot()
        cost.down.append(len(terminal.raw) - sent)
        cost.down_least.append(least_bytes(before, after))
        cost.down_cells.append(len(changed(before, after)))
    cost.down_cpu.append((clock.spent / _RESTING, clock.took / _RESTING))

    sent, clock = len(terminal.raw), _Clock(terminal)
    clock.start()
    for _ in range(_HELD):
        terminal.send(DOWN)
        terminal.read_for(_REPEAT_S)
    terminal.await_paint(lambda shown: program.cursor(shown) == _RESTING + _HELD)
    cost.held.append((len(terminal.raw) - sent) / _HELD)
    clock.stop()
    cost.held_cpu.append((clock.spent / _HELD, clock.took / _HELD))
    terminal.quiet(_QUIET_S)

    clock = _Clock(terminal)
    for _ in range(_PAGES):
        before, sent, stood = terminal.shot(), len(terminal.raw), program.cursor(terminal.now)
        clock.start()
        terminal.send(PAGE_DOWN)
        terminal.await_paint(lambda shown, stood=stood: program.cursor(shown) not in (None, stood))  # type: ignore[misc]
        terminal.quiet(_QUIET_S)
        clock.stop()
        cost.page.append(len(terminal.raw) - sent)
        cost.page_least.append(least_bytes(before, terminal.shot()))
    cost.page_cpu.append((clock.spent / _PAGES, clock.took / _PAGES))


def _at(program: Subject, terminal: Timed, key: str, serial: int) -> None:
    """Press a key that brings the cursor to a finding, see it there, and let everything be painted."""
    if program.cursor(terminal.now) != serial:
        terminal.send(key)
        terminal.await_paint(lambda shown: program.cursor(shown) == serial)
    terminal.quiet(_QUIET_S)


def _idle_cpu_ms(terminal: Timed, seconds: float) -> float:
    """CPU milliseconds a second of a program that nobody uses."""
    before = terminal.cpu_ns()
    terminal.read_for(seconds)
    return (terminal.cpu_ns() - before) / 1e6 / seconds


class _Clock:
    """CPU milliseconds of a program, and seconds, while the clock runs."""

    def __init__(self, terminal: Timed) -> None:
        self._terminal = terminal
        self.spent = self.took = 0.0

    def start(self) -> None:
        self._cpu, self._at = self._terminal.cpu_ns(), self._terminal.time()

    def stop(self) -> None:
        self.spent += (self._terminal.cpu_ns() - self._cpu) / 1e6
        self.took += self._terminal.time() - self._at


def _bytes(values: list[float]) -> str:
    return f"textual.DataTable {median(values):,.0f} B"


def _cpu(ours: list[float], peer: list[float]) -> tuple[str, str, Ratio]:
    return f"{median(ours):.2f} ms", f"textual.DataTable {median(peer):.2f} ms", paired_ratio(ours, peer)

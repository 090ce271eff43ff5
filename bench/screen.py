"""A program on a pty whose every frame has a time: when bytes came, and what stood on the screen after them.

A time is only ever that of a state seen on the emulated screen. Bytes are taken in with their times first and
played into the emulator afterwards, so that emulating costs the measured program nothing.
"""

from __future__ import annotations

import random
import select
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.terminal.harness import _UNKNOWN_TO_PYTE, Terminal

from bench.machine import children, cpu_ns, rss_bytes, wait_gone

COLUMNS, ROWS = 160, 40
ROOT: Final = Path(__file__).resolve().parent.parent

ESCAPE = "\x1b"
DOWN, PAGE_DOWN, HOME, CTRL_HOME = "\x1b[B", "\x1b[6~", "\x1b[H", "\x1b[1;5H"


@dataclass(frozen=True, slots=True)
class Shot:
    """Characters and colours of every cell."""

    chars: tuple[tuple[str, ...], ...]
    looks: tuple[tuple[tuple[str, str, bool], ...], ...]

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.chars]


class Timed(Terminal):
    """A :class:`Terminal` that knows when each byte came. ``started`` is just before the program was."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = COLUMNS,
        rows: int = ROWS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="bench-home-"))
        self._arrivals: list[tuple[float, int]] = []
        self._played = 0
        alone = {name: str(self._home / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        self.started = time.perf_counter()
        super().__init__(argv, columns=columns, rows=rows, cwd=ROOT, env={**alone, **(env or {})})

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = children(self.pid)
        super().__exit__(kind, error, trace)
        wait_gone(left)
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu_ns(self) -> int:
        return cpu_ns(self.pid)

    def rss_bytes(self) -> int:
        return rss_bytes(self.pid)

    # -- time ----------------------------------------------------------------------------------------------

    @staticmethod
    def time() -> float:
        """Seconds on the clock that all times here are of."""
        return time.perf_counter()

    def _pump(self, timeout: float) -> bool:
        came = super()._pump(timeout)
        if came:
            self._arrivals.append((time.perf_counter(), len(self.raw)))
        return came

    def read_for(self, seconds: float) -> None:
        """Take in whatever comes for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._pump(left)

    def painted_at(self, condition: Callable[[Shown], bool], since: int = 0) -> float | None:
        """When the screen first met a condition, playing on from what was played last; None: it has not yet.

        ``since`` is how many bytes had come when the cause was sent: nothing before it counts.
        """
        for at, end in self._arrivals[self._played :]:
            self._play(end)
            self._played += 1
            if end > since and condition(self._shown):
                return at
        return None

    def await_paint(self, condition: Callable[[Shown], bool], patience: float = 60.0) -> float:
        """Read until the screen meets a condition; when it did. ``AssertionError`` with the screen if never."""
        end = time.monotonic() + patience
        while (at := self.painted_at(condition)) is None:
            if time.monotonic() > end or (not self._pump(0.05) and self.process.poll() is not None):
                said = "\n".join(self.shot().lines).rstrip()
                raise AssertionError(f"what is to be measured was never painted; the screen says\n{said}")
        return at

    def catch_up(self) -> None:
        """Play everything that has come."""
        self.painted_at(lambda shown: False)

    def shot(self) -> Shot:
        """The whole screen as it stands after everything that has come."""
        self.catch_up()
        return self._shown.shot()

    @property
    def now(self) -> Shown:
        """The screen after everything that has come."""
        self.catch_up()
        return self._shown

    @property
    def _shown(self) -> Shown:
        return Shown(self)

    def _play(self, end: int) -> None:
        data = _UNKNOWN_TO_PYTE.sub(b"", bytes(self.raw[self._fed : end]))
        self._fed = end
        self._stream.feed(data)


class Shown:
    """The emulated screen at one moment; reads only the lines it is asked for."""

    def __init__(self, terminal: Timed) -> None:
        self._screen = terminal._screen
        self.columns, self.rows = terminal.columns, terminal.rows

    def char(self, y: int, x: int) -> str:
        return self._screen.buffer[y][x].data

    def line(self, y: int) -> str:
        row = self._screen.buffer[y]
        return "".join(row[x].data for x in range(self.columns))

    def background(self, y: int, x: int) -> str:
        cell = self._screen.buffer[y][x]
        return cell.fg if cell.reverse else cell.bg

    @property
    def text(self) -> str:
        return "\n".join(self.line(y) for y in range(self.rows))

    def shot(self) -> Shot:
        buffer = self._screen.buffer
        chars, looks = [], []
        for y in range(self.rows):
            row = buffer[y]
            cells = [row[x] for x in range(self.columns)]
            chars.append(tuple(cell.data for cell in cells))
            looks.append(tuple(_look(cell) for cell in cells))
        return Shot(tuple(chars), tuple(looks))


def _look(cell: Any) -> tuple[str, str, bool]:
    """What of a cell's style is to be seen: of a blank only its ground, whatever colour its text would have."""
    if cell.data == " " and not cell.reverse:
        return "default", cell.bg, False
    return cell.fg, cell.bg, cell.bold


def await_each(terminals: Sequence[Timed], condition: Callable[[Shown], bool], patience: float = 60.0) -> list[float]:
    """When each of several screens first met a condition; all are read as their bytes come, so that none waits for
    another. ``AssertionError`` with the screen of one that never does."""
    end = time.monotonic() + patience
    found: list[float | None] = [None] * len(terminals)
    while True:
        for number, terminal in enumerate(terminals):
            if found[number] is None:
                found[number] = terminal.painted_at(condition)
        late = [terminal for terminal, at in zip(terminals, found, strict=True) if at is None]
        if not late:
            return [at for at in found if at is not None]
        if time.monotonic() > end or any(terminal.process.poll() is not None for terminal in late):
            said = "\n".join(late[0].shot().lines).rstrip()
            raise AssertionError(f"what is to be measured was never painted; the screen says\n{said}")
        read_each(terminals, 0.05)


def read_each(terminals: Sequence[Timed], seconds: float) -> None:
    """Take in whatever comes on any of several screens for so long."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        came, _, _ = select.select([terminal.fd for terminal in terminals], [], [], left)
        for terminal in terminals:
            if terminal.fd in came:
                terminal._pump(0)


# -- what really changed ---------------------------------------------------------------------------------------


def changed(before: Shot, after: Shot) -> list[tuple[int, int]]:
    """The cells ``(y, x)`` that are not as they were."""
    return [
        (y, x)
        for y, row in enumerate(after.chars)
        for x, char in enumerate(row)
        if char != before.chars[y][x] or after.looks[y][x] != before.looks[y][x]
    ]


Look = tuple[str, str, bool]
_PLAIN: Final[Look] = ("default", "default", False)


def least_bytes(before: Shot, after: Shot) -> int:
    """What a terminal needs to be told: for each run of changed cells where it is, its characters, and of their
    colours (at what true colour costs) those that are not the last ones said.

    Runs nearer than a jump is long are joined.
    """
    total, place, look = 0, (-1, -1), _PLAIN
    for y, x in changed(before, after):
        gap = x - place[1] if y == place[0] else -1
        total += gap if 0 <= gap <= 6 else len(f"\x1b[{y + 1};{x + 1}H")
        char, want = after.chars[y][x], after.looks[y][x]
        if char == " ":
            want = look[0], want[1], look[2]  # a blank shows its ground alone
        total += _change_bytes(look, want) + len(char.encode())
        place, look = (y, x + 1), want
    return total


def _change_bytes(now: Look, want: Look) -> int:
    if now == want:
        return 0
    colours = sum(1 + (17 if new != "default" else 2) for old, new in zip(now[:2], want[:2], strict=True) if old != new)
    return len("\x1b[m") + colours + (3 if now[2] != want[2] else 0) - 1


# -- keys --------------------------------------------------------------------------------------------------------


def key_gaps(seed: int) -> Callable[[], float]:
    """Random pauses of 50 to 110 ms, so that keys never lock to a timer of the program's."""
    rng = random.Random(seed)
    return lambda: rng.uniform(0.05, 0.11)


def pace_keys(
    terminal: Timed, key: str, count: int, reached: Callable[[Shown, int], bool], seed: int, patience: float = 10.0
) -> list[float]:
    """Press ``key`` ``count`` times at its own pace, whatever the program does; seconds from each key to its paint.

    ``reached(shown, i)`` says that the screen shows the effect of key ``i`` (from 1) or of a later one. A key whose
    effect does not come within ``patience`` raises ``AssertionError``: nothing slow is ever left out.
    """
    gap = key_gaps(seed)
    terminal.catch_up()
    sent: list[tuple[float, int]] = []
    for _ in range(count):
        terminal.read_for(gap())
        sent.append((time.perf_counter(), len(terminal.raw)))
        terminal.send(key)
    took: list[float] = []
    for number, (at, since) in enumerate(sent, start=1):
        took.append(_first(terminal, number, since, reached, patience) - at)
    return took


def _first(terminal: Timed, number: int, since: int, reached: Callable[[Shown, int], bool], patience: float) -> float:
    # A frame that shows a later key answers the earlier ones as well, so the frame is looked at again.
    shown = terminal._shown
    played = terminal._arrivals[terminal._played - 1] if terminal._played else (0.0, 0)
    if played[1] > since and reached(shown, number):
        return played[0]
    end = time.monotonic() + patience
    while True:
        at = terminal.painted_at(lambda now: reached(now, number), since)
        if at is not None:
            return at
        if time.monotonic() > end or terminal.process.poll() is not None:
            said = "\n".join(terminal.shot().lines).rstrip()
            raise AssertionError(f"key {number} was never answered; the screen says\n{said}")
        terminal._pump(0.05)


def module(name: str, *args: Any) -> list[str]:
    """A module of this checkout as a command."""
    return [sys.executable, "-m", name, *(str(arg) for arg in args)]

"""What is measured: how each program is started, when it is ready, and on which finding its cursor stands."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.apps import minimal as minimal_app
from bench.machine import children, cpu_ns
from bench.screen import COLUMNS, CTRL_HOME, HOME, ROWS, Shown, Timed, module

_SERIAL: Final = re.compile(r"\b(\d{7}) ")
_ROWS_ENOUGH: Final = 10
"""So many findings have to stand on the screen before it counts as showing rows."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A program under measurement. ``ready`` says that what it is for stands on the screen; ``cursor`` names the
    serial of the finding under its cursor (None: not to be seen)."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[Shown], bool]
    cursor: Callable[[Shown], int | None] = lambda shown: None
    top: str = HOME
    """The key that brings the cursor to the first row."""

    @contextmanager
    def run(self, columns: int = COLUMNS, rows: int = ROWS) -> Iterator[Timed]:
        """The program on a pty, from its first instruction."""
        with Timed(self.argv, columns=columns, rows=rows) as terminal:
            yield terminal

    @contextmanager
    def at_rest(self) -> Iterator[Timed]:
        """The program, ready, with its start-up behind it."""
        with self.run() as terminal:
            terminal.await_paint(self.ready)
            _rest(terminal)
            yield terminal


def console(root: Path) -> Subject:
    """The console on a state folder, through its command line."""
    (root / "session.json").unlink(missing_ok=True)  # where the last run left its cursor
    return Subject("socconsole", tuple(module("socconsole", "--store", root)), _console_ready, _console_cursor)


def console_whole(root: Path) -> Subject:
    """The same, ready when the detail of the first finding stands beside the rows, which come before it."""
    return replace(console(root), name="socconsole with its detail", ready=_console_whole)


def datatable(root: Path, delay_ms: float = 0) -> Subject:
    """The same list by ``textual.DataTable``, with Textual's frame rate raised as the console raises it."""
    argv = module("bench.apps.datatable", root / "store.db", "--delay-ms", delay_ms)
    return Subject("textual.DataTable", tuple(argv), _datatable_ready, _datatable_cursor, CTRL_HOME)


def minimal() -> Subject:
    return Subject(
        "minimal Textual app", tuple(module("bench.apps.minimal")), lambda shown: minimal_app.TEXT in shown.text
    )


def htop() -> Subject | None:
    """None where there is no htop."""
    found = shutil.which("htop")
    if found is None:
        return None
    return Subject("htop", (found, "-d", "10"), lambda shown: "Load average" in shown.text and "PID" in shown.text)


def _rows(shown: Shown) -> int:
    return sum(1 for y in range(shown.rows) if _SERIAL.search(shown.line(y)))


def serial(line: str) -> int | None:
    """Which of ``fixtures``' findings stands on a line."""
    found = _SERIAL.search(line)
    return int(found[1]) if found else None


def _console_ready(shown: Shown) -> bool:
    return _console_cursor(shown) is not None and _rows(shown) >= _ROWS_ENOUGH


def _console_whole(shown: Shown) -> bool:
    return _console_ready(shown) and any("│ what" in shown.line(y) for y in range(shown.rows))


def _console_cursor(shown: Shown) -> int | None:
    y = next((y for y in range(shown.rows) if shown.char(y, 0) == "▶"), None)
    return None if y is None else serial(shown.line(y))


def _datatable_ready(shown: Shown) -> bool:
    return _datatable_cursor(shown) is not None and _rows(shown) >= _ROWS_ENOUGH


def _datatable_cursor(shown: Shown) -> int | None:
    """The row whose background is its own: all others share theirs."""
    grounds = [shown.background(y, 1) for y in range(_DATA_FIRST, shown.rows - 1)]
    own = [y for y, ground in enumerate(grounds, start=_DATA_FIRST) if grounds.count(ground) == 1]
    return serial(shown.line(own[0])) if len(own) == 1 else None


_DATA_FIRST: Final = 2
"""Below Textual's header and the table's own."""


def _rest(terminal: Timed) -> None:
    """Wait until a console's actor has come up too: until no CPU but a timer's is used by it or its children."""

    def spent() -> int:
        return sum(cpu_ns(pid) for pid in (terminal.pid, *children(terminal.pid)))

    for _ in range(40):
        before = spent()
        terminal.read_for(0.5)
        if spent() - before < 0.02 * 0.5e9:
            return
    raise AssertionError("the program never comes to rest after its start")

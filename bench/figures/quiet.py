"""What comes when nothing on the screen has changed: nothing.

The header shows a clock, so bytes are told apart by the line they are written on. A commit outside the view counts only
beside one inside it that is painted: a console that looks at nothing would be quiet as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

from bench import fixtures, subjects
from bench.figure import Budget, Row, Settings, skipped
from bench.machine import cpu_ns
from bench.screen import Timed
from bench.stats import Ratio, median, paired_ratio
from socconsole.store import db, findings

NOTHING: Final = Budget(0, unit=" B")
IDLE_CPU: Final = Budget(0.6)

_HEADER_LINES: Final = 2
_PLACED: Final = re.compile(rb"\x1b\[(\d+);\d+H")
_WINDOW_S: Final = 1.5
_REST_S: Final = 2.0
_IN_VIEW, _OUTSIDE = 5, 9_000


def run(settings: Settings) -> Iterator[Row]:
    rounds = settings.rounds(7)
    root = fixtures.copy(fixtures.store(fixtures.SMALL, settings.cache), settings.scratch / "quiet")
    idle, outside, inside = [], [], []
    subject = subjects.console(root)
    with subject.at_rest() as terminal, db.writing(root) as conn:
        base = fixtures.base(conn)

        def touch(serial: int, version: int) -> None:
            records = list(fixtures.records(range(serial, serial + 1), base, version))
            counts = findings.commit(conn, records, answer=None, live=True, origin="bench", now=datetime.now(UTC))
            if counts.updated != 1:
                raise AssertionError(f"the commit changed nothing: {counts}")

        for version in range(1, rounds + 1):
            idle.append(_below_header(terminal))
            touch(_OUTSIDE, version)
            outside.append(_below_header(terminal))
            since = len(terminal.raw)
            touch(_IN_VIEW, version)
            said = f"{_IN_VIEW:07} {version + 1} times: "
            terminal.await_paint(lambda shown, said=said: said in shown.text)  # type: ignore[misc]
            terminal.read_for(0.3)
            inside.append(
                float(sum(size for line, size in _by_line(bytes(terminal.raw[since:])) if line > _HEADER_LINES))
            )
    yield Row(
        "update outside the view: bytes", f"{max(outside):.0f} B at most", "0", _exactly(outside), NOTHING, f"{rounds}"
    )
    yield Row("doing nothing: bytes", f"{max(idle):.0f} B at most", "0", _exactly(idle), NOTHING, f"{rounds}")
    yield Row("update of a row in view: bytes", f"{median(inside):.0f} B", n=f"{rounds}")
    yield from _at_rest(settings)


def _at_rest(settings: Settings) -> Iterator[Row]:
    """CPU and bytes of consoles nobody touches, at the same time as htop."""
    root = fixtures.copy(fixtures.store(fixtures.SMALL, settings.cache), settings.scratch / "rest")
    htop = subjects.htop()
    rounds = settings.rounds(7)
    ours, theirs, sizes = [], [], []
    with ExitStack() as stack:
        console = stack.enter_context(subjects.console(root).at_rest())
        other = None if htop is None else stack.enter_context(htop.run())
        if htop is not None and other is not None:
            other.await_paint(htop.ready)
        for _ in range(rounds):
            programs = [console, *([other] if other else [])]
            before, sent, end = [cpu_ns(p.pid) for p in programs], len(console.raw), time.perf_counter() + _REST_S
            while time.perf_counter() < end:
                for program in programs:
                    program.read_for(0.02)
            spent = [(cpu_ns(p.pid) - was) / 1e6 / _REST_S for p, was in zip(programs, before, strict=True)]
            ours.append(spent[0])
            theirs += spent[1:]
            sizes.append((len(console.raw) - sent) * 60 / _REST_S)
    yield Row("doing nothing, with the clock: bytes", f"{median(sizes):,.0f} B a minute", n=f"{rounds} x {_REST_S:g} s")
    if htop is None:
        yield skipped("doing nothing: CPU, beside htop", "htop is not installed")
        return
    yield Row(
        "doing nothing: CPU",
        f"{median(ours) / 10:.2f} %",
        f"htop -d 10 {median(theirs) / 10:.2f} %",
        paired_ratio(ours, theirs),
        IDLE_CPU,
        f"{rounds} x {_REST_S:g} s",
    )


def _below_header(terminal: Timed) -> float:
    """Bytes that were written on lines other than the header's in a while."""
    terminal.quiet(0.3)
    since = len(terminal.raw)
    before = terminal.shot()
    terminal.read_for(_WINDOW_S)
    after = terminal.shot()
    if before.chars[_HEADER_LINES:] != after.chars[_HEADER_LINES:]:
        raise AssertionError("something else changed on the screen meanwhile")
    return float(sum(size for line, size in _by_line(bytes(terminal.raw[since:])) if line > _HEADER_LINES))


def _by_line(raw: bytes) -> Iterator[tuple[int, int]]:
    """(line from 1, bytes) of everything written after the cursor was put on a line."""
    places = list(_PLACED.finditer(raw))
    for number, place in enumerate(places):
        end = places[number + 1].start() if number + 1 < len(places) else len(raw)
        yield int(place[1]), end - place.start()


def _exactly(values: list[float]) -> Ratio:
    """Against nothing there is no ratio: the bytes themselves."""
    return Ratio(max(values), min(values), max(values))

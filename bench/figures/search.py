"""A keystroke in the filter at 100k findings (a million: --big), and a page of Triage, on a pty and by itself.

The console tries a filter when typing rests (``screens.listing.TYPING_PAUSE_S``), so the time from the last key to the
filtered rows holds that pause; the row that is held to the budget has it taken off and says so.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import fixtures, subjects
from bench.figure import Budget, Row, Settings, skipped
from bench.screen import ESCAPE, Shown, Timed
from bench.stats import Ratio, median, p99, paired_ratio, ratio
from bench.subjects import Subject
from socconsole.model.finding import State
from socconsole.screens.listing import TYPING_PAUSE_S
from socconsole.store.queue import QueueReader, View
from socconsole.triage.query import parse

KEYSTROKE: Final = Budget(60, unit=" ms")
PAGE: Final = Budget(1.2)

_WORDS: Final = ("unprotected", "listed", "policy", "domain", "outside", "buckets")
"""Each in a seventh to a third of the titles: the worst case of a search index."""
Condition = Callable[[Shown], bool]
_HIDE: Final = (State.SNOOZED, State.RESOLVED)


def run(settings: Settings) -> Iterator[Row]:
    name, count = ("1M", fixtures.BIG) if settings.big else ("100k", fixtures.MIDDLE)
    root = fixtures.copy(fixtures.store(count, settings.cache), settings.scratch / "search")
    echo, rows = _typed(root, 2 if settings.quick else 4)
    pause = 1000 * TYPING_PAUSE_S
    rest = [each - pause for each in rows]
    note = f"from the last key to the rows, less the {pause:.0f} ms that the console waits for the next key"
    yield Row(
        f"filter keystroke, {name}: p99",
        f"{p99(rest):.0f} ms (p50 {median(rest):.0f})",
        "60 ms",
        _limit(rest),
        KEYSTROKE,
        f"{len(rows)} words",
        note,
    )
    yield Row(
        f"filter keystroke echoed, {name}: p99", f"{p99(echo):.0f} ms (p50 {median(echo):.0f})", n=f"{len(echo)} keys"
    )
    asked = _asked(root, 3 if settings.quick else 12)
    yield Row(
        f"filter by itself (window and count), {name}: p99",
        f"{p99(asked):.1f} ms (p50 {median(asked):.1f})",
        "60 ms",
        _limit(asked),
        KEYSTROKE,
        f"{len(asked)} queries",
    )
    small = fixtures.store(fixtures.MIDDLE if settings.big else fixtures.SMALL, settings.cache)
    less = "100k" if settings.big else "10k"
    ours, peer = _pages(root, fixtures.copy(small, settings.scratch / "search-less"), 40 if settings.quick else 200)
    yield Row(
        f"a page of Triage, {name}",
        f"{median(ours):.2f} ms",
        f"at {less} {median(peer):.2f} ms",
        paired_ratio(ours, peer),
        PAGE,
        f"{len(ours)} pages",
    )
    if not settings.big:
        yield skipped("filter keystroke, 1M", "a million findings take minutes to make: --big")


def _limit(values: list[float]) -> Ratio:
    """Milliseconds at the tail with their interval, to be held against a number of milliseconds."""
    return ratio(values, 1.0, p99)


def _typed(root: Path, rounds: int) -> tuple[list[float], list[float]]:
    """(ms from a key to its letter, ms from a word's last key to rows that all hold it), typed on a pty."""
    subject = subjects.console(root)
    echo: list[float] = []
    rows: list[float] = []
    with subject.at_rest() as terminal:
        for _ in range(rounds):
            for word in _WORDS:
                terminal.send("/")
                terminal.await_paint(_prompt(""))
                for end in range(1, len(word) + 1):
                    sent = terminal.time()
                    terminal.send(word[end - 1])
                    echo.append(1000 * (terminal.await_paint(_prompt(word[:end])) - sent))
                    if end < len(word):
                        terminal.read_for(0.06)
                rows.append(1000 * (terminal.await_paint(_filtered(word)) - sent))
                _leave(subject, terminal)
    return echo, rows


def _prompt(text: str) -> Condition:
    wanted = f"/ {text}".rstrip()
    return lambda shown: any(shown.line(y).lstrip().startswith(wanted) for y in range(shown.rows - 3, shown.rows))


def _filtered(word: str) -> Condition:
    def met(shown: Shown) -> bool:
        lines = [shown.line(y)[: shown.columns // 2] for y in range(4, shown.rows - 3)]
        return sum(word in line.lower() for line in lines) >= len(lines) - 1

    return met


def _leave(subject: Subject, terminal: Timed) -> None:
    """Back to all rows, the cursor on the first."""
    terminal.send(ESCAPE)
    terminal.await_paint(lambda shown: "threats  " not in shown.line(2))
    terminal.send(subject.top)
    terminal.await_paint(lambda shown: subject.cursor(shown) == 0)
    terminal.quiet(0.3)


def _asked(root: Path, rounds: int) -> list[float]:
    """Milliseconds that a filter costs the console's loop: the first page and the count, as it asks for them."""
    took: list[float] = []
    with QueueReader(root / "store.db", hide=_HIDE) as reader:
        for number in range(rounds):
            for word in _WORDS:
                for end in range(3, len(word) + 1):
                    now, query = datetime.now(UTC), parse(word[:end] + " " * number)
                    began = time.perf_counter()
                    page = reader.window(View.THREATS, query, offset=0, limit=111, now=now)
                    count = reader.count(View.THREATS, query, now=now, budget_s=0.008)
                    took.append(1000 * (time.perf_counter() - began))
                    if not page or (count.exact and count.n < len(page)):
                        raise AssertionError(f"nothing was found for {word[:end]!r}")
                    reader._blocks.clear()
    return took


def _pages(ours: Path, peer: Path, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds for pages at random places of the first fifth, no block known, in two stores by turns."""
    rng = random.Random(0)
    took: tuple[list[float], list[float]] = ([], [])
    with QueueReader(ours / "store.db", hide=_HIDE) as first, QueueReader(peer / "store.db", hide=_HIDE) as second:
        for _ in range(count):
            place = rng.randrange(0, 1_400)
            for reader, into in zip((first, second), took, strict=True):
                reader._blocks.clear()
                began = time.perf_counter()
                page = reader.window(View.THREATS, offset=place, limit=40, now=datetime.now(UTC))
                into.append(1000 * (time.perf_counter() - began))
                if len(page) != 40:
                    raise AssertionError(f"a page of {len(page)} rows")
    return took

"""A case of thousands of findings beside one of a thousand: it may cost what it holds, and no more.

Read are the parts that a case's screen shows, the header's nearest clock with nothing kept, and the watch's round over
the clocks. Acts are decisions on every finding of it, taken back in the same turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from bench import fixtures
from bench.figure import Budget, Row, Settings
from bench.stats import median, paired_ratio
from socconsole.commands import Acknowledge, TakeBack
from socconsole.commands.cases import OpenCase
from socconsole.config import Config
from socconsole.model.mode import Mode
from socconsole.store import (
    case_acts,
    case_alarms,
    case_clocks,
    case_findings,
    case_glance,
    case_view,
    cases,
    db,
    decisions,
    six_lines,
)
from socconsole.store.state import StateFolder

FEW: Final = 1_000
_WHO: Final = "bench"
_CONFIG: Final = Config()

_Timed = Callable[[StateFolder, str], object]


def run(settings: Settings) -> Iterator[Row]:
    home = fixtures.store(fixtures.SMALL, settings.cache)
    folders = [StateFolder.open(fixtures.copy(home, settings.scratch / name)) for name in ("few", "many")]
    named = [_opened(folders[0], FEW), _opened(folders[1], fixtures.SMALL)]
    many = named[1][1]
    for what, timed, rounds in (
        ("case, read whole", _read, settings.rounds(15)),
        ("case, header's nearest clock", _glance, settings.rounds(15)),
        ("case, the watch's round", _watch, settings.rounds(15)),
        ("case, acknowledge all and take back", _decided, settings.rounds(7)),
    ):
        took: tuple[list[float], list[float]] = ([], [])
        for number in range(-1, rounds):  # the first warms the file cache
            for which in (0, 1) if number % 2 else (1, 0):
                began = time.perf_counter()
                timed(folders[which], named[which][0])
                if number >= 0:
                    took[which].append(time.perf_counter() - began)
        yield Row(
            f"{what}: {many:,} findings",
            f"{median(took[1]) * 1_000:,.0f} ms",
            f"{FEW:,}: {median(took[0]) * 1_000:,.0f} ms",
            paired_ratio(took[1], took[0]),
            Budget(many / FEW),
            str(rounds),
        )


def _opened(folder: StateFolder, count: int) -> tuple[str, int]:
    """A case of the ``count`` worst findings; its id, and how many it holds."""
    with db.reading(folder) as conn:
        rows = conn.execute("SELECT id FROM queue WHERE sample = 0 ORDER BY score DESC, n LIMIT ?", (count,))
        ids = tuple(id_ for (id_,) in rows)
    asked = OpenCase(findings=ids, title="a flood", severity="HIGH")
    return case_acts.act(folder, _CONFIG, asked, _WHO, _now()).case, len(ids)


def _read(folder: StateFolder, id_: str) -> None:
    now = _now()
    with db.reading(folder) as conn:
        case = cases.get(conn, id_)
        if case is None:
            raise AssertionError("the case is gone")
        six_lines.six_lines(conn, _CONFIG, case, now)
        case_clocks.of_case(conn, _CONFIG, case, now)
        case_view.still_open(conn, _CONFIG, case, now)
        case_view.history(folder, conn, case)
        if len(case_findings.listed(conn, case, now)) != len(case.findings):
            raise AssertionError("not every finding is listed")


def _glance(folder: StateFolder, id_: str) -> None:
    with db.reading(folder) as conn:
        found = case_glance.Glance(_CONFIG).nearest(conn, _now())
    if found is None or found.case != id_:
        raise AssertionError("no clock of the case was found")


def _watch(folder: StateFolder, _: str) -> None:
    with db.reading(folder) as conn:
        case_alarms.due(conn, _CONFIG, "watch", _now())


def _decided(folder: StateFolder, id_: str) -> None:
    with db.reading(folder) as conn:
        case = cases.get(conn, id_)
    ids = case.findings if case is not None else ()
    done = decisions.decide(folder, Acknowledge(ids=ids, reason="one scanner"), _WHO, Mode.READ, _now())
    back = decisions.decide(folder, TakeBack(), _WHO, Mode.READ, _now())
    if not (ids and len(done.ids) == len(back.ids) == len(ids)):
        raise AssertionError("not every finding was decided on")


def _now() -> datetime:
    return datetime.now(UTC)

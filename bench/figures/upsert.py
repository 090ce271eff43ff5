"""Taking findings in, beside ``sqlite_utils.upsert_all``: the same records, 100 to a transaction, synchronous=FULL.

Ours starts from observations (records already read), merges them, keeps every record, the queue, its counts and the
search index. The peer starts from rows already made: eight columns and the body as JSON, with three indexes and no
search.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from bench import fixtures
from bench.figure import Budget, Row, Settings
from bench.stats import median, paired_ratio
from socconsole.model.finding import Observation
from socconsole.store import db, findings

NEW: Final = Budget(3, at_least=True)
UNCHANGED: Final = Budget(5, at_least=True)
DISK: Final = Budget(0.3)

_BATCH: Final = 100
_CHANGED: Final = 20
"""One record of so many has changed when they come again."""


def run(settings: Settings) -> Iterator[Row]:
    rounds, count = (3, 1_000) if settings.quick else (9, 3_000)
    base = datetime.now(UTC)
    first = [_observation(serial, base, 0) for serial in range(count)]
    again = [_observation(serial, base, 1) if serial % _CHANGED == 0 else first[serial] for serial in range(count)]
    ours_new: list[float] = []
    ours_again: list[float] = []
    peer_new: list[float] = []
    peer_again: list[float] = []
    for number in range(-1, rounds):
        ours = _ours(settings.scratch / f"ours-{number}.db")
        peer = _peer(settings.scratch / f"peer-{number}.db")
        took = [_rate(take, observations) for observations in (first, again) for take in (ours, peer)]
        if number >= 0:  # the first round warms up
            for into, rate in zip((ours_new, peer_new, ours_again, peer_again), took, strict=True):
                into.append(rate)
    n = f"{rounds} x {count:,}"
    for name, mine, theirs, budget in (
        ("upsert, all new", ours_new, peer_new, NEW),
        ("upsert, 95 % unchanged", ours_again, peer_again, UNCHANGED),
    ):
        yield Row(
            name,
            f"{median(mine):,.0f}/s",
            f"sqlite-utils upsert_all {median(theirs):,.0f}/s",
            paired_ratio(mine, theirs),
            budget,
            n,
        )
    size = (fixtures.store(fixtures.SMALL, settings.cache) / "store.db").stat().st_size
    raw = sum(len(_observation(serial, base, 0).body) for serial in range(fixtures.SMALL))
    yield Row(
        "bytes on disk for a finding, 10k",
        f"{size / fixtures.SMALL:,.0f} B",
        f"its JSON {raw / fixtures.SMALL:,.0f} B",
        paired_ratio([float(size)], [float(raw)]),
        DISK,
        f"{fixtures.SMALL:,}",
        "everything in store.db: indexes, search, both forms of every record; the records are generated, and shorter "
        "and more alike than real ones",
    )


def _observation(serial: int, base: datetime, version: int) -> Observation:
    for record in fixtures.records(range(serial, serial + 1), base, version):
        if isinstance(record, Observation):
            return record
    raise AssertionError(f"record {serial} was not understood")


def _rate(take: Callable[[Sequence[Observation]], None], observations: Sequence[Observation]) -> float:
    """Findings a second."""
    began = time.perf_counter()
    for start in range(0, len(observations), _BATCH):
        take(observations[start : start + _BATCH])
    return len(observations) / (time.perf_counter() - began)


def _ours(path: Path) -> Callable[[Sequence[Observation]], None]:
    db.prepare(path)
    conn = db.connect(path)

    def take(observations: Sequence[Observation]) -> None:
        findings.commit(conn, observations, answer=None, live=True, origin="bench", now=datetime.now(UTC))

    return take


def _peer(path: Path) -> Callable[[Sequence[Observation]], None]:
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    database = Database(conn)
    table = database.table("finding")
    table.create(dict.fromkeys(_ROW, str) | {"severity": int}, pk="id")
    for columns in (("severity", "updated"), ("account", "status"), ("region", "product")):
        table.create_index(columns)

    def take(observations: Sequence[Observation]) -> None:
        table.upsert_all((_row(each) for each in observations), pk="id")

    return take


_ROW: Final = ("id", "severity", "updated", "title", "account", "region", "product", "status", "resource", "body")


def _row(each: Observation) -> dict[str, Any]:
    values = (
        each.merge_keys[0],
        int(each.severity),
        each.updated.isoformat() if each.updated else "",
        each.title.raw(),
        each.account,
        each.region,
        each.product,
        each.workflow.value if each.workflow else "NEW",
        each.resources[0].id.raw() if each.resources else "",
        each.body.decode("ascii"),
    )
    return dict(zip(_ROW, values, strict=True))

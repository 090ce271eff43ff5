"""The ledger: an entry on disk beside a raw fsync of as many bytes, and how fast a ledger is verified."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.figure import Budget, Row, Settings
from bench.stats import median, paired_ratio, ratio
from socconsole.model.entry import Entry
from socconsole.model.world import World, WorldKind
from socconsole.store import ledger
from socconsole.store.state import StateFolder

APPEND: Final = Budget(0.9, at_least=True)
VERIFY: Final = Budget(10_000, at_least=True, unit="/s")

_ENTRY_BYTES: Final = 700
"""About what one entry adds to the file: body, hashes, signature."""
_SUBJECTS: Final = tuple(f"f-{number:012x}" for number in range(3))


def run(settings: Settings) -> Iterator[Row]:
    folder = StateFolder.create(settings.scratch / "ledger", World(WorldKind.IMPORT))
    rounds, each = settings.rounds(9), 20 if settings.quick else 50
    one, many, raw = [], [], []
    for _ in range(rounds):
        one.append(_appended(folder, each, 1))
        raw.append(_synced(settings.scratch / "raw", each))
        many.append(_appended(folder, each, 100))
    yield Row(
        "ledger append, one entry",
        f"{median(one):,.0f}/s",
        f"write and fsync {median(raw):,.0f}/s",
        paired_ratio(one, raw),
        APPEND,
        f"{rounds} x {each}",
    )
    yield Row(
        "ledger append, 100 entries at once",
        f"{median(many):,.0f}/s",
        f"write and fsync {median(raw):,.0f}/s",
        paired_ratio(many, raw),
        n=f"{rounds} x {each}",
    )
    entries = ledger.head(folder).seq
    wanted = 5_000 if settings.quick else 20_000
    while entries < wanted:
        ledger.append(folder, [_entry(number) for number in range(1_000)])
        entries += 1_000
    verified = [_verified(folder) for _ in range(3 if settings.quick else 7)]
    entries = ledger.head(folder).seq
    yield Row(
        "ledger verify, with signatures",
        f"{median(verified):,.0f}/s",
        "10,000/s",
        ratio(verified, 1.0),
        VERIFY,
        f"{len(verified)} x {entries:,}",
    )


def _entry(number: int) -> Entry:
    return Entry(
        "ack", "bench", _SUBJECTS, {"mode": "TRIAGE", "number": number}, {"reason": "seen, and being looked at"}
    )


def _appended(folder: StateFolder, count: int, size: int) -> float:
    """Entries a second, ``size`` to a call."""
    before = ledger.head(folder).seq
    calls = max(1, count // size)
    began = time.perf_counter()
    for number in range(calls):
        ledger.append(folder, [_entry(number)] * size)
    took = time.perf_counter() - began
    if ledger.head(folder).seq != before + calls * size:
        raise AssertionError("the ledger did not grow by what was appended")
    return calls * size / took


def _synced(path: Path, count: int) -> float:
    """Writes of an entry's size a second, each synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        began = time.perf_counter()
        for _ in range(count):
            os.write(descriptor, b"x" * _ENTRY_BYTES)
            os.fsync(descriptor)
        return count / (time.perf_counter() - began)
    finally:
        os.close(descriptor)


def _verified(folder: StateFolder) -> float:
    """Entries a second."""
    began = time.perf_counter()
    verdict = ledger.verify(folder.root)
    took = time.perf_counter() - began
    if not verdict.whole:
        raise AssertionError(f"the ledger is not whole: {verdict.reason}")
    return verdict.entries / took

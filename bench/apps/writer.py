"""Another process that commits findings at a rate, as a busy watch does: read, merged, stored, a batch every 100 ms.

Argument 1 is a store, 2 findings a second, 3 how many findings it holds. Lines on stdin say ``go`` and ``stop``; each
``stop`` is answered with how many were committed and how long that took. Of every ten records eight are new, below
what is on the screen; one is a later version of a finding on the screen (its title changes) and one of a finding
somewhere.
"""

from __future__ import annotations

import os
import select
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import fixtures
from socconsole.formats import Record
from socconsole.store import db, findings

BATCH_S: Final = 0.1
_IN_VIEW: Final = 20


def batch(number: int, size: int, first: int, base: datetime) -> list[Record]:
    """The ``number``-th batch; ``first`` is the first serial that the store does not have."""
    tenth = max(1, size // 10)
    fresh = size - 2 * tenth
    start = first + number * fresh
    version = number + 1
    out = list(fixtures.records(range(start, start + fresh), base))
    out += fixtures.records((serial % _IN_VIEW for serial in range(number, number + tenth)), base, version)
    out += fixtures.records(
        (_IN_VIEW + (number * tenth + i) * 7 % (first - _IN_VIEW) for i in range(tenth)), base, version
    )
    return out


def main() -> None:
    path, rate, first = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    os.nice(10)  # as the watch should: the terminal comes first
    size = max(1, round(rate * BATCH_S))
    number = 0
    with db.writing(path) as conn:
        base = fixtures.base(conn)
        print("ready", flush=True)
        while line := sys.stdin.readline():
            if line.strip() != "go":
                continue
            done, began = 0, time.monotonic()
            due = began
            while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
                records = batch(number, size, first, base)
                findings.commit(conn, records, answer=None, live=True, origin="bench", now=datetime.now(UTC))
                number, done, due = number + 1, done + size, due + BATCH_S
            sys.stdin.readline()
            print(done, time.monotonic() - began, flush=True)


if __name__ == "__main__":
    main()

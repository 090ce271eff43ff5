"""Records that came before their reader: read again once there is one.

Stores of older programs keep trail events and alarms as they came. Whoever takes records in, and the watch's
housekeeping, looks at them again; what is understood by now moves to its own tables, what is not stays.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from sqlite3 import Connection
from typing import Final

import zstandard

from socconsole import triage
from socconsole.formats import Deferred, Record, read_bytes
from socconsole.store import findings, quarantine
from socconsole.store.codec import FRAME_LIMIT
from socconsole.store.findings import Counts

_BATCH: Final = 400


def advance(conn: Connection, now: datetime, context: triage.Context | None = None) -> Counts:
    """Take in every deferred record that has a reader; returns what they came to.

    Cut short between taking in and forgetting, the next time finds the records stored already and forgets them.
    """
    counts = Counts()
    after = b""
    while rows := _next(conn, after):
        after = rows[-1][0]
        for origin, some in groupby(sorted(rows, key=lambda row: row[2]), key=lambda row: row[2]):
            understood: list[Record] = []
            done: list[bytes] = []
            for _, raw, _ in some:
                found = list(read_bytes(raw))
                if found and not any(isinstance(one, Deferred) for one in found):
                    understood += found
                    done.append(raw)
            if done:
                counts += findings.commit(conn, understood, answer=None, origin=origin, now=now, context=context)
                for raw in done:
                    quarantine.release(conn, raw, deferred=True)
    return counts


def _next(conn: Connection, after: bytes) -> list[tuple[bytes, bytes, str]]:
    """(digest, raw, origin) of some deferred records, in the order of their digests."""
    unpack = zstandard.ZstdDecompressor()
    return [
        (digest, unpack.decompress(raw, max_output_size=FRAME_LIMIT), origin)
        for digest, raw, origin in conn.execute(
            "SELECT digest, raw, origin FROM deferred WHERE digest > ? ORDER BY digest LIMIT ?", (after, _BATCH)
        )
    ]

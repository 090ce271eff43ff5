"""Records that did not become findings: kept with their raw bytes, counted, and read again later.

``quarantine`` holds what no reader understands, ``deferred`` what is understood but had no reader when it came. The
same bytes are kept once, however often they are imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final

import msgspec

from socconsole.store.instants import instant, micros, storable

# The readers of records, and what packs them, are for who takes records in, not for the console that counts them.
if TYPE_CHECKING:
    from socconsole.formats import Deferred, Quarantined

_REASON_LIMIT: Final = 500


class Kept(msgspec.Struct, frozen=True):
    """One record that is not a finding. ``why`` is the reason, or what kind of record it is when deferred."""

    raw: bytes
    why: str
    line: int
    """1-based line or element in its file; 0 where it came from AWS."""
    origin: str
    seen: datetime
    deferred: bool


def keep(conn: Connection, records: Iterable[Quarantined | Deferred], origin: str, now: datetime) -> int:
    """Store what is not stored yet, within the caller's transaction; returns how many were new."""
    import zstandard

    from socconsole.formats import Deferred
    from socconsole.store.codec import LEVEL

    before = conn.total_changes
    pack = zstandard.ZstdCompressor(LEVEL).compress
    for record in records:
        table, column, why = (
            ("deferred", "what", record.what)
            if isinstance(record, Deferred)
            else ("quarantine", "reason", record.reason)
        )
        conn.execute(
            f"INSERT INTO {table} (digest, raw, {column}, line, origin, seen) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (digest) DO NOTHING",
            (
                _digest(record.raw),
                pack(record.raw),
                storable(why, _REASON_LIMIT),
                record.line,
                storable(origin),
                micros(now),
            ),
        )
    return conn.total_changes - before


def counts(conn: Connection) -> tuple[int, int]:
    """How many records lie in quarantine, and how many wait for their reader."""
    row: tuple[int, int] = conn.execute(
        "SELECT (SELECT count(*) FROM quarantine), (SELECT count(*) FROM deferred)"
    ).fetchone()
    return row


def kept(conn: Connection, *, deferred: bool = False, limit: int = 1_000) -> list[Kept]:
    """What is kept, newest first."""
    import zstandard

    from socconsole.store.codec import FRAME_LIMIT

    table, column = ("deferred", "what") if deferred else ("quarantine", "reason")
    unpack = zstandard.ZstdDecompressor()
    return [
        Kept(
            unpack.decompress(raw, max_output_size=FRAME_LIMIT),
            why,
            line,
            origin,
            instant(seen),
            deferred,
        )
        for raw, why, line, origin, seen in conn.execute(
            f"SELECT raw, {column}, line, origin, seen FROM {table} ORDER BY seen DESC, digest LIMIT ?",
            (limit,),
        )
    ]


def release(conn: Connection, raw: bytes, *, deferred: bool = False) -> bool:
    """Forget a record that a reader now understands, in the transaction that commits what it became."""
    table = "deferred" if deferred else "quarantine"
    done = conn.execute(f"DELETE FROM {table} WHERE digest = ?", (_digest(raw),))
    return done.rowcount > 0


def _digest(raw: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(raw).digest()

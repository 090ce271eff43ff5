"""Scores follow the configuration: what is stored is scored again when what scores are made of has changed.

Records that come in are scored by the configuration of whoever takes them in; those that are here already would keep
the score of the day they came. ``meta`` holds by what all of them were scored last, and how far a change of it
has come, so that it goes on where it was cut short.
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from socconsole import triage
from socconsole.store import remerge, rows
from socconsole.store.codec import Codec
from socconsole.store.db import transaction

SLICE: Final = 200
"""Findings looked at in one go: some 50 ms, of which others wait only while changed scores are written."""

_DONE: Final = "scored_by"
_UNDER_WAY: Final = "scoring_by"
_LAST: Final = "scoring_after"


def due(conn: Connection, context: triage.Context) -> bool:
    """Whether anything may be scored otherwise than by this context and this program's weights."""
    return _meta(conn, _DONE) != triage.scoring_digest(context)


def advance(conn: Connection, context: triage.Context, limit: int = SLICE) -> int | None:
    """Score the next ``limit`` findings again; how many scores changed, or None when all of them are right."""
    digest = triage.scoring_digest(context)
    if _meta(conn, _DONE) == digest:
        return None
    last = int(str(_meta(conn, _LAST) or 0)) if _meta(conn, _UNDER_WAY) == digest else 0
    found = conn.execute(
        "SELECT n, seen, score, reasons FROM finding WHERE n > ? ORDER BY n LIMIT ?", (last, limit)
    ).fetchall()
    codec = Codec(conn)
    changed: list[tuple[int, str, int, int, str]] = []
    for n, seen, score, reasons in found:
        priority = remerge.merged(conn, codec, n, seen, context).priority
        packed = rows.pack_reasons(priority.reasons)
        if (priority.score, packed) != (score, reasons):
            changed.append((priority.score, packed, n, score, reasons))
    with transaction(conn):
        # What somebody else scored meanwhile is his: it was taken in by a configuration in force.
        conn.executemany("UPDATE finding SET score = ?, reasons = ? WHERE n = ? AND score = ? AND reasons = ?", changed)
        if found:
            _set_meta(conn, _DONE, "")  # some have the old context, some the new one: neither is all done
            _set_meta(conn, _UNDER_WAY, digest)
            _set_meta(conn, _LAST, str(found[-1][0]))
        else:
            _set_meta(conn, _DONE, digest)
    return len(changed)


def _meta(conn: Connection, key: str) -> object:
    row = conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def _set_meta(conn: Connection, key: str, value: str) -> None:
    conn.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )

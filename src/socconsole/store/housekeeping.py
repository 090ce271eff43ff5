"""What time does to the store: retention, the search index, the planner's statistics. The watch's work.

Only what AWS can tell again, or no longer matters, is ever deleted: closed findings after 400 days, and none
that anybody decided about, acted on, sent anything for or put into a case; trail events after 30 days, points of
meters after 15, what posture was after 400. While a case is under legal hold nothing is: what belongs to it nobody can
say yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole import triage
from socconsole.store import deferred, egress_upkeep, own, posture_intake, reading, rows, trail
from socconsole.store.codec import Codec
from socconsole.store.db import transaction
from socconsole.store.instants import instant, micros

CLOSED_FINDINGS: Final = timedelta(days=400)
"""How long a finding is kept after it was closed or archived."""

_BATCH: Final = 200
_WORTH_IT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What one round of housekeeping did."""

    expired: int
    """Closed findings."""
    forgotten: int
    """Trail events."""
    reindexed: bool


def run(conn: Connection, now: datetime) -> Kept:
    """One round: short transactions, so that nobody waits for it."""
    own.close_acknowledged(conn, now)
    deferred.advance(conn, now)
    with transaction(conn):
        egress_upkeep.end_gone(conn, now)
    expired = forgotten = 0
    if not held(conn):
        expired = expire(conn, now)
        forgotten = trail.purge(conn, now)
        with transaction(conn):
            egress_upkeep.prune(conn, now)
        with transaction(conn):
            posture_intake.prune(conn, now)
    reindexed = _index_is_worn(conn)
    if reindexed:
        rebuild_text(conn)
    conn.execute("PRAGMA optimize")
    conn.execute("PRAGMA wal_checkpoint(PASSIVE)")
    return Kept(expired, forgotten, reindexed)


def held(conn: Connection) -> bool:
    """Whether a case is under legal hold, closed or not."""
    found: int = conn.execute("SELECT EXISTS (SELECT 1 FROM case_file WHERE held = 1)").fetchone()[0]
    return bool(found)


def expire(conn: Connection, now: datetime, after: timedelta = CLOSED_FINDINGS) -> int:
    """Delete closed findings that nothing has touched for ``after``; returns how many."""
    limit = micros(now - after)
    gone = 0
    while True:
        with transaction(conn):
            found = conn.execute(
                """
                SELECT f.n FROM finding AS f
                WHERE (f.active = 0 OR f.workflow IN ('RESOLVED', 'SUPPRESSED'))
                    AND max(f.seen, coalesce(f.updated, 0), coalesce(f.occurred, 0), coalesce(f.resolved_at, 0)) < ?
                    AND NOT EXISTS (SELECT 1 FROM decided AS k WHERE k.n = f.n)
                    AND NOT EXISTS (SELECT 1 FROM alias AS a JOIN case_finding AS c ON c.finding = substr(a.key, 1, 14)
                        WHERE a.finding = f.n)
                LIMIT ?
                """,
                (limit, _BATCH),
            ).fetchall()
            conn.executemany("DELETE FROM finding WHERE n = ?", found)
        gone += len(found)
        if len(found) < _BATCH:
            return gone


def rebuild_text(conn: Connection) -> None:
    """Write the search index anew from the records: what was overtaken leaves it."""
    with transaction(conn):
        codec = Codec(conn)
        conn.execute("INSERT INTO finding_fts (finding_fts) VALUES ('delete-all')")
        for n, text_row, seen in conn.execute("SELECT n, text_row, seen FROM finding ORDER BY n").fetchall():
            heads = [
                reading.observation(conn, codec, number)
                for (number,) in conn.execute(
                    "SELECT n FROM observation WHERE finding = ? AND head = 1 ORDER BY n", (n,)
                ).fetchall()
            ]
            finding = triage.merge(heads, instant(seen), triage.Context())
            conn.execute(
                "INSERT INTO finding_fts (rowid, title, description, resources, types, actors, account) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (text_row, *rows.text_of(finding)),
            )
        conn.execute(
            "INSERT INTO counter (name, value) VALUES ('text_cleaned', ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (_texts(conn)[0],),
        )


def _index_is_worn(conn: Connection) -> bool:
    """More unreachable texts than findings, and enough of them to be worth the work."""
    dead, live, cleaned = _texts(conn)
    return dead - cleaned > live + _WORTH_IT


def _texts(conn: Connection) -> tuple[int, int, int]:
    """(numbers of the index that no finding has any more, findings, how many of the former are cleaned up)."""
    counters = dict(conn.execute("SELECT name, value FROM counter").fetchall())
    live: int = conn.execute("SELECT coalesce(sum(n), 0) FROM tally").fetchone()[0]
    return counters.get("text_row", 0) - live, live, counters.get("text_cleaned", 0)

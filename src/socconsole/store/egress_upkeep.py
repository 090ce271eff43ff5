"""What time does to ways out: retention of their points, and the end of findings whose alarm will never say OK."""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.model.finding import alias_key
from socconsole.store import alarm_finding, egress, egress_codec, own
from socconsole.store.instants import micros
from socconsole.triage import ways_out

KEPT: Final = timedelta(days=15)
"""How long points are kept: what CloudWatch keeps by the minute, and a day more than baselines look back."""

FINE_KEPT: Final = timedelta(days=1)
"""The same for a path's meter by the minute; beyond that its five minutes do."""

CHANGES_KEPT: Final = timedelta(days=400)


def end_gone(conn: Connection, now: datetime) -> int:
    """Close findings of alarms that were deleted, or pointed elsewhere, while they were open, that somebody
    acknowledged ``own.KEPT`` ago and that were quiet since. In a transaction of the caller's; returns how many."""
    ended = 0
    limit = micros(now - own.KEPT)
    for arn, doc in conn.execute(
        "SELECT arn, doc FROM alarm WHERE open = 1 AND (gone_at IS NOT NULL OR egress = 0)"
    ).fetchall():
        key = alias_key(alarm_finding.merge_key(egress_codec.unpack_alarm(doc)))
        row = conn.execute(
            "SELECT 1 FROM alias AS k JOIN queue AS q ON q.n = k.finding WHERE k.key = ?1 AND q.acked_at <= ?2 "
            "AND coalesce(q.resumed_at, 0) <= q.acked_at AND coalesce(q.occurred, 0) <= ?2",
            (key, limit),
        ).fetchone()
        if row is None:
            continue
        conn.execute("UPDATE alarm SET raised = 0, open = 0 WHERE arn = ?", (arn,))
        own.close(conn, key, now)
        ended += 1
    return ended


def prune(conn: Connection, now: datetime) -> int:
    """Delete what retention no longer keeps; how many points went.

    A path's meter by the minute goes after a day, unless an alarm compares that very series.
    """
    compared = {
        egress_codec.series_key(one)
        for stored in egress.alarms(conn)
        if stored.path and (one := ways_out.alarm_series(stored.alarm, stored.path)) is not None
    }
    gone = 0
    for n, *key in conn.execute(
        "SELECT n, path, namespace, metric, dimensions, statistic, period_s FROM series"
    ).fetchall():
        fine = key[-1] < ways_out.COARSE_S and tuple(key) not in compared
        oldest = micros(now - (FINE_KEPT if fine else KEPT))
        gone += conn.execute("DELETE FROM point WHERE series = ? AND at < ?", (n, oldest)).rowcount
        conn.execute("UPDATE series SET complete_from = ?1 WHERE n = ?2 AND complete_from < ?1", (oldest, n))
    conn.execute("DELETE FROM series WHERE complete_to < ?", (micros(now - KEPT),))
    conn.execute("DELETE FROM egress_path WHERE gone_at < ?", (micros(now - CHANGES_KEPT),))
    conn.execute("DELETE FROM alarm_change WHERE at < ?", (micros(now - CHANGES_KEPT),))
    return gone

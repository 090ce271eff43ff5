"""What time makes due: snoozes that ended, threats that nobody has acknowledged. Read-only; the watch asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection

from socconsole.model.finding import Severity
from socconsole.store.instants import instant_or_none, micros
from socconsole.store.own import SOURCE


def snoozes_ended(conn: Connection, after: datetime, until: datetime) -> list[str]:
    """Findings whose snooze ended in ``(after, until]``, by id."""
    rows = conn.execute(
        "SELECT id FROM queue WHERE snoozed_until > ? AND snoozed_until <= ? ORDER BY snoozed_until, id",
        (micros(after), micros(until)),
    )
    return [id_ for (id_,) in rows]


def unacknowledged(
    conn: Connection,
    after: datetime,
    until: datetime,
    wait: timedelta,
    at_least: Severity = Severity.HIGH,
) -> list[str]:
    """Threats that became ``wait`` old unacknowledged in ``(after, until]``, counted from when we first saw them."""
    rows = conn.execute(
        "SELECT id FROM queue WHERE kind = 'threat' AND sample = 0 AND active = 1 AND acked_at IS NULL "
        "AND workflow = 'NEW' AND coalesce(snoozed_until, 0) <= :until AND severity >= :least "
        "AND seen > :after - :wait AND seen <= :until - :wait ORDER BY seen, id",
        {
            "after": micros(after),
            "until": micros(until),
            "wait": wait // timedelta(microseconds=1),
            "least": int(at_least),
        },
    )
    return [id_ for (id_,) in rows]


def waiting(conn: Connection, now: datetime, told_after: int | None = None) -> tuple[int, datetime | None]:
    """Threats that nobody has acknowledged, of any severity and without our own alarms, as the store knows them: how
    many, and when the first of them was seen. Those that are snoozed are not among them, nor, with ``told_after`` (µs),
    those that AWS told of before."""
    count, first = conn.execute(
        "SELECT count(*), min(seen) FROM queue WHERE kind = 'threat' AND sample = 0 AND closed = 0 "
        "AND acked_at IS NULL AND workflow = 'NEW' AND coalesce(snoozed_until, 0) <= ? AND sources <> ? "
        "AND coalesce(published, occurred, seen) >= ?",
        (micros(now), SOURCE, told_after or 0),
    ).fetchone()
    return count, instant_or_none(first)

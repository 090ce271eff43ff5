"""What the meters owe, and what their points make of alarms: which series are missing what, which alarms are sane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.egress import Sanity, Series
from socconsole.model.world import Place
from socconsole.store import egress, egress_codec
from socconsole.store.db import transaction
from socconsole.store.egress import StoredAlarm
from socconsole.store.instants import micros, storable
from socconsole.text import clean
from socconsole.triage import alarm_sanity, ways_out
from socconsole.triage.baseline import SPAN, baseline, typical
from socconsole.triage.ways_out import COARSE_S, Wanted

FINE_FIRST: Final = timedelta(hours=3)
"""How far back a path's meter by the minute is read the first time; beyond that its five minutes are."""

AGAIN: Final = 3
"""Periods that are read again: datapoints come in late."""

JUDGED_EVERY: Final = timedelta(minutes=10)

LEARNT_EVERY: Final = timedelta(minutes=30)
LEARNT_AGAIN: Final = timedelta(minutes=1)
"""The same for what is not known yet: the first reading of a meter comes in parts."""

SLICE: Final = 20
"""Alarms judged, or meters learnt, in one go: each may take fourteen days of points."""

_LEAST_S: Final = 60
"""CloudWatch keeps what is measured more often for three hours: no baseline comes of it."""


def wanted(conn: Connection, place: Place, now: datetime) -> list[Wanted]:
    """Series of a place with whole periods that are missing, and from when on."""
    found: dict[tuple[object, ...], Wanted] = {}
    for path in egress.paths(conn):
        if path.place == place:
            for one in ways_out.series(path):
                _add(conn, found, one, FINE_FIRST if one.period_s < COARSE_S else SPAN, now)
    for stored in egress.alarms(conn):
        if stored.alarm.place == place and stored.egress and stored.path:
            compared = ways_out.alarm_series(stored.alarm, stored.path)
            if compared is not None and compared.period_s >= _LEAST_S:
                _add(conn, found, compared, SPAN, now)
    return list(found.values())


def _add(
    conn: Connection, found: dict[tuple[object, ...], Wanted], one: Series, first: timedelta, now: datetime
) -> None:
    period = timedelta(seconds=one.period_s)
    last = datetime.fromtimestamp(int(now.timestamp()) // one.period_s * one.period_s, UTC)
    oldest = last - first // period * period
    since = oldest
    known = egress.find_series(conn, one)
    if known is not None and known.complete_to is not None:
        if known.complete_to >= last:
            return
        if known.complete_from is not None and known.complete_from <= oldest + AGAIN * period:
            since = max(oldest, known.complete_to - AGAIN * period)
    key = egress_codec.series_key(one)
    if key not in found or since < found[key].since:
        found[key] = Wanted(one, since)


def judge(conn: Connection, now: datetime, limit: int = SLICE) -> int:
    """Find anew which alarms would tell in time, where that is due; how many were judged, at most ``limit``."""
    due = {
        arn
        for (arn,) in conn.execute(
            "SELECT arn FROM alarm WHERE gone_at IS NULL AND (judged IS NULL OR judged < ?) "
            "ORDER BY json_extract(doc, '$.composite'), judged, arn LIMIT ?",  # children first
            (micros(now - JUDGED_EVERY), limit),
        )
    }
    if not due:
        return 0
    every = egress.alarms(conn)
    judged = {(stored.alarm.place, stored.alarm.name.raw()): stored.sanity for stored in every}
    rows: list[tuple[object, ...]] = []
    for stored in sorted(every, key=lambda each: each.alarm.composite):
        if storable(stored.alarm.arn.raw()) not in due:
            continue
        sanity, p99 = _judged(conn, stored, judged, now)
        judged[stored.alarm.place, stored.alarm.name.raw()] = sanity
        sane = None if sanity.sane is None else int(sanity.sane)
        why = msgspec.json.encode([storable(each) for each in sanity.why]).decode()
        rows.append((sane, why, p99, micros(now), storable(stored.alarm.arn.raw())))
    with transaction(conn):
        conn.executemany("UPDATE alarm SET sane = ?, why = ?, p99 = ?, judged = ? WHERE arn = ?", rows)
    return len(rows)


def learn(conn: Connection, now: datetime, limit: int = SLICE) -> int:
    """Find anew what is usual on each way out's meter, where that is due; how many were looked at."""
    due = conn.execute(
        "SELECT n FROM series WHERE period_s = ?1 AND path IN (SELECT id FROM egress_path WHERE gone_at IS NULL) "
        "AND coalesce(usual_at, 0) < iif(usual IS NULL, ?2, ?3) ORDER BY usual_at, n LIMIT ?4",
        (COARSE_S, micros(now - LEARNT_AGAIN), micros(now - LEARNT_EVERY), limit),
    ).fetchall()
    found = [(typical(egress.points(conn, n, now - SPAN)), micros(now), n) for (n,) in due]
    if found:
        with transaction(conn):
            conn.executemany("UPDATE series SET usual = ?, usual_at = ? WHERE n = ?", found)
    return len(found)


def _judged(
    conn: Connection, stored: StoredAlarm, judged: dict[tuple[Place, str], Sanity], now: datetime
) -> tuple[Sanity, float | None]:
    alarm = stored.alarm
    points: Sequence[tuple[datetime, float]] = ()
    compared = ways_out.alarm_series(alarm, stored.path) if stored.egress and stored.path else None
    known = egress.find_series(conn, compared) if compared is not None else None
    if known is not None:
        points = egress.points(conn, known.n, now - SPAN)
    usual = baseline(points)
    children = tuple(
        (clean(name, 80), judged[alarm.place, name])
        for name in ways_out.children(alarm.rule)
        if alarm.composite and (alarm.place, name) in judged
    )
    facts = alarm_sanity.Facts(
        egress=stored.egress,
        gone=_gone(conn, stored),
        usual=usual,
        beyond=alarm_sanity.share_beyond(alarm, points),
        children=children,
    )
    return alarm_sanity.judge(alarm, facts, now), usual.p99 if usual else None


def _gone(conn: Connection, stored: StoredAlarm) -> str:
    """What its dimensions name, where AWS has that no more: found once and then not, or never in a whole reading."""
    row = conn.execute("SELECT resource, gone_at FROM egress_path WHERE id = ?", (stored.path,)).fetchone()
    if row is not None:
        return "" if row[1] is None else str(row[0])
    named = ways_out.subject(stored.alarm.dimensions)
    if named is None or named[0] not in ways_out.ALL_FOUND:
        return ""
    place = stored.alarm.place
    whole = conn.execute(
        "SELECT 1 FROM source WHERE service = 'egress' AND account = ? AND region = ? AND complete_at IS NOT NULL",
        (place.account, place.region),
    ).fetchone()
    return named[1] if whole else ""

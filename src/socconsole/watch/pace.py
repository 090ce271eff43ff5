"""How often the trail's listing is asked: as configured, or as a slow safety net where push brings all of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from socconsole.collectors import push, trail_spans
from socconsole.config import PushConfig
from socconsole.model.source import Freshness, SourceKey
from socconsole.store import sources
from socconsole.store.db import Connection

NET_S: Final = 300.0
"""Seconds between two readings of what has been pushed already: what push lost is there five minutes later."""


def of_trail(conn: Connection, key: SourceKey, usual_s: float, settings: PushConfig | None) -> float:
    """Seconds until the listing of ``key`` is asked again.

    Push is complete for a place when a trail there writes all management events into a bucket whose objects are
    announced to us (``[push] trail_buckets``), and the queue itself was answered just now.
    """
    if settings is None or usual_s >= NET_S:
        return usual_s
    cursor = trail_spans.stored(sources.load_cursor(conn, sources.origin_of(key)))
    if cursor is None or not set(cursor.buckets) & set(settings.trail_buckets):
        return usual_s
    queue = SourceKey(push.SERVICE, settings.account, settings.region)
    states = sources.states(conn, now=datetime.now(UTC))
    answers = any(state.key == queue and state.freshness is Freshness.FRESH for state in states)
    return NET_S if answers else usual_s

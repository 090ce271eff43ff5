"""The trail's listing becomes a slow safety net where push brings all of it, and only there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socconsole.collectors import trail_spans
from socconsole.collectors.trail_spans import Cursor
from socconsole.config import PushConfig
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import sources
from socconsole.watch import pace
from tests.store.shelf import fresh_store

ACCOUNT, REGION = "111122223333", "eu-central-1"
TRAIL = SourceKey("trail", ACCOUNT, REGION)
QUEUE = SourceKey("push", ACCOUNT, REGION)
PUSH = PushConfig(
    queue_url=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/q",
    account=ACCOUNT,
    region=REGION,
    trail_buckets=("archive",),
)


@pytest.mark.parametrize(
    ("settings", "bucket", "queue", "seconds"),
    [
        (PUSH, "archive", Freshness.FRESH, pace.NET_S),
        (PUSH, "archive", Freshness.PARTIAL, 30.0),
        (PUSH, "archive", Freshness.ERROR, 30.0),
        (PUSH, "archive", None, 30.0),
        (PUSH, "another", Freshness.FRESH, 30.0),
        (PUSH, None, Freshness.FRESH, 30.0),
        (None, "archive", Freshness.FRESH, 30.0),
    ],
)
def test_only_where_the_trail_comes_through_a_queue_that_answers(tmp_path, settings, bucket, queue, seconds):
    conn = fresh_store(tmp_path)
    now = datetime.now(UTC)
    sources.scope(conn, [TRAIL, QUEUE])
    if bucket:
        cursor = trail_spans.kept(Cursor(now, now - timedelta(minutes=1), buckets=(bucket,)))
        sources.save_cursor(conn, sources.origin_of(TRAIL), cursor)
    if queue:
        sources.record(conn, Answer(QUEUE, queue), now)
    assert pace.of_trail(conn, TRAIL, 30.0, settings) == seconds
    conn.close()

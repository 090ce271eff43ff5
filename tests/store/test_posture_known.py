"""What the store hands to posture checks: only what is fresh."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from socconsole.model.egress import Alarms, PathKind, Paths
from socconsole.model.known import Known, Unread
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import db, egress_intake, posture_known, sources
from socconsole.store.state import StateFolder
from tests.store.builders import NOW
from tests.store.ways_out import NAT, PLACE, alarm, way_out

KEYS = [SourceKey(service, PLACE.account, PLACE.region) for service in ("egress", "alarms", "metrics")]


@pytest.fixture
def conn(folder: StateFolder) -> Iterator[sqlite3.Connection]:
    """A NAT gateway with an alarm, a bucket without one, and all of it fresh."""
    found = Paths(PLACE, (way_out(llm=True), way_out("corpus", PathKind.BUCKET, dataset="prompts")), complete=True)
    with closing(db.connect(folder.store_db)) as open_:
        with db.transaction(open_):
            list(egress_intake.take(open_, (), [found, Alarms(PLACE, (alarm(),), complete=True)], NOW).findings)
            sources.scope(open_, KEYS)
            for key in KEYS:
                sources.record(open_, Answer(key, Freshness.FRESH), NOW)
        yield open_


def test_ways_out_come_with_the_alarms_that_look_at_them(conn: sqlite3.Connection) -> None:
    ways = {one.arn: one for one in posture_known.alarms(conn, PLACE, NOW).paths.get()}
    nat = ways[f"arn:aws:ec2:{PLACE.region}:{PLACE.account}:natgateway/{NAT}"]
    assert [one.arn.rpartition(":")[2] for one in nat.alarms] == ["nat-egress"]
    (watching,) = nat.alarms
    assert (watching.threshold, watching.unit, watching.takes_s) == (1e9, "bytes", 300)
    assert watching.actions == ("arn:aws:sns:eu-central-1:111122223333:soc",)
    assert (nat.llm, nat.measured) == (True, True)
    bucket = ways["arn:aws:s3:::corpus"]
    assert (bucket.alarms, bucket.dataset, bucket.measured) == ((), "prompts", False)


@pytest.mark.parametrize("service", ["egress", "alarms", "metrics"])
@pytest.mark.parametrize("outcome", [Freshness.DENIED, Freshness.PARTIAL, Freshness.OFF])
def test_what_is_not_fresh_is_not_read(conn: sqlite3.Connection, service: str, outcome: Freshness) -> None:
    with db.transaction(conn):
        sources.record(conn, Answer(SourceKey(service, PLACE.account, PLACE.region), outcome), NOW)
    found = posture_known.alarms(conn, PLACE, NOW).paths
    assert isinstance(found, Unread)
    assert (found.call, outcome.value in found.why.raw()) == (f"source:{service}", True)


def test_a_source_that_nobody_asks_is_not_read_either(conn: sqlite3.Connection) -> None:
    assert isinstance(posture_known.alarms(conn, PLACE, NOW).paths, Known)
    with db.transaction(conn):
        sources.scope(conn, KEYS[:2])
    assert isinstance(posture_known.alarms(conn, PLACE, NOW).paths, Unread)

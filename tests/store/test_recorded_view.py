"""Of the store that a finding is about: can reads of it be in the trail, and what was seen to leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from socconsole.model.egress import EgressPath, PathKind, Paths, Points, Series, path_id
from socconsole.model.finding import Resource
from socconsole.model.trail import Recording, Recordings, Selection, TrailState
from socconsole.model.world import Place
from socconsole.store import findings, reading, recorded_view, recording
from socconsole.text import Untrusted
from tests.store.builders import ACCOUNT, NOW, REGION, observation
from tests.store.shelf import fresh_store, hear

PLACE = Place(ACCOUNT, REGION)
MINUTES = timedelta(minutes=5)
DIMENSIONS = (("BucketName", "bucket-1"), ("FilterId", "all"))
PATH = path_id(PathKind.BUCKET, PLACE, "bucket-1")


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    hear(conn, observation("1", occurred=NOW - 3 * MINUTES, published=NOW - 2 * MINUTES), now=NOW)
    yield conn
    conn.close()


def told(conn):
    (ident,) = conn.execute("SELECT id FROM queue").fetchone()
    return recorded_view.of_finding(conn, reading.get(conn, ident).finding, NOW + MINUTES)


def records(conn, *selections):
    state = TrailState("arn:aws:cloudtrail:r:1:trail/org", True, NOW - timedelta(days=9), None, selections)
    for looks in (-4, -1):
        recording.take(conn, Recordings(PLACE, (state,)), NOW + looks * MINUTES)


def metered(conn, since):
    way_out = EgressPath(PATH, PathKind.BUCKET, PLACE, "bucket-1", Untrusted("bucket-1"), dimensions=DIMENSIONS)
    series = Series(PATH, "AWS/S3", "BytesDownloaded", DIMENSIONS, "Sum", 300)
    points = tuple((NOW + n * MINUTES, 1000.0) for n in range(-4, 1))
    listings = (Paths(PLACE, (way_out,), True), Points(series, points, complete_to=NOW + MINUTES, since=since))
    findings.commit(conn, [], answer=None, origin="x", now=NOW, listings=listings)


def test_reads_that_a_trail_records_are_said_to_be(conn):
    records(conn, Selection(recording.OBJECTS, "bucket-1", reads=True, writes=False))
    (one,) = told(conn)
    assert (one.store, one.verdict, one.since) == (Untrusted("bucket-1"), Recording.RECORDED, NOW - 3 * MINUTES)


def test_of_what_nothing_records_the_stores_meter_tells(conn):
    records(conn, Selection("management", "*", reads=True, writes=True))
    (before,) = told(conn)
    assert (before.verdict, before.why) == (Recording.NEVER, "no trail records it")
    metered(conn, NOW - 9 * MINUTES)
    (metered_too,) = told(conn)
    assert metered_too.why == (
        "no trail records it; its meter saw 5,000 bytes go (best effort; copies and replication are not in it)"
    )


def test_a_meter_that_was_not_read_for_all_of_the_time_tells_nothing(conn):
    records(conn, Selection("management", "*", reads=True, writes=True))
    metered(conn, NOW - MINUTES)
    (one,) = told(conn)
    assert "meter" not in one.why


def test_nobody_asked_is_unknown_and_a_finding_without_a_store_says_nothing(conn):
    (one,) = told(conn)
    assert one.verdict is Recording.UNKNOWN
    other = observation("2", resources=(Resource("AwsEc2Instance", Untrusted("i-1"), None),))
    hear(conn, other, now=NOW)
    ids = [ident for (ident,) in conn.execute("SELECT id FROM queue ORDER BY n")]
    assert recorded_view.of_finding(conn, reading.get(conn, ids[1]).finding, NOW) == ()

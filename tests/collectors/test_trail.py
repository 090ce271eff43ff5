"""The trail against the embedded AWS: what was done is told, throttled or not, and trails say what they record."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import moto.cloudtrail.models
import pytest

from socconsole.aws import Door
from socconsole.collectors import trail, trail_spans
from socconsole.collectors.base import Batch
from socconsole.drill import Embedded
from socconsole.model.trail import MANAGEMENT, TrailEvent
from socconsole.model.world import Place
from socconsole.text import clean
from tests.embedded import client

GLOBAL = "us-east-1"
MINUTE = timedelta(minutes=1)


async def everything(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]


def events(batches: list[Batch]) -> dict[str, TrailEvent]:
    return {one.id: one for batch in batches for one in batch.records if isinstance(one, TrailEvent)}


def names(batches: list[Batch]) -> list[str]:
    return [one.name for one in events(batches).values()]


def change(aws: Embedded, *users: str) -> None:
    """Calls that a trail records in the region of global services."""
    iam = client(aws, "iam")
    for user in users:
        iam.create_user(UserName=user)


async def test_what_changes_something_is_told_once_and_reading_is_not(aws: Embedded, door: Door, place: Place) -> None:
    there = Place(place.account, GLOBAL)
    change(aws, "mallory")
    client(aws, "iam").list_users()
    first = await everything(trail.collect(door, there, None))
    assert "CreateUser" in names(first)
    assert "ListUsers" not in names(first)
    assert first[-1].complete
    assert "IAM and STS record here" in clean(first[-1].note)
    made = next(one for one in events(first).values() if one.name == "CreateUser")
    assert [clean(name) for _, name in made.resources] == ["mallory"]
    change(aws, "trent")
    second = await everything(trail.collect(door, there, first[-1].cursor))
    assert {clean(name) for one in events(second).values() for _, name in one.resources} >= {"mallory", "trent"}
    assert second[-1].complete


async def test_throttled_for_minutes_it_says_how_far_behind_and_then_catches_up(
    aws: Embedded, door: Door, place: Place
) -> None:
    there = Place(place.account, GLOBAL)
    start = datetime.now(UTC)
    first = await everything(trail.collect(door, there, None, start))
    rule = aws.faults.add(service="cloudtrail", op="LookupEvents", code="ThrottlingException", status=400, times=None)
    change(aws, "unseen-1", "unseen-2", "unseen-3")
    cursor = first[-1].cursor
    throttled = await everything(trail.collect(door, there, cursor, start + 10 * MINUTE))
    assert not events(throttled)
    assert not throttled[-1].complete
    assert clean(throttled[-1].detail) == f"throttled; read to {start:%H:%MZ}, 10 min behind"
    assert [batch.cursor for batch in throttled if batch.cursor] == []  # nothing is taken for read
    aws.faults.remove(rule)
    after = await everything(trail.collect(door, there, cursor, start + 11 * MINUTE))
    assert names(after).count("CreateUser") == 3
    assert after[-1].complete


async def test_a_reading_cut_short_goes_on_where_it_ended(aws: Embedded, door: Door, place: Place) -> None:
    there = Place(place.account, GLOBAL)
    change(aws, *(f"user-{n}" for n in range(55)))
    once = iter([0.0])
    cut = await everything(trail.collect(door, there, None, clock=lambda: next(once, 1e9)))
    assert len(events(cut)) == 50
    assert not cut[-1].complete
    assert "behind" in clean(cut[-1].detail)
    rest = await everything(trail.collect(door, there, cut[-1].cursor))
    assert len(events(cut) | events(rest)) >= 55
    assert rest[-1].complete


async def test_a_place_says_what_its_trails_record(aws: Embedded, door: Door, place: Place) -> None:
    first = await everything(trail.collect(door, place, None))
    (told,) = [batch.recordings for batch in first if batch.recordings]
    (org,) = told.trails
    assert org.logging
    assert {one.what for one in org.selections} == {MANAGEMENT}
    selector = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
                                   {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}  # fmt: skip
    client(aws, "cloudtrail").put_event_selectors(TrailName=org.arn, AdvancedEventSelectors=[selector])
    later = datetime.now(UTC) + 6 * MINUTE
    second = await everything(trail.collect(door, place, first[-1].cursor, later))
    (told,) = [batch.recordings for batch in second if batch.recordings]
    assert {one.what for one in told.trails[0].selections} == {"AWS::S3::Object"}


async def test_a_trail_that_cannot_write_records_a_part(
    aws: Embedded, door: Door, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = moto.cloudtrail.models.TrailStatus.description
    errors = {"LatestDeliveryError": "AccessDenied", "LatestCloudWatchLogsDeliveryError": "\x1b[31mKmsRefused"}
    monkeypatch.setattr(moto.cloudtrail.models.TrailStatus, "description", lambda self: status(self) | errors)
    first = await everything(trail.collect(door, place, None))
    (told,) = [batch.recordings for batch in first if batch.recordings]
    assert told.trails[0].logging
    assert {one.narrow for one in told.trails[0].selections} == {"delivery fails: AccessDenied"}
    name = told.trails[0].arn.rpartition("/")[2]
    said = f"trail {name}: delivery to its bucket fails: AccessDenied; delivery to its log group fails: "
    assert "\x1b" not in first[-1].note.raw()
    assert said in clean(first[-1].note)
    again = await everything(trail.collect(door, place, first[-1].cursor))  # which does not ask anew
    assert said in clean(again[-1].note)
    assert not trail_spans.stored(again[-1].cursor).buckets
    errors.clear()
    later = datetime.now(UTC) + 6 * MINUTE
    mended = await everything(trail.collect(door, place, again[-1].cursor, later))
    assert "fails" not in clean(mended[-1].note)


async def test_trails_that_may_not_be_asked_keep_no_event_away(aws: Embedded, door: Door, place: Place) -> None:
    change(aws, "mallory")
    aws.faults.add(kind="denied", service="cloudtrail", op="DescribeTrails", times=None)
    batches = await everything(trail.collect(door, Place(place.account, GLOBAL), None))
    assert "CreateUser" in names(batches)
    assert batches[-1].complete
    assert "what trails record is not known" in clean(batches[-1].note)
    assert not any(batch.recordings for batch in batches)


async def test_a_trails_log_group_brings_data_events(aws: Embedded, door: Door, place: Place) -> None:
    arn = _log_group(aws, place)
    record = _read("6a1f6d0e-0000-4000-8000-00000000aaaa", "llm-corpus")
    _put(aws, record)
    first = await everything(trail.collect(door, place, None))
    assert events(first)[str(record["eventID"])].bytes_out == 1_048_576
    assert first[-1].complete
    assert "calls that only read" not in clean(first[-1].note)
    late = _read("6a1f6d0e-0000-4000-8000-00000000bbbb", "llm-corpus")
    _put(aws, late)
    second = await everything(trail.collect(door, place, first[-1].cursor))
    assert str(late["eventID"]) in events(second)
    aws.faults.add(service="logs", op="FilterLogEvents", code="ThrottlingException", status=400, times=None)
    third = await everything(trail.collect(door, place, second[-1].cursor))
    assert not third[-1].complete
    assert f"log group {arn.rpartition(':log-group:')[2]}: throttled" in clean(third[-1].detail)


def _log_group(aws: Embedded, place: Place) -> str:
    logs = client(aws, "logs")
    logs.create_log_group(logGroupName="trail-logs")
    logs.create_log_stream(logGroupName="trail-logs", logStreamName="s")
    arn = f"arn:aws:logs:{place.region}:{place.account}:log-group:trail-logs"
    told = client(aws, "cloudtrail").describe_trails()["trailList"][0]
    client(aws, "cloudtrail").update_trail(
        Name=told["TrailARN"],
        CloudWatchLogsLogGroupArn=f"{arn}:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{place.account}:role/t",
    )
    return arn


def _put(aws: Embedded, record: dict[str, Any]) -> None:
    entry = {"timestamp": int(time.time() * 1000), "message": json.dumps(record)}
    client(aws, "logs").put_log_events(logGroupName="trail-logs", logStreamName="s", logEvents=[entry])


def _read(ident: str, bucket: str) -> dict[str, Any]:
    return {
        "eventID": ident,
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventCategory": "Data",
        "readOnly": True,
        "requestParameters": {"bucketName": bucket, "key": "a"},
        "additionalEventData": {"bytesTransferredOut": 1_048_576},
    }

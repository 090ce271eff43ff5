"""Security Hub and GuardDuty against the embedded AWS, over HTTP, with the watch's own role."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors import guardduty, securityhub
from socconsole.collectors.base import Batch, answer_of
from socconsole.drill import Embedded
from socconsole.model.finding import Observation, Workflow
from socconsole.model.source import Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.text import Untrusted, clean
from tests.embedded import client

COLLECT = {"securityhub": securityhub.collect, "guardduty": guardduty.collect}


async def everything(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]


async def drain(batches: AsyncIterator[Batch], into: list[Batch]) -> None:
    async for batch in batches:
        into.append(batch)


def observed(batches: list[Batch]) -> dict[str, Observation]:
    return {one.native_id: one for batch in batches for one in batch.records if isinstance(one, Observation)}


def hub(aws: Embedded) -> Any:
    return client(aws, "securityhub", aws.regions[0])


def held(aws: Embedded) -> dict[str, Any]:
    """What Security Hub has that is open, read independently of our client."""
    found: dict[str, Any] = {}
    request: dict[str, Any] = {"MaxResults": 100}
    while True:
        page = hub(aws).get_findings(**request)
        found.update({one["Id"]: one for one in page["Findings"]})
        if not page.get("NextToken"):
            break
        request["NextToken"] = page["NextToken"]
    return {
        ident: one
        for ident, one in found.items()
        if one["RecordState"] == "ACTIVE" and one["Workflow"]["Status"] in ("NEW", "NOTIFIED")
    }


async def test_the_first_reading_finds_all_that_is_open(aws: Embedded, door: Door, place: Place) -> None:
    batches = await everything(securityhub.collect(door, place, None))
    expected = held(aws)
    assert expected
    assert set(expected) <= set(observed(batches))
    assert batches[-1].complete
    assert not any(batch.complete for batch in batches[:-1])
    for ident, one in expected.items():
        assert json.loads(observed(batches)[ident].body)["Title"] == one["Title"]


async def test_what_unfolds_is_seen_by_the_next_reading(aws: Embedded, door: Door, place: Place) -> None:
    first = await everything(securityhub.collect(door, place, None))
    aws.advance(1200)
    second = await everything(securityhub.collect(door, place, first[-1].cursor))
    fresh = set(observed(second)) - set(observed(first))
    assert fresh
    assert fresh >= set(held(aws)) - set(observed(first))
    assert second[-1].complete


async def test_the_sweep_sees_what_no_listing_by_time_shows(aws: Embedded, door: Door, place: Place) -> None:
    first = await everything(securityhub.collect(door, place, None))
    old = next(one for one in observed(first).values() if one.workflow is Workflow.NEW and one.updated is not None)
    key = {"Id": old.native_id, "ProductArn": old.product_arn}
    answer = hub(aws).batch_update_findings(FindingIdentifiers=[key], Workflow={"Status": "SUPPRESSED"})
    assert answer["ProcessedFindings"] == [key]
    (batch,) = await everything(securityhub.sweep(door, place, [old.native_id, "gone"]))
    assert observed([batch])[old.native_id].workflow is Workflow.SUPPRESSED
    assert batch.missing == ("gone",)
    assert batch.cursor is None
    assert not batch.complete


async def test_a_sweep_asks_for_twenty_at_a_time(aws: Embedded, door: Door, place: Place) -> None:
    wanted = [f"none-{number}" for number in range(45)]
    batches = await everything(securityhub.sweep(door, place, [*wanted, *wanted]))
    assert [len(batch.missing) for batch in batches] == [20, 20, 5]


async def test_detectors_that_publish_as_soon_as_they_can_have_nothing_noted(
    aws: Embedded, door: Door, place: Place
) -> None:
    native = client(aws, "guardduty", aws.regions[0])
    slow = await everything(guardduty.collect(door, place, None))
    for detector in native.list_detectors()["DetectorIds"]:
        native.update_detector(DetectorId=detector, FindingPublishingFrequency="FIFTEEN_MINUTES")
    soon = await everything(guardduty.collect(door, place, None))
    assert "SIX_HOURS" in clean(slow[-1].note)
    assert (soon[-1].note, soon[-1].complete) == (Untrusted(""), True)


async def test_guardduty_is_read_whole(aws: Embedded, door: Door, place: Place) -> None:
    aws.advance(1200)
    batches = await everything(guardduty.collect(door, place, None))
    native = client(aws, "guardduty", aws.regions[0])
    (detector,) = native.list_detectors()["DetectorIds"]
    expected: set[str] = set()
    criteria = {"Criterion": {"service.archived": {"Equals": ["false"]}}}
    for page in native.get_paginator("list_findings").paginate(DetectorId=detector, FindingCriteria=criteria):
        expected.update(page["FindingIds"])
    assert expected
    assert expected <= set(observed(batches))
    assert batches[-1].complete
    again = await everything(guardduty.collect(door, place, batches[-1].cursor))
    assert again[-1].complete


async def test_archiving_is_seen_by_the_sweep(aws: Embedded, door: Door, place: Place) -> None:
    aws.advance(1200)
    batches = await everything(guardduty.collect(door, place, None))
    ident = next(iter(observed(batches)))
    native = client(aws, "guardduty", aws.regions[0])
    (detector,) = native.list_detectors()["DetectorIds"]
    native.archive_findings(DetectorId=detector, FindingIds=[ident])
    (batch,) = await everything(guardduty.sweep(door, place, [ident, "0" * 32]))
    assert observed([batch])[ident].active is False
    assert batch.missing == ("0" * 32,)


@pytest.mark.parametrize("service", COLLECT)
async def test_a_service_that_is_not_enabled_is_off(service: str, aws: Embedded, door: Door, place: Place) -> None:
    native = client(aws, service, aws.regions[0])
    if service == "guardduty":
        for detector in native.list_detectors()["DetectorIds"]:
            native.delete_detector(DetectorId=detector)
    else:
        native.disable_security_hub()
    with pytest.raises(AwsTrouble) as caught:
        await everything(COLLECT[service](door, place, None))
    answer = answer_of(caught.value, SourceKey(service, place.account, place.region), 30.0)
    assert answer.outcome is Freshness.OFF
    assert place.region in answer.remedy
    assert answer.remedy.startswith(f"aws {service} ")


FAULTS: dict[str, tuple[dict[str, Any], Freshness, Kind]] = {
    "denied": ({"kind": "denied"}, Freshness.DENIED, Kind.DENIED),
    "expired": ({"kind": "expired"}, Freshness.ERROR, Kind.EXPIRED),
    "html": ({"kind": "html"}, Freshness.ERROR, Kind.BAD_RESPONSE),
    "empty": ({"kind": "empty"}, Freshness.ERROR, Kind.BAD_RESPONSE),
    "hollow": ({"kind": "hollow"}, Freshness.ERROR, Kind.BAD_RESPONSE),
    "service": ({"kind": "error", "code": "InvalidInputException", "status": 400}, Freshness.ERROR, Kind.ERROR),
}


@pytest.mark.parametrize("service", COLLECT)
async def test_trouble_is_never_an_empty_reading(service: str, aws: Embedded, door: Door, place: Place) -> None:
    key = SourceKey(service, place.account, place.region)
    for name, (fault, outcome, kind) in FAULTS.items():
        aws.faults.clear()
        aws.faults.add(service=service, times=None, **fault)
        batches: list[Batch] = []
        with pytest.raises(AwsTrouble) as caught:
            await drain(COLLECT[service](door, place, None), batches)
        assert not any(batch.complete for batch in batches), name
        assert caught.value.kind is kind, name
        answer = answer_of(caught.value, key, 30.0)
        assert answer.outcome is outcome, name
        assert clean(answer.detail), name
        assert (answer.key, answer.interval_s) == (key, 30.0)
    aws.faults.clear()
    assert (await everything(COLLECT[service](door, place, None)))[-1].complete


@pytest.mark.parametrize("service", COLLECT)
async def test_a_dead_endpoint_says_so_and_comes_back(service: str, aws: Embedded, door: Door, place: Place) -> None:
    batches = await everything(COLLECT[service](door, place, None))
    aws.down()
    with pytest.raises(AwsTrouble) as caught:
        await everything(COLLECT[service](door, place, batches[-1].cursor))
    assert caught.value.kind is Kind.UNREACHABLE
    aws.up()
    again = await everything(COLLECT[service](door, place, batches[-1].cursor))
    assert again[-1].complete


@pytest.mark.parametrize("service", COLLECT)
async def test_a_cursor_that_is_none_reads_everything_again(
    service: str, aws: Embedded, door: Door, place: Place
) -> None:
    fresh = await everything(COLLECT[service](door, place, None))
    for cursor in ['{"history":1}', '{"d":{"mark":"yesterday"}}']:
        again = await everything(COLLECT[service](door, place, cursor))
        assert set(observed(again)) == set(observed(fresh)), cursor
        assert again[-1].complete


async def test_the_watch_reads_and_changes_nothing(aws: Embedded, door: Door, place: Place) -> None:
    update = {"FindingIdentifiers": [{"Id": "i", "ProductArn": "p"}], "Workflow": {"Status": "NOTIFIED"}}
    with pytest.raises(AwsTrouble) as caught:
        await door.call(place, "securityhub:BatchUpdateFindings", update)
    assert caught.value.kind is Kind.REFUSED

"""One detection through four doors is one finding, whatever the order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.formats import read_object
from socconsole.model.finding import Finding, Kind, Observation, Severity, Workflow, finding_id
from socconsole.triage import Context, merge
from tests.formats import records

SEEN = datetime(2026, 11, 23, 3, 13, tzinfo=UTC)
NOTHING = Context()


def read(obj: object) -> Observation:
    (found,) = read_object(obj, 1)
    assert isinstance(found, Observation)
    return found


def merged(*objs: object) -> Finding:
    return merge([read(each) for each in objs], SEEN, NOTHING)


DOORS: list[Any] = [
    records.native(),
    records.asff(),
    records.ocsf(),
    records.event(records.camel(records.native()), "GuardDuty Finding", "aws.guardduty"),
    records.event({"findings": [records.asff()]}, "Security Hub Findings - Imported"),
    records.event({"findings": [records.ocsf()]}, "Findings Imported V2"),
]


def test_all_doors_share_a_merge_key() -> None:
    assert all(records.ARN in read(each).merge_keys for each in DOORS)
    assert {read(each).merge_keys[0] for each in DOORS} == {records.ARN}


def test_the_id_is_the_same_through_every_door_and_together() -> None:
    expected = finding_id(records.ARN)
    assert {merged(each).id for each in DOORS} == {expected}
    assert merged(*DOORS).id == expected


def test_together_they_are_one_complete_finding() -> None:
    found = merged(*DOORS)
    assert found.title.raw() == records.TITLE
    assert (found.kind, found.severity, found.count) == (Kind.THREAT, Severity.HIGH, 1204)
    assert found.sources == ("guardduty", "ocsf", "securityhub")
    assert found.workflow is Workflow.NOTIFIED  # Security Hub says so; OCSF says NEW
    assert found.types[0] == "Exfiltration:S3/AnomalousBehavior"
    assert sorted((each.type, each.id.raw()) for each in found.resources) == [
        ("AwsIamAccessKey", "ASIAQEXAMPLE00000001"),
        ("AwsS3Bucket", records.BUCKET),
    ]
    assert {(each.kind, each.value.raw()) for each in found.actors} == {
        ("ip", "203.0.113.9"),
        ("role", "vllm-recs"),
        ("access_key", "ASIAQEXAMPLE00000001"),
    }
    detector = records.ARN.partition("/finding/")[0]
    assert found.handles == (
        ("asff", records.PRODUCT, records.ARN),
        ("guardduty", detector, records.FINDING),
        ("ocsf", records.PRODUCT_V2, "5" * 64),
    )
    assert found.seen == SEEN


def test_the_order_of_arrival_does_not_matter() -> None:
    newer = records.native(UpdatedAt="2026-11-23T04:00:00Z", Severity=9, Title="worse")
    objs = [records.native(), records.asff(), records.ocsf(), newer]
    findings = {repr(merged(*order)) for order in itertools.permutations(objs)}
    assert len(findings) == 1


def test_the_newest_record_gives_title_and_severity() -> None:
    newer = records.native(UpdatedAt="2026-11-23T04:00:00Z", Severity=9, Title="worse")
    found = merged(newer, records.asff())
    assert (found.title.raw(), found.severity) == ("worse", Severity.CRITICAL)


def test_at_the_same_instant_security_hubs_severity_counts() -> None:
    lowered = records.asff(Severity={"Label": "LOW"})
    assert merged(records.native(), lowered).severity is Severity.LOW


def test_a_workflow_change_that_did_not_move_updated_at_is_seen() -> None:
    before = records.asff(Workflow={"Status": "NEW"})
    after = records.asff(Workflow={"Status": "RESOLVED"})
    assert merged(before, after).workflow is Workflow.RESOLVED
    assert merged(after, before).workflow is Workflow.NEW  # put back by hand


def test_it_is_active_while_any_service_says_so() -> None:
    archived = records.asff(RecordState="ARCHIVED")
    assert merged(archived, records.native()).active
    assert not merged(archived).active


def test_without_any_workflow_it_is_new() -> None:
    assert merged(records.native()).workflow is Workflow.NEW


def test_times_are_last_happened_first_published_last_updated() -> None:
    early = records.native(CreatedAt="2026-11-23T03:00:00Z")
    found = merged(early, records.asff(LastObservedAt="2026-11-23T05:00:00Z"))
    assert found.occurred == datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert found.published == datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert found.updated == datetime(2026, 11, 23, 3, 12, 30, tzinfo=UTC)


def test_nothing_to_merge_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        merge([], SEEN, NOTHING)

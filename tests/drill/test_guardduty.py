"""GuardDuty's findings: criteria, order, pages, refusals, and what a change means elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from tests.embedded import client

ML, WEST = "444455556666", "eu-west-1"


def detector(duty: Any) -> str:
    return str(duty.list_detectors()["DetectorIds"][0])


def all_ids(duty: Any, **arguments: Any) -> list[str]:
    pages = duty.get_paginator("list_findings").paginate(
        DetectorId=detector(duty), PaginationConfig={"PageSize": 2}, **arguments
    )
    return [ident for page in pages for ident in page["FindingIds"]]


def read(duty: Any, ids: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = duty.get_findings(DetectorId=detector(duty), FindingIds=ids)["Findings"]
    return found


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def criteria(duty: Any) -> list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]]:
    findings = read(duty, all_ids(duty))
    middle = sorted(moment(f["UpdatedAt"]) for f in findings)[len(findings) // 2]
    return [
        ({"severity": {"GreaterThanOrEqual": 5}}, lambda f: f["Severity"] >= 5),
        ({"severity": {"Gt": 2, "LessThan": 8}}, lambda f: 2 < f["Severity"] < 8),
        ({"service.archived": {"Equals": ["false"]}}, lambda f: not f["Service"]["Archived"]),
        ({"service.archived": {"Equals": ["true"]}}, lambda f: f["Service"]["Archived"]),
        ({"type": {"NotEquals": ["Recon:EC2/Portscan"]}}, lambda f: f["Type"] != "Recon:EC2/Portscan"),
        (
            {"type": {"Eq": ["Recon:EC2/Portscan", "Behavior:EC2/TrafficVolumeUnusual"]}},
            lambda f: f["Type"] in ("Recon:EC2/Portscan", "Behavior:EC2/TrafficVolumeUnusual"),
        ),
        ({"updatedAt": {"GreaterThanOrEqual": int(middle)}}, lambda f: moment(f["UpdatedAt"]) >= int(middle)),
        (
            {"resource.accessKeyDetails.userName": {"Equals": ["eva.lang"]}},
            lambda f: f["Resource"].get("AccessKeyDetails", {}).get("UserName") == "eva.lang",
        ),
        (
            {"severity": {"GreaterThanOrEqual": 5}, "service.archived": {"Equals": ["false"]}},
            lambda f: f["Severity"] >= 5 and not f["Service"]["Archived"],
        ),
    ]


def test_criteria_agree_with_a_naive_reading(aws: Embedded) -> None:
    aws.advance(900)
    duty = client(aws, "guardduty", WEST, role="reader")
    findings = read(duty, all_ids(duty))
    assert len(findings) == 5
    for given, naive in criteria(duty):
        wanted = {f["Id"] for f in findings if naive(f)}
        assert set(all_ids(duty, FindingCriteria={"Criterion": given})) == wanted, given
        assert wanted, given
        assert len(wanted) < len(findings), given


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_order_and_pages(aws: Embedded, order: str) -> None:
    aws.advance(900)
    duty = client(aws, "guardduty", role="reader")
    ids = all_ids(duty, SortCriteria={"AttributeName": "updatedAt", "OrderBy": order})
    assert len(ids) == len(set(ids)) > 10
    by_id = {f["Id"]: moment(f["UpdatedAt"]) for f in read(duty, ids)}
    times = [by_id[ident] for ident in ids]
    assert times == sorted(times, reverse=order == "DESC")


@pytest.mark.parametrize(
    "call",
    [
        lambda d, i: d.list_findings(DetectorId="0" * 32),
        lambda d, i: d.get_findings(DetectorId="0" * 32, FindingIds=["x"]),
        lambda d, i: d.get_findings(DetectorId=i, FindingIds=["x"] * 51),
        lambda d, i: d.list_findings(DetectorId=i, FindingCriteria={"Criterion": {"sevrity": {"Gte": 1}}}),
        lambda d, i: d.list_findings(DetectorId=i, NextToken="garbage"),
        lambda d, i: d.list_findings(DetectorId=i, FindingCriteria={"Criterion": {"type": {"Equals": ["x"] * 51}}}),
        lambda d, i: d.archive_findings(DetectorId=i, FindingIds=["nobody"]),
    ],
    ids=[
        "list foreign",
        "get foreign",
        "51 ids",
        "unknown attribute",
        "bad token",
        "51 values",
        "unknown id",
    ],
)
def test_refusals(embedded: Embedded, call: Any) -> None:
    duty = client(embedded, "guardduty")
    with pytest.raises(ClientError) as caught:
        call(duty, detector(duty))
    assert caught.value.response["Error"]["Code"] == "BadRequestException"


def test_unknown_ids_are_left_out(embedded: Embedded) -> None:
    duty = client(embedded, "guardduty")
    ident = all_ids(duty)[0]
    assert [f["Id"] for f in read(duty, [ident, "f" * 32])] == [ident]


def test_archiving_shows_in_security_hub(aws: Embedded) -> None:
    aws.advance(30)
    duty, hub = client(aws, "guardduty"), client(aws, "securityhub")
    ident = all_ids(
        duty, FindingCriteria={"Criterion": {"severity": {"Gte": 8}, "service.archived": {"Eq": ["false"]}}}
    )[0]
    arn = read(duty, [ident])[0]["Arn"]

    def record() -> str:
        filters = {"Id": [{"Value": arn, "Comparison": "EQUALS"}]}
        return str(hub.get_findings(Filters=filters)["Findings"][0]["RecordState"])

    assert record() == "ACTIVE"
    duty.archive_findings(DetectorId=detector(duty), FindingIds=[ident])
    assert read(duty, [ident])[0]["Service"]["Archived"] is True
    assert record() == "ARCHIVED"
    duty.unarchive_findings(DetectorId=detector(duty), FindingIds=[ident])
    assert record() == "ACTIVE"
    duty.update_findings_feedback(DetectorId=detector(duty), FindingIds=[ident], Feedback="NOT_USEFUL")
    assert read(duty, [ident])[0]["Service"]["UserFeedback"] == "NOT_USEFUL"


def test_samples_are_marked(aws: Embedded) -> None:
    duty, hub = client(aws, "guardduty"), client(aws, "securityhub")
    before = set(all_ids(duty))
    duty.create_sample_findings(DetectorId=detector(duty), FindingTypes=["Recon:EC2/Portscan"])
    (made,) = set(all_ids(duty)) - before
    finding = read(duty, [made])[0]
    assert finding["Title"].startswith("[SAMPLE]")
    twin = hub.get_findings(Filters={"Id": [{"Value": finding["Arn"], "Comparison": "EQUALS"}]})["Findings"][0]
    assert twin["Sample"] is True
    assert twin["ProductFields"]["aws/guardduty/service/additionalInfo/sample"] == "true"


def test_both_services_tell_the_same_story(aws: Embedded) -> None:
    aws.advance(1200)
    for account in aws.accounts:
        for region in aws.regions:
            duty = client(aws, "guardduty", region, "reader", account)
            hub = client(aws, "securityhub", region, "reader", account)
            own = {f["Arn"]: f for f in read(duty, all_ids(duty))}
            pages = hub.get_paginator("get_findings").paginate(
                Filters={
                    "ProductName": [{"Value": "GuardDuty", "Comparison": "EQUALS"}],
                    "Region": [{"Value": region, "Comparison": "EQUALS"}],
                }
            )
            twins = {f["Id"]: f for page in pages for f in page["Findings"]}
            assert set(twins) == set(own)
            for arn, finding in own.items():
                twin = twins[arn]
                assert twin["Title"] == finding["Title"]
                assert twin["UpdatedAt"] == finding["UpdatedAt"]
                assert twin["Severity"]["Product"] == finding["Severity"]
                assert (twin["RecordState"] == "ARCHIVED") == finding["Service"]["Archived"]
                count = twin["ProductFields"]["aws/guardduty/service/count"]
                assert count == str(finding["Service"]["Count"])


def test_nothing_is_dated_after_the_scenario_s_now(aws: Embedded) -> None:
    aws.advance(1200)
    now = (aws.clock.now() + timedelta(seconds=1)).timestamp() * 1000
    for place in aws.cloud.detectors.findings.values():
        for finding in place.values():
            service = finding["Service"]
            order = [service["EventFirstSeen"], service["EventLastSeen"], finding["UpdatedAt"]]
            assert [moment(one) for one in order] == sorted(moment(one) for one in order)
            assert moment(finding["UpdatedAt"]) <= now

"""GetFindings answers what a plain reading of each finding would, and refuses what AWS refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from tests.embedded import client

Finding = dict[str, Any]


def stored(aws: Embedded, account: str, region: str) -> list[Finding]:
    hub = aws.cloud.hubs.hub(account, region)
    assert hub is not None
    return [record.finding for one in aws.cloud.hubs.seen_from(hub) for record in one.records.values()]


def everything(hub: Any, **arguments: Any) -> list[Finding]:
    pages = hub.get_paginator("get_findings").paginate(PaginationConfig={"PageSize": 7}, **arguments)
    return [finding for page in pages for finding in page["Findings"]]


def string(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Comparison": comparison, "Value": value} for comparison, value in pairs]


@pytest.fixture(scope="module")
def readers(embedded: Embedded) -> list[tuple[str, str, Any]]:
    """(account, region, a reader's client there) for every place; the estate as it was at the start."""
    embedded.reset()
    return [
        (account, region, client(embedded, "securityhub", region, "reader", account))
        for account in embedded.accounts
        for region in embedded.regions
    ]


CASES: list[tuple[dict[str, Any], Callable[[Finding], bool]]] = [
    ({"SeverityLabel": string(("EQUALS", "HIGH"))}, lambda f: f["Severity"]["Label"] == "HIGH"),
    (
        {"SeverityLabel": string(("EQUALS", "HIGH"), ("EQUALS", "CRITICAL"))},
        lambda f: f["Severity"]["Label"] in ("HIGH", "CRITICAL"),
    ),
    ({"SeverityLabel": string(("NOT_EQUALS", "HIGH"))}, lambda f: f["Severity"]["Label"] != "HIGH"),
    (
        {"WorkflowStatus": string(("NOT_EQUALS", "RESOLVED"), ("NOT_EQUALS", "SUPPRESSED"))},
        lambda f: f["Workflow"]["Status"] not in ("RESOLVED", "SUPPRESSED"),
    ),
    (
        {"ResourceType": string(("PREFIX", "AwsS3"))},
        lambda f: any(r["Type"].startswith("AwsS3") for r in f["Resources"]),
    ),
    (
        {"ResourceType": string(("PREFIX", "AwsEc2"), ("NOT_EQUALS", "AwsEc2Vpc"))},
        lambda f: (
            any(r["Type"].startswith("AwsEc2") for r in f["Resources"])
            and all(r["Type"] != "AwsEc2Vpc" for r in f["Resources"])
        ),
    ),
    (
        {"Title": string(("PREFIX_NOT_EQUALS", "S3"), ("PREFIX_NOT_EQUALS", "CVE"))},
        lambda f: not f["Title"].startswith(("S3", "CVE")),
    ),
    ({"ProductName": string(("EQUALS", "GuardDuty"))}, lambda f: f["ProductName"] == "GuardDuty"),
    ({"RecordState": string(("EQUALS", "ARCHIVED"))}, lambda f: f["RecordState"] == "ARCHIVED"),
    (
        {"ComplianceStatus": string(("EQUALS", "FAILED"))},
        lambda f: f.get("Compliance", {}).get("Status") == "FAILED",
    ),
    ({"Type": string(("PREFIX", "TTPs"))}, lambda f: any(t.startswith("TTPs") for t in f["Types"])),
    (
        {"SeverityNormalized": [{"Gte": 40, "Lte": 70}]},
        lambda f: 40 <= f["Severity"]["Normalized"] <= 70,
    ),
    (
        {"SeverityNormalized": [{"Eq": 1}, {"Eq": 90}]},
        lambda f: f["Severity"]["Normalized"] in (1, 90),
    ),
    (
        {"ResourceTags": [{"Key": "Name", "Value": "backup-1", "Comparison": "EQUALS"}]},
        lambda f: any(r.get("Tags", {}).get("Name") == "backup-1" for r in f["Resources"]),
    ),
    (
        {"ResourceTags": [{"Key": "Name", "Value": "backup-1", "Comparison": "NOT_EQUALS"}]},
        lambda f: not any(r.get("Tags", {}).get("Name") == "backup-1" for r in f["Resources"]),
    ),
    ({"Sample": [{"Value": True}]}, lambda f: f.get("Sample") is True),
    ({"Sample": [{"Value": False}]}, lambda f: f.get("Sample", False) is False),
    (
        {"ProductFields": [{"Key": "aws/securityhub/CompanyName", "Value": "Amazon", "Comparison": "EQUALS"}]},
        lambda f: f["ProductFields"]["aws/securityhub/CompanyName"] == "Amazon",
    ),
    (
        {
            "RecordState": string(("EQUALS", "ACTIVE")),
            "WorkflowStatus": string(("EQUALS", "NEW"), ("EQUALS", "NOTIFIED")),
            "SeverityLabel": string(("EQUALS", "HIGH"), ("EQUALS", "CRITICAL")),
        },
        lambda f: (
            f["RecordState"] == "ACTIVE"
            and f["Workflow"]["Status"] in ("NEW", "NOTIFIED")
            and f["Severity"]["Label"] in ("HIGH", "CRITICAL")
        ),
    ),
]


@pytest.mark.parametrize(("filters", "naive"), CASES, ids=[str(list(case[0])) + str(n) for n, case in enumerate(CASES)])
def test_filters_agree_with_a_naive_reading(
    embedded: Embedded,
    readers: list[tuple[str, str, Any]],
    filters: dict[str, Any],
    naive: Callable[[Finding], bool],
) -> None:
    told_apart = False
    for account, region, hub in readers:
        findings = stored(embedded, account, region)
        wanted = {f["Id"] for f in findings if naive(f)}
        assert {f["Id"] for f in everything(hub, Filters=filters)} == wanted
        told_apart |= 0 < len(wanted) < len(findings)
    assert told_apart, "the estate has nothing that this filter could tell apart"


def test_dates_by_start_end_and_range(embedded: Embedded) -> None:
    hub = client(embedded, "securityhub", role="reader")
    findings = stored(embedded, embedded.accounts[0], "eu-central-1")
    when = sorted(f["UpdatedAt"] for f in findings)
    middle = when[len(when) // 2]
    later = everything(hub, Filters={"UpdatedAt": [{"Start": middle, "End": "2100-01-01T00:00:00Z"}]})
    assert {f["Id"] for f in later} == {f["Id"] for f in findings if f["UpdatedAt"] >= middle}
    old = everything(
        hub,
        Filters={"CreatedAt": [{"DateRange": {"Value": 10, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]},
    )
    recent = everything(hub, Filters={"CreatedAt": [{"DateRange": {"Value": 10, "Unit": "DAYS"}}]})
    assert old
    assert recent
    assert len(old) + len(recent) == len(findings)
    assert max(f["CreatedAt"] for f in old) < min(f["CreatedAt"] for f in recent)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sort_by_update_time(embedded: Embedded, order: str) -> None:
    hub = client(embedded, "securityhub", role="reader")
    got = [f["UpdatedAt"] for f in everything(hub, SortCriteria=[{"Field": "UpdatedAt", "SortOrder": order}])]
    assert got == sorted(got, reverse=order == "desc")
    assert len(set(got)) > 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"Filters": {"SeverityLabel": string(*[("EQUALS", f"L{n}") for n in range(21)])}},
        {"Filters": {"Title": string(("CONTAINS", "S3"))}},
        {"Filters": {"Title": string(("CONTAINS_WORD", "S3"))}},
        {"Filters": {"Title": string(("EQUALS", "a"), ("NOT_EQUALS", "b"))}},
        {"Filters": {"UpdatedAt": [{"Start": "yesterday"}]}},
        {"Filters": {"UpdatedAt": [{"Start": "2026-01-01T00:00:00"}]}},
        {"Filters": {"UpdatedAt": [{}]}},
        {"Filters": {"Keyword": [{"Value": "x"}]}},
        {"Filters": {"NetworkSourceIpV4": [{"Cidr": "nonsense"}]}},
        {"SortCriteria": [{"Field": "Nonsense", "SortOrder": "asc"}]},
        {"MaxResults": 101},
        {"NextToken": "garbage"},
    ],
    ids=str,
)
def test_refuses_what_aws_refuses(embedded: Embedded, arguments: dict[str, Any]) -> None:
    hub = client(embedded, "securityhub", role="reader")
    with pytest.raises(ClientError) as caught:
        hub.get_findings(**arguments)
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unknown_filter_is_refused(embedded: Embedded) -> None:
    """botocore would not send one; a hand-made request may."""
    hub = client(embedded, "securityhub", role="reader")

    def smuggle(params: dict[str, Any], **_: Any) -> None:
        params["body"] = b'{"Filters":{"Sevrity":[{"Value":"HIGH","Comparison":"EQUALS"}]}}'

    hub.meta.events.register("before-call.securityhub.GetFindings", smuggle)
    with pytest.raises(ClientError, match="Sevrity"):
        hub.get_findings()


def test_pages_are_a_snapshot_and_tokens_end(aws: Embedded) -> None:
    hub = client(aws, "securityhub", role="reader")
    first = hub.get_findings(MaxResults=5)
    aws.advance(60)  # new findings arrive between the pages
    rest, token = [], first.get("NextToken")
    while token:
        page = hub.get_findings(MaxResults=5, NextToken=token)
        rest += page["Findings"]
        token = page.get("NextToken")
    ids = [f["Id"] for f in first["Findings"] + rest]
    assert len(ids) == len(set(ids))
    assert len(ids) < len(everything(hub))
    again = hub.get_findings(MaxResults=5)
    with pytest.raises(ClientError, match="NextToken"):
        hub.get_findings(
            MaxResults=5, NextToken=again["NextToken"], Filters={"RecordState": string(("EQUALS", "ACTIVE"))}
        )
    aws.cloud.hubs.pages.expire()
    with pytest.raises(ClientError, match="NextToken"):
        hub.get_findings(MaxResults=5, NextToken=again["NextToken"])


def test_a_finding_updated_right_now_is_inside_a_range_that_ends_now(aws: Embedded) -> None:
    aws.advance(60)
    now = aws.clock.now().astimezone(UTC)
    hub = client(aws, "securityhub", role="reader")
    got = everything(hub, Filters={"UpdatedAt": [{"Start": aws.clock.started.isoformat(), "End": now.isoformat()}]})
    assert got
    assert all(datetime.fromisoformat(f["UpdatedAt"].replace("Z", "+00:00")) <= now for f in got)

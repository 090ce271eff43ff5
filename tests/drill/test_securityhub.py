"""What a console writes to Security Hub, what comes back, and what AWS does by itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from tests.embedded import client

PRODUCT = "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"


def finding(ident: str = "own/1", **more: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": ident,
        "ProductArn": PRODUCT,
        "GeneratorId": "test",
        "AwsAccountId": "111122223333",
        "Types": ["Unusual Behaviors/Data"],
        "CreatedAt": "2026-11-01T00:00:00Z",
        "UpdatedAt": "2026-11-01T00:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Title": "title",
        "Description": "description",
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b"}],
        **more,
    }


def one(hub: Any, ident: str = "own/1") -> dict[str, Any]:
    found = hub.get_findings(Filters={"Id": [{"Value": ident, "Comparison": "EQUALS"}]})["Findings"]
    assert len(found) == 1
    result: dict[str, Any] = found[0]
    return result


def imported(hub: Any, *findings: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = hub.batch_import_findings(Findings=list(findings))
    return answer


def test_import_adds_what_security_hub_adds(aws: Embedded) -> None:
    hub = client(aws, "securityhub")
    assert imported(hub, finding())["SuccessCount"] == 1
    got = one(hub)
    assert got["RecordState"] == "ACTIVE"
    assert got["WorkflowState"] == "NEW"
    assert got["Workflow"] == {"Status": "NEW"}
    assert got["Severity"] == {"Label": "HIGH", "Normalized": 70}
    assert got["Region"] == "eu-central-1"
    assert got["ProductName"] == "Default"
    assert got["CompanyName"] == "Personal"
    assert got["ProcessedAt"]
    assert got["ProductFields"]["aws/securityhub/FindingId"] == f"{PRODUCT}/own/1"
    assert got["FindingProviderFields"] == {
        "Severity": {"Label": "HIGH"},
        "Types": ["Unusual Behaviors/Data"],
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AwsAccountId": "444455556666"}, "InvalidAccess"),
        ({"Title": ""}, "InvalidInput"),
        ({"Title": "x" * 257}, "InvalidInput"),
        ({"UpdatedAt": "yesterday"}, "InvalidInput"),
        ({"Resources": []}, "InvalidInput"),
        ({"UserDefinedFields": {"big": "x" * 250_000}}, "InvalidInput"),
    ],
    ids=["other account", "no title", "long title", "bad time", "no resources", "too large"],
)
def test_one_bad_finding_fails_alone(aws: Embedded, change: dict[str, Any], code: str) -> None:
    hub = client(aws, "securityhub")
    answer = imported(hub, finding("good"), finding("bad", **change))
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1)
    assert answer["FailedFindings"][0]["Id"] == "bad"
    assert answer["FailedFindings"][0]["ErrorCode"] == code
    assert one(hub, "good")["Id"] == "good"


def test_import_takes_at_most_100(aws: Embedded) -> None:
    hub = client(aws, "securityhub")
    assert imported(hub, *(finding(f"own/{n}") for n in range(100)))["SuccessCount"] == 100
    with pytest.raises(ClientError) as caught:
        imported(hub, *(finding(f"more/{n}") for n in range(101)))
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"


def test_update_writes_and_leaves_updated_at_alone(aws: Embedded) -> None:
    hub = client(aws, "securityhub", role="triage")
    imported(client(aws, "securityhub"), finding())
    before = one(hub)
    answer = hub.batch_update_findings(
        FindingIdentifiers=[{"Id": "own/1", "ProductArn": PRODUCT}, {"Id": "nobody", "ProductArn": PRODUCT}],
        Workflow={"Status": "NOTIFIED"},
        Note={"Text": "seen", "UpdatedBy": "oncall1"},
        VerificationState="TRUE_POSITIVE",
        UserDefinedFields={"case": "C-1"},
    )
    assert [row["Id"] for row in answer["ProcessedFindings"]] == ["own/1"]
    assert [(row["FindingIdentifier"]["Id"], row["ErrorCode"]) for row in answer["UnprocessedFindings"]] == [
        ("nobody", "FindingNotFound")
    ]
    after = one(hub)
    assert after["Workflow"] == {"Status": "NOTIFIED"}
    assert after["Note"]["Text"] == "seen"
    assert after["Note"]["UpdatedBy"] == "oncall1"
    assert after["Note"]["UpdatedAt"]
    assert after["VerificationState"] == "TRUE_POSITIVE"
    assert after["UserDefinedFields"] == {"case": "C-1"}
    assert after["UpdatedAt"] == before["UpdatedAt"]
    assert after["RecordState"] == before["RecordState"]
    history = hub.get_finding_history(FindingIdentifier={"Id": "own/1", "ProductArn": PRODUCT})["Records"]
    assert [row["FindingCreated"] for row in history] == [False, True]
    assert history[0]["UpdateSource"]["Type"] == "BATCH_UPDATE_FINDINGS"
    assert {row["UpdatedField"] for row in history[0]["Updates"]} >= {"Workflow", "Note"}


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"Workflow": {"Status": "DONE"}},
        {"VerificationState": "MAYBE"},
        {"Note": {"Text": "x" * 513, "UpdatedBy": "me"}},
        {"Note": {"Text": "", "UpdatedBy": "me"}},
    ],
    ids=["nothing", "workflow", "verdict", "long note", "empty note"],
)
def test_a_malformed_update_changes_nothing(aws: Embedded, update: dict[str, Any]) -> None:
    hub = client(aws, "securityhub")
    imported(hub, finding())
    before = one(hub)
    with pytest.raises(ClientError) as caught:
        hub.batch_update_findings(FindingIdentifiers=[{"Id": "own/1", "ProductArn": PRODUCT}], **update)
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    assert one(hub) == before


def test_an_import_keeps_what_the_analyst_wrote(aws: Embedded) -> None:
    hub = client(aws, "securityhub")
    imported(hub, finding())
    identifiers = [{"Id": "own/1", "ProductArn": PRODUCT}]
    hub.batch_update_findings(
        FindingIdentifiers=identifiers,
        Workflow={"Status": "NOTIFIED"},
        Note={"Text": "mine", "UpdatedBy": "me"},
    )
    imported(hub, finding(Title="new title", UpdatedAt="2026-11-02T00:00:00Z"))
    got = one(hub)
    assert got["Title"] == "new title"
    assert got["Note"]["Text"] == "mine"
    assert got["Workflow"] == {"Status": "NOTIFIED"}
    imported(hub, finding(Title="stale", UpdatedAt="2026-10-02T00:00:00Z"))
    assert one(hub)["Title"] == "new title"


@pytest.mark.parametrize(("status", "then"), [("NOTIFIED", "NEW"), ("RESOLVED", "NEW"), ("SUPPRESSED", "SUPPRESSED")])
def test_what_comes_back_is_new_again(aws: Embedded, status: str, then: str) -> None:
    hub = client(aws, "securityhub")
    imported(hub, finding(RecordState="ARCHIVED"))
    hub.batch_update_findings(FindingIdentifiers=[{"Id": "own/1", "ProductArn": PRODUCT}], Workflow={"Status": status})
    imported(hub, finding(RecordState="ACTIVE", UpdatedAt="2026-11-02T00:00:00Z"))
    assert one(hub)["Workflow"] == {"Status": then}


def test_a_control_that_fails_again_is_new_again(aws: Embedded) -> None:
    hub = client(aws, "securityhub")
    imported(hub, finding(Compliance={"Status": "PASSED"}))
    hub.batch_update_findings(
        FindingIdentifiers=[{"Id": "own/1", "ProductArn": PRODUCT}], Workflow={"Status": "RESOLVED"}
    )
    imported(hub, finding(Compliance={"Status": "FAILED"}, UpdatedAt="2026-11-02T00:00:00Z"))
    assert one(hub)["Workflow"] == {"Status": "NEW"}


def test_home_region_shows_and_writes_linked_findings(aws: Embedded) -> None:
    home, linked = (client(aws, "securityhub", region) for region in aws.regions)
    arn = home.list_finding_aggregators()["FindingAggregators"][0]["FindingAggregatorArn"]
    assert home.get_finding_aggregator(FindingAggregatorArn=arn)["FindingAggregationRegion"] == "eu-central-1"

    def regions(hub: Any) -> set[str]:
        pages = hub.get_paginator("get_findings").paginate()
        return {found["Region"] for page in pages for found in page["Findings"]}

    assert regions(home) == {"eu-central-1", "eu-west-1"}
    assert regions(linked) == {"eu-west-1"}
    far = linked.get_findings(MaxResults=1)["Findings"][0]
    key = {"Id": far["Id"], "ProductArn": far["ProductArn"]}
    assert not home.batch_update_findings(FindingIdentifiers=[key], Note={"Text": "from home", "UpdatedBy": "me"})[
        "UnprocessedFindings"
    ]
    assert one(linked, far["Id"])["Note"]["Text"] == "from home"
    home.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert regions(home) == {"eu-central-1"}
    with pytest.raises(ClientError) as caught:
        home.create_finding_aggregator(RegionLinkingMode="SPECIFIED_REGIONS")
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"


def test_where_it_is_off_it_says_so(aws: Embedded) -> None:
    hub = client(aws, "securityhub", "us-east-2")
    for call in (hub.describe_hub, hub.get_findings, hub.list_enabled_products_for_import):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "InvalidAccessException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
    hub.enable_security_hub()
    assert hub.describe_hub()["HubArn"].endswith(":hub/default")
    assert any("guardduty" in one for one in hub.list_enabled_products_for_import()["ProductSubscriptions"])
    with pytest.raises(ClientError) as caught:
        hub.enable_security_hub()
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException"


def test_imports_and_updates_reach_a_queue_as_events(aws: Embedded) -> None:
    sqs, events, hub = client(aws, "sqs"), client(aws, "events"), client(aws, "securityhub")
    url = sqs.create_queue(QueueName="soc")["QueueUrl"]
    arn = "arn:aws:sqs:eu-central-1:111122223333:soc"
    events.put_rule(Name="hub", EventPattern=json.dumps({"source": ["aws.securityhub"]}))
    events.put_targets(Rule="hub", Targets=[{"Id": "1", "Arn": arn}])
    imported(hub, finding("own/0"))
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "no policy of the queue lets EventBridge send"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [_from_the_rule(arn)]})})
    imported(hub, finding())
    hub.batch_update_findings(
        FindingIdentifiers=[{"Id": "own/1", "ProductArn": PRODUCT}], Workflow={"Status": "NOTIFIED"}
    )
    seen = []
    while len(seen) < 2:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10)
        assert "Messages" in answer, "the event did not arrive"
        seen += [json.loads(message["Body"]) for message in answer["Messages"]]
        for message in answer["Messages"]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert {event["detail-type"] for event in seen} == {"Security Hub Findings - Imported"}
    states = sorted(event["detail"]["findings"][0]["Workflow"]["Status"] for event in seen)
    assert states == ["NEW", "NOTIFIED"]


def _from_the_rule(queue: str) -> dict[str, Any]:
    rule = "arn:aws:events:eu-central-1:111122223333:rule/hub"
    return {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }


def test_the_caller_cannot_reach_into_the_store(aws: Embedded) -> None:
    hub = client(aws, "securityhub")
    given = finding()
    kept = copy.deepcopy(given)
    imported(hub, given)
    assert given == kept
    assert hub.list_automation_rules()["AutomationRulesMetadata"] == []

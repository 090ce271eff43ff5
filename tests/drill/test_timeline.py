"""The leak unfolds by itself, the same way for the same seed, and stops when the right thing is cut."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from socconsole.drill import Embedded, exposure, hubimport, scenario
from tests.embedded import client

CORPUS, EXPORTS, STRANGER = "kaufhaus-llm-corpus-prod", "kaufhaus-ml-eval-exports", "999988887777"
ML, WEST = "444455556666", "eu-west-1"
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def bulk_read(aws: Embedded, bucket: str = CORPUS) -> dict[str, Any]:
    for place in aws.cloud.detectors.findings.values():
        for finding in place.values():
            buckets = [one["Name"] for one in finding["Resource"].get("S3BucketDetails", ())]
            if finding["Type"] == "Exfiltration:S3/AnomalousBehavior" and bucket in buckets:
                return finding
    raise AssertionError("no bulk read")


def told(aws: Embedded) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    """What Security Hub says of each account and region, to whoever asks there."""
    found = []
    for account in aws.accounts:
        for region in aws.regions:
            pages = client(aws, "securityhub", region, "reader", account).get_paginator("get_findings").paginate()
            for page in pages:
                found += [((account, region), one) for one in page["Findings"] if one["Region"] == region]
    return found


def left(aws: Embedded, path: str) -> int:
    return int(aws.engine.scores()["paths"][path]["bytes"])


def test_the_first_critical_arrives_within_ten_seconds_of_watching(aws: Embedded) -> None:
    aws.advance(10 * aws.engine.scenario.speed)
    hub = client(aws, "securityhub", role="reader")
    found = hub.get_findings(
        Filters={
            "SeverityLabel": [{"Value": "CRITICAL", "Comparison": "EQUALS"}],
            "ProductName": [{"Value": "GuardDuty", "Comparison": "EQUALS"}],
        }
    )["Findings"]
    assert [f["Types"] for f in found] == [["TTPs/AttackSequence:IAM-CompromisedCredentials"]]
    aws.advance(170 * aws.engine.scenario.speed)
    assert len(aws.engine.done) >= len(aws.engine.scenario.step) - 3


def test_bulk_reading_goes_on_until_the_bucket_is_closed(aws: Embedded) -> None:
    aws.advance(300)
    first = bulk_read(aws)
    bytes_before = left(aws, "corpus-public")
    aws.advance(200)
    second = bulk_read(aws)
    assert second["Id"] == first["Id"]
    assert second["Service"]["Count"] > first["Service"]["Count"]
    assert second["UpdatedAt"] > first["UpdatedAt"]
    assert left(aws, "corpus-public") > bytes_before > 0

    client(aws, "s3", role="responder").put_public_access_block(Bucket=CORPUS, PublicAccessBlockConfiguration=BLOCK)
    aws.advance(1)
    closed, bytes_closed = bulk_read(aws), left(aws, "corpus-public")
    aws.advance(600)
    assert bulk_read(aws)["Service"]["Count"] == closed["Service"]["Count"]
    assert left(aws, "corpus-public") == bytes_closed
    assert aws.engine.scores()["paths"]["corpus-public"]["open"] is False
    hub = client(aws, "securityhub", role="reader")
    control = hub.get_findings(
        Filters={
            "ComplianceSecurityControlId": [{"Value": "S3.8", "Comparison": "EQUALS"}],
            "ResourceId": [{"Value": f"arn:aws:s3:::{CORPUS}", "Comparison": "EQUALS"}],
        }
    )["Findings"]
    assert [one["Compliance"]["Status"] for one in control] == ["PASSED"]


def test_a_finding_about_a_call_is_dated_as_the_trail_dates_the_call(aws: Embedded) -> None:
    aws.advance(1200)
    trail = client(aws, "cloudtrail", role="reader")
    for name, title in (
        ("DeleteBucketPublicAccessBlock", "Block Public Access was dis"),
        ("PutBucketPolicy", "anonymous"),
    ):
        asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
        calls = {int(one["EventTime"].timestamp()) for one in trail.lookup_events(LookupAttributes=asked)["Events"]}
        (found,) = [
            one for place in aws.cloud.detectors.findings.values() for one in place.values() if title in one["Title"]
        ]
        assert int(datetime.fromisoformat(found["Service"]["EventFirstSeen"]).timestamp()) in calls


def test_undoing_the_cut_lets_it_leave_again(aws: Embedded) -> None:
    aws.advance(300)
    s3 = client(aws, "s3", role="responder")
    s3.put_public_access_block(Bucket=CORPUS, PublicAccessBlockConfiguration=BLOCK)
    aws.advance(100)
    held = left(aws, "corpus-public")
    s3.delete_public_access_block(Bucket=CORPUS)
    aws.advance(100)
    assert left(aws, "corpus-public") > held


def test_blocking_public_access_does_not_stop_a_named_account(aws: Embedded) -> None:
    aws.advance(500)
    responder = client(aws, "s3", WEST, "responder", ML)
    responder.put_public_access_block(Bucket=EXPORTS, PublicAccessBlockConfiguration=BLOCK)
    before, count = left(aws, "exports-stranger"), bulk_read(aws, EXPORTS)["Service"]["Count"]
    aws.advance(200)
    assert left(aws, "exports-stranger") > before
    assert bulk_read(aws, EXPORTS)["Service"]["Count"] > count
    deny = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{EXPORTS}", f"arn:aws:s3:::{EXPORTS}/*"],
                "Condition": {"StringEquals": {"aws:PrincipalAccount": STRANGER}},
            }
        ],
    }
    aws.cloud.hands.call(f"AKIB{ML}BLDR", WEST, "s3:PutBucketPolicy", {"Bucket": EXPORTS, "Policy": json.dumps(deny)})
    aws.advance(1)
    held = left(aws, "exports-stranger")
    aws.advance(300)
    assert left(aws, "exports-stranger") == held


def test_a_denied_session_never_opens_the_bucket(aws: Embedded) -> None:
    aws.advance(60)
    revoke = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    client(aws, "iam").put_role_policy(RoleName="vllm-recs", PolicyName="revoke", PolicyDocument=json.dumps(revoke))
    aws.advance(600)
    assert not exposure.exposed(CORPUS).public
    assert "opened" not in aws.engine.done
    assert left(aws, "corpus-public") == 0
    tried = aws.journal.calls("s3", "DeletePublicAccessBlock", by="scenario", after=aws.cloud.estate_done)
    assert [entry.code for entry in tried] == ["AccessDenied"]
    assert "handed-over" in aws.engine.done, "the other account's story goes on"


def test_an_inactive_key_ends_the_courier(aws: Embedded) -> None:
    aws.advance(290)
    key = aws.ids.access_key("AKIA", "user", "ci-deploy")
    aws.cloud.hands.call(
        f"AKIB{ML}BLDR",
        "us-east-1",
        "iam:UpdateAccessKey",
        {"UserName": "ci-deploy", "AccessKeyId": key, "Status": "Inactive"},
    )
    aws.advance(600)
    assert "tor-login" in aws.engine.done
    assert not {"handed-over", "model-abuse", "trail-stopped"} & set(aws.engine.done)


def test_the_same_seed_tells_the_same_story(aws: Embedded) -> None:
    def story() -> Any:
        aws.advance(700)
        zero = aws.clock.started
        journal = [(e.service, e.op, e.access_key, e.code) for e in aws.journal.calls(by="scenario")]
        findings = sorted(
            (finding["Arn"], finding["Service"]["Count"])
            for place in aws.cloud.detectors.findings.values()
            for finding in place.values()
        )
        hub = sorted(finding["Id"] for _, finding in told(aws))
        return journal, findings, hub, zero

    first = story()
    aws.reset()
    second = story()
    assert first[:3] == second[:3]
    assert first[3] != second[3]


def test_everything_conforms_to_the_service_models(aws: Embedded) -> None:
    aws.advance(1200)
    session, validator = botocore.session.get_session(), ParamValidator()
    shape = session.get_service_model("guardduty").shape_for("Finding")
    for place in aws.cloud.detectors.findings.values():
        for finding in place.values():
            report = validator.validate(finding, shape)
            assert not report.has_errors(), (finding["Type"], report.generate_report())
    shape = session.get_service_model("securityhub").shape_for("AwsSecurityFinding")
    count = 0
    for place, finding in told(aws):
        count += 1
        report = validator.validate(finding, shape)
        assert not report.has_errors(), (finding["Title"], report.generate_report())
        assert hubimport.problem(finding, aws.cloud.hubs.hub(*place)) is None
    assert count > 60


def test_the_estate_is_varied(embedded: Embedded) -> None:
    embedded.reset()
    findings = [finding for _, finding in told(embedded)]
    assert len(findings) >= 50
    assert {f["Workflow"]["Status"] for f in findings} == {"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"}
    assert {f["RecordState"] for f in findings} == {"ACTIVE", "ARCHIVED"}
    assert {f["Severity"]["Label"] for f in findings} >= {"CRITICAL", "HIGH", "MEDIUM", "LOW"}
    assert {f["AwsAccountId"] for f in findings} == set(embedded.accounts)
    assert sum(f.get("Sample", False) for f in findings) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("title = 3", "title"),
        ("titel = 'x'", "titel"),
        ("title = ", "Invalid value"),
    ],
    ids=["wrong type", "misspelt", "not TOML"],
)
def test_a_broken_scenario_says_where(text: str, complaint: str) -> None:
    with pytest.raises(scenario.BadScenario, match=complaint):
        scenario.read("broken", text)


def test_s3_keeps_its_own_rules(aws: Embedded) -> None:
    s3 = client(aws, "s3")
    public = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::newborn/*",
                }
            ],
        }
    )
    s3.create_bucket(Bucket="newborn", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_public_access_block(Bucket="newborn")["PublicAccessBlockConfiguration"] == BLOCK
    rule = s3.get_bucket_encryption(Bucket="newborn")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    with pytest.raises(ClientError, match="BlockPublicPolicy") as caught:
        s3.put_bucket_policy(Bucket="newborn", Policy=public)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    s3.delete_public_access_block(Bucket="newborn")
    s3.put_bucket_policy(Bucket="newborn", Policy=public)
    assert s3.get_bucket_policy_status(Bucket="newborn")["PolicyStatus"] == {"IsPublic": True}
    assert exposure.exposed("newborn").public
    s3.put_public_access_block(Bucket="newborn", PublicAccessBlockConfiguration=BLOCK)
    assert not exposure.exposed("newborn").public
    s3.delete_bucket_policy(Bucket="newborn")
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_policy_status(Bucket="newborn")
    assert caught.value.response["Error"]["Code"] == "NoSuchBucketPolicy"
    other = client(aws, "s3", role="reader", account=ML)
    with pytest.raises(ClientError) as caught:
        other.get_bucket_policy(Bucket=CORPUS)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_policy(Bucket=CORPUS, ExpectedBucketOwner=ML)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


NARROW = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
WIDE = {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}


@pytest.mark.parametrize(
    ("principal", "condition", "public"),
    [
        ("*", None, True),
        ({"AWS": "*"}, None, True),
        ({"AWS": ["*", STRANGER]}, None, True),
        ("*", NARROW, False),
        ("*", WIDE, True),
        ("*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
        ("*", {"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ("*", {"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"AWS": STRANGER}, None, False),
        ({"Service": "cloudtrail.amazonaws.com"}, None, False),
    ],
)
def test_the_meaning_of_public(principal: Any, condition: Any, public: bool) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
    if condition:
        statement["Condition"] = condition
    assert exposure.is_public({"Statement": [statement]}) is public

"""Each reader on records written here: what is taken from where, and what wins when two places disagree."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.formats import Quarantined, read_bytes, read_object
from socconsole.formats import asff as asff_reader
from socconsole.formats import guardduty as guardduty_reader
from socconsole.formats import ocsf as ocsf_reader
from socconsole.formats.record import Unreadable
from socconsole.model.finding import Kind, Observation, Severity, Verdict, Workflow

from . import records


def one(obj: object) -> Observation:
    (found,) = read_object(obj, 1)
    assert isinstance(found, Observation), found
    return found


ACTORS = {("ip", "203.0.113.9"), ("role", "vllm-recs"), ("access_key", "ASIAQEXAMPLE00000001")}


@pytest.mark.parametrize("spell", [lambda value: value, records.camel, records.lower])
def test_guardduty_reads_alike_in_every_letter_case(spell: Any) -> None:
    read = one(spell(records.native()))
    assert read.merge_keys == (records.ARN,)
    assert read.title.raw() == records.TITLE
    assert (read.kind, read.severity, read.count) == (Kind.THREAT, Severity.HIGH, 1204)
    assert (read.account, read.region) == (records.ACCOUNT, records.REGION)
    assert read.occurred == datetime(2026, 11, 23, 3, 9, 46, tzinfo=UTC)
    assert [(each.type, each.id.raw()) for each in read.resources] == [
        ("AwsS3Bucket", records.BUCKET),
        ("AwsIamAccessKey", "ASIAQEXAMPLE00000001"),
    ]
    assert {(each.kind, each.value.raw()) for each in read.actors} == ACTORS
    ip = next(each for each in read.actors if each.kind == "ip")
    assert ip.detail is not None
    assert ip.detail.raw() == "Elbonia, AS64500, Example Transit"


def test_asff_reads_guarddutys_facts_out_of_product_fields() -> None:
    read = one(records.asff())
    assert read.merge_keys == (records.ARN,)
    assert read.types == ("Exfiltration:S3/AnomalousBehavior",)
    assert {(each.kind, each.value.raw()) for each in read.actors} == ACTORS
    assert read.count == 1204
    assert read.workflow is Workflow.NOTIFIED
    assert read.note is not None
    assert (read.note.raw(), read.note_by) == ("looking", "on1")


def test_asff_reads_older_product_fields_without_the_prefix() -> None:
    old = {key.removeprefix("aws/guardduty/service/"): value for key, value in records.asff()["ProductFields"].items()}
    read = one(records.asff(ProductFields=old))
    assert {(each.kind, each.value.raw()) for each in read.actors} == ACTORS
    assert read.count == 1204


def test_asff_action_gives_actors_when_another_product_fills_it() -> None:
    action = {
        "ActionType": "NETWORK_CONNECTION",
        "NetworkConnectionAction": {
            "RemoteIpDetails": {"IpAddressV4": "198.51.100.7", "Country": {"CountryName": "Elbonia"}}
        },
    }
    read = one(records.asff(ProductArn=f"arn:aws:securityhub:{records.REGION}::product/acme/ids", Action=action))
    assert ("ip", "198.51.100.7") in {(each.kind, each.value.raw()) for each in read.actors}


def test_a_foreign_product_cannot_take_over_a_guardduty_finding() -> None:
    hostile = records.asff(
        ProductArn=f"arn:aws:securityhub:{records.REGION}:999988887777:product/999988887777/default",
        Sample=True,
    )
    assert records.ARN not in one(hostile).merge_keys
    foreign = records.ocsf()
    foreign["metadata"]["product"] = {"name": "Acme", "uid": "acme"}
    assert records.ARN not in one(foreign).merge_keys


@pytest.mark.parametrize(
    ("severity", "provider", "expected"),
    [
        ({"Label": "LOW", "Normalized": 40}, {"Label": "HIGH"}, Severity.LOW),
        ({"Normalized": 50}, {"Label": "CRITICAL"}, Severity.CRITICAL),
        ({"Product": 5, "Normalized": 50}, None, Severity.MEDIUM),
        ({"Normalized": 0}, None, Severity.INFO),
        ({"Normalized": 1}, None, Severity.LOW),
        ({"Normalized": 39}, None, Severity.LOW),
        ({"Normalized": 40}, None, Severity.MEDIUM),
        ({"Normalized": 69}, None, Severity.MEDIUM),
        ({"Normalized": 70}, None, Severity.HIGH),
        ({"Normalized": 90}, None, Severity.CRITICAL),
        ({"Original": "7.5"}, None, Severity.HIGH),
        ({"Original": "informational"}, None, Severity.INFO),
        ({"Original": "whatever"}, None, Severity.MEDIUM),
        (None, None, Severity.MEDIUM),
        ("HIGH", ["HIGH"], Severity.MEDIUM),
    ],
)
def test_asff_severity_falls_back_in_order(severity: Any, provider: Any, expected: Severity) -> None:
    assert one(records.asff(Severity=severity, FindingProviderFields={"Severity": provider})).severity is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (9, Severity.CRITICAL),
        (8.9, Severity.HIGH),
        ("7", Severity.HIGH),
        (4, Severity.MEDIUM),
        (1.0, Severity.LOW),
        ("HIGH", Severity.HIGH),
        (None, Severity.MEDIUM),
        (True, Severity.MEDIUM),
    ],
)
def test_guardduty_severity_bands(value: Any, expected: Severity) -> None:
    assert one(records.native(Severity=value)).severity is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"severity_id": 6, "severity": "Low"}, Severity.CRITICAL),
        ({"severity_id": 99, "severity": "Informational "}, Severity.INFO),
        ({"severity_id": None, "severity": None, "vendor_attributes": {"severity_id": 5}}, Severity.CRITICAL),
        ({"severity_id": -1, "severity": ""}, Severity.MEDIUM),
    ],
)
def test_ocsf_trusts_the_number_then_the_text(changes: dict[str, Any], expected: Severity) -> None:
    assert one(records.ocsf(**changes)).severity is expected


@pytest.mark.parametrize(
    "value",
    [
        1795403520,
        1795403520000,
        1795403520000000,
        "1795403520000",
        "2026-11-23T03:12:00Z",
        "2026-11-23 03:12:00.000000000",
        "2026-11-23T04:12:00+01:00",
    ],
)
def test_times_are_told_by_magnitude_and_a_missing_zone_means_utc(value: Any) -> None:
    record = records.ocsf()
    record["finding_info"]["created_time"] = value
    assert one(record).published == datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["0001-01-01T00:00:00Z", 0, -5, "soon", True, 10**30, float("nan"), "9999-12-31T23:59:59-23:00", []],
)
def test_what_is_no_time_is_none(value: Any) -> None:
    record = records.asff(CreatedAt=value, UpdatedAt=value)
    assert (one(record).published, one(record).updated) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce", "UnauthorizedAccess:EC2/SSHBruteForce"),
        ("TTPs/Discovery/IAMUser-AnomalousBehavior", "Discovery:IAMUser/AnomalousBehavior"),
        ("TTPs/Initial Access/IAMUser-AnomalousBehavior", "InitialAccess:IAMUser/AnomalousBehavior"),
        (
            "Software\n  and Configuration Checks/Exfiltration:S3.ObjectRead.Unusual",
            "Exfiltration:S3/ObjectRead.Unusual",
        ),
        ("TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS", "Backdoor:EC2/C&CActivity.B!DNS"),
        ("Effects/Data Exposure", "Effects/Data Exposure"),
        ("TTPs", "TTPs"),
    ],
)
def test_types_inside_asff_compare_with_native_ones(text: str, expected: str) -> None:
    assert one(records.asff(Types=[text])).types == (expected,)


def test_a_controls_taxonomy_is_not_mistaken_for_a_guardduty_type() -> None:
    read = one(
        records.asff(
            ProductArn=f"arn:aws:securityhub:{records.REGION}::product/aws/securityhub",
            Id="control/1",
            Types=["Effects/Data Exposure/PCI-DSS"],
            Compliance={"Status": "FAILED"},
        )
    )
    assert (read.kind, read.types, read.compliance) == (
        Kind.CONTROL,
        ("Effects/Data Exposure/PCI-DSS",),
        "FAILED",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Vulnerabilities": [{"Id": "CVE-1"}], "Types": []}, Kind.VULNERABILITY),
        ({"Types": ["Sensitive Data Identifications/PII"]}, Kind.DATA),
        ({"Types": ["Software and Configuration Checks"]}, Kind.SOFTWARE),
        ({"Types": ["Unusual Behaviors/User"]}, Kind.THREAT),
        ({"Types": None, "Malware": [{"Name": "x"}]}, Kind.THREAT),
        ({"Types": None}, Kind.OTHER),
    ],
)
def test_kind_of_other_products(changes: dict[str, Any], expected: Kind) -> None:
    product = "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"
    assert one(records.asff(ProductArn=product, **changes)).kind is expected


@pytest.mark.parametrize(
    "record",
    [
        records.asff(Sample=True),
        records.asff(ProductFields={"aws/guardduty/service/additionalInfo/sample": "true"}),
        records.asff(ProductFields={"additionalInfo": '{"sample":true}'}),
        records.asff(Resources=[{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-central-1:1:instance/i-99999999"}]),
        records.native(Service={"AdditionalInfo": {"Sample": True}}),
        records.native(Service={"AdditionalInfo": {"Value": '{"sample":true}'}}),
    ],
)
def test_samples_are_recognised(record: dict[str, Any]) -> None:
    assert one(record).sample


def test_an_attacker_cannot_name_himself_into_a_sample() -> None:
    record = records.native()
    record["Resource"]["AccessKeyDetails"]["UserName"] = "GeneratedFindingUserName"
    del (
        record["Resource"]["AccessKeyDetails"]["AccessKeyId"],
        record["Resource"]["AccessKeyDetails"]["PrincipalId"],
    )
    record["Resource"]["S3BucketDetails"] = [{"Name": "i-99999999", "Arn": "arn:aws:s3:::i-99999999"}]
    assert not one(record).sample
    bucket = {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::i-99999999"}
    assert not one(records.asff(Resources=[bucket])).sample


def test_workflow_verdict_and_archive() -> None:
    read = one(
        records.asff(Workflow={"Status": "SUPPRESSED"}, VerificationState="BENIGN_POSITIVE", RecordState="ARCHIVED")
    )
    assert (read.workflow, read.verdict, read.active) == (
        Workflow.SUPPRESSED,
        Verdict.BENIGN_POSITIVE,
        False,
    )
    assert one(records.asff(Workflow=None, WorkflowState="IN_PROGRESS")).workflow is Workflow.NOTIFIED
    assert one(records.asff(Workflow=None, WorkflowState=None)).workflow is None
    assert not one(records.native(Service={"Archived": "true"})).active


def test_ocsf_status_that_contradicts_itself_stays_open() -> None:
    assert one(records.ocsf(status="New", status_id=3)).workflow is Workflow.NEW
    assert one(records.ocsf(status="Resolved", status_id=4)).workflow is Workflow.RESOLVED


def test_ocsf_without_security_hub_goes_by_metadata_uid_then_finding_uid() -> None:
    record = records.ocsf()
    record["metadata"]["product"] = {"name": "Prowler", "uid": "prowler"}
    record["finding_info"]["uid"] = "inner"
    assert one(record).merge_keys == (f"ocsf|prowler|111122223333|{'5' * 64}", "ocsf|prowler|111122223333|inner")
    del record["metadata"]["uid"]
    assert one(record).merge_keys == ("ocsf|prowler|111122223333|inner",)
    assert one(record).native_id == "inner"


def test_security_hub_v2_joins_its_cspm_twin() -> None:
    control = "arn:aws:securityhub:eu-central-1:111122223333:subscription/x/finding/1"
    v1 = records.asff(ProductArn="arn:aws:securityhub:eu-central-1::product/aws/securityhub", Id=control)
    v2 = records.ocsf()
    v2["metadata"]["product"]["uid"] = "arn:aws:securityhub:eu-central-1::productv2/aws/securityhub"
    v2["finding_info"]["uid"] = control
    assert one(v1).merge_keys[0] == one(v2).merge_keys[0]


def test_v2_resources_take_the_arn_and_asffs_type_names() -> None:
    (bucket,) = one(records.ocsf()).resources
    assert (bucket.type, bucket.id.raw()) == ("AwsS3Bucket", records.BUCKET)


SEQUENCE = {
    "Uid": "seq",
    "Description": "credentials, then data",
    "Actors": [{"Id": "a", "User": {"Name": "vllm-recs", "Type": "AssumedRole", "CredentialUid": "ASIAX"}}],
    "Endpoints": [{"Id": "e", "Ip": "203.0.113.9", "Location": {"Country": "EB"}}],
    "Resources": [{"Uid": records.BUCKET, "Name": "llm-corpus", "ResourceType": "S3_BUCKET", "Region": "eu-central-1"}],
    "Signals": [
        {"Uid": "f" * 32, "Type": "FINDING"},
        {"Uid": records.ARN, "Type": "FINDING"},
        {"Uid": "cloudtrail-event", "Type": "CLOUD_TRAIL"},
    ],
}


def test_an_attack_sequence_knows_its_signals_resources_and_actors() -> None:
    read = one(
        records.native(
            Type="AttackSequence:S3/CompromisedData",
            Severity=9,
            Resource={"ResourceType": "AttackSequence"},
            Service={"Detection": {"Sequence": SEQUENCE}},
        )
    )
    detector = records.ARN.partition("/finding/")[0]
    assert read.signals == (f"{detector}/finding/{'f' * 32}", records.ARN)
    assert [(each.type, each.id.raw()) for each in read.resources] == [("AwsS3Bucket", records.BUCKET)]
    assert {(each.kind, each.value.raw()) for each in read.actors} == {
        ("role", "vllm-recs"),
        ("access_key", "ASIAX"),
        ("ip", "203.0.113.9"),
    }


def test_an_attack_sequence_in_asff_names_the_same_signals() -> None:
    signals = [{"Id": records.ARN, "ProductArn": records.PRODUCT, "Type": "FINDING"}]
    read = one(records.asff(Detection={"Sequence": {"Uid": "seq", "Signals": signals}}))
    assert read.signals == (records.ARN,)


def test_every_finding_of_an_event_is_read() -> None:
    detail = {
        "findings": [records.asff(), records.asff(Id="second")],
        "actionName": "page",
        "actionDescription": "x",
    }
    for name in ("Security Hub Findings - Imported", "Security Hub Findings - Custom Action"):
        found = list(read_object(records.event(detail, name), 7))
        assert [each.native_id for each in found if isinstance(each, Observation)] == [records.ARN, "second"]
    (v2,) = read_object(records.event({"findings": [records.ocsf()]}, "Findings Imported V2"), 1)
    assert isinstance(v2, Observation)


def test_an_event_lends_its_place_to_a_finding_without_one() -> None:
    detail = records.camel(records.native())
    for key in ("accountId", "region", "arn"):
        del detail[key]
    read = one(records.event(detail, "GuardDuty Finding", "aws.guardduty"))
    assert (read.account, read.region) == (records.ACCOUNT, records.REGION)
    assert read.merge_keys == (records.ARN,)  # rebuilt from account, region, detector and id


def test_findings_arrive_through_sns_and_sqs() -> None:
    event = records.event({"findings": [records.asff()]}, "Security Hub Findings - Imported")
    notification = {"Type": "Notification", "MessageId": "m", "Message": json.dumps(event)}
    queued = {"Records": [{"messageId": "q", "eventSource": "aws:sqs", "body": json.dumps(notification)}]}
    assert one(notification).merge_keys == (records.ARN,)
    assert one(queued).merge_keys == (records.ARN,)


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        (records.asff(Id=None), "ASFF finding without Id"),
        ({"type": "Recon:EC2/Portscan", "severity": 2}, "GuardDuty finding without id and ARN"),
        ({"class_uid": 2004}, "OCSF finding without metadata.uid and finding_info.uid"),
        ({"class_uid": 4003}, "OCSF class 4003 is not a finding"),
        ({"class_uid": "\x1b[31m"}, "OCSF class ?[31m is not a finding".replace("[", "?")),
        ({}, "an empty object"),
        ({"a": 1}, "no format that is known; keys: a"),
        (None, "not a JSON object but null"),
        (3, "not a JSON object but a number"),
        ("x", "not a JSON object but text"),
    ],
)
def test_what_cannot_be_understood_says_why(obj: object, reason: str) -> None:
    (found,) = read_object(obj, 4)
    assert isinstance(found, Quarantined)
    assert (found.reason, found.line) == (reason, 4)
    assert json.loads(found.raw) == obj


def test_readers_raise_only_unreadable() -> None:
    with pytest.raises(Unreadable, match="without Id"):
        asff_reader.read({})
    with pytest.raises(Unreadable, match="without id and ARN"):
        guardduty_reader.read({"Type": "a:b"})


def test_the_digest_is_that_of_the_body_and_does_not_depend_on_the_way_in() -> None:
    line = json.dumps(records.asff(Title="caf\u00e9")).encode()
    pretty = json.dumps(records.asff(Title="caf\u00e9"), indent=2, ensure_ascii=False).encode()
    (first,) = read_bytes(line)
    (second,) = read_bytes(pretty)
    assert isinstance(first, Observation)
    assert first == second
    assert b"caf\\u00e9" in first.body


def test_ocsf_findings_of_two_accounts_are_two() -> None:
    """Other tools number their findings per account; one account's must not hide another's."""

    def one(account: str) -> dict[str, Any]:
        return {
            "class_uid": 2002,
            "severity_id": 4,
            "metadata": {"product": {"name": "Scanner", "vendor_name": "V"}, "version": "1.1.0"},
            "finding_info": {"uid": "CVE-2026-1", "title": "t"},
            "cloud": {"account": {"uid": account}},
        }

    here, there = (ocsf_reader.read(one(account * 12)).merge_keys for account in "12")
    assert set(here).isdisjoint(there)


def test_an_ocsf_close_is_no_longer_active() -> None:
    record = {
        "class_uid": 2004,
        "activity_id": 3,
        "metadata": {"uid": "m", "product": {"name": "P"}},
        "finding_info": {"uid": "u", "title": "t"},
    }
    assert not ocsf_reader.read(record).active
    assert ocsf_reader.read({**record, "activity_id": 2}).active


def test_a_user_without_an_access_key_is_no_access_key() -> None:
    record = {
        "Id": "i",
        "Type": "Policy:IAMUser/RootCredentialUsage",
        "AccountId": "111122223333",
        "Region": "eu-west-1",
        "Resource": {"AccessKeyDetails": {"UserName": "eva", "UserType": "IAMUser"}},
    }
    (resource,) = guardduty_reader.read(record).resources
    assert (resource.type, resource.id.raw()) == ("AwsIamUser", "eva")

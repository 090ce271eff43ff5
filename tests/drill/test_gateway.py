"""Who may do what, said in each protocol's own words; gaps and dry runs; what the journal keeps."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from socconsole.drill.clock import host_now
from tests.embedded import client


def refused(call: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


# One operation of each protocol that a reader role may not call.
PROTOCOLS = {
    "json": lambda make: make("cloudtrail").stop_logging(Name="org-trail"),
    "rest-json": lambda make: make("guardduty").delete_filter(DetectorId="0" * 32, FilterName="noise"),
    "query": lambda make: make("iam").create_user(UserName="eve"),
    "ec2": lambda make: make("ec2").describe_key_pairs(),
    "rest-xml": lambda make: make("s3").delete_bucket_policy(Bucket="kaufhaus-llm-corpus-prod"),
}
DENIED = {
    "json": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "query": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "rest-xml": ("AccessDenied", 403),
}
EXPIRED = {
    "json": "ExpiredTokenException",
    "rest-json": "ExpiredTokenException",
    "query": "ExpiredToken",
    "ec2": "RequestExpired",
    "rest-xml": "ExpiredToken",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_role_is_denied_what_its_policy_does_not_give(embedded: Embedded, protocol: str) -> None:
    def call() -> None:
        PROTOCOLS[protocol](lambda service: client(embedded, service, role="reader"))

    assert refused(call) == DENIED[protocol]
    entry = embedded.journal.calls(role="socconsole-reader")[-1]
    assert entry.code == DENIED[protocol][0]
    assert entry.source_identity == "oncall1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_expired_credentials_in_each_protocol(embedded: Embedded, protocol: str) -> None:
    embedded.faults.add(kind="expired", service="[!s]*" if protocol != "rest-xml" else "s3")
    try:
        assert refused(lambda: PROTOCOLS[protocol](lambda s: client(embedded, s)))[0] == EXPIRED[protocol]
    finally:
        embedded.faults.clear()


def test_a_session_that_has_ended_and_a_token_that_is_not_ours(aws: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = client(aws, "securityhub", role="reader")
    hub.describe_hub()
    monkeypatch.setattr("socconsole.drill.principals.host_now", lambda: host_now() + timedelta(hours=2))
    assert refused(hub.describe_hub) == ("ExpiredTokenException", 403)
    monkeypatch.undo()
    credentials = client(aws, "sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/socconsole-reader",
        RoleSessionName="oncall1",
        SourceIdentity="oncall1",
    )["Credentials"]
    import boto3

    forged = boto3.client(
        "sts",
        region_name="eu-central-1",
        endpoint_url=aws.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key="x",
        aws_session_token=credentials["SessionToken"][:-4] + "0000",
    )
    assert refused(forged.get_caller_identity) == ("InvalidClientTokenId", 403)


def test_who_an_assumed_role_is(aws: Embedded) -> None:
    sts = client(aws, "sts", role="triage", account=aws.accounts[1])
    assert sts.get_caller_identity()["Arn"] == ("arn:aws:sts::444455556666:assumed-role/socconsole-triage/oncall1")
    assert client(aws, "sts").get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/oncall1"


@pytest.mark.parametrize(
    "arguments",
    [
        {"RoleArn": "arn:aws:iam::111122223333:role/nobody", "SourceIdentity": "me"},
        {"RoleArn": "arn:aws:iam::111122223333:role/vllm-recs", "SourceIdentity": "me"},
        {"RoleArn": "arn:aws:iam::111122223333:role/socconsole-reader"},
    ],
    ids=["no such role", "not trusted", "no source identity"],
)
def test_roles_have_to_exist_and_to_trust(aws: Embedded, arguments: dict[str, str]) -> None:
    sts = client(aws, "sts")
    assert refused(lambda: sts.assume_role(RoleSessionName="me", **arguments)) == ("AccessDenied", 403)


def test_a_session_policy_narrows_the_role(aws: Embedded) -> None:
    narrow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": "*"}],
    }
    credentials = client(aws, "sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/socconsole-responder",
        RoleSessionName="oncall1",
        SourceIdentity="oncall1",
        Policy=json.dumps(narrow),
        Tags=[{"Key": "case", "Value": "C-1"}],
    )["Credentials"]
    import boto3

    s3 = boto3.client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=aws.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert s3.get_bucket_tagging(Bucket="kaufhaus-llm-corpus-prod")["TagSet"]
    assert refused(lambda: s3.get_bucket_policy(Bucket="kaufhaus-llm-corpus-prod"))[0] == "AccessDenied"
    assert aws.journal.calls("s3", "GetBucketTagging")[-1].tags == {"case": "C-1"}


def test_an_explicit_deny_wins_and_is_named(aws: Embedded) -> None:
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    client(aws, "iam").put_role_policy(RoleName="socconsole-reader", PolicyName="stop", PolicyDocument=json.dumps(deny))
    hub = client(aws, "securityhub", role="reader")
    with pytest.raises(ClientError, match="explicit deny"):
        hub.get_findings()


def test_the_simulator_agrees_with_the_check(aws: Embedded) -> None:
    arn = "arn:aws:iam::111122223333:role/socconsole-responder"
    results = client(aws, "iam").simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["s3:PutBucketPublicAccessBlock", "s3:DeleteBucket"],
        ResourceArns=["arn:aws:s3:::kaufhaus-llm-corpus-prod"],
    )["EvaluationResults"]
    assert {one["EvalActionName"]: one["EvalDecision"] for one in results} == {
        "s3:PutBucketPublicAccessBlock": "allowed",
        "s3:DeleteBucket": "implicitDeny",
    }
    s3 = client(aws, "s3", role="responder")
    s3.put_public_access_block(
        Bucket="kaufhaus-llm-corpus-prod", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    assert refused(lambda: s3.delete_bucket(Bucket="kaufhaus-llm-corpus-prod")) == ("AccessDenied", 403)


def test_a_dry_run_changes_nothing_and_is_counted_apart(aws: Embedded) -> None:
    ec2 = client(aws, "ec2")
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    assert refused(lambda: ec2.terminate_instances(InstanceIds=[instance], DryRun=True)) == (
        "DryRunOperation",
        412,
    )
    state = ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"]
    assert state == "running"
    assert [entry.dry_run for entry in aws.journal.calls("ec2", "TerminateInstances")] == [True]


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("auditmanager", lambda c: c.list_controls(controlType="Custom"), "UnknownOperationException"),
        ("cloudwatch", lambda c: c.list_metric_streams(), "UnknownOperationException"),
        ("elbv2", lambda c: c.describe_trust_stores(), "InvalidAction"),
        ("ec2", lambda c: c.describe_fast_launch_images(), "InvalidAction"),
    ],
    ids=["no such service", "json", "query", "ec2"],
)
def test_a_gap_is_one_clean_error_that_is_not_retried(aws: Embedded, service: str, call: Any, code: str) -> None:
    import boto3
    from botocore.config import Config

    patient = boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url=aws.endpoint,
        aws_access_key_id=aws.access_key,
        aws_secret_access_key="drill",
        config=Config(retries={"mode": "standard", "total_max_attempts": 4}),
    )
    assert refused(lambda: call(patient)) == (code, 501)
    assert len(aws.journal.calls(service)) == 1


def test_moto_s_own_interface_is_shut(aws: Embedded) -> None:
    for path in ("/moto-api/reset", "/moto-api/data.json"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(aws.endpoint + path, data=b"")
        assert caught.value.code == 404
        caught.value.close()
    assert client(aws, "securityhub").get_findings(MaxResults=1)["Findings"]


def control(aws: Embedded, path: str, token: str, body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(aws.endpoint + path, data=body, headers={"X-Drill-Token": token})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_control_wants_its_token(aws: Embedded) -> None:
    assert control(aws, "/_drill/journal", "wrong")[0] == 403
    client(aws, "securityhub").describe_hub()
    status, entries = control(aws, "/_drill/journal?after=0", aws.token)
    assert status == 200
    assert entries[-1]["op"] == "DescribeHub"
    assert control(aws, "/_drill/world", aws.token)[1]["accounts"] == {
        "111122223333": "prod-eu",
        "444455556666": "ml-platform",
    }
    rule = json.dumps({"service": "securityhub", "code": "InternalException", "status": 500}).encode()
    assert control(aws, "/_drill/faults", aws.token, rule) == (200, {"added": 1})
    assert refused(client(aws, "securityhub").describe_hub) == ("InternalException", 500)
    assert control(aws, "/_drill/faults", aws.token, b'{"kind":"nonsense"}')[0] == 400


def test_the_journal_masks_secrets_and_knows_reads_from_writes(aws: Embedded) -> None:
    client(aws, "secretsmanager").create_secret(Name="db", SecretString="hunter2")
    client(aws, "securityhub").describe_hub()
    write, read = aws.journal.calls()[-2:]
    assert write.params["SecretString"] == "***"
    assert (write.op, write.mutating) == ("CreateSecret", True)
    assert (read.op, read.mutating) == ("DescribeHub", False)
    assert write.n < read.n
    assert write.principal == "arn:aws:iam::111122223333:user/oncall1"


def test_the_trail_shows_who_did_what(aws: Embedded) -> None:
    aws.advance(200)
    s3 = client(aws, "s3", role="responder")
    s3.put_public_access_block(
        Bucket="kaufhaus-llm-corpus-prod", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    trail = client(aws, "cloudtrail")
    events = trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "kaufhaus-llm-corpus-prod"}]
    )["Events"]
    assert [event["EventName"] for event in events] == [
        "PutBucketPublicAccessBlock",
        "PutBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "GetBucketTagging",
    ]
    ours, theirs = json.loads(events[0]["CloudTrailEvent"]), json.loads(events[1]["CloudTrailEvent"])
    assert ours["userIdentity"]["sessionContext"]["sourceIdentity"] == "oncall1"
    assert theirs["sourceIPAddress"] == "203.0.113.9"
    assert theirs["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "vllm-recs"
    first = trail.lookup_events(MaxResults=2)
    second = trail.lookup_events(MaxResults=2, NextToken=first["NextToken"])
    ids = [event["EventId"] for event in first["Events"] + second["Events"]]
    assert len(set(ids)) == 4
    assert client(aws, "cloudtrail", "eu-west-1").lookup_events()["Events"] == []
    assert refused(
        lambda: trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2)
    )[0] in ("InvalidLookupAttributesException", "ParamValidationError")

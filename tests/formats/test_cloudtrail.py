"""CloudTrail records: every way in reads alike, odd ones are read all the same, secrets stay outside."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from socconsole.formats import Quarantined, read_bytes, read_object
from socconsole.model.trail import Category, TrailEvent, resource_name
from socconsole.text import clean

from . import records
from .shared import lines, needs_data

EVENT_ID = "6a1f6d0e-0000-4000-8000-000000000002"
TOKEN = "IQoJb3JpZ2lu"


def one(obj: object) -> TrailEvent:
    (found,) = read_object(obj, 1)
    assert isinstance(found, TrailEvent), found
    return found


def lookup(record: dict[str, Any], **over: object) -> dict[str, Any]:
    return {
        "EventId": EVENT_ID,
        "EventName": "AssumeRole",
        "EventSource": "sts.amazonaws.com",
        "EventTime": "2026-11-23T03:02:11Z",
        "ReadOnly": "true",
        "Username": "ci",
        "Resources": [{"ResourceType": "AWS::IAM::AccessKey", "ResourceName": "ASIAQEXAMPLE00000002"}],
        "CloudTrailEvent": json.dumps(record),
        **over,
    }


def test_a_record_says_who_called_what_from_where_and_what_was_handed_out():
    found = one(records.trail())
    assert (found.id, found.source, found.name) == (EVENT_ID, "sts.amazonaws.com", "AssumeRole")
    assert found.at == datetime(2026, 11, 23, 3, 2, 11, tzinfo=UTC)
    assert (found.account, found.caller, found.region) == (records.ACCOUNT, records.ACCOUNT, records.REGION)
    assert (found.category, found.read_only, found.error) == (Category.MANAGEMENT, True, "")
    assert clean(found.principal) == f"arn:aws:iam::{records.ACCOUNT}:user/ci"
    assert (found.access_key, found.issued) == ("AKIAQEXAMPLE00000001", ("ASIAQEXAMPLE00000002",))
    assert [(kind, resource_name(name.raw())) for kind, name in found.resources] == [("AWS::IAM::Role", "vllm-recs")]


@pytest.mark.parametrize("way", ["file", "lookup", "eventbridge", "sqs"])
def test_one_event_is_the_same_however_it_comes(way):
    record = records.trail()
    event = records.event(record, "AWS API Call via CloudTrail", "aws.sts")
    wrapped = {
        "file": {"Records": [record]},
        "lookup": {"Events": [lookup(record)]},
        "eventbridge": event,
        "sqs": {"Messages": [{"MessageId": "m", "Body": json.dumps({"Message": json.dumps(event)})}]},
    }[way]
    found = one(wrapped)
    assert (found.id, found.digest) == (EVENT_ID, one(record).digest)
    assert found.issued == ("ASIAQEXAMPLE00000002",)


def test_security_lakes_form_reads_as_the_record_it_was_made_of():
    found = one(records.api_activity())
    assert (found.source, found.name, found.category) == ("s3.amazonaws.com", "GetObject", Category.DATA)
    assert (found.bytes_out, found.read_only) == (1_048_576, True)
    assert clean(found.issuer) == f"arn:aws:iam::{records.ACCOUNT}:role/ml/vllm-recs"
    assert {resource_name(name.raw()) for _, name in found.resources} == {"llm-corpus"}
    kept = json.loads(found.body)
    assert kept["requestParameters"]["bucketName"] == "llm-corpus"
    assert kept["ocsf"] == records.api_activity()


def test_secrets_never_stay_in_the_body():
    record = records.trail(
        responseElements={
            "credentials": {"accessKeyId": "ASIAQEXAMPLE00000002", "sessionToken": f"{TOKEN}X" * 9},
            "accessKey": {"accessKeyId": "AKIAQEXAMPLE00000003", "SecretAccessKey": "wJalr/secret"},
            "serviceSpecificCredential": {
                "serviceSpecificCredentialId": "ACCAQEXAMPLE",
                "serviceCredentialSecret": "bedrock-secret",
            },
        },
        requestParameters={
            "masterUserPassword": "hunter2",
            "policy": json.dumps({"note": {"password": "nested-secret"}}),
            "url": "https://b.s3.amazonaws.com/k?X-Amz-Signature=" + "a1" * 32,
            "clientRequestToken": "kept",
        },
    )
    for way in (record, lookup(record), records.event(record, "AWS API Call via CloudTrail")):
        found = one(way)
        text = found.body.decode()
        for secret in (TOKEN, "wJalr", "bedrock-secret", "hunter2", "nested-secret", "a1a1"):
            assert secret not in text
        assert 'clientRequestToken":"kept' in text
        assert found.issued == ("ASIAQEXAMPLE00000002", "AKIAQEXAMPLE00000003", "ACCAQEXAMPLE")


HIDDEN_IN: tuple[dict[str, Any], ...] = (
    {"adminUserPassword": "S3cr3t"},
    {"dbPassword": "S3cr3t"},
    {"options": [{"preSharedKey": "S3cr3t"}]},
    {"virtualMFADevice": {"base32StringSeed": "S3cr3t"}},
    {"privateKeyBase64": "S3cr3t"},
    {"apiKey": "S3cr3t", "api_key_value": "S3cr3t"},
    {"secret": "S3cr3t"},
    {"token": "S3cr3t", "tokenCode": "S3cr3t"},
    {"password": {"inner": ["S3cr3t"]}},
    {"containerDefinitions": [{"environment": [{"name": "URL", "value": "S3cr3t"}]}]},
    {"environmentVariablesOverride": [{"name": "DB_PASSWORD", "value": "S3cr3t", "type": "PLAINTEXT"}]},
    {"Environment": {"Variables": {"ANY": "S3cr3t"}}},
    {"parameters": [{"parameterKey": "DbPassword", "parameterValue": "S3cr3t"}]},
    {"settings": [{"Name": "GITHUB_TOKEN", "Value": "S3cr3t"}]},
    {"url": "postgres://app:S3cr3t@db.internal/main"},
    {"note": 'cut: {"dbPassword": "S3cr3t\\"S3cr3t", "user": "u"'},
)


@pytest.mark.parametrize("parameters", HIDDEN_IN, ids=str)
def test_what_is_named_like_a_secret_is_one(parameters):
    found = one(records.trail(requestParameters=parameters)).body
    assert b"S3cr3t" not in found
    assert b"(secret left out)" in found
    assert one(json.loads(found)).body == found  # what is kept reads as itself


def test_an_agent_that_repeats_a_presigned_address_tells_no_signature():
    agent = "curl https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIAQEXAMPLE00000003&Signature=vjbyPxybdZaNmG&Expires=1"
    found = clean(one(records.trail(userAgent=agent)).agent)
    assert "vjby" not in found
    assert "AKIAQEXAMPLE00000003" in found
    assert found.endswith("Expires=1")


def test_what_rules_and_pivots_need_is_no_secret():
    parameters = {
        "secretId": "db/main",
        "secretArn": "arn:aws:secretsmanager:r:1:secret:x",
        "secretName": "x",
        "tokenId": "t",
        "keyId": "k",
        "accessKeyId": "AKIAQEXAMPLE00000003",
        "nextToken": "n",
        "idempotencyToken": "i",
        "continuationToken": "c",
        "httpTokens": "optional",
        "allowUsersToChangePassword": True,
        "masterUserSecret": {"secretArn": "arn:aws:secretsmanager:r:1:secret:x", "kmsKeyId": "1234"},
        "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild", "privilegedMode": True},
        "environmentName": "prod",
        "secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:r:1:parameter/x"}],
        "tagSet": [{"key": "owner", "value": "ml"}],
        "envelope": {"to": "ann"},
        "endpoint": "https://user@host/",
    }
    assert json.loads(one(records.trail(requestParameters=parameters)).body)["requestParameters"] == parameters


def test_a_record_that_is_quarantined_keeps_no_secret_either():
    broken = records.trail(eventSource={"not": "text"})
    (found,) = read_object(broken, 7)
    assert isinstance(found, Quarantined)
    assert (found.reason, found.line) == ("CloudTrail record without eventSource", 7)
    assert TOKEN.encode() not in found.raw
    (cut,) = read_object(lookup({}, CloudTrailEvent=json.dumps(records.trail())[:-9]), 1)
    assert isinstance(cut, Quarantined)
    assert TOKEN.encode() not in cut.raw
    for damaged in read_bytes(b'{"Records": [' + json.dumps(records.trail()).encode()[:-99]):
        assert isinstance(damaged, Quarantined)
        assert TOKEN.encode() not in damaged.raw


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        (None, "ci"),
        ("AIDAQ:somebody", "AIDAQ:somebody"),
        (["odd"], "ci"),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        ({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}, "anonymous"),
        ({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}, "anonymous"),
        ({"type": "AWSAccount", "principalId": "AIDAQ:x", "accountId": "444455556666"}, "AIDAQ:x"),
        ({"type": "SAMLUser", "userName": "ann"}, "ann"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}, "credentialId": "c"}, "u-1"),
    ],
)
def test_whoever_called_has_a_name(identity, principal):
    found = one(lookup(records.trail(userIdentity=identity)))
    assert clean(found.principal) == principal


def test_old_and_odd_records_are_judged_by_what_they_call():
    bare = {"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventTime": "2015-11-23T07:45:25Z"}
    assert (one(bare).category, one(bare).read_only) == (Category.DATA, True)
    assert one({**bare, "eventName": "DeleteBucket"}).category is Category.MANAGEMENT
    assert not one({**bare, "eventName": "DeleteBucket"}).read_only
    assert one({**bare, "managementEvent": "true"}).category is Category.MANAGEMENT
    refused = records.trail(eventName="ConsoleLogin", responseElements={"ConsoleLogin": "Failure"})
    assert one(refused).error == "Failure"
    insight = {
        "eventID": "i1",
        "eventTime": "2026-11-23T03:02:11Z",
        "eventCategory": "Insight",
        "insightDetails": {"state": "Start", "eventSource": "s3.amazonaws.com", "eventName": "DeleteObject"},
    }
    assert (one(insight).category, one(insight).name) == (Category.INSIGHT, "DeleteObject")


def test_a_record_without_id_is_itself_and_one_without_time_happened_before_now():
    record = records.trail(eventID=None)
    del record["eventTime"]
    first, again = one(record), one(dict(record))
    assert first.id == again.id != one(records.trail(eventID=None, awsRegion="us-east-1")).id
    assert timedelta() <= datetime.now(UTC) - first.at < timedelta(hours=1)
    said = records.event(record, "AWS API Call via CloudTrail")
    assert one(said | {"time": "2026-11-23T03:02:12Z"}).at == datetime(2026, 11, 23, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("llm-corpus", "llm-corpus"),
        ("arn:aws:s3:::llm-corpus", "llm-corpus"),
        ("arn:aws:s3:::llm-corpus/a/b:c", "llm-corpus"),
        ("arn:aws:iam::1:role/ml/vllm-recs", "vllm-recs"),
        ("arn:aws:sts::1:assumed-role/vllm-recs/i-1", "vllm-recs"),
        ("arn:aws:ec2:r:1:instance/i-1", "i-1"),
        ("arn:aws:kms:r:1:key/1234-5", "1234-5"),
        ("arn:aws:kms:r:1:alias/corpus", "alias/corpus"),
        ("arn:aws:lambda:r:1:function:f:live", "f"),
        ("arn:aws:logs:r:1:log-group:/aws/bedrock/x:*", "/aws/bedrock/x"),
        ("arn:aws:secretsmanager:r:1:secret:db/main-AbCdEf", "db/main"),
        ("arn:aws:rds:r:1:snapshot:rds:db-2026", "rds:db-2026"),
        ("arn:aws:bedrock:r::foundation-model/anthropic.claude", "anthropic.claude"),
        ("arn:aws:cloudtrail:r:1:trail/org", "org"),
        ("arn:aws:ssm:r:1:parameter/a/b", "/a/b"),
        ("arn:aws:sns:r:1:alerts", "alerts"),
        ("arn:aws:s3", "arn:aws:s3"),
        ("", ""),
    ],
)
def test_an_arn_and_a_name_meet(text, name):
    assert resource_name(text) == name


@needs_data
def test_every_trail_record_of_the_shared_set_is_read():
    for name, number, line in lines("cloudtrail"):
        (found,) = read_bytes(line)
        assert isinstance(found, TrailEvent), (name, number)
        raw = json.loads(line)
        assert (found.source, found.name) == (raw["eventSource"], raw["eventName"]), (name, number)
        assert found.account == raw["recipientAccountId"] if "recipientAccountId" in raw else True
        assert clean(found.principal) or "userIdentity" not in raw, (name, number)

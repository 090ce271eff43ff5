"""Every rule of ours fires on what it is for, and on nothing that only looks like it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from socconsole.rules import loader
from socconsole.rules.rule import Standing
from tests.rules.records import ACCOUNT, OTHER_OF_OURS, STRANGER, USER, builtin, fires, record, session

Records = Sequence[Mapping[str, Any]]
CONSOLE = session("socconsole-responder", "oncall1")
SERVICE = {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}


def policy(principal: Any, *, condition: Any = None, effect: str = "Allow") -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def root_of(account: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account}:root"}


def bucket(**more: Any) -> dict[str, Any]:
    return {"bucketName": "llm-corpus", **more}


def shared(account: str) -> dict[str, Any]:
    return {
        "snapshotId": "snap-0123456789abcdef0",
        "createVolumePermission": {"add": {"items": [{"userId": account}]}},
    }


def login(answer: str = "Success", mfa: str = "No", kind: str = "IAMUser", **more: Any) -> dict[str, Any]:
    identity = {**USER, "type": kind, "accessKeyId": ""}
    return record(
        "signin:ConsoleLogin",
        userIdentity=identity,
        responseElements={"ConsoleLogin": answer},
        additionalEventData={"MFAUsed": mfa},
        **more,
    )


def many(count: int, call: str, parameters: Any, every_s: float = 1, **changes: Any) -> Records:
    return [
        record(call, parameters(n) if callable(parameters) else parameters, after_s=n * every_s, **changes)
        for n in range(count)
    ]


def reads(count: int, size: int = 1_000, every_s: float = 1) -> Records:
    return [
        record(
            "s3:GetObject",
            bucket(key=f"part-{n}"),
            after_s=n * every_s,
            eventCategory="Data",
            additionalEventData={"bytesTransferredOut": size},
        )
        for n in range(count)
    ]


def from_instance(address: str, after_s: float = 0) -> dict[str, Any]:
    identity = session("vllm-recs", "i-0123456789abcdef0")
    return record("sts:GetCallerIdentity", userIdentity=identity, sourceIPAddress=address, after_s=after_s)


MODEL = {"modelId": "anthropic.claude-x"}

# title: (records that it fires on, together; records on which no rule at all may fire)
CASES: dict[str, tuple[Records, Records]] = {
    "CloudTrail stopped": (
        [record("cloudtrail:StopLogging", {"name": "org"})],
        [record("cloudtrail:StartLogging", {"name": "org"})],
    ),
    "CloudTrail records less": (
        [
            record(
                "cloudtrail:PutEventSelectors",
                {"trailName": "org", "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": False}]},
            )
        ],
        [
            record(
                "cloudtrail:PutEventSelectors",
                {
                    "trailName": "org",
                    "eventSelectors": [
                        {
                            "readWriteType": "All",
                            "includeManagementEvents": True,
                            "excludeManagementEventSources": [],
                        }
                    ],
                },
            )
        ],
    ),
    "CloudTrail delivered elsewhere": (
        [record("cloudtrail:UpdateTrail", {"name": "org", "s3BucketName": "somebody-elses"})],
        [record("cloudtrail:UpdateTrail", {"name": "org", "isMultiRegionTrail": True})],
    ),
    "Trail bucket left to expire": (
        [
            record(
                "s3:PutBucketLifecycle",
                {
                    "bucketName": "org-trail",
                    "LifecycleConfiguration": {"Rule": {"Status": "Enabled", "Expiration": {"Days": 1}}},
                },
            )
        ],
        [
            record(
                "s3:PutBucketLifecycle",
                {
                    "bucketName": "org-trail",
                    "LifecycleConfiguration": {"Rule": {"Status": "Enabled", "Expiration": {"Days": 400}}},
                },
            )
        ],
    ),
    "S3 access logging switched off": (
        [record("s3:PutBucketLogging", bucket(BucketLoggingStatus={"xmlns": "x"}))],
        [record("s3:PutBucketLogging", bucket(BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs"}}))],
    ),
    "Log group or stream deleted": (
        [record("logs:DeleteLogGroup", {"logGroupName": "/vpc/llm"})],
        [record("logs:DeleteLogGroup", {"logGroupName": "/a"}, sourceIPAddress="cloudformation.amazonaws.com")],
    ),
    "CloudWatch alarms deleted or silenced": (
        [
            record("monitoring:DeleteAlarms", {"alarmNames": ["nat-egress"]}),
            record("monitoring:PutMetricAlarm", {"alarmName": "nat-egress", "actionsEnabled": False}),
            record("monitoring:PutCompositeAlarm", {"alarmName": "egress", "actionsEnabled": False}),
            record("monitoring:SetAlarmState", {"alarmName": "nat-egress", "stateValue": "OK", "stateReason": "x"}),
            record("monitoring:PutAlarmMuteRule", {"name": "night", "muteTargets": {"alarmNames": ["nat-egress"]}}),
        ],
        [
            record("monitoring:PutMetricAlarm", {"alarmName": "nat-egress", "actionsEnabled": True}),
            record(
                "monitoring:DeleteAlarms",
                {"alarmNames": ["TargetTracking-x"]},
                userIdentity=session("AWSServiceRoleForApplicationAutoScaling_ECSService"),
            ),
        ],
    ),
    "GuardDuty switched off": (
        [record("guardduty:UpdateDetector", {"detectorId": "d", "enable": False})],
        [record("guardduty:UpdateDetector", {"detectorId": "d", "findingPublishingFrequency": "FIFTEEN_MINUTES"})],
    ),
    "GuardDuty told to trust or to hide": (
        [record("guardduty:CreateFilter", {"name": "quiet", "action": "ARCHIVE"})],
        [record("guardduty:CreateFilter", {"name": "view", "action": "NOOP"})],
    ),
    "Threat list taken from GuardDuty": (
        [record("guardduty:DeleteThreatIntelSet", {"detectorId": "d"})],
        [record("guardduty:CreateThreatIntelSet", {"detectorId": "d"})],
    ),
    "Security Hub switched off or told to hide": (
        [
            record(
                "securityhub:CreateAutomationRule",
                {"RuleName": "x", "Actions": [{"FindingFieldsUpdate": {"Workflow": {"Status": "SUPPRESSED"}}}]},
            )
        ],
        [
            record(
                "securityhub:CreateAutomationRule",
                {"RuleName": "x", "Actions": [{"FindingFieldsUpdate": {"Severity": {"Label": "CRITICAL"}}}]},
            ),
            record("securityhub:BatchUpdateFindings", {"Workflow": {"Status": "NOTIFIED"}}),
        ],
    ),
    "AWS Config stopped": (
        [record("config:StopConfigurationRecorder", {"configurationRecorderName": "default"})],
        [record("config:StartConfigurationRecorder", {"configurationRecorderName": "default"})],
    ),
    "Flow logs or DNS query logs deleted": (
        [record("ec2:DeleteFlowLogs", {"DeleteFlowLogsRequest": {"FlowLogId": {"content": "fl-1"}}})],
        [record("ec2:CreateFlowLogs"), record("ec2:DeleteFlowLogs", userIdentity=CONSOLE)],
    ),
    "Account left the organization": (
        [record("organizations:LeaveOrganization")],
        [record("organizations:DescribeOrganization")],
    ),
    "A role in the console's name was made or its trust changed": (
        [record("iam:CreateRole", {"roleName": "socconsole-responder", "assumeRolePolicyDocument": "{}"})],
        [record("iam:CreateRole", {"roleName": "checkout", "assumeRolePolicyDocument": "{}"})],
    ),
    "Bucket opened to everyone": (
        [record("s3:PutBucketPolicy", bucket(bucketPolicy=policy("*")))],
        [
            record("s3:PutBucketPolicy", bucket(bucketPolicy=policy("*", effect="Deny"))),
            record(
                "s3:PutBucketPolicy",
                bucket(bucketPolicy=policy("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
            ),
            record("s3:PutBucketAcl", bucket(**{"x-amz-acl": ["private"]})),
            record("s3:PutBucketPolicy", bucket(bucketPolicy=policy("*")), userIdentity=CONSOLE),
        ],
    ),
    "Public access block taken away": (
        [
            record(
                "s3:PutBucketPublicAccessBlock",
                bucket(PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": False}),
            )
        ],
        [
            record(
                "s3:PutBucketPublicAccessBlock",
                bucket(PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": True}),
            )
        ],
    ),
    "Bucket opened to another account": (
        [record("s3:PutBucketPolicy", bucket(bucketPolicy=policy(root_of(STRANGER))))],
        [
            record("s3:PutBucketPolicy", bucket(bucketPolicy=policy(root_of(account))))
            for account in (ACCOUNT, OTHER_OF_OURS)
        ],
    ),
    "Bucket replicated or copied out": (
        [record("s3:PutBucketReplication", bucket(ReplicationConfiguration={"Rule": {"Status": "Enabled"}}))],
        [record("s3:GetBucketReplication", bucket())],
    ),
    "Snapshot or image shared with everyone": (
        [
            record(
                "ec2:ModifySnapshotAttribute",
                {"snapshotId": "snap-1", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}},
            )
        ],
        [
            record(
                "ec2:ModifySnapshotAttribute",
                {"snapshotId": "snap-1", "createVolumePermission": {"remove": {"items": [{"group": "all"}]}}},
            )
        ],
    ),
    "Snapshot or image shared with another account": (
        [record("ec2:ModifySnapshotAttribute", shared(STRANGER))],
        [
            record("ec2:ModifySnapshotAttribute", shared(OTHER_OF_OURS)),
            record("ec2:SharedSnapshotCopyInitiated", userIdentity={"type": "AWSAccount", "accountId": OTHER_OF_OURS}),
        ],
    ),
    "Key, secret, queue, topic, function or repository opened to outsiders": (
        [record("kms:PutKeyPolicy", {"keyId": "k", "policy": json.dumps(policy(root_of(STRANGER)))})],
        [
            record("kms:PutKeyPolicy", {"keyId": "k", "policy": json.dumps(policy(root_of(ACCOUNT)))}),
            record("lambda:AddPermission20150331v2", {"principal": "*", "principalOrgID": "o-1"}),
        ],
    ),
    "Repository of images made public": (
        [record("ecr-public:PutImage", {"repositoryName": "models"})],
        [record("ecr:PutImage", {"repositoryName": "models"})],
    ),
    "Database or table exported": (
        [record("rds:StartExportTask", {"s3BucketName": "dump"})],
        [record("rds:CreateDBSnapshot", {"dBInstanceIdentifier": "crm"})],
    ),
    "Traffic mirrored": (
        [record("ec2:CreateTrafficMirrorSession", {"networkInterfaceId": "eni-1"})],
        [record("ec2:DeleteTrafficMirrorSession", {"trafficMirrorSessionId": "tms-1"})],
    ),
    "Encryption key disabled or set to be deleted": (
        [record("kms:ScheduleKeyDeletion", {"keyId": "k", "pendingWindowInDays": 7})],
        [record("kms:DisableKey", {"keyId": "k"}, userIdentity=CONSOLE), record("kms:EnableKey", {"keyId": "k"})],
    ),
    "Access key made for somebody else": (
        [record("iam:CreateAccessKey", {"userName": "backup"})],
        [record("iam:CreateAccessKey", {"userName": "eve"}), record("iam:CreateAccessKey")],
    ),
    "Console password set for somebody else": (
        [record("iam:UpdateLoginProfile", {"userName": "boss"})],
        [record("iam:UpdateLoginProfile", {"userName": "eve"})],
    ),
    "Administrator rights given": (
        [record("iam:AttachRolePolicy", {"roleName": "x", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})],
        [record("iam:AttachRolePolicy", {"roleName": "x", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})],
    ),
    "Role opened to another account": (
        [
            record(
                "iam:UpdateAssumeRolePolicy",
                {"roleName": "x", "policyDocument": json.dumps(policy(root_of(STRANGER)), indent=2)},
            )
        ],
        [
            record(
                "iam:UpdateAssumeRolePolicy",
                {"roleName": "x", "policyDocument": json.dumps(policy({"Service": "ec2.amazonaws.com"}))},
            )
        ],
    ),
    "Role taken on from an unknown account": (
        [record("sts:AssumeRole", userIdentity={"type": "AWSAccount", "accountId": STRANGER})],
        [
            record("sts:AssumeRole", userIdentity={"type": "AWSAccount", "accountId": account})
            for account in (ACCOUNT, OTHER_OF_OURS)
        ],
    ),
    "Sign-in without a second factor": ([login()], [login(mfa="Yes"), login(kind="SAMLUser")]),
    "Root user signed in": ([login(mfa="Yes", kind="Root")], [login(mfa="Yes")]),
    "Second factor taken away": (
        [record("iam:DeactivateMFADevice", {"userName": "eve"})],
        [record("iam:EnableMFADevice", {"userName": "eve"})],
    ),
    "Sign-in provider or trust anchor made or changed": (
        [record("rolesanywhere:CreateTrustAnchor", {"name": "ca"})],
        [record("rolesanywhere:ListTrustAnchors")],
    ),
    "Federation token made by a user": (
        [record("sts:GetFederationToken", {"name": "x"})],
        [record("sts:GetSessionToken")],
    ),
    "Instance credentials used from two addresses": (
        [from_instance("203.0.113.10"), from_instance("198.51.100.9", 600)],
        [from_instance("203.0.113.10"), from_instance("10.0.3.4", 60), from_instance("ec2.amazonaws.com", 90)],
    ),
    "Sign-ins refused in a row": (
        [login("Failure", after_s=n * 20) for n in range(10)],
        [login("Failure", after_s=n * 120) for n in range(10)],
    ),
    "Secrets read in bulk": (
        many(10, "secretsmanager:GetSecretValue", lambda n: {"secretId": f"prod/{n}"}),
        many(30, "secretsmanager:GetSecretValue", {"secretId": "prod/one"}),
    ),
    "Secrets fetched by the batch": (
        [record("secretsmanager:BatchGetSecretValue", {"filters": [{"key": "tag-key", "values": ["env"]}]})],
        [record("secretsmanager:BatchGetSecretValue", {"secretIdList": ["a"]})],
    ),
    "Objects read in bulk": (reads(500), reads(499)),
    "A gigabyte read from a bucket": (reads(4, size=300_000_000), reads(4, size=300_000_000, every_s=600)),
    "Objects read from another account": (
        [record("s3:GetObject", bucket(key="a"), userIdentity={"type": "AWSAccount", "accountId": STRANGER})],
        [record("s3:GetObject", bucket(key="a"), userIdentity={"type": "AWSAccount", "accountId": OTHER_OF_OURS})],
    ),
    "Table read in bulk": (
        many(100, "dynamodb:Scan", {"tableName": "crm"}),
        many(100, "dynamodb:Scan", lambda n: {"tableName": f"t{n}"}),
    ),
    "Guardrail deleted or changed": (
        [record("bedrock:DeleteGuardrail", {"guardrailIdentifier": "g"})],
        [record("bedrock:GetGuardrail", {"guardrailIdentifier": "g"})],
    ),
    "Agent without its guardrail": (
        [record("bedrock:UpdateAgent", {"agentId": "A1", "agentName": "support"})],
        [
            record(
                "bedrock:UpdateAgent",
                {"agentId": "A1", "guardrailConfiguration": {"guardrailIdentifier": "g", "guardrailVersion": "1"}},
            )
        ],
    ),
    "Record of model calls switched off": (
        [record("bedrock:DeleteModelInvocationLoggingConfiguration")],
        [
            record(
                "bedrock:PutModelInvocationLoggingConfiguration", {"loggingConfig": {"textDataDeliveryEnabled": True}}
            ),
        ],
    ),
    "Model called unusually often": (
        many(1_000, "bedrock:InvokeModel", MODEL, every_s=0.5),
        many(1_000, "bedrock:InvokeModel", MODEL, every_s=2),
    ),
    "Models tried one after the other": (
        many(5, "bedrock:InvokeModel", lambda n: {"modelId": f"m{n}"}, errorCode="AccessDenied"),
        many(5, "bedrock:InvokeModel", lambda n: {"modelId": f"m{n}"}),
    ),
    "Models unlocked, then used by the same key": (
        [record("bedrock:PutUseCaseForModelAccess", {"formData": "x"}), record("bedrock:Converse", MODEL, after_s=900)],
        [
            record("bedrock:PutUseCaseForModelAccess", {"formData": "x"}),
            record("bedrock:Converse", MODEL, after_s=900, userIdentity=session("assistant")),
        ],
    ),
    "Bedrock API key made": (
        [record("iam:CreateServiceSpecificCredential", {"userName": "u", "serviceName": "bedrock.amazonaws.com"})],
        [record("iam:CreateServiceSpecificCredential", {"userName": "u", "serviceName": "codecommit.amazonaws.com"})],
    ),
    "Bedrock API user does something else": (
        [record("s3:ListBuckets", userIdentity={**USER, "userName": "BedrockAPIKey-a1b2"})],
        [record("bedrock:Converse", MODEL, userIdentity={**USER, "userName": "BedrockAPIKey-a1b2"})],
    ),
    "Knowledge base pointed at other data": (
        [record("bedrock:UpdateDataSource", {"knowledgeBaseId": "KB", "dataSourceId": "DS"})],
        [record("bedrock:StartIngestionJob", {"knowledgeBaseId": "KB", "dataSourceId": "DS"})],
    ),
    "Model or its data copied out": (
        [record("bedrock:CreateModelCopyJob", {"sourceModelArn": "arn", "targetModelName": "m"})],
        [record("bedrock:CreateModelCustomizationJob", {"jobName": "j"})],
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_it_fires_on_what_it_is_for_and_on_nothing_that_looks_like_it(title: str) -> None:
    bad, good = CASES[title]
    fired = fires(bad)
    assert fired[title] == list(range(len(bad)))
    assert set(fired) == {title}
    assert fires(good) == {}


def test_only_the_consoles_roles_in_the_teams_accounts_are_left_out() -> None:
    call = {"name": "org", "includeGlobalServiceEvents": False}
    stranger = {**CONSOLE, "accountId": STRANGER}
    assert fires([record("cloudtrail:UpdateTrail", call, userIdentity=CONSOLE)]) == {}
    assert fires([record("cloudtrail:UpdateTrail", call, userIdentity=stranger)]) == {"CloudTrail records less": [0]}
    nobodys = loader.load()  # without accounts there is no console of theirs
    told = fires([record("cloudtrail:UpdateTrail", call, userIdentity=CONSOLE)], nobodys)
    assert told == {"CloudTrail records less": [0]}


def test_every_rule_has_its_case() -> None:
    running = {rule.title for rule in builtin() if rule.runs}
    assert running == set(CASES)
    assert len(running) >= 25


def test_every_rule_says_what_to_do_and_what_it_may_be_instead() -> None:
    for rule in builtin():
        assert rule.standing in (Standing.ON, Standing.PART), f"{rule.title}: {rule.reason}"
        if rule.runs:
            assert len(rule.description) > 80, rule.title
            assert rule.falsepositives, rule.title
            assert any(tag.startswith(("attack.t", "atlas.aml.t")) for tag in rule.tags), rule.title
    ids = [rule.id for rule in builtin()]
    assert len(set(ids)) == len(ids)


def test_what_a_rule_waits_for_is_told_by_the_calls_it_names() -> None:
    waits = {rule.title: set(rule.needs) for rule in builtin() if rule.runs and rule.needs}
    assert waits == {
        "Objects read in bulk": {"s3"},
        "A gigabyte read from a bucket": {"s3"},
        "Objects read from another account": {"s3"},
        "Table read in bulk": {"dynamodb"},
        "Secrets read in bulk": {"reads"},
        "Secrets fetched by the batch": {"reads"},
        "Role taken on from an unknown account": {"reads"},
        "Model called unusually often": {"reads"},
        "Models tried one after the other": {"reads"},
        "Models unlocked, then used by the same key": {"reads"},
    }

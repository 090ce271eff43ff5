"""CloudFormation for push: one queue an install, what fills it, and who may; ``deploy/push.json`` is what this makes.

EventBridge sends to the queue itself and not through the topic: a topic's policy cannot tell one account's rules from
another's (EventBridge User Guide, "Troubleshooting": no Condition blocks), a queue's can. The topic carries what S3
and CloudTrail announce, so that a second install may subscribe its own queue. Rules of other Regions and accounts
hand their events to this Region's bus (``Bus``), where the same rules wait for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from socconsole.aws.iam import Push, push_statements

VISIBILITY_S: Final = 120
RECEIVES: Final = 5
"""Deliveries of a message before it goes to the dead-letter queue."""
_DAY_S: Final = 86_400

_FINDINGS: Final = {
    "source": ["aws.securityhub"],
    "detail-type": ["Security Hub Findings - Imported", "Findings Imported V2"],
}
_GUARDDUTY: Final = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}
_ALARMS: Final = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
CRITICAL_CALLS: Final = (
    "StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors",
    "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutBucketReplication", "DeleteBucketPublicAccessBlock",
    "PutBucketPublicAccessBlock", "PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock",
    "CreateAccessKey", "CreateLoginProfile", "AttachUserPolicy", "AttachRolePolicy", "PutUserPolicy", "PutRolePolicy",
    "UpdateAssumeRolePolicy", "CreateUser",
    "ModifySnapshotAttribute", "ModifyImageAttribute", "ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute",
    "DeleteFlowLogs", "DeleteDetector", "UpdateDetector", "CreateFilter", "DisableSecurityHub", "CreateAutomationRule",
    "DeleteModelInvocationLoggingConfiguration", "PutModelInvocationLoggingConfiguration", "DeleteGuardrail",
    "UpdateGuardrail", "PutKeyPolicy", "CreateGrant", "ScheduleKeyDeletion", "DeleteAlarms", "DisableAlarmActions",
)  # fmt: skip
"""Calls worth a message of their own, minutes before the trail's object: who opens, shares, hides or digs in."""
_CALLS: Final = {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": list(CRITICAL_CALLS)}}

_RULES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "Findings": ("Security Hub findings, new and changed", _FINDINGS),
    "GuardDutyFindings": ("GuardDuty findings", _GUARDDUTY),
    "AlarmChanges": ("CloudWatch alarms that change their state", _ALARMS),
    "CriticalCalls": ("Calls that open, share, hide or dig in; needs a trail that logs", _CALLS),
}


def template() -> dict[str, Any]:
    """The stack of one account and Region. With ``Bus`` it only hands events on to the Region of the queue."""
    resources: dict[str, Any] = {**_queue(), **_topic(), **_bus(), **_access()}
    for name, (text, pattern) in _RULES.items():
        resources[name] = _rule(text, pattern)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Push for socconsole: its queue and what fills it; generated, see deploy/README.md.",
        "Parameters": _PARAMETERS,
        "Conditions": {
            "Here": {"Fn::Equals": [{"Ref": "Bus"}, ""]},
            "Elsewhere": {"Fn::Not": [{"Condition": "Here"}]},
            "Trail": {"Fn::And": [{"Condition": "Here"}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "TrailBucket"}, ""]}]}]},
            "OwnTrail": {"Fn::Equals": [{"Ref": "TrailAccount"}, ""]},
            "Others": {"Fn::And": [{"Condition": "Here"}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "Account"}, ""]}]}]},
        },
        "Resources": resources,
        "Outputs": {
            "QueueUrl": {"Condition": "Here", "Value": {"Ref": "Queue"}, "Description": "[push] queue_url"},
            "TopicArn": {
                "Condition": "Here",
                "Value": {"Ref": "Topic"},
                "Description": "For the bucket's notification, or the trail's SnsTopicName",
            },
            "BusArn": {"Condition": "Here", "Value": _sub(_BUS), "Description": "Bus of the stacks elsewhere"},
        },
    }


_BUS: Final = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
_NAME: Final = {"AllowedPattern": "[A-Za-z0-9_-]{1,70}", "Type": "String"}
_PARAMETERS: Final[Mapping[str, Any]] = {
    "Name": {**_NAME, "Default": "socconsole-push", "Description": "Of the queue; one for each install"},
    "WatchRole": {**_NAME, "Default": "socconsole-watch", "Description": "Role that receives (roles.json makes it)"},
    "TrailBucket": {
        "Type": "String",
        "Default": "",
        "Description": "Bucket that a trail delivers to, in this Region; empty for none",
    },
    "TrailAccount": {"Type": "String", "Default": "", "Description": "Its account; empty for this one"},
    "Account": {"Type": "String", "Default": "", "Description": "Another account whose stack hands its events on"},
    "Bus": {"Type": "String", "Default": "", "Description": "BusArn of the stack that has the queue; empty there"},
}


def _sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _queue() -> dict[str, Any]:
    rules = [_arn(name) for name in _RULES]
    return {
        "DeadLetters": {
            "Type": "AWS::SQS::Queue",
            "Condition": "Here",
            "Properties": {
                "QueueName": _sub("${Name}-dead"),
                "MessageRetentionPeriod": 14 * _DAY_S,
                "SqsManagedSseEnabled": True,
            },
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Condition": "Here",
            "Properties": {
                "QueueName": {"Ref": "Name"},
                "VisibilityTimeout": VISIBILITY_S,
                "ReceiveMessageWaitTimeSeconds": 20,
                "MessageRetentionPeriod": 4 * _DAY_S,
                "SqsManagedSseEnabled": True,
                "RedrivePolicy": {"deadLetterTargetArn": _arn("DeadLetters"), "maxReceiveCount": RECEIVES},
            },
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Condition": "Here",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        _sends("Rules", "events.amazonaws.com", {"ArnEquals": {"aws:SourceArn": rules}}),
                        _sends("Topic", "sns.amazonaws.com", {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}}),
                        {
                            "Sid": "OnlyEncrypted",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "sqs:*",
                            "Resource": _arn("Queue"),
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        },
                    ],
                },
            },
        },
    }


def _sends(sid: str, service: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": _arn("Queue"),
        "Condition": condition,
    }


def _topic() -> dict[str, Any]:
    account = {"Fn::If": ["OwnTrail", {"Ref": "AWS::AccountId"}, {"Ref": "TrailAccount"}]}
    return {
        "Topic": {"Type": "AWS::SNS::Topic", "Condition": "Here", "Properties": {"TopicName": {"Ref": "Name"}}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Condition": "Trail",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "TrailBucket",
                            "Effect": "Allow",
                            "Principal": {"Service": "s3.amazonaws.com"},
                            "Action": "sns:Publish",
                            "Resource": {"Ref": "Topic"},
                            "Condition": {
                                "ArnEquals": {"aws:SourceArn": _sub("arn:${AWS::Partition}:s3:::${TrailBucket}")},
                                "StringEquals": {"aws:SourceAccount": account},
                            },
                        }
                    ],
                },
            },
        },
        "ToQueue": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "Here",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": _arn("Queue")},
        },
    }


def _bus() -> dict[str, Any]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            }
        ],
    }
    hands_on = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Ref": "Bus"}}
    return {
        "FromOthers": {
            "Type": "AWS::Events::EventBusPolicy",
            "Condition": "Others",
            "Properties": {
                "StatementId": _sub("${Name}-${Account}"),
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": _sub("arn:${AWS::Partition}:iam::${Account}:root")},
                    "Action": "events:PutEvents",
                    "Resource": _sub(_BUS),
                },
            },
        },
        "HandsOn": {
            "Type": "AWS::IAM::Role",
            "Condition": "Elsewhere",
            "Properties": {
                "AssumeRolePolicyDocument": trust,
                "Policies": [
                    {
                        "PolicyName": "hand-on",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": [hands_on]},
                    }
                ],
            },
        },
    }


def _access() -> dict[str, Any]:
    """What lets the watch receive, in the queue's account."""
    receives = push_statements(Push("${Queue.Arn}"), "${AWS::Partition}", "${AWS::AccountId}")
    everything = push_statements(Push("${Queue.Arn}", ("${TrailBucket}",)), "${AWS::Partition}", "${AWS::AccountId}")
    reads = [one for one in everything if "s3:GetObject" in one["Action"]]
    return {
        name: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": condition,
            "Properties": {
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [_filled({**one, "Sid": f"{name}{n}"}) for n, one in enumerate(statements, 1)],
                },
                "Roles": [{"Ref": "WatchRole"}],
            },
        }
        for name, condition, statements in (("Receive", "Here", receives), ("ReadTrail", "Trail", reads))
    }


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    return _sub(value) if isinstance(value, str) and "${" in value else value


def _rule(text: str, pattern: Mapping[str, Any]) -> dict[str, Any]:
    """To the queue where it is, else to the bus beside it."""
    target = {
        "Fn::If": [
            "Here",
            {"Id": "queue", "Arn": _arn("Queue")},
            {"Id": "bus", "Arn": {"Ref": "Bus"}, "RoleArn": _arn("HandsOn")},
        ]
    }
    if len(json.dumps(pattern)) > 2048:
        raise ValueError(f"{text}: EventBridge takes 2,048 characters in a pattern")
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"Description": f"socconsole: {text}", "EventPattern": pattern, "Targets": [target]},
    }

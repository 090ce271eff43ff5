"""CloudFormation for the heartbeat: a topic, and the alarm that tells it when a watch falls silent.

``deploy/heartbeat.json`` is what this makes. The alarm lives at AWS, so it needs neither the watch nor a console:
three minutes without a beat are three missing datapoints, and missing is breaching (CloudWatch User Guide, "Configuring
how CloudWatch alarms treat missing data").
"""

from __future__ import annotations

from typing import Any, Final

NAMESPACE: Final = "socconsole"
METRIC: Final = "Heartbeat"
DIMENSION: Final = "Install"
MINUTES: Final = 3
"""Without a beat, until somebody is told."""


def template() -> dict[str, Any]:
    """The stack of one install, in the account and Region that ``[heartbeat]`` names."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Tells a topic when a socconsole watch falls silent; generated, see deploy/README.md.",
        "Parameters": {
            "Install": {
                "Type": "String",
                "AllowedPattern": "[A-Za-z0-9_.-]{1,60}",
                "Description": "[heartbeat] install; one for each install",
            },
            "TopicArn": {
                "Type": "String",
                "Default": "",
                "Description": "Topic to tell, which lets CloudWatch publish; empty: the stack makes one",
            },
        },
        "Conditions": {"OwnTopic": {"Fn::Equals": [{"Ref": "TopicArn"}, ""]}},
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Condition": "OwnTopic",
                "Properties": {"TopicName": {"Fn::Sub": "socconsole-silent-${Install}"}},
            },
            "TopicPolicy": {
                "Type": "AWS::SNS::TopicPolicy",
                "Condition": "OwnTopic",
                "Properties": {
                    "Topics": [{"Ref": "Topic"}],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [_alarms_of_this_account()]},
                },
            },
            "Silent": {"Type": "AWS::CloudWatch::Alarm", "Properties": _alarm()},
        },
        "Outputs": {
            "TopicArn": {
                "Value": {"Fn::If": ["OwnTopic", {"Ref": "Topic"}, {"Ref": "TopicArn"}]},
                "Description": "Subscribe whoever is to be told",
            }
        },
    }


def _alarms_of_this_account() -> dict[str, Any]:
    return {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": "Topic"},
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }


def _alarm() -> dict[str, Any]:
    told = [{"Fn::If": ["OwnTopic", {"Ref": "Topic"}, {"Ref": "TopicArn"}]}]
    return {
        "AlarmName": {"Fn::Sub": "socconsole-silent-${Install}"},
        "AlarmDescription": {
            "Fn::Sub": "The socconsole watch of ${Install} gave no sign of life for three minutes, or cannot escalate: "
            "nobody is told of findings. On its host: socconsole doctor; systemctl restart socconsole-watch"
        },
        "Namespace": NAMESPACE,
        "MetricName": METRIC,
        "Dimensions": [{"Name": DIMENSION, "Value": {"Ref": "Install"}}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": MINUTES,
        "DatapointsToAlarm": MINUTES,
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1,
        "TreatMissingData": "breaching",
        "AlarmActions": told,
        "OKActions": told,
    }

"""What EventBridge matches in a drill, and what a template may hold that the drill deploys."""

from __future__ import annotations

from typing import Any

import pytest

from socconsole.drill.events import matches
from socconsole.drill.stack import BadTemplate, Stack, create

EVENT: dict[str, Any] = {
    "source": "aws.securityhub",
    "region": "eu-central-1",
    "detail": {"findings": [{"Severity": {"Label": "LOW"}}, {"Severity": {"Label": "HIGH"}}], "n": 3, "on": True},
}


@pytest.mark.parametrize(
    ("pattern", "does"),
    [
        ({"source": ["aws.guardduty", "aws.securityhub"]}, True),
        ({"source": ["aws.securityhub"], "region": ["eu-west-1"]}, False),
        ({"detail": {"findings": {"Severity": {"Label": ["HIGH"]}}}}, True),
        ({"detail": {"findings": {"Severity": {"Label": ["CRITICAL"]}}}}, False),
        ({"source": [{"prefix": "aws."}], "region": [{"suffix": "-1"}]}, True),
        ({"region": [{"anything-but": ["eu-central-1"]}]}, False),
        ({"detail": {"gone": [{"exists": False}], "n": [{"exists": True}]}}, True),
        ({"detail": {"n": ["3"]}}, False),
        ({"detail": {"on": [1]}}, False),
        ({"$or": [{"region": ["eu-west-1"]}, {"source": [{"equals-ignore-case": "AWS.SecurityHub"}]}]}, True),
    ],
    ids=["any-of", "all-of", "in-a-list", "none-of-a-list", "ends", "but", "exists", "text", "truth", "or"],
)
def test_a_pattern_matches_what_aws_says_it_does(pattern: dict[str, Any], does: bool) -> None:
    assert matches(pattern, EVENT) is does


def made(resources: dict[str, Any], **parameters: str) -> list[tuple[str, dict[str, Any]]]:
    calls: list[tuple[str, dict[str, Any]]] = []

    def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
        calls.append((operation, params))
        return {"TopicArn": f"arn:{params.get('Name')}", "SubscriptionArn": "s"}

    template = {
        "Parameters": {"Big": {"Default": ""}},
        "Conditions": {"IsBig": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Big"}, ""]}]}},
        "Resources": resources,
    }
    create(template, parameters, Stack("111122223333", "eu-west-1", "s"), call)
    return calls


def test_a_template_is_made_in_the_order_of_its_references_and_by_its_conditions() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}}}
    given = {"TopicArn": {"Ref": "Topic"}, "Protocol": {"Fn::If": ["IsBig", "sqs", {"Ref": "AWS::NoValue"}]}}
    resources = {"Sub": {"Type": "AWS::SNS::Subscription", "Properties": given}, "Topic": topic}
    topic_call = ("sns:CreateTopic", {"Name": "s-eu-west-1"})
    assert made(resources, Big="yes") == [
        topic_call,
        ("sns:Subscribe", {"TopicArn": "arn:s-eu-west-1", "Protocol": "sqs"}),
    ]
    assert made(resources)[1] == ("sns:Subscribe", {"TopicArn": "arn:s-eu-west-1"})
    assert made({"Topic": {**topic, "Condition": "IsBig"}}) == []


@pytest.mark.parametrize(
    "resource",
    [
        {"Type": "AWS::EC2::Instance"},
        {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Split": [",", "a,b"]}}},
        {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nowhere"}}},
        {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": ["Topic2", "Arn"]}}},
    ],
    ids=["type", "function", "reference", "attribute"],
)
def test_what_is_not_understood_is_not_passed_over(resource: dict[str, Any]) -> None:
    with pytest.raises(BadTemplate):
        made({"Topic": resource})

"""CloudFormation, as far as ``deploy/`` uses it: a template becomes calls on the embedded AWS.

moto's own knows neither policies of queues and topics nor subscriptions. Here each resource of a template is made by
the API call that CloudFormation would make; a type, function or property that is not known raises. Source:
CloudFormation Template Reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
"""``call("sqs:CreateQueue", {...})`` in the stack's account and Region."""

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
_NOTHING: Final = object()


class BadTemplate(ValueError):
    """Something in a template that is not understood here."""


@dataclass(slots=True)
class Stack:
    """``outputs`` are there once it is made; ``made`` maps each resource's name to what ``Ref`` and ``Arn`` give."""

    account: str
    region: str
    name: str
    outputs: dict[str, str] = field(default_factory=dict)
    made: dict[str, dict[str, str]] = field(default_factory=dict)


def create(template: Mapping[str, Any], parameters: Mapping[str, str], stack: Stack, call: Call) -> Stack:
    """Make every resource whose condition holds, in the order of what refers to what."""
    return _Builder(template, parameters, stack, call).build()


class _Builder:
    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str], stack: Stack, call: Call) -> None:
        declared = template.get("Parameters", {})
        if unknown := set(parameters) - set(declared):
            raise BadTemplate(f"no such parameters: {', '.join(sorted(unknown))}")
        self._parameters = {name: parameters.get(name, one.get("Default")) for name, one in declared.items()}
        if missing := [name for name, value in self._parameters.items() if value is None]:
            raise BadTemplate(f"parameters without a value: {', '.join(missing)}")
        self._template = template
        self._stack = stack
        self._call = call
        self._pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::Region": stack.region,
            "AWS::Partition": "aws",
            "AWS::StackName": stack.name,
        }

    def build(self) -> Stack:
        for name in self._template["Resources"]:
            self._make(name)
        for name, output in self._template.get("Outputs", {}).items():
            if self._wanted(output):
                self._stack.outputs[name] = str(self._value(output["Value"]))
        return self._stack

    def _wanted(self, what: Mapping[str, Any]) -> bool:
        return "Condition" not in what or self._holds({"Condition": what["Condition"]})

    def _make(self, name: str) -> dict[str, str]:
        """What ``Ref`` and attributes of a resource give; made when first asked for."""
        if name in self._stack.made:
            return self._stack.made[name]
        resource = self._template["Resources"].get(name)
        if resource is None:
            raise BadTemplate(f"there is no resource {name}")
        if not self._wanted(resource):
            return {}
        make = _MAKERS.get(resource["Type"])
        if make is None:
            raise BadTemplate(f"{name}: the type {resource['Type']} is not known here")
        properties = self._value(resource.get("Properties", {}))
        self._stack.made[name] = make(self._stack, name, properties, self._call)
        return self._stack.made[name]

    # --- intrinsic functions ---------------------------------------------------------------------------

    def _value(self, given: Any) -> Any:
        if isinstance(given, list):
            return [one for one in map(self._value, given) if one is not _NOTHING]
        if not isinstance(given, Mapping):
            return given
        if len(given) == 1:
            function, operand = next(iter(given.items()))
            match function:
                case "Ref":
                    return self._ref(operand)
                case "Fn::GetAtt":
                    name, _, attribute = (
                        operand.partition(".") if isinstance(operand, str) else (*operand[:1], "", operand[1])
                    )
                    return self._attribute(name, attribute)
                case "Fn::Sub":
                    return _REFERENCE.sub(lambda found: str(self._named(found[1])), operand)
                case "Fn::If":
                    return self._value(operand[1] if self._holds({"Condition": operand[0]}) else operand[2])
            if function.startswith("Fn::"):
                raise BadTemplate(f"the function {function} is not known here")
        return {key: value for key, one in given.items() if (value := self._value(one)) is not _NOTHING}

    def _named(self, name: str) -> Any:
        resource, dot, attribute = name.partition(".")
        return self._attribute(resource, attribute) if dot else self._ref(name)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        return self._attribute(name, "Ref")

    def _attribute(self, name: str, attribute: str) -> str:
        made = self._make(name)
        if attribute not in made:
            raise BadTemplate(f"{name} has no {attribute} here")
        return made[attribute]

    def _holds(self, given: Mapping[str, Any]) -> bool:
        function, operand = next(iter(given.items()))
        match function:
            case "Condition":
                return self._holds(self._template["Conditions"][operand])
            case "Fn::Equals":
                return bool(self._value(operand[0]) == self._value(operand[1]))
            case "Fn::Not":
                return not self._holds(operand[0])
            case "Fn::And":
                return all(map(self._holds, operand))
            case "Fn::Or":
                return any(map(self._holds, operand))
        raise BadTemplate(f"the condition {function} is not known here")


def _queue(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    attributes = {key: _text(value) for key, value in given.items() if key != "QueueName"}
    url = call("sqs:CreateQueue", {"QueueName": given["QueueName"], "Attributes": attributes})["QueueUrl"]
    arn = f"arn:aws:sqs:{stack.region}:{stack.account}:{given['QueueName']}"
    return {"Ref": url, "Arn": arn, "QueueName": given["QueueName"]}


def _queue_policy(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    policy = json.dumps(given["PolicyDocument"])
    for url in given["Queues"]:
        call("sqs:SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})
    return {"Ref": f"{stack.name}-{name}"}


def _topic(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    return {"Ref": call("sns:CreateTopic", {"Name": given["TopicName"]})["TopicArn"]}


def _topic_policy(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    policy = json.dumps(given["PolicyDocument"])
    for arn in given["Topics"]:
        call("sns:SetTopicAttributes", {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy})
    return {"Ref": f"{stack.name}-{name}"}


def _subscription(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    return {"Ref": call("sns:Subscribe", given)["SubscriptionArn"]}


def _rule(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    own = f"{stack.name}-{name}"
    asked = {"Name": own, "EventPattern": json.dumps(given["EventPattern"]), "State": given.get("State", "ENABLED")}
    arn = call("events:PutRule", {**asked, "Description": given.get("Description", "")})["RuleArn"]
    call("events:PutTargets", {"Rule": own, "Targets": given["Targets"]})
    return {"Ref": own, "Arn": arn}


def _bus_policy(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    statement = {**given["Statement"], "Sid": given["StatementId"]}
    call("events:PutPermission", {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
    return {"Ref": given["StatementId"]}


def _role(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    own = given.get("RoleName") or f"{stack.name}-{stack.region}-{name}"
    trust = json.dumps(given["AssumeRolePolicyDocument"])
    arn = call("iam:CreateRole", {"RoleName": own, "AssumeRolePolicyDocument": trust})["Role"]["Arn"]
    for one in given.get("Policies", ()):
        document = json.dumps(one["PolicyDocument"])
        call("iam:PutRolePolicy", {"RoleName": own, "PolicyName": one["PolicyName"], "PolicyDocument": document})
    return {"Ref": own, "Arn": arn}


def _managed_policy(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    asked = {"PolicyName": f"{stack.name}-{name}", "PolicyDocument": json.dumps(given["PolicyDocument"])}
    arn = call("iam:CreatePolicy", asked)["Policy"]["Arn"]
    for role in given.get("Roles", ()):
        call("iam:AttachRolePolicy", {"RoleName": role, "PolicyArn": arn})
    return {"Ref": arn}


def _alarm(stack: Stack, name: str, given: dict[str, Any], call: Call) -> dict[str, str]:
    own = given.get("AlarmName") or f"{stack.name}-{name}"
    call("cloudwatch:PutMetricAlarm", {**given, "AlarmName": own})
    return {"Ref": own, "Arn": f"arn:aws:cloudwatch:{stack.region}:{stack.account}:alarm:{own}"}


def _text(value: Any) -> str:
    """An attribute as SQS takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


_MAKERS: Final[Mapping[str, Callable[[Stack, str, dict[str, Any], Call], dict[str, str]]]] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Events::Rule": _rule,
    "AWS::Events::EventBusPolicy": _bus_policy,
    "AWS::IAM::Role": _role,
    "AWS::IAM::ManagedPolicy": _managed_policy,
}

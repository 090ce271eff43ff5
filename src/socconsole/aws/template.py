"""CloudFormation for the four roles of one account; ``deploy/roles.json`` is what this makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from socconsole.aws.iam import policies, trust
from socconsole.aws.operations import ROLES, Role

_PARTITION: Final = "${AWS::Partition}"
_ACCOUNT: Final = "${AWS::AccountId}"
_DESCRIPTIONS: Final[Mapping[Role, str]] = {
    "reader": "socconsole: reads findings and the configuration that plans are made from",
    "watch": "socconsole: what the reader does, and its own queue",
    "triage": "socconsole: workflow status, notes and verdicts of findings",
    "responder": "socconsole: containment, assumed for one action at a time",
}


def template() -> dict[str, Any]:
    """CloudFormation for the four roles of one account, with the policies that ``iam.policies`` gives.

    ``Principal`` is who may assume them: the ARN of a role, user or account root.
    """
    resources: dict[str, Any] = {}
    for role in ROLES:
        title = role.capitalize()
        # Split with the references in it, which are longer than what they stand for: it fits once filled in.
        documents = policies(role, _PARTITION, _ACCOUNT)
        names = [f"{title}Policy{n}" for n in range(1, len(documents) + 1)]
        for name, document in zip(names, documents, strict=True):
            resources[name] = {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": _substituted(document), "Roles": [{"Ref": f"{title}Role"}]},
            }
        resources[f"{title}Role"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": f"socconsole-{role}",
                "Description": _DESCRIPTIONS[role],
                # The least that STS allows is an hour; a responder's session asks for fifteen minutes of it.
                "MaxSessionDuration": 3600,
                "AssumeRolePolicyDocument": trust({"Ref": "Principal"}),
            },
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The four roles of socconsole in one account, least privilege; generated, see deploy/README.md.",
        "Parameters": {
            "Principal": {
                "Type": "String",
                "Description": "ARN of who may assume them (a role, a user, an account root)",
            }
        },
        "Resources": resources,
        "Outputs": {
            f"{role.capitalize()}RoleArn": {"Value": {"Fn::GetAtt": [f"{role.capitalize()}Role", "Arn"]}}
            for role in ROLES
        },
    }


def _substituted(value: Any) -> Any:
    """With ``Fn::Sub`` around every string that names the account."""
    if isinstance(value, dict):
        return {key: _substituted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_substituted(one) for one in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${AWS::" in value else value

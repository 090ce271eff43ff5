"""The template of the four roles: current, deployable, and saying what ``iam.policy`` says."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
from moto import mock_aws

from socconsole.aws import iam
from socconsole.aws.operations import ROLES
from socconsole.aws.template import template

FILE = Path(__file__).parents[2] / "deploy" / "roles.json"
ONCALL = "arn:aws:iam::123456789012:role/oncall"


def test_the_file_is_what_the_table_makes() -> None:
    made = json.dumps(template(), indent=2) + "\n"
    assert FILE.read_text("utf-8") == made, "socconsole iam template > deploy/roles.json"


@mock_aws
def test_deployed_it_gives_each_role_its_policy() -> None:
    region = "eu-central-1"
    keys = {"region_name": region, "aws_access_key_id": "AKIATEST", "aws_secret_access_key": "test"}
    boto3.client("cloudformation", **keys).create_stack(
        StackName="socconsole-roles",
        TemplateBody=FILE.read_text("utf-8"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "Principal", "ParameterValue": ONCALL}],
    )
    client = boto3.client("iam", **keys)
    for role in ROLES:
        name = f"socconsole-{role}"
        trusted = client.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        assert trusted == iam.trust(ONCALL)
        statements = []
        for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            version = client.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId="v1")
            document = version["PolicyVersion"]["Document"]
            statements += document["Statement"]
        wanted = iam.policy(role, account="123456789012")["Statement"]
        assert sorted(statements, key=json.dumps) == sorted(wanted, key=json.dumps)

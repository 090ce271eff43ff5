"""Roles and users: who acts with them, and what somebody else does to them meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.conftest import ML

USER = "ci-deploy"
ROLE = "vllm-recs"
"""Of an instance; its session was stolen."""
IN_A_PATH = "checkout-api"

OTHER = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]}
)


def key_of(aws: Embedded, user: str = USER) -> str:
    """The long-term key that the scenario's courier holds."""
    return aws.ids.access_key("AKIA", "user", user)


def _key(aws: Embedded) -> str:
    return key_of(aws)


def _expired(aws: Embedded, key: str) -> None:
    do(aws, "iam:UpdateAccessKey", ML, UserName=USER, AccessKeyId=key, Status="Expired")


def _role(name: str) -> Callable[[Embedded], str]:
    return lambda aws: name


def _rewritten(policy: str) -> Callable[[Embedded, str], object]:
    """Somebody else writes over our policy."""
    return lambda aws, role: do(aws, "iam:PutRolePolicy", RoleName=role, PolicyName=policy, PolicyDocument=OTHER)


def behind_nat(aws: Embedded) -> str:
    """The instance with the role goes out through a NAT gateway; returns that one's public address."""
    reservations = do(aws, "ec2:DescribeInstances")["Reservations"]
    (subnet,) = [one["SubnetId"] for each in reservations for one in each["Instances"] if "IamInstanceProfile" in one]
    elastic = do(aws, "ec2:AllocateAddress", Domain="vpc")
    do(aws, "ec2:CreateNatGateway", SubnetId=subnet, AllocationId=elastic["AllocationId"])
    return str(elastic["PublicIp"])


def _behind_nat(aws: Embedded) -> str:
    behind_nat(aws)
    return ROLE


def _user(aws: Embedded) -> str:
    return USER


def _user_rewritten(aws: Embedded, user: str) -> None:
    do(aws, "iam:PutUserPolicy", ML, UserName=user, PolicyName="socconsole-quarantine", PolicyDocument=OTHER)


CASES = (
    Case("iam-disable-key", _key, _expired, ML),
    Case("iam-role-revoke-sessions", _role(ROLE), _rewritten("socconsole-revoke-sessions")),
    Case("iam-role-off-path", _behind_nat, _rewritten("socconsole-off-path")),
    Case("iam-user-quarantine", _user, _user_rewritten, ML),
    Case("iam-role-deny", _role(IN_A_PATH), _rewritten("socconsole-role-deny")),
)

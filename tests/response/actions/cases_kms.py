"""Keys and secrets that strangers may use, and what somebody else does to them meanwhile."""

from __future__ import annotations

import json
from typing import Any

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.conftest import PROD, STRANGER

OUTSIDER = f"arn:aws:iam::{STRANGER}:role/collector"


def allow(who: str, actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": who}, "Action": actions, "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def key(aws: Embedded, *more: dict[str, Any]) -> str:
    """A key of the account's own, with further statements in its policy."""
    house = allow(f"arn:aws:iam::{PROD.account}:root", "kms:*")
    return str(do(aws, "kms:CreateKey", Policy=policy(house, *more))["KeyMetadata"]["KeyId"])


def lent(aws: Embedded) -> str:
    return key(aws, allow(OUTSIDER, "kms:Decrypt"))


def granted(aws: Embedded) -> str:
    """Two grants to a stranger, and one to the account itself."""
    made = key(aws)
    for who in (OUTSIDER, f"arn:aws:iam::{STRANGER}:root", f"arn:aws:iam::{PROD.account}:role/training"):
        do(aws, "kms:CreateGrant", KeyId=made, GranteePrincipal=who, Operations=["Decrypt"])
    return made


def _other_policy(aws: Embedded, key: str) -> None:
    house = allow(f"arn:aws:iam::{PROD.account}:root", "kms:*")
    do(aws, "kms:PutKeyPolicy", KeyId=key, PolicyName="default", Policy=policy(house))


def _scheduled(aws: Embedded, key: str) -> None:
    do(aws, "kms:ScheduleKeyDeletion", KeyId=key)


def secret(aws: Embedded, who: str = OUTSIDER) -> str:
    made = str(do(aws, "secretsmanager:CreateSecret", Name="kaufhaus/crm", SecretString="drill")["ARN"])
    allowed = policy(allow(who, "secretsmanager:GetSecretValue"))
    do(aws, "secretsmanager:PutResourcePolicy", SecretId=made, ResourcePolicy=allowed)
    return made


def _no_policy(aws: Embedded, secret: str) -> None:
    do(aws, "secretsmanager:DeleteResourcePolicy", SecretId=secret)


def _rotated_often(aws: Embedded, key: str) -> None:
    do(aws, "kms:EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)


CASES = (
    Case("kms-deny-outsiders", lent, _other_policy),
    Case("kms-revoke-grants", granted, lambda aws, key: None),
    Case("kms-disable-key", lent, _scheduled),
    Case("kms-rotate", key, _rotated_often),
    Case("secret-deny-outsiders", secret, _no_policy),
)

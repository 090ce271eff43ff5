"""The console's own roles in every account of a drill, with the policies ``socconsole iam`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from socconsole.aws import iam
from socconsole.aws.operations import ROLES
from socconsole.drill.principals import ANALYST, BASE_KEY, Principal

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud


def builder_key(account: str) -> str:
    """The key with which an account's estate is built: it may do everything there."""
    return f"AKIB{account}BLDR"


def install(cloud: Cloud, accounts: Iterable[str]) -> None:
    """Register the analyst (in the first account) and the builders, and create the four roles."""
    home = ""
    for account in accounts:
        root = Principal(account, f"arn:aws:iam::{account}:role/OrganizationBuild", "build", "AIDABUILD", by="scenario")
        cloud.directory.register(builder_key(account), root)
        hands, key = cloud.hands, builder_key(account)
        if not home:
            home = account
            user = hands.call(key, "us-east-1", "iam:CreateUser", {"UserName": ANALYST})["User"]
            cloud.directory.register(BASE_KEY, Principal(account, user["Arn"], ANALYST, user["UserId"]))
        trust = iam.trust(f"arn:aws:iam::{home}:user/{ANALYST}")
        for role in ROLES:
            name = f"socconsole-{role}"
            hands.call(
                key,
                "us-east-1",
                "iam:CreateRole",
                {
                    "RoleName": name,
                    "AssumeRolePolicyDocument": json.dumps(trust),
                    "MaxSessionDuration": 43200,
                },
            )
            hands.call(
                key,
                "us-east-1",
                "iam:PutRolePolicy",
                {
                    "RoleName": name,
                    "PolicyName": "socconsole",
                    "PolicyDocument": json.dumps(iam.policy(role, account=account)),
                },
            )

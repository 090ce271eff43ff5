"""A role's permissions: its managed and inline policies and its boundary, or nothing of it.

Facts (IAM API reference): a role's policies are listed in two ways, managed and inline; what counts of a managed one
is its default version; a boundary is a managed policy.
"""

from __future__ import annotations

import re
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.listed import attempt
from socconsole.collectors.posture.policies import parse
from socconsole.model.estate.policy import Policy
from socconsole.model.estate.roles import Permissions, RolePolicy
from socconsole.model.known import Read, Unread
from socconsole.text import Untrusted, token

IAM: Final = "us-east-1"
"""Where IAM answers for every region (AWS General Reference, "IAM endpoints")."""
_ARN: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]{1,64})")


async def permissions(asking: Asking, role: str) -> Read[Permissions]:
    """Of the role with this ARN. Each different role is asked after once per snapshot.

    Where one part cannot be read none of it counts: a policy that we do not see may allow anything, a boundary that
    we do not see may forbid it. A role of another account is not read.
    """
    found = _ARN.fullmatch(role)
    if found is None:
        return Unread("iam:GetRole", Untrusted(f"{token(role, 1024) or 'nothing'} is no role's ARN"))
    if found[1] != asking.place.account:
        return Unread("iam:GetRole", Untrusted(f"{token(role, 1024)} is another account's"))
    return await attempt(_permissions(asking, role, found[2]))


async def _permissions(asking: Asking, role: str, name: str) -> Permissions:
    """Raises ``NotRead``."""
    named = {"RoleName": name}
    arn, boundary = (await asking.one("iam:GetRole", named, _boundary, region=IAM)).get()
    if arn != role:  # names are unique in an account, whatever their path: this one is gone, and another has its name
        Unread("iam:GetRole", Untrusted(f"{token(role, 1024)} is not there, but {token(arn, 1024)}")).get()
    attached = (await asking.all("iam:ListAttachedRolePolicies", named, _attached, region=IAM)).get()
    inline = (await asking.all("iam:ListRolePolicies", named, _names, region=IAM)).get()

    async def managed_one(policy: tuple[str, str]) -> RolePolicy:
        return RolePolicy(token(policy[0]), token(policy[1], 256), await _managed(asking, policy[1]))

    async def inline_one(policy: str) -> RolePolicy:
        asked = {**named, "PolicyName": policy}
        return RolePolicy(token(policy), "", (await asking.one("iam:GetRolePolicy", asked, _inline, region=IAM)).get())

    return Permissions(
        role=token(role, 1024),
        policies=(*await asking.each(attached, managed_one), *await asking.each(inline, inline_one)),
        boundary=await _managed(asking, boundary) if boundary else None,
    )


async def _managed(asking: Asking, arn: str) -> Policy:
    """Raises ``NotRead``."""
    version = (await asking.one("iam:GetPolicy", {"PolicyArn": arn}, _default, region=IAM)).get()
    asked = {"PolicyArn": arn, "VersionId": version}
    return (await asking.one("iam:GetPolicyVersion", asked, _document, region=IAM)).get()


def _boundary(answer: dict[str, Any]) -> tuple[str, str]:
    """(the role's ARN, its boundary's or nothing). ``PermissionsBoundary`` is only there where it has one."""
    role = answer["Role"]
    if "PermissionsBoundary" not in role:
        return str(role["Arn"]), ""
    return str(role["Arn"]), str(role["PermissionsBoundary"]["PermissionsBoundaryArn"])


def _attached(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(one["PolicyName"]), str(one["PolicyArn"])) for one in page["AttachedPolicies"]]


def _names(page: dict[str, Any]) -> list[str]:
    return [str(name) for name in page["PolicyNames"]]


def _inline(answer: dict[str, Any]) -> Policy:
    return parse(answer["PolicyDocument"])


def _default(answer: dict[str, Any]) -> str:
    return str(answer["Policy"]["DefaultVersionId"])


def _document(answer: dict[str, Any]) -> Policy:
    return parse(answer["PolicyVersion"]["Document"])

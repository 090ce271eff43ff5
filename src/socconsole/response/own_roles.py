"""Who we are to AWS in an account: the principals that no containment may lock out."""

from __future__ import annotations

import asyncio
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.permits import own_arn

_WILD: Final = frozenset("*?")
"""A role's path may hold them (IAM API reference, ``CreateRole``, ``Path``); in a condition they match others."""


async def own_principals(door: Door, place: Place) -> tuple[str, ...] | None:
    """Their ARNs as ``aws:PrincipalArn`` has them, from IAM, sorted; None when one of them is not known.

    A configured ARN is not trusted with the path: STS and SSO drop it from a role's ARN, and an exemption for
    an ARN without its path exempts nobody.
    """
    roles = door.roles(place.account)
    if not all(roles.values()) and roles[door.role]:
        return None  # some of our work is done as the profile itself, and this door cannot tell who that is
    try:
        found = set(await asyncio.gather(*(_role_arn(door, place, arn) for arn in roles.values() if arn)))
        if not all(roles.values()):
            found.add(await own_arn(door, place))
    except AwsTrouble:
        return None
    return None if any(_WILD.intersection(arn) for arn in found) else tuple(sorted(found))


async def _role_arn(door: Door, place: Place, configured: str) -> str:
    answer = await door.call(place, "iam:GetRole", {"RoleName": configured.rpartition("/")[2]})
    return str(answer["Role"]["Arn"])

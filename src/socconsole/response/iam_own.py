"""Whom a containment of an identity must never lock out: our own roles, and whoever may take them on.

An analyst signs in as somebody, and takes on the console's roles from there; denying that somebody everything
would lock the console out just as well. The trust of those roles, of each of them, names him.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final
from weakref import WeakKeyDictionary

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.own_roles import own_principals

_SESSION: Final = re.compile(r"(arn:[a-z-]+:)sts(::\d{12}:)assumed-role/([^/]+)/.*", re.DOTALL)
"""A session's ARN has its role's name, and not its path."""

_PATH: Final = re.compile(r"(arn:[a-z-]+:iam::\d{12}:(?:role|user)/)(?:.*/)?", re.DOTALL)

_asked: WeakKeyDictionary[Door, dict[str, asyncio.Task[tuple[str, ...] | None]]] = WeakKeyDictionary()
"""By door and account: an offer asks it for many plans at once, and it does not change while a door is open."""


async def own(door: Door, place: Place) -> tuple[str, ...] | None:
    """ARNs; None when one of them is not known. Never raises ``AwsTrouble``."""
    asked = _asked.setdefault(door, {})
    if place.account not in asked:
        asked[place.account] = asyncio.create_task(_read(door, place))
    found = await asyncio.shield(asked[place.account])
    if found is None:
        asked.pop(place.account, None)  # a trouble that may pass
    return found


async def _read(door: Door, place: Place) -> tuple[str, ...] | None:
    roles = await own_principals(door, place)
    if roles is None:
        return None
    ours = dict.fromkeys(arn for arn in door.roles(place.account).values() if arn)  # none: the profile acts as itself
    names = [arn.rpartition("/")[2] for arn in ours]
    try:
        answers = await asyncio.gather(*(door.call(place, "iam:GetRole", {"RoleName": name}) for name in names))
    except AwsTrouble:
        return None
    trusted = (name for answer in answers for name in _named(answer["Role"].get("AssumeRolePolicyDocument")))
    return tuple(dict.fromkeys((*roles, *trusted)))


def _named(trust: object) -> tuple[str, ...]:
    """Users and roles whom a trust policy names, a role's session for its role. A whole account names nobody."""
    statements = trust.get("Statement", ()) if isinstance(trust, Mapping) else ()
    found: dict[str, None] = {}
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal")
        names = principal.get("AWS", ()) if isinstance(principal, Mapping) else ()
        found |= dict.fromkeys(_SESSION.sub(r"\1iam\2role/\3", name) for name in _each(names))
    return tuple(name for name in found if ":user/" in name or ":role/" in name)


def _each(names: object) -> list[str]:
    return [names] if isinstance(names, str) else [str(name) for name in names] if isinstance(names, list) else []


def without_path(arn: str) -> str:
    """An ARN of IAM by which two can be told apart all the same: names are an account's own, whatever their path."""
    return _PATH.sub(r"\1", arn)

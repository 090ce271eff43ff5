"""Whom a containment of an identity must never lock out: our own roles, and whoever may take them on.

An analyst signs in as somebody, and takes on the console's roles from there; denying that somebody everything
would lock the console out just as well. The trust of the role that this door acts with names him.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.own_roles import own_principals

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
    acting = door.roles(place.account).get(door.role, "")
    if not acting:
        return roles  # the profile acts as itself, and is among them
    try:
        answer = await door.call(place, "iam:GetRole", {"RoleName": acting.rpartition("/")[2]})
    except AwsTrouble:
        return None
    return (*roles, *_named(answer["Role"].get("AssumeRolePolicyDocument")))


def _named(trust: object) -> tuple[str, ...]:
    """Users and roles whom a trust policy names. A whole account names nobody."""
    statements = trust.get("Statement", ()) if isinstance(trust, Mapping) else ()
    found: dict[str, None] = {}
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal")
        names = principal.get("AWS", ()) if isinstance(principal, Mapping) else ()
        found |= dict.fromkeys([names] if isinstance(names, str) else names)
    return tuple(name for name in found if ":user/" in name or ":role/" in name)

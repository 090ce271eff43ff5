"""Whether the responder role of each account can be had right now, found out without asking anybody anything.

The role is taken on once and let go: that it could be is all that this proves. How long the analyst's own credentials
last, from which the next one is made, is told where the SDK knows it, and UNKNOWN where it does not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.aws import AwsTrouble, Door
from socconsole.aws.accounts import profile_of, role_of
from socconsole.aws.identity import ends
from socconsole.aws.trouble import Kind
from socconsole.model.action import Mode
from socconsole.model.world import Place, World, WorldKind
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config

_DEADLINE: Final = 8.0


@dataclass(frozen=True, slots=True)
class ResponderSession:
    """``state``: READY (it was had), DENIED (AWS said no, or no responder role is configured: ``detail`` says which) or
    UNKNOWN."""

    account: str
    state: str
    detail: str


async def responder_sessions(world: World, settings: Config) -> list[ResponderSession]:
    """One for each account of the world; none for an import world."""
    if world.kind is WorldKind.IMPORT:
        return []
    regions = {one.account: one.regions[0] for one in settings.accounts}
    accounts = dict.fromkeys((*regions, *world.accounts))
    return list(await asyncio.gather(*(_one(world, settings, account, regions.get(account)) for account in accounts)))


async def _one(world: World, settings: Config, account: str, region: str | None) -> ResponderSession:
    live = world.drill is None
    if region is None:
        return ResponderSession(account, "UNKNOWN", "no [[accounts]] entry of the config says how it is reached")
    if live and not role_of(settings, account, "responder") and not settings.allow_profile_to_respond:
        return ResponderSession(account, "DENIED", "no responder_role in the config: nothing can be contained there")
    place = Place(account, region)
    try:
        async with Door.open(settings, world, "responder", Mode.READ, settings.who) as door:
            await door.call(place, "sts:GetCallerIdentity", {}, deadline=_DEADLINE)
    except AwsTrouble as trouble:
        denied = trouble.kind in (Kind.DENIED, Kind.REFUSED)
        said = clean(str(trouble), 300)
        return ResponderSession(account, "DENIED" if denied else "UNKNOWN", said)
    if not live:
        return ResponderSession(account, "READY", "the drill's key does not end")
    return ResponderSession(account, "READY", _until(await ends(profile_of(settings, account))))


def _until(end: datetime | None) -> str:
    if end is None:
        return "was had now; how long your own credentials last is UNKNOWN: the SDK does not tell it of these"
    return f"was had now; your own credentials of now end at {end:%Y-%m-%dT%H:%M:%SZ}: sign in anew before then"

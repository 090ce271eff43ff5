"""Who we are to AWS, asked before there is a world."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from socconsole.aws.accounts import active_profile, how
from socconsole.aws.door import DEADLINE
from socconsole.aws.gate import Gate
from socconsole.aws.guard import Guard
from socconsole.aws.trouble import AwsTrouble, Kind
from socconsole.model.action import Mode
from socconsole.model.world import Place

FALLBACK_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Identity:
    """An answer of ``sts:GetCallerIdentity``. ``region`` is the profile's own, empty when it names none."""

    account: str
    arn: str
    partition: str
    region: str


async def discover(profile: str = "", region: str = "", *, deadline: float = DEADLINE) -> Identity:
    """The identity of a profile ("": AWS_PROFILE or the default chain), before any world or config exists.

    Raises :class:`AwsTrouble`. Never used in a drill: it reads the environment.
    """
    import asyncio

    from socconsole.aws import sessions
    from socconsole.aws.classify import Origin, classify

    place: Place | None = None
    profiles: Any = {}
    try:
        async with asyncio.timeout(deadline):
            session = sessions.live(profile, Guard("reader", Mode.READ), Gate())
            profiles = session.full_config.get("profiles", {})
            own = session.get_config_variable("region") or ""
            place = Place("", region or own or FALLBACK_REGION)
            async with session.create_client("sts", region_name=place.region) as client:
                answer = await client.get_caller_identity()
    except asyncio.CancelledError:
        raise
    except Exception as error:
        # All of them: see Door.call.
        origin = Origin(how(profile, profiles, os.environ), active_profile(profile))
        raise classify(error, "sts:GetCallerIdentity", place, origin) from error
    return _identity(answer, region or own)


def _identity(answer: dict[str, Any], region: str) -> Identity:
    arn = str(answer["Arn"])
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        raise AwsTrouble(Kind.BAD_RESPONSE, "sts:GetCallerIdentity", None, "the Arn is not an ARN")
    return Identity(str(answer["Account"]), arn, parts[1], region)


async def ends(profile: str = "") -> datetime | None:
    """When a profile's credentials of this moment end; they may be renewed then. None where nothing tells.

    Keys that a user or the environment gave carry no end. Never asks anybody, and never raises: what cannot be found
    out is not known. botocore keeps the end of refreshable credentials in ``_expiry_time`` and offers no public way.
    """
    from socconsole.aws import sessions

    try:
        session = sessions.live(profile, Guard("reader", Mode.READ), Gate())
        credentials = await session.get_credentials()
        if credentials is None:
            return None
        await credentials.get_frozen_credentials()
    except Exception:  # whatever ails the profile, its end is not known; who needs the credentials is told why
        return None
    told = getattr(credentials, "_expiry_time", None)
    return told.astimezone(UTC) if isinstance(told, datetime) and told.tzinfo is not None else None

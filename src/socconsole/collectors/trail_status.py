"""What the trails of a place record: ``DescribeTrails``, and of each its status and its selectors.

Facts (CloudTrail API reference): a trail of another Region or of the organisation is listed where it records as well,
and is asked about by its ARN. A member account may see its organisation's trail without being told its selectors.
``IsLogging`` says that a trail was started, not that anything is written: while its bucket's policy, or the key that
encrypts, refuses it, ``LatestDeliveryError`` says so. What its log group refuses is in its bucket all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.formats.fields import instant, plain, token
from socconsole.formats.selectors import selections
from socconsole.model.trail import EVERY, UNREAD, Recordings, Selection, TrailState
from socconsole.model.world import Place

_UNTOLD: Final = frozenset({Kind.DENIED, Kind.NOT_FOUND})


async def look(door: Door, place: Place) -> Recordings:
    """All that records in a place. Raises ``AwsTrouble`` where that cannot be said."""
    answer = await door.call(place, "cloudtrail:DescribeTrails", {"includeShadowTrails": True})
    trails = [one for one in answer["trailList"] if one.get("TrailARN")]
    return Recordings(place, tuple(await asyncio.gather(*(_state(door, place, one) for one in trails))))


def refusals(status: Mapping[str, Any]) -> dict[str, str]:
    """Where delivery fails, by the answer of ``GetTrailStatus``: ``bucket``, ``digest``, ``log group`` → why."""
    named = {
        "bucket": "LatestDeliveryError",
        "digest": "LatestDigestDeliveryError",
        "log group": "LatestCloudWatchLogsDeliveryError",
    }
    return {where: found for where, name in named.items() if (found := token(status.get(name)))}


async def _state(door: Door, place: Place, trail: Mapping[str, Any]) -> TrailState:
    arn = plain(trail["TrailARN"])
    status: Mapping[str, Any] = {}
    try:
        status = await door.call(place, "cloudtrail:GetTrailStatus", {"Name": arn})
        told = selections(await door.call(place, "cloudtrail:GetEventSelectors", {"TrailName": arn}))
    except AwsTrouble as trouble:
        if not (trouble.declined or trouble.kind in _UNTOLD) or trouble.kind is Kind.THROTTLED:
            raise
        told = (Selection(EVERY, EVERY, reads=True, writes=True, narrow=UNREAD),)
    logging = bool(status.get("IsLogging", True))
    errors = refusals(status) if logging else {}
    errors.pop("digest", None)  # it takes nothing out of the log
    if "bucket" in errors:
        narrow = f"delivery fails: {errors['bucket']}"
        told = tuple(one if one.narrow == UNREAD else replace(one, narrow=narrow) for one in told)
    return TrailState(
        arn=token(arn) or "",
        logging=logging,
        started=instant(status.get("StartLoggingTime")),
        stopped=instant(status.get("StopLoggingTime")),
        selections=told,
        log_group=token(trail.get("CloudWatchLogsLogGroupArn")) or "",
        bucket=token(trail.get("S3BucketName")) or "",
        failing="; ".join(f"delivery to its {where} fails: {found}" for where, found in errors.items()),
    )

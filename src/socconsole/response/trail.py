"""Who wrote a resource's configuration last, as the trail tells it.

``LookupEvents`` knows management events of 90 days, a few minutes late, newest first (CloudTrail API reference).
It is asked once, for one page: this is a hint for whoever is about to undo something, not a finding.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.text import token

OWN_SESSIONS = "socconsole-"
"""What the names of our own role sessions begin with (``aws.credentials.Assume``)."""


async def last_writer(door: Door, place: Place, resource: str, events: Collection[str]) -> str:
    """``PutBucketPolicy by i-0a5b… at 2026-11-23T03:07:00Z``, or why that is not known. Never raises."""
    asked = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": resource}], "MaxResults": 50}
    try:
        answer = await door.call(place, "cloudtrail:LookupEvents", asked)
    except AwsTrouble as trouble:
        return f"not known: the trail could not be read ({trouble.kind})"
    for event in answer["Events"]:
        name, who, at = event.get("EventName", ""), str(event.get("Username", "?")), event.get("EventTime")
        if name not in events or who.startswith(OWN_SESSIONS):
            continue
        when = ""
        if isinstance(at, datetime):
            when = f" at {at.astimezone(UTC).isoformat(timespec='seconds').replace('+00:00', 'Z')}"
        return f"{token(name)} by {token(who)}{when}"
    return "not known: the trail's last 50 events about it show no such write but ours"

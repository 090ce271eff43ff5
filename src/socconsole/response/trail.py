"""Who wrote a resource's configuration last, as the trail tells it.

``LookupEvents`` knows management events of 90 days, a few minutes late, newest first (CloudTrail API reference).
It is asked once, for one page: this is a hint for whoever is about to undo something, not a finding.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.text import token

OWN_SESSIONS = "socconsole-"
"""What the names of our own role sessions begin with (``aws.credentials.Assume``)."""


@dataclass(frozen=True, slots=True)
class Write:
    """The last write that the trail tells of, not one of ours."""

    words: str
    """``PutBucketPolicy by i-0a5b… at 2026-11-23T03:07:00Z``, or why that is not known."""
    at: datetime | None = None


async def last_write(door: Door, place: Place, resource: str, events: Collection[str]) -> Write:
    """Never raises: what cannot be read is said."""
    asked = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": resource}], "MaxResults": 50}
    try:
        answer = await door.call(place, "cloudtrail:LookupEvents", asked)
    except AwsTrouble as trouble:
        return Write(f"not known: the trail could not be read ({trouble.kind})")
    for event in answer["Events"]:
        name, who, at = event.get("EventName", ""), str(event.get("Username", "?")), event.get("EventTime")
        if name not in events or who.startswith(OWN_SESSIONS):
            continue
        if not isinstance(at, datetime):
            return Write(f"{token(name)} by {token(who)}")
        at = at.astimezone(UTC)
        return Write(f"{token(name)} by {token(who)} at {at.isoformat(timespec='seconds').replace('+00:00', 'Z')}", at)
    return Write("not known: the trail's last 50 events about it show no such write but ours")

"""Who wrote a resource's configuration last, and who used it, as the trail tells it.

``LookupEvents`` knows management events of 90 days, a few minutes late, newest first (CloudTrail API reference).
It is asked once, for one page: this is a hint for whoever is about to act or to undo something, not a finding.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from socconsole.aws import AwsTrouble
from socconsole.model.action import Plan
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.wording import count, listed
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
    ours = _own_roles(door, place)
    for event in answer["Events"]:
        name, who, at = event.get("EventName", ""), str(event.get("Username", "?")), event.get("EventTime")
        if name not in events or _is_ours(event, ours) or _record(event).get("errorCode"):
            continue
        if not isinstance(at, datetime):
            return Write(f"{token(name)} by {token(who)}")
        return Write(f"{token(name)} by {token(who)} at {_utc(at)}", at.astimezone(UTC))
    return Write("not known: the trail's last 50 events about it show no such write but ours")


async def callers(door: Door, place: Place, resource: str) -> str:
    """Who used it lately, in a clause of a blast radius. Never raises: what cannot be read is said.

    Management events only; what is about the data in a resource is as a rule a data event, and not among them.
    """
    asked = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": resource}], "MaxResults": 50}
    try:
        events = (await door.call(place, "cloudtrail:LookupEvents", asked))["Events"]
    except AwsTrouble as trouble:
        return f"who used it lately: not known, the trail could not be read ({trouble.kind})"
    ours = _own_roles(door, place)
    others = [event for event in events if not _is_ours(event, ours)]
    if not others:
        return "used lately by: nobody the trail tells of (management events of 90 days)"
    names = list(dict.fromkeys(str(event.get("Username", "?")) for event in others))
    times = [at for event in others if isinstance(at := event.get("EventTime"), datetime)]
    since = f" since {_utc(min(times))}" if times else ""
    who = f"{count(len(names), 'caller')}{listed(names)}"
    return f"used lately by {who} (the trail's last {count(len(others), 'event')}{since})"


async def with_callers(door: Door, plan: Plan, resource: str) -> Plan:
    """A plan whose blast radius says who used the target lately; asked only where the plan would do something."""
    if not plan.helps:
        return plan
    return replace(plan, blast_radius=f"{plan.blast_radius}; {await callers(door, plan.place, resource)}")


def _own_roles(door: Door, place: Place) -> frozenset[str]:
    """Names of the roles that we take on in an account."""
    return frozenset(arn.rpartition("/")[2] for arn in door.roles(place.account).values() if arn)


def _is_ours(event: Mapping[str, Any], roles: Collection[str]) -> bool:
    """By the role as well: anyone may call a session of another role ``socconsole-…``, to pass for us."""
    if not str(event.get("Username", "")).startswith(OWN_SESSIONS):
        return False
    try:
        return _record(event)["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] in roles
    except (KeyError, TypeError):
        return False


def _record(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The whole event, as CloudTrail wrote it; empty where that cannot be read."""
    try:
        found = json.loads(event.get("CloudTrailEvent") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

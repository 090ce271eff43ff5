"""Who wrote a resource's configuration last, and who used it, as the trail tells it.

``LookupEvents`` knows management events of 90 days, a few minutes late, newest first, by one attribute, 50 a page, and
answers twice a second (CloudTrail API reference). Few pages are asked for: this is a hint for whoever is about to act
or to undo something, not a finding.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Plan
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.wording import count, listed
from socconsole.text import token

_NONE: Final = "not known: the trail, which goes back 90 days, shows no such write but ours"

OWN_SESSIONS = "socconsole-"
"""What the names of our own role sessions begin with (``aws.credentials.Assume``)."""


@dataclass(frozen=True, slots=True)
class Write:
    """The last write that the trail tells of, not one of ours."""

    words: str
    """``PutBucketPolicy by i-0a5b… at 2026-11-23T03:07:00Z``, or why that is not known."""
    at: datetime | None = None


async def last_write(door: Door, place: Place, resource: str, events: Collection[str]) -> Write:
    """The newest of ``events`` about ``resource`` that is not ours. Never raises: what cannot be read is said."""
    ours = _own_roles(door, place)
    try:
        about, complete = await _page(door, place, "ResourceName", resource)
        found = _writes(about, events, ours)
        if found or complete:
            return _newest(found, _NONE)
        # Reads are events about it as well, and scanners, this console among them, fill a page within minutes. So each
        # kind of write is asked for: of those an account has few.
        kinds = await asyncio.gather(*(_page(door, place, "EventName", name) for name in sorted(events)))
    except AwsTrouble as trouble:
        return Write(f"not known: the trail could not be read ({trouble.kind})")
    found = [one for page, _ in kinds for one in _writes(_about(page, resource), events, ours)]
    if all(complete for _, complete in kinds):
        return _newest(found, _NONE)
    return _newest(found, "not known: none but ours among the last 50 events about it and of each such kind")


async def _page(door: Door, place: Place, attribute: str, value: str) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """The newest events with that attribute, and whether these are all of them."""
    asked = {"LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}], "MaxResults": 50}
    answer = await door.call(place, "cloudtrail:LookupEvents", asked)
    return answer["Events"], not answer.get("NextToken")


def _about(events: Sequence[Mapping[str, Any]], resource: str) -> list[Mapping[str, Any]]:
    return [one for one in events if any(each.get("ResourceName") == resource for each in one.get("Resources", ()))]


def _writes(
    events: Sequence[Mapping[str, Any]], names: Collection[str], ours: Collection[str]
) -> list[Mapping[str, Any]]:
    """Those that wrote something, and were not ours."""
    return [
        one
        for one in events
        if one.get("EventName") in names and not _is_ours(one, ours) and not _record(one).get("errorCode")
    ]


def _newest(found: Sequence[Mapping[str, Any]], none: str) -> Write:
    if not found:
        return Write(none)
    timed = [(at, one) for one in found if isinstance(at := one.get("EventTime"), datetime)]
    at, last = max(timed, key=lambda each: each[0]) if timed else (None, found[0])
    said = f"{token(str(last.get('EventName')))} by {token(str(last.get('Username', '?')))}"
    return Write(said) if at is None else Write(f"{said} at {_utc(at)}", at.astimezone(UTC))


async def callers(door: Door, place: Place, resource: str) -> str:
    """Who used it lately, in a clause of a blast radius. Never raises: what cannot be read is said.

    Management events only; what is about the data in a resource is as a rule a data event, and not among them.
    """
    try:
        events, _ = await _page(door, place, "ResourceName", resource)
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

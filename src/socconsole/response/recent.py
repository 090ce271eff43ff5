"""What an identity did in the last day, as one page of the trail tells it: who would miss it, and from where.

``LookupEvents`` knows management events of one region, a few minutes late (CloudTrail API reference): reading
objects and invoking models are not among them, so that "nothing" here is not "unused".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.wording import count, listed

_DAY: Final = timedelta(days=1)
_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Recent:
    """Events of the last day in one region."""

    region: str
    events: int
    more: bool
    """There are more than were read."""
    addresses: tuple[str, ...]
    """Where they came from, or the name of the AWS service that called; untrusted."""
    trouble: str = ""
    """Why nothing is known."""

    def words(self, finding: Finding | None) -> str:
        """Numbers, and which addresses are not those that ``finding`` complains of."""
        if self.trouble:
            return f"its use in the last day: not known ({self.trouble})"
        if not self.events:
            return f"no management event by it in {self.region} in the last day"
        least = "at least " if self.more else ""
        said = f"{least}{count(self.events, 'management event')} by it in {self.region} in the last day"
        known = _complained(finding)
        others = [one for one in self.addresses if one not in known]
        if not others:
            return f"{said}, all from where the finding says"
        apart = (
            f" but {count(len(self.addresses) - len(others), 'address', 'addresses')} of the finding" if known else ""
        )
        return f"{said}, from {count(len(others), 'address', 'addresses')}{apart}{listed(others)}"


async def recent(door: Door, place: Place, attribute: str, value: str) -> Recent:
    """``attribute`` as ``LookupEvents`` has it (``AccessKeyId``, ``Username``). Never raises ``AwsTrouble``."""
    asked = {
        "LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}],
        "StartTime": datetime.now(UTC) - _DAY,
        "MaxResults": _PAGE,
    }
    try:
        answer = await door.call(place, "cloudtrail:LookupEvents", asked)
    except AwsTrouble as trouble:
        return Recent(place.region, 0, False, (), f"the trail could not be read: {trouble.kind}")
    events = answer["Events"]
    addresses = dict.fromkeys(filter(None, (_address(event.get("CloudTrailEvent")) for event in events)))
    return Recent(place.region, len(events), bool(answer.get("NextToken")), tuple(addresses))


def _address(record: Any) -> str:
    try:
        told = json.loads(str(record))
    except (ValueError, RecursionError):
        return ""
    return str(told.get("sourceIPAddress") or "") if isinstance(told, Mapping) else ""


def _complained(finding: Finding | None) -> Collection[str]:
    return {actor.value.raw() for actor in finding.actors if actor.kind == "ip"} if finding else set()

"""Which roles a role took on within the last day, as far as the trail tells.

``LookupEvents`` takes one attribute: by the role's ARN it knows who took the role on, and as which session; by a
session's name what that session did, ``AssumeRole`` among it (CloudTrail API reference; CloudTrail User Guide,
"Logging IAM and AWS STS API calls": the call is recorded in the region of the endpoint that it went to, those to the
global endpoint in us-east-1, and with the caller's account whoever owns the role). The newest page of each is read.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.wording import count, listed

DAY: Final = timedelta(hours=24)
SESSIONS: Final = 4
"""Sessions of a role that are looked at, the newest: two lookups a second is all that AWS answers."""

_PAGE: Final = 50
_GLOBAL: Final = "us-east-1"
_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Onward:
    """What was found, and in what."""

    roles: tuple[str, ...]
    """Of the same account, by name."""
    elsewhere: tuple[str, ...]
    """ARNs of those of other accounts."""
    regions: tuple[str, ...]
    sessions: tuple[str, ...]
    """Names of the sessions that were looked at; untrusted."""
    events: int
    """How many events that was."""
    more: bool
    """There are older events, or more sessions, than were read."""
    unread: str = ""
    """Why the trail could not be read; the kind of trouble."""

    def words(self) -> tuple[str, ...]:
        """Where was looked, what was found that is not ours to cut, what cannot be seen."""
        where = " and ".join(self.regions)
        if self.unread:
            return (
                f"which roles it took on is not known: the trail of {where} could not be read ({self.unread}); "
                "their sessions go on",
            )
        looked = (
            f"roles it took on were looked for in the last day's trail of {where}: "
            f"{count(self.events, 'event')} of {count(len(self.sessions), 'session')}{listed(self.sessions)}"
            + ("; there are older ones that were not read" if self.more else "")
        )
        cannot = (
            "not seen: other regions, the last minutes (the trail is late), sessions that were begun before that day, "
            "and what the roles it took on took on in turn, above all in accounts that are not yours: cut-role on each"
        )
        if not self.elsewhere:
            return (looked, cannot)
        theirs = f"it took on {count(len(self.elsewhere), 'role')} of other accounts{listed(self.elsewhere)}"
        return (looked, f"{theirs}: their sessions go on, iam-role-revoke-sessions there if they are yours", cannot)


async def look(door: Door, place: Place, role: str, sessions: Iterable[str] = ()) -> Onward:
    """Never raises ``AwsTrouble``. ``sessions`` are names known from elsewhere: an instance's id for its role's."""
    regions = tuple(dict.fromkeys((place.region, _GLOBAL)))
    since = datetime.now(UTC) - DAY
    nothing = Onward((), (), regions, (), 0, more=False)
    try:
        arn = str((await door.call(place, "iam:GetRole", {"RoleName": role}))["Role"]["Arn"])
        taken = await asyncio.gather(
            *(_events(door, Place(place.account, region), "ResourceName", arn, since) for region in regions)
        )
        begun = [_asked(event)[1] for events, _ in taken for event in events if _asked(event)[0] == arn]
        known = list(dict.fromkeys(name for name in (*sessions, *begun) if name))
        names = tuple(known[:SESSIONS])
        done = await asyncio.gather(
            *(
                _events(door, Place(place.account, region), "Username", name, since)
                for region in regions
                for name in names
            )
        )
    except AwsTrouble as trouble:
        return nothing if trouble.kind == "not_found" else replace(nothing, unread=str(trouble.kind))
    seen = [event for events, _ in done for event in events]
    onward = list(dict.fromkeys(_asked(event)[0] for event in seen if _by(event, place.account, role)))
    own = f"arn:{partition_of(place.region)}:iam::{place.account}:role/"
    ours = [found[2] for each in onward if each.startswith(own) and (found := _ROLE.fullmatch(each))]
    return Onward(
        roles=tuple(name for name in dict.fromkeys(ours) if name != role),
        elsewhere=tuple(each for each in onward if each and not each.startswith(own)),
        regions=regions,
        sessions=names,
        events=len(seen),
        more=len(known) > len(names) or any(more for _, more in (*taken, *done)),
    )


async def _events(
    door: Door, place: Place, key: str, value: str, since: datetime
) -> tuple[list[Mapping[str, Any]], bool]:
    """Records of the newest page, newest first, and whether there are more."""
    asked = {
        "LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}],
        "StartTime": since,
        "MaxResults": _PAGE,
    }
    answer = await door.call(place, "cloudtrail:LookupEvents", asked)
    return [_record(event.get("CloudTrailEvent")) for event in answer["Events"]], bool(answer.get("NextToken"))


def _record(text: Any) -> Mapping[str, Any]:
    """An event's own JSON, which is whatever the trail holds."""
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _asked(event: Mapping[str, Any]) -> tuple[str, str]:
    """The role that an event says was taken on, and the session's name; empty for any other event."""
    asked = event.get("requestParameters")
    if event.get("eventName") != "AssumeRole" or event.get("errorCode") or not isinstance(asked, Mapping):
        return "", ""
    role, name = str(asked.get("roleArn") or ""), str(asked.get("roleSessionName") or "")
    return (role, name) if _ROLE.fullmatch(role) else ("", "")


def _by(event: Mapping[str, Any], account: str, role: str) -> bool:
    """Did a session of this role take a role on? Another role's session may have the same name."""
    issuer: Any = event
    for key in ("userIdentity", "sessionContext", "sessionIssuer"):
        issuer = issuer.get(key) if isinstance(issuer, Mapping) else None
    if not isinstance(issuer, Mapping) or not _asked(event)[0]:
        return False
    return (issuer.get("accountId"), issuer.get("userName")) == (account, role)

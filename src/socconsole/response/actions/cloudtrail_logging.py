"""``cloudtrail-logging``: make a trail that was stopped record again.

Facts: CloudTrail API reference, ``StartLogging`` (from the trail's home region only, never on its shadows in other
regions), ``GetTrailStatus``, ``GetEventSelectors``. It stops nobody; it gives back the sight that an intruder took.

There is no way back on purpose: the responder's role holds no ``cloudtrail:StopLogging``, so that whoever
gets hold of it cannot blind us with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.text import token

_STATE: Final = "IsLogging"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]")
_ARN: Final = re.compile(r"arn:[a-z-]+:cloudtrail:[a-z0-9-]+:\d{12}:trail/([^/]+)")


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail as AWS described it in one round of reads."""

    name: str
    place: Place
    home: str
    """Region in which it may be started."""
    owner: str
    """Account that it belongs to: an organisation's trail is seen from its members too."""
    bucket: str
    everywhere: bool
    """It records all regions."""
    logging: bool
    delivery_error: str
    """What S3 said at the last delivery; empty when it went well."""
    selectors: Mapping[str, Any]
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


class CloudTrailLogging(Change[Trail]):
    """See the module's text."""

    info = Info(
        id="cloudtrail-logging",
        title="Make a stopped trail record again",
        target_type="trail",
        calls=("cloudtrail:StartLogging",),
        stops="nothing: it gives back sight; from then on what is done is recorded and delivered",
        does_not_stop="anything that is going on; what was done while it was stopped is in no log of this trail "
        "(management events of 90 days are in the event history all the same)",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.NO,
        captures="the trail, its status, its event selectors, tags",
        verifies="GetTrailStatus says IsLogging",
        undo_leaves="the trail goes on recording: no role of ours can stop one",
        pitfalls=(
            "only its home region can start it: another one is refused, and the home is named",
            "selectors may have been emptied instead, or besides: what it does not record is said",
            "the bucket may refuse what is delivered: the last delivery's error is said",
            "an organisation's trail is started by the account that owns it: refused elsewhere",
        ),
    )
    writes = ("StopLogging", "StartLogging", "UpdateTrail", "PutEventSelectors")
    types = ("AwsCloudTrailTrail", "AWS::CloudTrail::Trail")

    def name(self, target: str) -> str:
        arn = _ARN.fullmatch(target)
        name = arn[1] if arn else target
        if not _NAME.fullmatch(name):
            raise BadTarget(f"{token(target)!r} is not the name of a trail")
        return name

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        return (f"arn:{partition_of(place.region)}:cloudtrail:{place.region}:{place.account}:trail/{target.id}",)

    async def look(self, door: Door, target: Target) -> Trail:
        place = target.place
        parts = await read(
            door,
            place,
            {
                "trail": Part("cloudtrail:GetTrail", {"Name": target.id}),
                "status": Part("cloudtrail:GetTrailStatus", {"Name": target.id}),
                "selectors": Part("cloudtrail:GetEventSelectors", {"TrailName": target.id}, optional=True),
                "tags": Part("cloudtrail:ListTags", {"ResourceIdList": list(self.arns(target))}, optional=True),
            },
        )
        trail, status = parts.known("trail")["Trail"], parts.known("status")
        arn = str(trail.get("TrailARN", "")).split(":")
        listed = parts.known("tags").get("ResourceTagList", ())
        return Trail(
            name=target.id,
            place=place,
            home=str(trail.get("HomeRegion") or place.region),
            owner=arn[4] if len(arn) > 4 else place.account,
            bucket=str(trail.get("S3BucketName", "")),
            everywhere=bool(trail.get("IsMultiRegionTrail")),
            logging=bool(status["IsLogging"]),
            delivery_error=str(status.get("LatestDeliveryError") or ""),
            selectors=parts.known("selectors"),
            tags={tag["Key"]: tag.get("Value", "") for one in listed for tag in one.get("TagsList", ())},
            unread=parts.unread,
            evidence=parts.evidence,
        )

    def state(self, seen: Trail) -> State:
        return {_STATE: seen.logging}

    def cut(self, seen: Trail, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        why = ""
        if seen.owner != seen.place.account:
            why = f"the trail belongs to account {token(seen.owner)}: only that can start it"
        elif seen.home != seen.place.region:
            why = f"this is the shadow of a trail whose home is {token(seen.home)}: start it there"
        if why:
            return Cut(None, why, refusals=(why,))
        if seen.logging:
            return Cut(None, "would change nothing here: the trail is recording")
        regions = "all regions" if seen.everywhere else f"{seen.place.region} only"
        return Cut(
            wanted={_STATE: True},
            why="the trail is stopped: what is done now is not recorded",
            blast_radius=f"1 trail, of {regions}; nothing stops working; its events go to {token(seen.bucket)} again",
            fit=60,
            warnings=_warnings(seen),
        )

    def steps(self, seen: Trail, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or not wanted[_STATE]:
            return ()
        return (Call("cloudtrail", "StartLogging", {"Name": seen.name}),)

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        plan = await super().plan_undo(door, done)
        return replace(plan, why="cannot be undone from here: no role of ours may stop a trail, on purpose")

    def words(self, state: State) -> str:
        return "recording" if state[_STATE] else "stopped"


def _warnings(seen: Trail) -> tuple[str, ...]:
    out = []
    if seen.delivery_error:
        out.append(f"its last delivery failed ({token(seen.delivery_error)}): look at the policy of its bucket too")
    if not _management(seen.selectors) and "selectors" not in seen.unread:
        out.append("its selectors leave out management events that write: recording again, it would miss them")
    return tuple(out)


def _management(selectors: Mapping[str, Any]) -> bool:
    """Would the events that change something be recorded? No selectors at all record all management events."""
    basic: Sequence[Mapping[str, Any]] = selectors.get("EventSelectors") or ()
    advanced: Sequence[Mapping[str, Any]] = selectors.get("AdvancedEventSelectors") or ()
    if not basic and not advanced:
        return True
    if any(one.get("IncludeManagementEvents", True) and one.get("ReadWriteType", "All") != "ReadOnly" for one in basic):
        return True
    return any(_selects_writes(one.get("FieldSelectors", ())) for one in advanced)


def _selects_writes(fields: Sequence[Mapping[str, Any]]) -> bool:
    management = any(one.get("Field") == "eventCategory" and "Management" in one.get("Equals", ()) for one in fields)
    reads_only = any(one.get("Field") == "readOnly" and "true" in one.get("Equals", ()) for one in fields)
    return management and not reads_only


ACTION: Final = CloudTrailLogging()

"""``s3-data-events``: have an existing trail record every request to a bucket's objects from now on.

Object reads are data events: no event history and no trail has them unless a trail's selectors ask for them
(CloudTrail User Guide, "Logging data events"). A selector for this bucket is added to a trail that records, and
all others are kept. ``PutEventSelectors`` replaces the whole list, takes at most five basic selectors, works in
the trail's home region alone, and turns a trail's basic selectors away once it has advanced ones, so that the
kind a trail has is the kind that is added (CloudTrail API reference).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.s3_bucket import TYPES, bucket_arn, bucket_name
from socconsole.response.wording import count, listed
from socconsole.text import token

_MOST_BASIC: Final = 5
_KINDS: Final = ("AdvancedEventSelectors", "EventSelectors")
_OBJECTS: Final = "AWS::S3::Object"
_VERBS: Final = {1: "reads", 2: "reads and who writes"}


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail that can be changed here: of this account, its home in this region."""

    arn: str
    name: str
    logging: bool
    kind: str
    """``EventSelectors`` or ``AdvancedEventSelectors``."""
    selectors: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Recording:
    """What records in a region, as CloudTrail described it in one round of reads."""

    place: Place
    trails: tuple[Trail, ...]
    elsewhere: tuple[str, ...]
    """``NAME in REGION`` of trails that record here and are changed somewhere else; untrusted."""
    evidence: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


class S3DataEvents(Change[Recording]):
    """See the module's text."""

    info = Info(
        id="s3-data-events",
        title="Record every request to a bucket's objects from now on",
        target_type="bucket",
        calls=("cloudtrail:PutEventSelectors",),
        stops="nothing: it records from now on who reads and writes which object, for the trail's log bucket",
        does_not_stop="the leak; what was read before stays unrecorded",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.YES,
        captures="the trails of the region with their status and all their event selectors",
        verifies="a trail that records has a selector for the bucket's objects, and all others are as they were",
        undo_leaves="nothing; selectors that others added meanwhile stay",
        pitfalls=(
            "the list is written as a whole: a selector that somebody adds in that second is lost, which the "
            "read-back shows as PARTIAL",
            "a trail can only be changed in its home region: the region to name is said",
            "an organisation's trail belongs to another account: left alone",
            "data events cost by the event: said before",
            "they are delivered some minutes late, to the log bucket, and are not in the event history",
        ),
    )
    types = TYPES

    def name(self, target: str) -> str:
        return bucket_name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        trails = f"arn:{partition_of(place.region)}:cloudtrail:{place.region}:{place.account}:trail/*"
        return (bucket_arn(target), trails)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        """The trails that are written as well: a list is written as a whole, for another bucket too."""
        return tuple(Target(id_, plan.place) for id_ in dict.fromkeys((plan.target, *plan.before)))

    async def look(self, door: Door, target: Target) -> Recording:
        place = target.place
        listed = await read(door, place, {"trails": Part("cloudtrail:DescribeTrails", {"includeShadowTrails": True})})
        here, elsewhere = [], []
        for trail in listed.known("trails")["trailList"]:
            ours = str(trail["TrailARN"]).split(":")[4] == place.account
            if ours and trail.get("HomeRegion", place.region) == place.region:
                here.append(trail)
            else:
                elsewhere.append(f"{trail['Name']} in {trail.get('HomeRegion', '?')}")
        parts = await asyncio.gather(*(_parts(door, place, str(trail["TrailARN"])) for trail in here))
        found = tuple(
            Trail(str(trail["TrailARN"]), str(trail["Name"]), bool(status["IsLogging"]), *_selectors(said))
            for trail, (status, said) in zip(here, parts, strict=True)
        )
        evidence = {
            **listed.evidence,
            "selectors": {trail.arn: {trail.kind: list(trail.selectors)} for trail in found},
            "recording": {trail.arn: trail.logging for trail in found},
        }
        return Recording(place, tuple(sorted(found, key=lambda trail: trail.arn)), tuple(elsewhere), evidence)

    def state(self, seen: Recording) -> State:
        return {trail.arn: {trail.kind: list(trail.selectors)} for trail in seen.trails}

    def cut(self, seen: Recording, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        return self._record(seen, target, ("ReadOnly",))

    def hardened(self, seen: Recording, target: Target, own: Collection[str]) -> Cut | None:
        """What is to be stopped is reading; the check LOG-02 asks for writes as well."""
        return self._record(seen, target, ("ReadOnly", "WriteOnly"))

    def _record(self, seen: Recording, target: Target, kinds: Sequence[str]) -> Cut:
        """``kinds`` of requests, each of which has to be recorded."""
        bucket = bucket_arn(target)
        recorded = [
            trail
            for trail in seen.trails
            if all(any(_covers(one, bucket, kind) for one in trail.selectors) for kind in kinds)
        ]
        if any(trail.logging for trail in recorded):
            return Cut(
                None, f"would change nothing here: {token(recorded[0].name)} records the bucket's objects already"
            )
        if recorded:
            return Cut(
                None,
                f"{token(recorded[0].name)} would record the bucket's objects, and is stopped",
                instead="cloudtrail-logging: it makes that trail record again",
            )
        fitting = [trail for trail in seen.trails if trail.logging and _has_room(trail)]
        if not fitting:
            return Cut(None, _no_trail(seen), instead=_home(seen))
        chosen = fitting[0]
        added = [*chosen.selectors, _selector(chosen.kind, bucket, target.id)]
        return Cut(
            {chosen.arn: {chosen.kind: added}},
            why=f"no trail records who {_VERBS[len(kinds)]} the bucket's objects; {token(chosen.name)} can",
            blast_radius=f"1 trail, {token(chosen.name)}, of {count(len(chosen.selectors), 'selector')}; nothing stops "
            "working; every request to the bucket's objects is recorded, and billed by the event",
            fit=30,
            warnings=("what was read until now stays unrecorded",),
        )

    def steps(self, seen: Recording, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        return tuple(
            Call("cloudtrail", "PutEventSelectors", {"TrailName": arn, **wanted[arn]})
            for arn, selectors in now.items()
            if arn in wanted and wanted[arn] != selectors
        )

    def restored(self, seen: Recording, done: Plan) -> State:
        """Without what the action added, where it is still there; all else as it is now."""
        back: dict[str, Any] = {}
        for trail in seen.trails:
            before, after = (plan.get(trail.arn, {}).get(trail.kind, []) for plan in (done.before, done.after))
            ours = [one for one in after if one not in before]
            back[trail.arn] = {trail.kind: [one for one in trail.selectors if one not in ours]}
        return back

    def words(self, state: State) -> str:
        said = (
            f"{token(arn.rpartition('/')[2])}: {count(sum(map(len, kinds.values())), 'selector')}"
            for arn, kinds in state.items()
        )
        return "; ".join(said) or "no trail"


async def _parts(door: Door, place: Place, trail: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    parts = await read(
        door,
        place,
        {
            "status": Part("cloudtrail:GetTrailStatus", {"Name": trail}),
            "selectors": Part("cloudtrail:GetEventSelectors", {"TrailName": trail}),
        },
    )
    return parts.known("status"), parts.known("selectors")


def _selectors(answer: Mapping[str, Any]) -> tuple[str, Sequence[Mapping[str, Any]]]:
    kind = next((kind for kind in _KINDS if answer.get(kind)), "EventSelectors")
    return kind, answer.get(kind) or []


def _has_room(trail: Trail) -> bool:
    return trail.kind == "AdvancedEventSelectors" or len(trail.selectors) < _MOST_BASIC


def _selector(kind: str, bucket: str, name: str) -> Mapping[str, Any]:
    """As AWS returns it, so that what is read back is what was written."""
    if kind == "EventSelectors":
        return {
            "ReadWriteType": "All",
            "IncludeManagementEvents": False,
            "DataResources": [{"Type": _OBJECTS, "Values": [f"{bucket}/"]}],
            "ExcludeManagementEventSources": [],
        }
    return {
        "Name": f"socconsole {name}",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": [_OBJECTS]},
            {"Field": "resources.ARN", "StartsWith": [f"{bucket}/"]},
        ],
    }


def _covers(selector: Mapping[str, Any], bucket: str, kind: str) -> bool:
    """Does a selector record all requests of a kind to all the bucket's objects? Narrower ones do not count.

    ``kind`` is ``ReadOnly`` or ``WriteOnly``, as basic selectors call it.
    """
    objects = f"{bucket}/"
    if "FieldSelectors" not in selector:
        values = [
            value
            for one in selector.get("DataResources", ())
            if one.get("Type") == _OBJECTS
            for value in one.get("Values", ())
        ]
        asked = selector.get("ReadWriteType", "All") in ("All", kind)
        return asked and any(objects.startswith(value) for value in values)
    fields = {str(one.get("Field")): one for one in selector["FieldSelectors"]}
    if fields.keys() - {"eventCategory", "resources.type", "resources.ARN", "readOnly"}:
        return False
    where = fields.get("resources.ARN")
    starts = where.get("StartsWith", ()) if where else [objects]
    only = ["true" if kind == "ReadOnly" else "false"]
    return (
        fields.get("eventCategory", {}).get("Equals") == ["Data"]
        and _OBJECTS in fields.get("resources.type", {}).get("Equals", ())
        and fields.get("readOnly", {}).get("Equals", only) == only
        and any(objects.startswith(start) for start in starts)
    )


def _no_trail(seen: Recording) -> str:
    stopped = [trail.name for trail in seen.trails if not trail.logging]
    if stopped:
        return (
            "no trail records here: "
            + ", ".join(map(token, stopped[:4]))
            + (" are stopped" if stopped[1:] else " is stopped")
        )
    if seen.trails:
        return f"every trail of this region has {_MOST_BASIC} selectors, and takes no more"
    return "no trail of this account has its home in this region" + listed(seen.elsewhere)


def _home(seen: Recording) -> str:
    if any(not trail.logging for trail in seen.trails):
        return "cloudtrail-logging: it makes a stopped trail record again"
    return "s3-data-events with that --region: a trail is changed in its home alone" if seen.elsewhere else ""


ACTION: Final = S3DataEvents()

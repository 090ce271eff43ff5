"""``doctor`` on the trail of one region: can it be listed, and what do trails record here at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socconsole.cli.checks import Check, fail, ok, warn
from socconsole.cli.common import Code
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.aws import Door
    from socconsole.model.trail import Recordings
    from socconsole.model.world import Place

DEADLINE: Final = 10.0


async def look(door: Door, place: Place, area: str) -> list[Check]:
    from socconsole.aws import AwsTrouble
    from socconsole.collectors import trail_status

    found: list[Check] = []
    try:
        await door.call(place, "cloudtrail:LookupEvents", {"MaxResults": 1}, deadline=DEADLINE)
        found.append(ok(area, "cloudtrail:LookupEvents answers"))
        told = await trail_status.look(door, place)
    except AwsTrouble as trouble:
        said = f"{trouble.operation}: {trouble.kind}: {clean(trouble.detail, 300)}"
        return [*found, fail(area, said, trouble.remedy, Code.NOT_FRESH)]
    return [*found, *_recorded(told, area)]


def _recorded(told: Recordings, area: str) -> list[Check]:
    from socconsole.model.trail import MANAGEMENT, UNREAD

    live = [trail for trail in told.trails if trail.logging]
    if not live:
        mend = f"aws cloudtrail create-trail --is-multi-region-trail … --region {told.place.region}"
        return [warn(area, "no trail records here: of reads, and of what is older than 90 days, nothing is left", mend)]
    names = ", ".join(clean(trail.arn.rpartition("/")[2], 60) for trail in live)
    chosen = [one for trail in live for one in trail.selections]
    if any(one.narrow == UNREAD for one in chosen):
        return [warn(area, f"{names}: not all selectors may be read here, so what is recorded is not known")]
    found = [ok(area, f"{names} records here")]
    if not any(one.what == MANAGEMENT and one.writes for one in chosen):
        found.append(warn(area, "no trail records the calls that change something"))
    if not any(one.what == "AWS::S3::Object" and one.reads for one in chosen):
        said = "no trail records reads of S3 objects: rules over them say UNKNOWN (s3-data-events adds them)"
        found.append(ok(area, said))
    return found

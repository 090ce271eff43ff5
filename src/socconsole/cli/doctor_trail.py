"""``doctor`` on the trail of one region: can it be listed, and what do trails record here at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socconsole.cli.checks import Check, fail, ok, warn
from socconsole.cli.exits import Code
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.aws import Door
    from socconsole.model.trail import Recordings, TrailState
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
    stopped = [_stopped(trail, area) for trail in told.trails if not trail.logging]
    if not live:
        # The bucket's policy has to let CloudTrail write: no command can know which bucket that is.
        mend = (
            "aws cloudtrail create-trail --name all-regions --s3-bucket-name THE-BUCKET --is-multi-region-trail "
            f"--enable-log-file-validation --region {told.place.region} && "
            f"aws cloudtrail start-logging --name all-regions --region {told.place.region}"
        )
        said = "no trail records here: of reads, and of what is older than 90 days, nothing is left"
        return [*stopped, warn(area, said)] if stopped else [warn(area, said, mend)]
    names = ", ".join(clean(trail.arn.rpartition("/")[2], 60) for trail in live)
    chosen = [one for trail in live for one in trail.selections]
    if any(one.narrow == UNREAD for one in chosen):
        said = f"{names}: not all selectors may be read here, so what is recorded is not known"
        return [*stopped, warn(area, said)]
    found = [*stopped, ok(area, f"{names} records here")]
    if not any(one.what == MANAGEMENT and one.writes for one in chosen):
        found.append(warn(area, "no trail records the calls that change something"))
    if not any(one.what == "AWS::S3::Object" and one.reads for one in chosen):
        at = f"--account {told.place.account} --region {told.place.region}"
        mend = f"socconsole contain s3-data-events BUCKET {at} --plan   (for each bucket that matters)"
        found.append(warn(area, "no trail records reads of S3 objects: rules over them say UNKNOWN", mend))
    return found


def _stopped(trail: TrailState, area: str) -> Check:
    from socconsole.model.trail import start_command

    _, _, _, home, owner, name = trail.arn.split(":", 5) if trail.arn.count(":") >= 5 else ("",) * 5 + (trail.arn,)
    since = f" since {trail.stopped:%Y-%m-%dT%H:%MZ}" if trail.stopped else ""
    whose = f" (of {owner}, {home})" if owner else ""
    said = f"{clean(name.rpartition('/')[2], 60)}{whose} does not record{since}: it was stopped"
    return warn(area, said, start_command(trail.arn))

"""What the trail can say of the stores that a finding is about: whether reads of them are recorded at all, and, where
they are not, what the store's meter saw leave.

No bound: request metrics of S3 are delivered on a best-effort basis, and ``BytesDownloaded`` counts neither what is
replicated nor what ``CopyObject`` takes elsewhere (S3 User Guide, "Monitoring metrics with Amazon CloudWatch").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.model.finding import Finding, first_known
from socconsole.model.trail import Recording, resource_name
from socconsole.store import egress, egress_view, leaving, recording
from socconsole.text import Untrusted, token

LISTED: Final = 3
"""Stores of one finding that are looked at."""

_PERIOD: Final = timedelta(minutes=5)
"""The longest period of a store's meter."""

_READ: Final = {
    "AwsDynamoDbTable": "AWS::DynamoDB::Table",
    "AwsS3Bucket": recording.OBJECTS,
    "AwsS3Object": recording.OBJECTS,
    "S3Bucket": recording.OBJECTS,
    "S3Object": recording.OBJECTS,
}
"""Resource types of findings that hold data, and what a trail's selectors call reading it."""


@dataclass(frozen=True, slots=True)
class Told:
    """``why`` is ours, in words; ``since`` is when the finding's activity began, as far as is known."""

    store: Untrusted
    since: datetime
    verdict: Recording
    why: str


def of_finding(conn: Connection, finding: Finding, now: datetime) -> tuple[Told, ...]:
    """Whether reads of the finding's stores, from its first activity until now, can be in a trail."""
    began = first_known(finding.occurred, finding.published, finding.seen) or now
    found: dict[str, Told] = {}
    for each in finding.resources:
        what = _READ.get(each.type)
        name = resource_name(each.id.raw())
        if what is None or not name or name in found or len(found) >= LISTED:
            continue
        verdict, why = recording.recorded(
            conn,
            name,
            (began, now),
            what,
            account=each.account or finding.account,
            region=each.region or finding.region,
            metered=_metered(conn, name, began, now),
        )
        found[name] = Told(Untrusted(name), began, verdict, why)
    return tuple(found.values())


def _metered(conn: Connection, name: str, since: datetime, now: datetime) -> int | None:
    """Bytes that left a store since then by its own meter; None unless that was read for all of the time."""
    known = egress.path_of(conn, [token(name)])
    path = egress.path(conn, known) if known else None
    if path is None or path.resource != name:
        return None
    meter = egress_view.meter(conn, path, since - _PERIOD)  # the period in which it began counts as a whole
    if meter is None or (meter.series.unit, meter.series.statistic) != ("bytes", "Sum"):
        return None
    held = egress.find_series(conn, meter.series)
    if held is None or held.complete_from is None or held.complete_to is None:
        return None
    if held.complete_from > since - _PERIOD or now - held.complete_to > leaving.BEHIND:
        return None
    return int(sum(value for _, value in meter.points))

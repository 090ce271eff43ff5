"""The trail as it lies in a CloudWatch log group: complete, data events and calls that only read among it.

Facts (CloudWatch Logs API reference): ``FilterLogEvents`` takes milliseconds, both ends inclusive, and gives up to
10,000 events or 1 MB a page, in no order that is promised over several streams; a page may be empty and still have
a successor. A record is one event's ``message``. So windows are read whole, oldest first, and the next one begins
where the last one ended, by CloudTrail's delay earlier.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from socconsole.aws import Door
from socconsole.collectors.trail_spans import DEEP, LATE, USUAL, Group
from socconsole.formats import Record, read_bytes
from socconsole.model.trail import Recordings
from socconsole.model.world import Place

FILTER: Final = "logs:FilterLogEvents"
FIRST: Final = timedelta(hours=1)
"""What the first reading of a group goes back: ``LookupEvents`` goes back further."""
WINDOW: Final = timedelta(minutes=5)
"""Short, because a window that was cut short is read from its beginning again."""
PAGES: Final = 5_000


def here(told: Recordings) -> tuple[str, ...]:
    """ARNs of the log groups in this place that a recording trail sends to."""
    found = {trail.log_group.removesuffix(":*") for trail in told.trails if trail.logging and trail.log_group}
    where = f":{told.place.region}:{told.place.account}:log-group:"
    return tuple(sorted(arn for arn in found if where in arn))


async def read(
    door: Door, place: Place, group: str, known: Group, now: datetime
) -> AsyncIterator[tuple[tuple[Record, ...], Group | None]]:
    """Records since ``known``, page by page; after each window, how far all is read.

    ``group`` is an ARN. Raises ``AwsTrouble``: what was read before stands, the window is read again.
    """
    settling = now - known.settled >= LATE + DEEP
    at = known.settled if settling else max(known.settled, known.mark - USUAL)
    while at < now:
        end = min(at + WINDOW, now)
        params = {
            "logGroupName": name(group),
            "startTime": _milliseconds(at),
            "endTime": _milliseconds(end),
        }
        async for page in door.pages(place, FILTER, params, limit=PAGES):
            yield _records(page["events"]), None
        at = end
        yield (), Group(max(at, known.mark), min(at, now - LATE) if settling else known.settled)


def name(group: str) -> str:
    """What a log group's ARN calls it."""
    return group.partition(":log-group:")[2]


def begin(now: datetime) -> Group:
    return Group(now - FIRST, now - FIRST)


def _records(events: Sequence[Any]) -> tuple[Record, ...]:
    return tuple(record for one in events for record in read_bytes(str(one.get("message", "")).encode()))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

"""CloudWatch alarms: their history since the last change that was seen, then all of them as they stand.

Facts (CloudWatch API reference): without ``AlarmTypes`` both operations leave composite alarms out; 100 a page; the
history is kept for 30 days and names alarms by name only, so that their ARN is put together. An alarm that went to
ALARM and back between two readings is in the history alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.aws import Door
from socconsole.collectors.base import Batch
from socconsole.formats import Quarantined, Record, Unreadable, alarm
from socconsole.formats.fields import body, instant, plain
from socconsole.model.egress import Alarm, Alarms
from socconsole.model.regions import partition_of
from socconsole.model.world import Place

SERVICE: Final = "alarms"

TYPES: Final = ("MetricAlarm", "CompositeAlarm")

FIRST: Final = timedelta(days=7)
"""How much of the history is read the first time."""

_PAGES: Final = 1_000
_CHANGES: Final = 500


async def collect(door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
    """What changed since ``cursor`` (an instant), then every alarm. Raises ``AwsTrouble``."""
    since = instant(cursor) or datetime.now(UTC) - FIRST
    params = {"AlarmTypes": list(TYPES), "StartDate": since, "ScanBy": "TimestampAscending"}
    records: list[Record] = []
    async for page in door.pages(place, "cloudwatch:DescribeAlarmHistory", params, limit=_PAGES):
        for item in page["AlarmHistoryItems"]:
            records.append(_change(item, place))
            since = max(since, instant(item.get("Timestamp")) or since)
        if len(records) >= _CHANGES:
            yield Batch(tuple(records), since.isoformat(), complete=False)
            records = []
    found: list[Alarm] = []
    async for page in door.pages(place, "cloudwatch:DescribeAlarms", {"AlarmTypes": list(TYPES)}, limit=_PAGES):
        for item in (*page["MetricAlarms"], *page["CompositeAlarms"]):
            try:
                found.append(alarm.described(item))
            except Unreadable as why:
                records.append(Quarantined(body(_plain(item)), str(why), 0))
    whole = Alarms(place, tuple(found), complete=not any(isinstance(each, Quarantined) for each in records))
    yield Batch(tuple(records), since.isoformat(), complete=whole.complete, listings=(whole,))


async def sweep(door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
    """Nothing: every reading has all alarms already."""
    for _ in ():
        yield Batch((), None, complete=False)


def _change(item: dict[str, Any], place: Place) -> Record:
    name = plain(item.get("AlarmName"), 255)
    arn = f"arn:{partition_of(place.region)}:cloudwatch:{place.region}:{place.account}:alarm:{name}"
    try:
        return alarm.history(item, arn)
    except Unreadable as why:
        return Quarantined(body(_plain(item)), str(why), 0)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in item.items()}

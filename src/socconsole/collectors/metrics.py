"""CloudWatch's meters of ways out, and of what their alarms compare: only what is missing.

Facts (CloudWatch API reference, GetMetricData): at most 500 queries a call and 100,800 points an answer; ``EndTime`` is
exclusive, a point carries the begin of its period; one-minute points are kept 15 days. Points come in late, so that the
last three periods are read again. A query that matches nothing is answered with no points and ``Complete``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from socconsole.aws import Door
from socconsole.collectors.base import Batch
from socconsole.model.egress import Points, Series
from socconsole.model.world import Place
from socconsole.text import Untrusted
from socconsole.triage.ways_out import Wanted

SERVICE: Final = "metrics"

QUERIES: Final = 500
POINTS: Final = 25_000
"""Asked for at once: a quarter of what an answer may hold, so that it is here well before its deadline."""

_PAGES: Final = 100


class Metrics:
    """The collector. ``wanted`` tells what is missing of a place's series: the store knows, and it does not."""

    def __init__(self, wanted: Callable[[Place, datetime], Awaitable[Sequence[Wanted]]]) -> None:
        self._wanted = wanted

    async def collect(self, door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
        """A batch a call. Raises ``AwsTrouble``; batches yielded before stand."""
        now = datetime.now(UTC)
        failed = 0
        calls = list(_calls(await self._wanted(place, now), now))
        for number, (some, end) in enumerate(calls, 1):
            points = [points async for points in _read(door, place, some, end)]
            failed += sum(one.complete_to is None for one in points)
            if number < len(calls):
                yield Batch((), None, False, (number, len(calls)), listings=tuple(points))
                continue
            lacking = Untrusted(f"CloudWatch did not answer {failed} of its meters completely" if failed else "")
            yield Batch((), None, not failed, detail=lacking, listings=tuple(points))
        if not calls:
            yield Batch((), None, complete=True)

    async def sweep(self, door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
        """Nothing: points are no findings."""
        for _ in ():
            yield Batch((), None, complete=False)


def _calls(wanted: Sequence[Wanted], now: datetime) -> Iterator[tuple[list[Wanted], datetime]]:
    """What is asked together: the same period and begin, and no more points than one answer holds."""

    def together(one: Wanted) -> tuple[int, datetime]:
        return one.series.period_s, one.since

    for (period, since), same in groupby(sorted(wanted, key=together), key=together):
        end = datetime.fromtimestamp(int(now.timestamp()) // period * period, UTC)
        each = max(1, int((end - since).total_seconds()) // period)
        size = max(1, min(QUERIES, POINTS // each))
        rest = list(same)
        for start in range(0, len(rest), size):
            yield rest[start : start + size], end


async def _read(door: Door, place: Place, some: Sequence[Wanted], end: datetime) -> AsyncIterator[Points]:
    params = {
        "MetricDataQueries": [_query(f"q{n}", one.series) for n, one in enumerate(some)],
        "StartTime": some[0].since,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
    }
    points: dict[str, dict[datetime, float]] = {}
    status: dict[str, str] = {}
    async for page in door.pages(place, "cloudwatch:GetMetricData", params, limit=_PAGES):
        for result in page["MetricDataResults"]:
            id_ = str(result.get("Id"))
            told = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
            points.setdefault(id_, {}).update((at.astimezone(UTC), float(value)) for at, value in told)
            status[id_] = str(result.get("StatusCode"))
    for n, one in enumerate(some):
        found = tuple(sorted(points.get(f"q{n}", {}).items()))
        yield Points(one.series, found, one.since, end if status.get(f"q{n}") == "Complete" else None)


def _query(id_: str, series: Series) -> dict[str, Any]:
    metric = {
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
    }
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": series.period_s, "Stat": series.statistic}}

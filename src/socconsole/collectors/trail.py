"""CloudTrail where nothing is pushed: ``LookupEvents``, what trails record, and a trail's own log group.

Facts (API reference): 2 requests a second for each account and Region, 50 events a page, newest first, one attribute
a lookup, 90 days of management events, and no data events. Calls that change something are asked for
(``ReadOnly=false``); ``AssumeRole`` counts as reading, so sessions are known from push, a log group or imports. The
quota is each place's own: no account waits for another.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors import trail_logs, trail_spans, trail_status
from socconsole.collectors.base import Batch
from socconsole.collectors.trail_spans import Cursor
from socconsole.formats import Record, read_object
from socconsole.formats.fields import first_instant, mapping
from socconsole.model.trail import EVERY, MANAGEMENT, Recordings, Selection
from socconsole.model.world import Place
from socconsole.text import Untrusted, clean

SERVICE: Final = "trail"
LOOKUP: Final = "cloudtrail:LookupEvents"
GLOBAL_REGION: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where a partition records the calls on IAM and the global endpoint of STS."""

LOOK: Final = timedelta(minutes=5)
"""How often a place is asked what its trails record."""
BUDGET_S: Final = 60.0
"""Seconds after which a reading ends with what it has, so that news never waits long for history."""
PAGES: Final = 5_000

_CHANGES: Final = [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]


async def collect(
    door: Door,
    place: Place,
    cursor: str | None,
    now: datetime | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Batch]:
    """What the trail has to say since ``cursor``, newest first; complete when nothing is owed.

    Raises ``AwsTrouble``; batches yielded before stand. Throttling is none: the reading ends early, and says how
    far behind it is.
    """
    now = now or datetime.now(UTC)
    end = clock() + BUDGET_S
    state = trail_spans.begin(trail_spans.stored(cursor), now)
    state, told, said = await _look(door, place, state, now)
    if told is not None:
        yield Batch((), None, False, detail=_detail(state, now), recordings=told)
    try:
        async for records, reached in _lookup(door, place, state):
            state = reached
            yield Batch(records, trail_spans.kept(state), False, detail=_detail(state, now))
            if clock() > end:
                break
    except AwsTrouble as trouble:
        if trouble.kind is not Kind.THROTTLED:
            raise
        yield Batch((), None, False, detail=_detail(state, now, "throttled"), note=_note(place, state, said))
        return
    logs = ""
    for group in state.groups:
        try:
            async for records, known in trail_logs.read(door, place, group, state.groups[group], now):
                if known is not None:
                    state = msgspec.structs.replace(state, groups={**state.groups, group: known})
                yield Batch(records, trail_spans.kept(state), False, detail=_detail(state, now))
                if known is not None and clock() > end:
                    break
        except AwsTrouble as trouble:
            why = f"log group {trail_logs.name(group)}: {trouble.kind}: {clean(trouble.detail)}"
            if trouble.kind is Kind.DENIED:  # no worse than a trail that sends to none
                said = "; ".join(part for part in (said, why) if part)
            else:
                logs = why
    owed = [one.mark for one in state.groups.values() if one.mark < now]
    if owed and not (logs or said):
        logs = f"log group {trail_spans.far(min(owed), now)}"
    detail = "; ".join(part for part in (trail_spans.behind(state, now), logs) if part)
    yield Batch((), trail_spans.kept(state), not detail, detail=Untrusted(detail), note=_note(place, state, said))


async def sweep(door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
    """Nothing: what happened does not change."""
    for _ in ():
        yield Batch((), None, complete=False)


async def _lookup(door: Door, place: Place, state: Cursor) -> AsyncIterator[tuple[tuple[Record, ...], Cursor]]:
    """Pages of what is owed, and what remains after each. Raises ``AwsTrouble``."""
    while state.spans:
        since, until = state.spans[0].window
        params: dict[str, Any] = {"LookupAttributes": _CHANGES, "StartTime": since}
        if until < state.mark:  # else up to the newest there is, by whatever clock
            params["EndTime"] = until
        down = until
        async for page in door.pages(place, LOOKUP, params, limit=PAGES):
            events = page["Events"]
            times = [moment for one in events if (moment := first_instant(mapping(one).get("EventTime")))]
            # Only in descending order does a page say that everything after its last event has been told.
            if times and times == sorted(times, reverse=True) and times[0] <= down:
                down = times[-1]
                state = trail_spans.reached(state, down)
            yield tuple(record for n, one in enumerate(events, 1) for record in read_object(one, n)), state
        state = trail_spans.listed(state, since)
        yield (), state


async def _look(door: Door, place: Place, state: Cursor, now: datetime) -> tuple[Cursor, Recordings | None, str]:
    """What records here, when that is due, and why it cannot be said. It never keeps events from being read."""
    if state.looked is not None and timedelta() <= now - state.looked < LOOK:
        return state, None, ""
    try:
        told = await trail_status.look(door, place)
    except AwsTrouble as trouble:
        return state, None, f"what trails record is not known: {trouble.operation}: {trouble.kind}"
    groups = {group: state.groups.get(group, trail_logs.begin(now)) for group in trail_logs.here(told)}
    failing = "; ".join(f"trail {one.arn.rpartition('/')[2]}: {one.failing}" for one in told.trails if one.failing)
    state = msgspec.structs.replace(state, looked=now, groups=groups, buckets=_buckets(told), failing=failing)
    return state, told, ""


def _buckets(told: Recordings) -> tuple[str, ...]:
    whole = Selection(MANAGEMENT, EVERY, reads=True, writes=True)
    return tuple({one.bucket for one in told.trails if one.logging and one.bucket and whole in one.selections})


def _detail(state: Cursor, now: datetime, why: str = "") -> Untrusted:
    return Untrusted("; ".join(part for part in (why, trail_spans.behind(state, now)) if part))


def _note(place: Place, state: Cursor, said: str) -> Untrusted:
    parts = [said, state.failing]
    if not state.groups:
        parts.append("calls that only read, AssumeRole among them, are told by push or a trail's log group alone")
    if place.region in GLOBAL_REGION.values():
        parts.append("IAM and STS record here for every Region, so it is read whether configured or not")
    return Untrusted("; ".join(part for part in parts if part))

"""Security Hub findings of one account and region.

Four readings share a cursor. *First*: what is open, 30 days, newest first. *Live*: everything that moved since the
watermark, with an overlap, because findings arrive late and providers' clocks differ. *Sweep*: what is active,
again and again, a few pages a round: ``BatchUpdateFindings`` does not move ``UpdatedAt``, so that other people's
workflow changes are seen only by reading again. *Backfill*: what is open from 30 to 90 days ago, behind the rest.

A walk backwards in time keeps its place as a date instead of a page token: tokens end, dates do not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors.base import Batch, records_of, stamp
from socconsole.model.world import Place

GET: Final = "securityhub:GetFindings"
FIRST_SPAN: Final = timedelta(days=30)
BACKFILL_SPAN: Final = timedelta(days=90)
OVERLAP: Final = timedelta(minutes=10)
SWEEP_PAGES: Final = 10
BACKFILL_PAGES: Final = 5
BACKGROUND_COST: Final = 2.0
"""Background readings pay double, which leaves half of the token bucket to the live one."""
_AHEAD: Final = timedelta(days=1)
"""Providers' clocks may run ahead; a filter that ended now would hide what they date later."""
_OPEN: Final = {
    "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    "WorkflowStatus": [
        {"Value": "NEW", "Comparison": "EQUALS"},
        {"Value": "NOTIFIED", "Comparison": "EQUALS"},
    ],
}
_ACTIVE: Final = {"RecordState": _OPEN["RecordState"]}


class Cursor(msgspec.Struct, kw_only=True):
    """How far each reading has come. Dates are RFC 3339; empty means not begun."""

    watermark: str = ""
    first: str = ""
    """Where the first reading stands, walking back; ``done`` at its end."""
    sweep: str = ""
    backfill: str = ""


DONE: Final = "done"


async def collect(door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
    """Read what there is to read now. Raises :class:`AwsTrouble`."""
    at = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
    now = datetime.now(UTC)
    if at.first != DONE:
        async for batch in _first(door, place, at, now):
            yield batch
    async for batch in _live(door, place, at, now):
        yield batch
    try:
        async for batch in _sweep(door, place, at, now):
            yield batch
        async for batch in _backfill(door, place, at, now):
            yield batch
    except AwsTrouble as trouble:
        if trouble.kind is not Kind.THROTTLED:  # background work steps back; the live reading was whole
            raise


async def _first(door: Door, place: Place, at: Cursor, now: datetime) -> AsyncIterator[Batch]:
    if not at.watermark:
        at.watermark = stamp(now)
    since = now - FIRST_SPAN
    read = 0
    params = _asked(_OPEN, since, at.first or stamp(now + _AHEAD), "desc")
    async for page in door.pages(place, GET, params):
        found = page["Findings"]
        read += len(found)
        at.first = _earliest(found, at.first)
        yield Batch(records_of(found), _encode(at), complete=False, detail=f"first reading: {read} so far")
    at.first = DONE
    at.backfill = stamp(since)


async def _live(door: Door, place: Place, at: Cursor, now: datetime) -> AsyncIterator[Batch]:
    since = datetime.fromisoformat(at.watermark) - OVERLAP
    params = _asked({}, since, stamp(now + _AHEAD), "asc")
    held: tuple[Any, ...] = ()
    async for page in door.pages(place, GET, params):
        if held:
            yield Batch(held, _encode(at))
        held = records_of(page["Findings"])
        latest = max((str(one.get("UpdatedAt", "")) for one in page["Findings"]), default="")
        at.watermark = _later(at.watermark, latest, now)
    yield Batch(held, _encode(at), complete=True)


async def _sweep(door: Door, place: Place, at: Cursor, now: datetime) -> AsyncIterator[Batch]:
    start = at.sweep or stamp(now + _AHEAD)
    async for found, rest in _back(door, place, _ACTIVE, now - FIRST_SPAN, start, SWEEP_PAGES):
        at.sweep = rest
        yield Batch(records_of(found), _encode(at))


async def _backfill(door: Door, place: Place, at: Cursor, now: datetime) -> AsyncIterator[Batch]:
    if at.backfill == DONE:
        return
    since = now - BACKFILL_SPAN
    async for found, rest in _back(door, place, _OPEN, since, at.backfill, BACKFILL_PAGES):
        at.backfill = rest or DONE
        yield Batch(records_of(found), _encode(at))


async def _back(
    door: Door, place: Place, filters: dict[str, Any], since: datetime, start: str, pages: int
) -> AsyncIterator[tuple[list[dict[str, Any]], str]]:
    """Up to ``pages`` pages backwards from ``start``: (findings, where to go on; empty at the end)."""
    position = start
    held: list[dict[str, Any]] | None = None
    read = 0
    async for page in door.pages(place, GET, _asked(filters, since, start, "desc"), cost=BACKGROUND_COST):
        if held is not None:
            yield held, position
        held = page["Findings"]
        position = _earliest(held, position)
        read += 1
        if read == pages and page.get("NextToken"):
            if position == start:  # a whole round of one instant: step over it rather than stand still
                position = stamp(datetime.fromisoformat(start) - timedelta(milliseconds=1))
            yield held, position
            return
    yield held or [], ""


def _asked(filters: dict[str, Any], since: datetime, until: str, order: str) -> dict[str, Any]:
    return {
        "Filters": {**filters, "UpdatedAt": [{"Start": stamp(since), "End": until}]},
        "SortCriteria": [{"Field": "UpdatedAt", "SortOrder": order}],
    }


def _earliest(found: list[dict[str, Any]], position: str) -> str:
    """The last finding's date, walking back; the old place where it has none that can be read."""
    for one in reversed(found):
        try:
            return stamp(datetime.fromisoformat(str(one.get("UpdatedAt", ""))))
        except ValueError:
            continue
    return position


def _later(watermark: str, updated: str, now: datetime) -> str:
    """The later of two dates, but never the future: a provider's clock must not make us skip others' findings."""
    try:
        moment = datetime.fromisoformat(updated)
    except ValueError:
        return watermark
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return stamp(max(datetime.fromisoformat(watermark), min(moment, now)))


def _encode(at: Cursor) -> str:
    return msgspec.json.encode(at).decode("ascii")

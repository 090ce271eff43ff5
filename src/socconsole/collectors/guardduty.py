"""GuardDuty findings of one account and region: every detector, ids first, then 50 findings a call.

*First*: what is not archived, 90 days (all that GuardDuty keeps). *Live*: what was updated since the watermark,
archived or not. *Sweep*: what was archived lately, because archiving does not move ``UpdatedAt``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors.base import Batch, records_of
from socconsole.model.world import Place

LIST: Final = "guardduty:ListFindings"
GET: Final = "guardduty:GetFindings"
AT_ONCE: Final = 50
"""Ids that one GetFindings takes (GuardDuty API reference)."""
SPAN: Final = timedelta(days=90)
OVERLAP: Final = timedelta(minutes=15)
SWEEP_SPAN: Final = timedelta(days=7)
SWEEP_EVERY: Final = timedelta(minutes=2)
SWEEP_IDS: Final = 200
BACKGROUND_COST: Final = 2.0


class Cursor(msgspec.Struct, kw_only=True):
    """Milliseconds since the epoch, by detector, up to which everything was read; and when the last sweep was."""

    watermarks: dict[str, int] = {}
    swept: int = 0


async def collect(door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
    """Read what there is to read now. Raises :class:`AwsTrouble`, ``off`` where GuardDuty does not run."""
    at = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
    now = datetime.now(UTC)
    detectors = await _running(door, place)
    at.watermarks = {id_: mark for id_, mark in at.watermarks.items() if id_ in detectors}
    for detector in detectors:
        if detector not in at.watermarks:
            criterion = {**_since(now - SPAN), "service.archived": {"Equals": ["false"]}}
            async for found in _findings(door, place, detector, criterion, "DESC"):
                yield Batch(records_of(found), _encode(at), complete=False, detail="first reading")
            at.watermarks[detector] = _ms(now)
        since = datetime.fromtimestamp(at.watermarks[detector] / 1000, UTC) - OVERLAP
        async for found in _findings(door, place, detector, _since(since), "ASC"):
            yield Batch(records_of(found), _encode(at))
        at.watermarks[detector] = _ms(now)
    yield Batch((), _encode(at), complete=True)
    if at.swept and _ms(now) - at.swept < SWEEP_EVERY // timedelta(milliseconds=1):
        return
    try:
        for detector in detectors:
            criterion = {**_since(now - SWEEP_SPAN), "service.archived": {"Equals": ["true"]}}
            async for found in _findings(door, place, detector, criterion, "DESC", BACKGROUND_COST, SWEEP_IDS):
                yield Batch(records_of(found), _encode(at))
        at.swept = _ms(now)
        yield Batch((), _encode(at))
    except AwsTrouble as trouble:
        if trouble.kind is not Kind.THROTTLED:  # background work steps back; the live reading was whole
            raise


async def _running(door: Door, place: Place) -> list[str]:
    """Detectors that are enabled. None at all means that GuardDuty is off here."""
    ids: list[str] = []
    async for page in door.pages(place, "guardduty:ListDetectors", {}):
        ids += page["DetectorIds"]
    running = []
    for id_ in ids:
        answer = await door.call(place, "guardduty:GetDetector", {"DetectorId": id_})
        if answer.get("Status") == "ENABLED":
            running.append(id_)
    if not running:
        said = "every detector is suspended" if ids else "there is no detector"
        remedy = f"aws guardduty create-detector --enable --region {place.region}"
        raise AwsTrouble(Kind.OFF, "guardduty:ListDetectors", place, said, remedy="" if ids else remedy)
    return running


async def _findings(
    door: Door,
    place: Place,
    detector: str,
    criterion: dict[str, Any],
    order: str,
    cost: float = 1.0,
    limit: int = 1_000_000,
) -> AsyncIterator[list[dict[str, Any]]]:
    params = {
        "DetectorId": detector,
        "FindingCriteria": {"Criterion": criterion},
        "SortCriteria": {"AttributeName": "updatedAt", "OrderBy": order},
    }
    read = 0
    async for page in door.pages(place, LIST, params, cost=cost):
        ids = page["FindingIds"]
        for start in range(0, len(ids), AT_ONCE):
            wanted = ids[start : start + AT_ONCE]
            answer = await door.call(place, GET, {"DetectorId": detector, "FindingIds": wanted}, cost=cost)
            yield answer["Findings"]
        read += len(ids)
        if read >= limit:
            return


def _since(moment: datetime) -> dict[str, Any]:
    return {"updatedAt": {"GreaterThanOrEqual": _ms(moment)}}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _encode(at: Cursor) -> str:
    return msgspec.json.encode(at).decode("ascii")

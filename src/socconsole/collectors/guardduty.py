"""GuardDuty: every detector's findings by time of update, and a sweep of the open ones.

Facts (API reference): ``ListFindings`` gives at most 50 ids a page, ``GetFindings`` takes at most 50;
``updatedAt`` criteria are milliseconds since 1970; without ``service.archived`` both archived and open
findings are listed. A detector belongs to one account and Region; a delegated administrator's also lists its
members' findings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors import history
from socconsole.collectors.base import Batch, chunks
from socconsole.collectors.history import History, Window
from socconsole.formats import Record, read_object
from socconsole.model.world import Place
from socconsole.text import Untrusted, token

SERVICE: Final = "guardduty"
GET: Final = "guardduty:GetFindings"
IDS_A_CALL: Final = 50
PAGES: Final = 5000
_SOONEST: Final = "FIFTEEN_MINUTES"


async def collect(door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
    """What GuardDuty has to say since ``cursor``; see :mod:`socconsole.collectors.history`.

    Raises ``AwsTrouble``; batches yielded before stand. Kind ``off``: no detector here, or only suspended
    ones, whose findings are read all the same.
    """
    now = datetime.now(UTC)
    kept = _cursor(cursor)
    found = await detectors(door, place)
    if not found:
        raise AwsTrouble(
            Kind.OFF,
            "guardduty:ListDetectors",
            place,
            "GuardDuty has no detector here",
            remedy=f"aws guardduty create-detector --enable --region {place.region}",
        )
    histories = {one: kept[one] for one in found if one in kept}
    enabled = [one for one, detector in found.items() if detector.enabled]
    for number, detector in enumerate(found, 1):
        last = number == len(found)
        async for step in history.read(kept.get(detector), _lister(door, place, detector), now):
            histories[detector] = step.history
            done = all(one in histories and histories[one].back is None for one in found)
            complete = step.complete and last and done and bool(enabled)
            yield Batch(
                step.records,
                msgspec.json.encode(histories).decode(),
                complete,
                None if complete else history.days(step.history, now),
                _note(found.values()),
            )
    if not enabled:
        raise AwsTrouble(
            Kind.OFF,
            "guardduty:GetDetector",
            place,
            "GuardDuty is suspended here: nothing new is detected",
            remedy=f"aws guardduty update-detector --enable --detector-id {next(iter(found))} --region {place.region}",
        )


async def sweep(door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
    """Read findings again by id, at half the token bucket: archiving need not move ``updatedAt``.

    A batch has no cursor and says nothing of completeness; ``missing`` names ids that AWS no longer has.
    Raises ``AwsTrouble``.
    """
    found = await detectors(door, place)
    for some in chunks(ids, IDS_A_CALL):
        records: list[Record] = []
        seen: set[str] = set()
        for detector in found:
            answer = await _get(door, place, detector, some, cost=2.0)
            records += _records(answer)
            seen.update(str(one.get("id")) for one in answer if isinstance(one, Mapping))
        yield Batch(tuple(records), None, complete=False, missing=tuple(one for one in some if one not in seen))


@dataclass(frozen=True, slots=True)
class Detector:
    """``publishes``: how often further events of a known finding are told, in GuardDuty's words; empty if not said."""

    enabled: bool
    publishes: str


async def detectors(door: Door, place: Place) -> dict[str, Detector]:
    """Every detector of a place by id. Raises ``AwsTrouble``."""
    found: dict[str, Detector] = {}
    async for page in door.pages(place, "guardduty:ListDetectors", {}):
        for detector in page["DetectorIds"]:
            answer = await door.call(place, "guardduty:GetDetector", {"DetectorId": detector})
            publishes = token(str(answer.get("FindingPublishingFrequency", "")))
            found[str(detector)] = Detector(answer["Status"] == "ENABLED", publishes)
    return found


def _note(found: Iterable[Detector]) -> Untrusted:
    """A finding's further events that are pushed, or told through Security Hub, may be hours late."""
    slow = sorted({one.publishes for one in found} - {_SOONEST, ""})
    if not slow:
        return Untrusted("")
    said = f"further events of a finding are published every {slow[0]}; guardduty-frequency makes it {_SOONEST}"
    return Untrusted(said)


def _lister(door: Door, place: Place, detector: str) -> history.Listing:
    async def listing(window: Window) -> AsyncIterator[tuple[Record, ...]]:
        updated = {"GreaterThanOrEqual": _milliseconds(window.since)}
        if window.until is not None:
            updated["LessThanOrEqual"] = _milliseconds(window.until + history.EDGE)
        criterion: dict[str, Any] = {"updatedAt": updated}
        if window.only_open:
            criterion["service.archived"] = {"Equals": ["false"]}
        params = {
            "DetectorId": detector,
            "FindingCriteria": {"Criterion": criterion},
            "SortCriteria": {
                "AttributeName": "updatedAt",
                "OrderBy": "DESC" if window.newest_first else "ASC",
            },
        }
        async for page in door.pages(place, "guardduty:ListFindings", params, limit=PAGES):
            ids = [str(one) for one in page["FindingIds"]]
            yield _records(await _get(door, place, detector, ids)) if ids else ()

    return listing


async def _get(door: Door, place: Place, detector: str, ids: Sequence[str], cost: float = 1.0) -> list[object]:
    """Findings in the order of ``ids``: ``GetFindings`` promises none."""
    params = {"DetectorId": detector, "FindingIds": list(ids)}
    answer = await door.call(place, GET, params, cost=cost)
    order = {one: number for number, one in enumerate(ids)}
    findings: list[object] = answer["Findings"]
    return sorted(findings, key=lambda one: order.get(_id(one), len(order)))


def _id(finding: object) -> str:
    return str(finding.get("id")) if isinstance(finding, Mapping) else ""


def _records(findings: Sequence[object]) -> tuple[Record, ...]:
    return tuple(record for number, one in enumerate(findings, 1) for record in read_object(one, number))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _cursor(text: str | None) -> dict[str, History]:
    """Stored histories by detector; none (read everything again) for what is no cursor of ours."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, History])
    except (msgspec.DecodeError, ValueError):
        return {}

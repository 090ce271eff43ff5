"""Security Hub (CSPM): findings by time of update, and a sweep of the open ones.

Facts (``GetFindings`` and ``BatchUpdateFindings``, API reference): at most 100 findings a page and 20 values a
filter; ``BatchUpdateFindings`` does not move ``UpdatedAt``, so that listings by time never show what a
colleague did to a finding: :func:`sweep` does. In the home Region of a finding aggregator ``GetFindings``
answers for the linked Regions as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from socconsole.aws import AwsTrouble, Door
from socconsole.collectors import history
from socconsole.collectors.base import Batch, chunks
from socconsole.collectors.history import History, Window
from socconsole.formats import Record, read_object
from socconsole.model.world import Place
from socconsole.text import Untrusted, token

SERVICE: Final = "securityhub"
GET: Final = "securityhub:GetFindings"
IDS_A_CALL: Final = 20
PAGES: Final = 5000
_NO_END: Final = "2999-12-31T23:59:59.999Z"
"""A date filter has two ends; a product may date its findings in the future."""


class Cursor(msgspec.Struct, frozen=True):
    history: History
    home: str = ""
    """Home Region of the finding aggregator; empty when there is none or nobody could say."""


async def collect(door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
    """What Security Hub has to say since ``cursor``; see :mod:`socconsole.collectors.history`.

    Raises ``AwsTrouble``; batches yielded before stand.
    """
    now = datetime.now(UTC)
    kept = _cursor(cursor)
    home = await home_region(door, place) if kept is None else kept.home
    async for step in history.read(kept.history if kept else None, _lister(door, place), now):
        yield Batch(
            step.records,
            msgspec.json.encode(Cursor(step.history, home)).decode(),
            step.complete,
            history.days(step.history, now),
            _note(home, place),
        )


async def sweep(door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
    """Read findings again by ``Id``, at half the token bucket, whatever became of them.

    Meant for the open ones, most important first, round and round. A batch has no cursor and says nothing of
    completeness; ``missing`` names ids that AWS no longer has. Raises ``AwsTrouble``.
    """
    for some in chunks(ids, IDS_A_CALL):
        records: list[Record] = []
        found: set[str] = set()
        filters = {"Id": _equal(some)}
        async for page in door.pages(place, GET, {"Filters": filters}, cost=2.0, limit=PAGES):
            records += _records(page["Findings"])
            found.update(str(one.get("Id")) for one in page["Findings"] if isinstance(one, dict))
        missing = tuple(one for one in some if one not in found)
        yield Batch(tuple(records), None, complete=False, missing=missing)


async def home_region(door: Door, place: Place) -> str:
    """The home Region of the account's finding aggregator; empty when there is none or it may not be asked."""
    try:
        async for page in door.pages(place, "securityhub:ListFindingAggregators", {}):
            for one in page["FindingAggregators"]:
                parts = str(one.get("FindingAggregatorArn", "")).split(":")
                if len(parts) > 3:
                    return token(parts[3], 32)
    except AwsTrouble:
        return ""  # only a note hangs on it: what GetFindings says decides about the source
    return ""


def _lister(door: Door, place: Place) -> history.Listing:
    async def listing(window: Window) -> AsyncIterator[tuple[Record, ...]]:
        until = _text(window.until + history.EDGE) if window.until else _NO_END
        filters: dict[str, Any] = {"UpdatedAt": [{"Start": _text(window.since), "End": until}]}
        if window.only_open:
            filters["RecordState"] = _equal(["ACTIVE"])
            filters["WorkflowStatus"] = _equal(["NEW", "NOTIFIED"])
        order = "desc" if window.newest_first else "asc"
        params = {"Filters": filters, "SortCriteria": [{"Field": "UpdatedAt", "SortOrder": order}]}
        async for page in door.pages(place, GET, params, limit=PAGES):
            yield _records(page["Findings"])

    return listing


def _records(findings: Sequence[object]) -> tuple[Record, ...]:
    return tuple(record for number, one in enumerate(findings, 1) for record in read_object(one, number))


def _equal(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cursor(text: str | None) -> Cursor | None:
    """A stored cursor; None (read everything again) for what is none, an older program's included."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Cursor)
    except (msgspec.DecodeError, ValueError):
        return None


def _note(home: str, place: Place) -> Untrusted:
    if not home:
        return Untrusted("")
    if home == place.region:
        return Untrusted("home Region of a finding aggregator: linked Regions are in these answers")
    return Untrusted(f"the finding aggregator in {home} holds these findings too")

"""The two listings and their cursor, against a source that is only a list."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.aws import AwsTrouble, Kind
from socconsole.collectors import history
from socconsole.collectors.history import History, Step, Window
from socconsole.formats import Record, read_object
from socconsole.model.finding import Observation

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def finding(ident: str, updated: datetime, workflow: str = "NEW", state: str = "ACTIVE") -> Record:
    stamp = updated.isoformat().replace("+00:00", "Z")
    (record,) = read_object(
        {
            "SchemaVersion": "2018-10-08",
            "Id": ident,
            "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/guardduty",
            "GeneratorId": "g",
            "AwsAccountId": "111122223333",
            "CreatedAt": stamp,
            "UpdatedAt": stamp,
            "Severity": {"Label": "HIGH"},
            "Title": ident,
            "Description": ident,
            "Types": ["TTPs"],
            "Resources": [{"Type": "Other", "Id": "r"}],
            "Workflow": {"Status": workflow},
            "RecordState": state,
        },
        1,
    )
    assert isinstance(record, Observation)
    return record


class Source:
    """Lists its records as AWS would, ``page`` at a time; may fail after some pages."""

    def __init__(self, records: list[Record], page: int = 3) -> None:
        self.records = records
        self.page = page
        self.windows: list[Window] = []
        self.pages_left: int | None = None

    async def listing(self, window: Window) -> AsyncIterator[tuple[Record, ...]]:
        self.windows.append(window)
        chosen = [one for one in self.records if self._fits(one, window)]
        chosen.sort(key=_updated, reverse=window.newest_first)
        for at in range(0, len(chosen), self.page) or [0]:
            if self.pages_left is not None:
                if self.pages_left == 0:
                    raise ConnectionError
                self.pages_left -= 1
            yield tuple(chosen[at : at + self.page])

    def _fits(self, one: Record, window: Window) -> bool:
        assert isinstance(one, Observation)
        assert one.updated is not None
        if one.updated < window.since or (window.until is not None and one.updated > window.until):
            return False
        return not window.only_open or (one.active and str(one.workflow) in ("NEW", "NOTIFIED"))


def _updated(one: Record) -> datetime:
    assert isinstance(one, Observation)
    assert one.updated is not None
    return one.updated


def ids(steps: list[Step]) -> list[str]:
    return [one.native_id for step in steps for one in step.records if isinstance(one, Observation)]


async def read(source: Source, stored: History | None = None, now: datetime = NOW) -> list[Step]:
    return [step async for step in history.read(stored, source.listing, now)]


async def broken_off(steps: AsyncIterator[Step]) -> list[Step]:
    """The steps of a reading that fails."""
    seen: list[Step] = []
    try:
        async for step in steps:
            seen.append(step)
    except ConnectionError:
        return seen
    pytest.fail("the reading did not fail")


async def test_the_first_reading_is_newest_first_and_then_complete() -> None:
    source = Source([finding(f"d{day:02}", NOW - timedelta(days=day)) for day in range(1, 80)])
    steps = await read(source)
    assert ids(steps) == [f"d{day:02}" for day in range(1, 80)]
    assert [step.complete for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[-1].history.back is None


async def test_an_empty_source_is_a_complete_answer() -> None:
    steps = await read(Source([]))
    assert ids(steps) == []
    assert steps[-1].complete


async def test_closed_history_stays_away_but_closing_is_seen() -> None:
    source = Source([finding("old", NOW - timedelta(days=2), "RESOLVED"), finding("open", NOW - timedelta(days=3))])
    steps = await read(source)
    assert ids(steps) == ["open"]
    later = NOW + timedelta(minutes=1)
    source.records[1] = finding("open", later, "RESOLVED", "ARCHIVED")
    steps = await read(source, steps[-1].history, later + timedelta(seconds=30))
    assert ids(steps) == ["open"]


async def test_news_does_not_wait_for_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGES_BETWEEN", 2)
    source = Source([finding(f"d{day:02}", NOW - timedelta(days=day)) for day in range(1, 80)])
    seen: list[str] = []
    async for step in history.read(None, source.listing, NOW):
        seen += ids([step])
        if len(seen) == 3:
            source.records.append(finding("now", NOW))
    assert seen.index("now") < 12
    assert len(set(seen)) == 80


async def test_a_budget_ends_a_reading_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGES_BETWEEN", 2)
    source = Source([finding(f"d{day:02}", NOW - timedelta(days=day)) for day in range(1, 80)])
    ticks = itertools.count(0.0, history.BUDGET_S + 1)  # each look at the clock: the budget is used up
    stored: History | None = None
    found: list[str] = []
    ends: list[bool] = []
    while not any(ends):
        steps = [one async for one in history.read(stored, source.listing, NOW, lambda: next(ticks))]
        stored = steps[-1].history
        found += ids(steps)
        ends.append(steps[-1].complete)
        assert len(ends) < 40
    assert len(ends) > 10
    assert set(found) == {f"d{day:02}" for day in range(1, 80)}


@given(
    days=st.lists(st.integers(0, 89 * 24), min_size=1, max_size=30),
    fail=st.lists(st.integers(0, 6), max_size=4),
    page=st.integers(1, 4),
)
async def test_no_failure_loses_a_record(days: list[int], fail: list[int], page: int) -> None:
    """However often a reading breaks off, and wherever, what was stored and what follows is everything."""
    records = [finding(f"n{number}", NOW - timedelta(hours=hours)) for number, hours in enumerate(days)]
    source = Source(records, page)
    stored: History | None = None
    found: set[str] = set()
    for pages in [*fail, None]:
        source.pages_left = pages
        try:
            async for step in history.read(stored, source.listing, NOW):
                stored = step.history
                found.update(ids([step]))
                complete = step.complete
        except ConnectionError:
            continue
    assert complete
    assert found == {f"n{number}" for number in range(len(days))}


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 240), st.integers(0, 14)), max_size=25),
    polls=st.lists(st.integers(1, 60), min_size=5, max_size=12),
)
async def test_late_publication_within_the_slack_is_seen(arrivals: list[tuple[int, int]], polls: list[int]) -> None:
    """A record updated at minute m and listed up to 14 minutes later is seen by the polls after that."""
    everything = [
        (NOW + timedelta(minutes=at + late), finding(f"n{number}", NOW + timedelta(minutes=at)))
        for number, (at, late) in enumerate(arrivals)
    ]
    stored: History | None = None
    found: set[str] = set()
    moment = NOW
    for pause in [*polls, 400]:
        moment += timedelta(minutes=pause)
        source = Source([record for listed, record in everything if listed <= moment], 2)
        steps = await read(source, stored, moment)
        stored = steps[-1].history
        found.update(ids(steps))
    assert found == {f"n{number}" for number in range(len(arrivals))}


async def test_throttled_history_steps_back_behind_news() -> None:
    source = Source([finding("d1", NOW - timedelta(days=1))])

    async def listing(window: Window) -> AsyncIterator[tuple[Record, ...]]:
        if window.newest_first:
            raise AwsTrouble(Kind.THROTTLED, "securityhub:GetFindings", None, "slow down")
        async for page in source.listing(window):
            yield page

    steps = [step async for step in history.read(None, listing, NOW)]
    assert not steps[-1].complete
    steps = await read(source, steps[-1].history)
    assert ids(steps) == ["d1"]
    assert steps[-1].complete


async def test_a_date_in_the_future_does_not_carry_the_watermark_away() -> None:
    source = Source([finding("liar", NOW + timedelta(days=365))])
    steps = await read(source)
    assert ids(steps).count("liar") >= 1
    source.records.append(finding("real", NOW + timedelta(minutes=1)))
    steps = await read(source, steps[-1].history, NOW + timedelta(minutes=2))
    assert "real" in ids(steps)


async def test_a_listing_out_of_order_does_not_move_the_watermark() -> None:
    """If the sort were ignored, what a broken-off page did not show would be lost for good."""
    first = (await read(Source([])))[-1].history

    async def listing(window: Window) -> AsyncIterator[tuple[Record, ...]]:
        yield (finding("late", NOW + timedelta(hours=2)),)
        yield (finding("early", NOW + timedelta(hours=1)),)
        raise ConnectionError

    steps = await broken_off(history.read(first, listing, NOW + timedelta(hours=3)))
    assert ids(steps) == ["late"]
    again = await read(Source([finding("early", NOW + timedelta(hours=1))]), steps[-1].history, NOW)
    assert ids(again) == ["early"]


async def test_after_a_gap_everything_since_is_read_newest_first() -> None:
    first = (await read(Source([])))[-1].history
    back = NOW + timedelta(days=3)
    source = Source(
        [
            finding("closed", NOW + timedelta(days=1), "RESOLVED"),
            finding("open", NOW + timedelta(days=2)),
            finding("before", NOW - timedelta(days=20)),
        ]
    )
    steps = await read(source, first, back)
    assert ids(steps) == ["open", "closed"]
    assert steps[-1].complete


async def test_a_gap_in_the_middle_of_history_owes_both() -> None:
    source = Source([finding(f"d{day:02}", NOW - timedelta(days=day)) for day in range(1, 80)])
    source.pages_left = 4
    first = await broken_off(history.read(None, source.listing, NOW))
    source.pages_left = None
    later = NOW + timedelta(days=1)
    steps = await read(source, first[-1].history, later)
    found = {*ids(first), *ids(steps)}
    assert steps[-1].complete
    assert found == {f"d{day:02}" for day in range(1, 80)}


async def test_a_clock_set_back_reads_again() -> None:
    first = (await read(Source([])))[-1].history
    ahead = msgspec.structs.replace(first, mark=NOW + timedelta(hours=3), read=NOW + timedelta(hours=3))
    steps = await read(Source([finding("x", NOW - timedelta(minutes=1))]), ahead, NOW)
    assert ids(steps) == ["x"]


def test_a_history_survives_its_json() -> None:
    stored = history.begin(None, NOW)
    text = msgspec.json.encode(stored)
    assert json.loads(text)
    assert msgspec.json.decode(text, type=History) == stored

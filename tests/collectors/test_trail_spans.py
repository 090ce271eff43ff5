"""Reading the trail newest first: whatever delays, throttling and cut readings do, every event is told in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from socconsole.collectors import trail_spans
from socconsole.collectors.trail_spans import Cursor, Span

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_first_reading_owes_a_day_and_the_next_ones_what_is_new_and_what_came_late():
    first = trail_spans.begin(None, START)
    assert first.spans == (Span(START - 24 * 60 * MINUTE, START, START - 24 * 60 * MINUTE),)
    done = trail_spans.listed(first, first.spans[0].since)
    assert (done.spans, trail_spans.behind(done, START)) == ((), "")
    usual = trail_spans.begin(done, START + MINUTE)
    assert usual.spans == (Span(START - 5 * MINUTE, START + MINUTE, START),)
    deep = trail_spans.begin(trail_spans.listed(usual, usual.spans[0].since), START + 6 * MINUTE)
    assert deep.spans[0].since == START - 15 * MINUTE


def test_who_is_behind_says_how_far():
    done = Cursor(START, START)
    late = trail_spans.begin(done, START + 10 * MINUTE)
    assert trail_spans.behind(late, START + 10 * MINUTE) == "read to 03:00Z, 10 min behind"
    cut = trail_spans.reached(late, START + 4 * MINUTE)  # the newest six minutes were told
    assert trail_spans.behind(cut, START + 10 * MINUTE) == "read to 03:00Z, 10 min behind"
    only_late = trail_spans.reached(late, START - MINUTE)
    assert "late events since 02:45Z" in trail_spans.behind(only_late, START + 10 * MINUTE)
    first = trail_spans.begin(None, START)
    assert trail_spans.behind(first, START) == "read to 2026-11-22 03:00Z, 24 h behind"


def test_a_gap_of_days_is_read_up_a_window_at_a_time_newest_first():
    now = START + timedelta(days=3)
    cursor = trail_spans.begin(Cursor(START, START), now)
    windows = []
    while cursor.spans:
        windows.append(cursor.spans[0].window)
        cursor = trail_spans.listed(cursor, windows[-1][0])
    assert windows[0][1] == now
    assert windows[-1][0] <= START
    assert all(lower[1] == upper[0] for upper, lower in pairwise(windows))
    assert all(until - since <= trail_spans.WINDOW for since, until in windows)


def test_a_clock_that_was_set_back_leaves_no_gap():
    ahead = Cursor(START + 60 * MINUTE, START + 60 * MINUTE)
    assert trail_spans.begin(ahead, START).spans[0].since <= START - 5 * MINUTE


def test_what_is_owed_from_before_events_are_kept_is_given_up():
    old = Cursor(START, START, (Span(START - MINUTE, START, START - MINUTE),))
    later = START + timedelta(days=40)
    (owed,) = trail_spans.begin(old, later).spans
    assert owed.since == later - trail_spans.KEPT


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3600), st.integers(0, 900)), max_size=40),
    st.lists(st.tuples(st.integers(20, 400), st.integers(0, 6)), min_size=3, max_size=25),
)
def test_every_event_is_told_whatever_cuts_the_readings_short(events, readings):
    """``events``: (second, delivery delay in seconds); ``readings``: (seconds since the last, pages before the cut)."""
    told: set[int] = set()
    cursor = Cursor(START, START)
    at = START
    plan = [*readings, *[(60, 1000)] * 3, (3600, 1000), (301, 1000), (901, 1000), (301, 1000)]
    for pause, pages in plan:
        at += timedelta(seconds=pause)
        cursor = trail_spans.begin(cursor, at)
        cursor = _read(cursor, events, at, pages, told)
        assert len(cursor.spans) <= len(plan)
    seconds = (at - START).total_seconds()
    owed = {n for n, (second, delay) in enumerate(events) if second + delay <= seconds - 901}
    assert owed <= told
    assert trail_spans.behind(cursor, at) == ""


def _read(cursor: Cursor, events, now: datetime, pages: int, told: set[int]) -> Cursor:
    """A reading of at most ``pages`` pages of two events, as LookupEvents gives them: newest first."""
    while cursor.spans:
        since, until = cursor.spans[0].window
        there = sorted(
            (
                (START + timedelta(seconds=second), n)
                for n, (second, delay) in enumerate(events)
                if START + timedelta(seconds=second + delay) <= now
                and since <= START + timedelta(seconds=second) <= until
            ),
            reverse=True,
        )
        for start in range(0, len(there), 2):
            if pages == 0:
                return cursor
            pages -= 1
            page = there[start : start + 2]
            told.update(n for _, n in page)
            cursor = trail_spans.reached(cursor, page[-1][0])
        if pages == 0:
            return cursor
        cursor = trail_spans.listed(cursor, since)
    return cursor

"""Correlations by themselves: windows over what is new."""

from __future__ import annotations

import random

import pytest

from socconsole.rules.correlation import Fired, Seen, correlate
from socconsole.rules.engine import spans
from socconsole.rules.rule import Correlate, Correlation, Part

S = 1_000_000


def asked(kind: Correlate, limit: float, parts: int = 1, span_s: int = 60, compare: str = ">=") -> Correlation:
    return Correlation(kind, (Part("", (), ""),) * parts, (), span_s, compare, limit)


def seen(*moments: int, part: int = 0, group: str = "a", value: str | None = None, first: int = 1) -> list[Seen]:
    return [Seen(n, at * S, part, (group,), value) for n, at in enumerate(moments, start=first)]


def fired(rule: Correlation, events: list[Seen], new: set[int] | None = None) -> list[tuple[int, ...]]:
    return [each.events for each in correlate(rule, events, {e.n for e in events} if new is None else new)]


def test_events_are_counted_within_the_timespan_and_both_its_ends_count() -> None:
    rule = asked(Correlate.EVENT_COUNT, 3)
    assert fired(rule, seen(0, 30, 60)) == [(1, 2, 3)]
    assert fired(rule, seen(0, 30, 61)) == []
    assert fired(rule, seen(0, 1, 2, 500, 501)) == [(1, 2, 3)]


def test_groups_do_not_mix_but_for_their_case() -> None:
    rule = asked(Correlate.EVENT_COUNT, 2)
    assert fired(rule, seen(0) + seen(1, group="b", first=2)) == []
    assert correlate(rule, seen(0, group="Role") + seen(1, group="role", first=2), {1}) == [Fired(("Role",), (1, 2))]


def test_nothing_fires_without_something_new_and_a_late_event_finds_the_earlier_ones() -> None:
    rule = asked(Correlate.EVENT_COUNT, 3)
    assert fired(rule, seen(0, 30, 60), new=set()) == []
    assert fired(rule, seen(0, 60, 30), new={3}) == [(1, 3, 2)], "it came last and happened in between"
    assert fired(rule, seen(0, 1, 2, 1_000), new={4}) == []


def test_values_are_counted_once_each_and_without_case() -> None:
    rule = asked(Correlate.VALUE_COUNT, 2)
    assert fired(rule, seen(0, 1, value="x")) == []
    assert fired(rule, seen(0, value="x") + seen(1, value="X", first=2)) == []
    assert fired(rule, seen(0, value="x") + seen(1, value="y", first=2)) == [(1, 2)]
    assert fired(rule, seen(0, value=None) + seen(1, value="y", first=2)) == []


def test_values_are_summed_as_far_as_they_are_numbers() -> None:
    rule = asked(Correlate.VALUE_SUM, 100)
    assert fired(rule, seen(0, value="60") + seen(5, value="40.0", first=2)) == [(1, 2)]
    assert fired(rule, seen(0, value="60") + seen(70, value="40", first=2)) == []
    assert fired(rule, seen(0, value="many") + seen(5, value="99", first=2)) == []


def test_all_parts_within_the_timespan_in_any_order() -> None:
    rule = asked(Correlate.TEMPORAL, 2, parts=2)
    assert fired(rule, seen(10) + seen(0, part=1, first=2)) == [(2, 1)]
    assert fired(rule, seen(0, 1)) == []


def test_or_in_their_order() -> None:
    rule = asked(Correlate.TEMPORAL_ORDERED, 3, parts=3)
    one, two, three = seen(0), seen(20, part=1, first=2), seen(40, part=2, first=3)
    assert fired(rule, one + two + three) == [(1, 2, 3)]
    assert fired(rule, one + seen(50, part=1, first=2) + three) == []
    assert fired(rule, one + two + seen(61, part=2, first=3)) == [], "the first is too long ago"
    again = seen(10, first=4)
    assert fired(rule, one + two + seen(61, part=2, first=3) + again) != [], "but it came again"
    assert fired(rule, seen(0) + seen(0, part=1, first=2) + seen(0, part=2, first=3)) != [], "the same second is order"


@pytest.mark.parametrize("seed", range(3))
def test_a_sliding_window_finds_what_looking_everywhere_finds(seed: int) -> None:
    chance = random.Random(seed)
    rule = asked(Correlate.EVENT_COUNT, 4, span_s=20)
    events = seen(*(chance.randrange(200) for _ in range(60)))
    expected: set[int] = set()
    for end in events:
        inside = {each.n for each in events if end.at - 20 * S <= each.at <= end.at}
        if len(inside) >= 4:
            expected |= inside
    assert {n for group in fired(rule, events) for n in group} == expected


def test_timespans_that_touch_are_read_once() -> None:
    assert spans([100, 5, 12], 10) == [(-5, 22), (90, 110)]

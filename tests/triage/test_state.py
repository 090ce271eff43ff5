"""State from instants: what holds, what ends by itself, and that nothing stale hides anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.model.finding import Leaving, State, Workflow
from socconsole.triage import QUIET_AFTER, SNOOZE_LIMIT, Facts, resumed, state

NOW = datetime(2026, 11, 23, 3, 14, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def standing(facts: Facts, now: datetime = NOW) -> State:
    return state(facts, now)[0]


LEAK = Facts(leaks=True, fresh=True, watching=True, last_occurred=ago(5))


def test_by_default_it_is_new() -> None:
    assert state(Facts(), NOW) == (State.NEW, None, False)


def test_a_leak_that_just_happened_is_leaving() -> None:
    assert state(LEAK, NOW) == (State.NEW, Leaving.YES, False)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(active=False),
        Facts(workflow=Workflow.RESOLVED),
        Facts(workflow=Workflow.SUPPRESSED),
        Facts(workflow=Workflow.RESOLVED, snoozed_until=ago(-60), acknowledged_at=ago(1)),
    ],
)
def test_closed_is_resolved_before_anything_else(facts: Facts) -> None:
    assert standing(facts) is State.RESOLVED


def test_firing_after_it_was_resolved_reopens_it() -> None:
    facts = Facts(workflow=Workflow.RESOLVED, resolved_at=ago(60), acknowledged_at=ago(90), last_occurred=ago(5))
    assert state(facts, NOW) == (State.NEW, None, True)
    assert standing(replace(facts, last_occurred=ago(61))) is State.RESOLVED


def test_a_snooze_ends_at_its_instant_without_any_timer() -> None:
    facts = Facts(snoozed_at=ago(10), snoozed_until=NOW)
    assert standing(facts, NOW - timedelta(microseconds=1)) is State.SNOOZED
    assert standing(facts, NOW) is State.NEW


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": True},
        {"snooze_fits": False},
        {"snoozed_until": NOW + SNOOZE_LIMIT + timedelta(seconds=1)},
        {"snoozed_at": ago(60 * 24 * 8), "snoozed_until": ago(-1)},
    ],
)
def test_snoozes_that_may_not_hide(changes: dict[str, object]) -> None:
    facts = Facts(snoozed_at=ago(10), snoozed_until=ago(-60))
    assert standing(facts) is State.SNOOZED
    assert standing(replace(facts, **changes)) is State.NEW  # type: ignore[arg-type]


def test_quiet_needs_half_an_hour_and_the_lag_of_who_could_see_it() -> None:
    lag = timedelta(minutes=15)
    facts = replace(LEAK, last_occurred=NOW - QUIET_AFTER - lag, lag=lag)
    assert state(facts, NOW) == (State.QUIET, Leaving.QUIET, False)
    assert standing(replace(facts, last_occurred=NOW - QUIET_AFTER - lag + timedelta(seconds=1))) is State.NEW


@pytest.mark.parametrize("changes", [{"watching": False}, {"fresh": False}])
def test_silence_from_who_cannot_see_proves_nothing(changes: dict[str, bool]) -> None:
    facts = replace(LEAK, last_occurred=ago(600), **changes)  # type: ignore[arg-type]
    assert state(facts, NOW) == (State.NEW, Leaving.CANNOT_SEE, False)


def test_blocked_is_what_was_read_back() -> None:
    facts = replace(LEAK, blocked_at=ago(4), acknowledged_at=ago(10))
    assert state(facts, NOW) == (State.BLOCKED, Leaving.BLOCKED, False)


def test_blocked_is_not_said_from_stale_sources() -> None:
    facts = replace(LEAK, blocked_at=ago(4), fresh=False)
    assert state(facts, NOW) == (State.NEW, Leaving.CANNOT_SEE, False)


def test_firing_after_the_block_is_new_again_even_if_it_was_acknowledged() -> None:
    facts = replace(LEAK, acknowledged_at=ago(10), blocked_at=ago(8), last_event=ago(1))
    assert state(facts, NOW) == (State.NEW, Leaving.YES, True)
    again = replace(facts, acknowledged_at=ago(0.5))
    assert standing(again) is State.ACKNOWLEDGED


def test_firing_after_a_silence_is_new_again_even_if_it_was_acknowledged() -> None:
    before = replace(LEAK, acknowledged_at=ago(100), last_occurred=ago(101), last_event=ago(99))
    assert standing(before) is State.QUIET
    assert resumed(ago(99), ago(1), None)
    after = replace(before, last_event=ago(1), resumed_at=ago(1))
    assert state(after, NOW) == (State.NEW, Leaving.YES, True)
    assert standing(replace(after, acknowledged_at=NOW)) is State.ACKNOWLEDGED


def test_going_on_after_an_acknowledgement_stays_acknowledged_and_says_so() -> None:
    facts = Facts(acknowledged_at=ago(10), last_occurred=ago(1))
    assert state(facts, NOW) == (State.ACKNOWLEDGED, None, True)
    assert state(replace(facts, last_occurred=ago(11)), NOW) == (State.ACKNOWLEDGED, None, False)


def test_notified_in_aws_is_acknowledged() -> None:
    assert standing(Facts(workflow=Workflow.NOTIFIED)) is State.ACKNOWLEDGED
    broken = Facts(workflow=Workflow.NOTIFIED, blocked_at=ago(5), last_occurred=ago(1), fresh=True)
    assert standing(broken) is State.NEW


@pytest.mark.parametrize(
    ("previous", "event", "blocked", "expected"),
    [
        (None, ago(1), None, False),
        (ago(5), ago(1), None, False),
        (ago(5), ago(5), None, False),
        (ago(35), ago(1), None, True),
        (ago(5), ago(1), ago(3), True),
        (ago(2), ago(1), ago(3), False),
        (ago(5), ago(4), ago(3), False),
    ],
)
def test_resumed_is_the_first_event_after_a_silence_or_a_block(
    previous: datetime | None, event: datetime, blocked: datetime | None, expected: bool
) -> None:
    assert resumed(previous, event, blocked) is expected


INSTANTS = st.one_of(st.none(), st.integers(-60 * 24 * 9, 60 * 24 * 9).map(ago))


@given(
    st.builds(
        Facts,
        last_occurred=INSTANTS,
        last_event=INSTANTS,
        acknowledged_at=INSTANTS,
        snoozed_at=INSTANTS,
        snoozed_until=INSTANTS,
        blocked_at=INSTANTS,
        resumed_at=INSTANTS,
        leaks=st.booleans(),
        watching=st.booleans(),
    )
)
def test_with_every_timer_and_source_dead_nothing_stays_hidden(facts: Facts) -> None:
    """A week on, with no process alive and no source fresh, what nobody closed is new or acknowledged."""
    later = NOW + timedelta(days=30)
    found, leaving, _ = state(replace(facts, fresh=False), later)
    assert found in (State.NEW, State.ACKNOWLEDGED)
    assert leaving in (None, Leaving.CANNOT_SEE)
    if facts.acknowledged_at is None:
        assert found is State.NEW

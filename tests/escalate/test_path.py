"""Paths of escalation, by a table of moments; and what is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.escalate import About, Due, Send, Step, compose, due, plan, quiet_until, told_all
from socconsole.text import Untrusted

ZERO = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return ZERO + timedelta(minutes=minutes)


PATH = (Step("oncall", timedelta(minutes=10)), Step("lead", timedelta(minutes=20)), Step("ciso"))


def sent(step: int, attempt: int, began: datetime, ended: datetime | None = None, reached: bool = False) -> Send:
    return Send(PATH[step].channel, step, attempt, began, ended, reached)


def told(step: int, attempt: int) -> Due:
    return Due(step, step, attempt, again=attempt > 1)


REACHED = sent(0, 1, at(0), at(0.1), reached=True)
FAILED = sent(0, 1, at(0), at(0.1))


@pytest.mark.parametrize(
    ("sends", "minute", "expected"),
    [
        pytest.param([], 0, [told(0, 1)], id="at once the first"),
        pytest.param([REACHED], 10, [], id="who was reached has his ten minutes"),
        pytest.param([REACHED], 10.2, [told(1, 1)], id="nobody acknowledged: the next in line"),
        pytest.param([REACHED, sent(1, 1, at(11), at(11), reached=True)], 30, [], id="and his twenty"),
        pytest.param([REACHED, sent(1, 1, at(11), at(11), reached=True)], 31, [told(2, 1)], id="then the last"),
        pytest.param([FAILED], 0.2, [told(1, 1)], id="a dead channel: the next one at once"),
        pytest.param([FAILED], 0.7, [told(0, 2), told(1, 1)], id="and the dead one again after half a minute"),
        pytest.param([FAILED, sent(0, 2, at(1), at(1))], 1.5, [told(1, 1)], id="with growing pauses"),
        pytest.param([FAILED, sent(0, 2, at(1), at(1))], 2, [told(0, 3), told(1, 1)], id="a minute the second time"),
        pytest.param([sent(0, 1, at(0))], 0.5, [told(0, 2)], id="in doubt: once more, and it says so"),
        pytest.param(
            [sent(0, 1, at(0)), sent(0, 2, at(1), at(1), reached=True)], 5, [], id="in doubt and then reached: no more"
        ),
        pytest.param(
            [sent(0, n, at(n), at(n)) for n in range(1, 21)] + [sent(1, 1, at(1), at(1), reached=True)],
            20.9,
            [],
            id="given up after twenty",
        ),
    ],
)
def test_who_is_told_at_a_moment(sends: list[Send], minute: float, expected: list[Due]) -> None:
    assert list(due(PATH, sends, at(minute))) == expected


@pytest.mark.parametrize(
    ("sends", "expected"),
    [
        pytest.param([], [told(0, 1)], id="nobody was told yet"),
        pytest.param([REACHED], [told(1, 1)], id="the wait of whom it reached"),
        pytest.param([FAILED], [told(0, 2), told(1, 1)], id="the pause of what failed"),
    ],
)
def test_a_clock_that_was_set_back_ends_every_wait(sends: list[Send], expected: list[Due]) -> None:
    assert list(due(PATH, sends, at(-240))) == expected


def test_in_quiet_hours_the_next_one_is_told_and_the_first_when_they_end() -> None:
    path = (Step("lead", timedelta(minutes=10), ("22:00-06:00",)), Step("oncall"))
    assert due(path, [], ZERO) == (told(1, 1),)
    sends = [Send("oncall", 1, 1, ZERO, ZERO, reached=True)]
    assert due(path, sends, at(179)) == ()
    assert due(path, sends, at(180)) == (told(0, 1),)
    assert [(one.step, one.at, one.quiet) for one in plan(path, ZERO)] == [(1, ZERO, False), (0, at(180), True)]


@pytest.mark.parametrize(
    ("spans", "hour", "until"),
    [
        (("22:00-06:00",), 23, 30),
        (("22:00-06:00",), 5, 6),
        (("22:00-06:00",), 6, None),
        (("09:00-09:00",), 9, None),
        (("22:00-02:00", "02:00-06:00"), 23, 30),
        (("00:00-12:00", "12:00-00:00"), 9, None),
    ],
)
def test_quiet_hours(spans: tuple[str, ...], hour: int, until: int | None) -> None:
    midnight = datetime(2026, 2, 28, tzinfo=UTC)
    expected = None if until is None else midnight + timedelta(hours=until)
    assert quiet_until(spans, midnight + timedelta(hours=hour)) == expected


@given(st.lists(st.sampled_from(["reached", "failed", "doubt"]), max_size=60), st.integers(1, 4))
def test_whatever_becomes_of_sends_nobody_reached_is_told_again(fates: list[str], steps: int) -> None:
    """Half-minutes pass; what is due is sent and meets its fate."""
    path = tuple(Step(f"c{n}", timedelta(minutes=2)) for n in range(steps))
    sends: list[Send] = []
    now = ZERO
    for fate in [*fates, *["reached"] * 200]:
        for one in due(path, sends, now):
            mine = [send for send in sends if send.number == one.number]
            assert not any(send.reached for send in mine)
            assert one.attempt == len(mine) + 1
            assert one.again == (one.attempt > 1)
            ended = None if fate == "doubt" else now
            sends.append(Send(path[one.step].channel, one.number, one.attempt, now, ended, reached=fate == "reached"))
        now += timedelta(seconds=30)
    assert told_all(path, sends)


HOSTILE = About(
    "f-0123456789ab",
    "CRITICAL",
    Untrusted("<!channel> @here *leak*\x1b[2J https://evil.example/x"),
    "prod-eu eu-central-1",
)


def test_what_is_said_names_the_finding_and_how_to_acknowledge_it() -> None:
    long = About("f-0123456789ab", "CRITICAL", Untrusted("x" * 200))
    assert len(compose("night", [long], count=3).subject) < 100, "SNS refuses 100"
    said = compose("night", [HOSTILE], count=3, again=True, by="oncall1")
    assert said.subject.startswith("[CRITICAL]")
    assert len(said.subject) < 100
    assert "socconsole ack f-0123456789ab --reason WHY" in said.body
    assert "prod-eu eu-central-1" in said.body
    assert "and 2 more" in said.body
    assert "Perhaps sent before" in said.body
    for part in ("<", ">", "@", "\x1b", "://", "*"):
        assert part not in said.subject + said.body


def test_a_template_fills_in_and_a_broken_one_says_so_and_the_plain_text_goes() -> None:
    assert compose("night", [HOSTILE], count=1, template="${severity} ${id}").body == "CRITICAL f-0123456789ab"
    for broken in ("${resources}", "$"):
        said = compose("night", [HOSTILE], count=1, template=broken)
        assert said.fault
        assert "socconsole ack f-0123456789ab" in said.body
        assert "template of this channel is broken" in said.body


PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=30)


@given(PATHS, st.lists(st.sampled_from(["reached", "failed", "doubt"]), min_size=1))
def test_however_the_path_changes_each_turn_of_a_channel_is_told_once_and_keeps_its_number(
    shapes: list[list[str]], fates: list[str]
) -> None:
    """Each quarter of an hour the watch is started with another path; at the end everything is reached."""
    sends: list[Send] = []
    now = ZERO
    turns = [*zip(shapes, [fates[n % len(fates)] for n in range(len(shapes))], strict=True)]
    for shape, fate in [*turns, *[(list("abc"), "reached")] * 60]:
        path = tuple(Step(channel) for channel in shape)
        for one in due(path, sends, now):
            known = [send for send in sends if send.number == one.number]
            assert {send.channel for send in known} <= {shape[one.step]}, "a number is one channel's for good"
            assert not any(send.reached for send in known)
            assert one.attempt == len(known) + 1, "one attempt, one entry"
            reached = sum(send.reached for send in sends if send.channel == shape[one.step])
            assert reached < shape.count(shape[one.step]), "as often as it stands in the path"
            ended = None if fate == "doubt" else now
            sends.append(Send(shape[one.step], one.number, one.attempt, now, ended, reached=fate == "reached"))
        now += timedelta(minutes=15)
    assert told_all(tuple(Step(channel) for channel in "abc"), sends)


def test_a_case_is_named_once() -> None:
    said = compose("night", [About("c-0123456789", "HIGH", Untrusted("a call"), case="c-0123456789")], count=1)
    assert said.body.splitlines()[1].split() == ["c-0123456789"]

"""What datapoints and rules say of an alarm: the tables of the User Guide, and the words that go with them."""

from __future__ import annotations

import pytest

from socconsole.drill import alarmrule
from socconsole.drill.alarmstate import Point, java, judge, state_of

O, X, _ = False, True, None  # noqa: E741  # as the tables write them


@pytest.mark.parametrize(
    ("points", "needed", "missing", "ignore", "breaching", "not_breaching"),
    [
        ((O, _, X, _, X), 3, "OK", "OK", "OK", "OK"),
        ((O, _, _, _, _), 3, "OK", "OK", "OK", "OK"),
        ((_, _, _, _, _), 3, "INSUFFICIENT_DATA", "same", "ALARM", "OK"),
        ((O, X, X, _, X), 3, "ALARM", "ALARM", "ALARM", "ALARM"),
        ((_, _, X, _, _), 3, "ALARM", "same", "ALARM", "OK"),
        ((O, _, X, _, X), 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ((O, O, X, O, X), 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ((O, _, X, _, _), 2, "OK", "OK", "ALARM", "OK"),
        ((_, _, _, _, O), 2, "OK", "OK", "ALARM", "OK"),
        ((_, _, _, X, _), 2, "ALARM", "same", "ALARM", "OK"),
    ],
)
def test_missing_data_are_treated_as_the_user_guide_tabulates(
    points: tuple[bool | None, ...], needed: int, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    found = [state_of(points, 3, needed, how, "same") for how in ("missing", "ignore", "breaching", "notBreaching")]
    assert found == [missing, ignore, breaching, not_breaching]


def test_the_reason_names_points_threshold_and_how_many_it_takes() -> None:
    points = [None, None, *(Point(at, value, 50.0, 50.0) for at, value in ((0, 40.0), (60, 99.5), (120, 60.0)))]
    told = judge(
        points,
        comparison="GreaterThanThreshold",
        wanted=3,
        needed=2,
        missing="missing",
        now="OK",
        facts={"version": "1.0", "threshold": 50.0},
    )
    assert told.state == "ALARM"
    assert told.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [99.5 (01/01/70 00:01:00), 60.0 (01/01/70 00:02:00)] "
        "were greater than the threshold (50.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert told.data["recentDatapoints"] == [40.0, 99.5, 60.0]
    assert told.data["startDate"] == "1970-01-01T00:00:00.000+0000"


def test_a_heartbeat_that_stops_is_an_alarm() -> None:
    told = judge(
        [None] * 4, comparison="LessThanThreshold", wanted=2, needed=2, missing="breaching", now="OK", facts={}
    )
    assert told.state == "ALARM"
    assert "2 missing datapoints were treated as [Breaching]" in told.reason


@pytest.mark.parametrize(
    ("value", "text"), [(50.0, "50.0"), (67108864.0, "6.7108864E7"), (0.0, "0.0"), (1e12, "1.0E12")]
)
def test_numbers_are_written_as_cloudwatch_does(value: float, text: str) -> None:
    assert java(value) == text


@pytest.mark.parametrize(
    ("rule", "truth"),
    [
        ("ALARM(a)", True),
        ('ALARM("b c") OR ALARM(a)', True),
        ("ALARM(a) AND OK(a)", False),
        ("NOT ALARM(a) OR OK(b) AND TRUE", True),
        ("NOT (ALARM(a) OR OK(b))", False),
        ("INSUFFICIENT_DATA(a) OR FALSE", False),
    ],
)
def test_a_composite_rule_is_evaluated(rule: str, truth: bool) -> None:
    states = {"a": "ALARM", "b": "OK", "b c": "OK"}
    assert alarmrule.holds(rule, lambda name, state: states[name] == state) is truth


@pytest.mark.parametrize("rule", ["", "ALARM(a", "ALARM(a) AND", "ALARM(a) OK(b)", "(TRUE", "MAYBE(a)"])
def test_a_rule_that_cannot_be_read_says_so(rule: str) -> None:
    with pytest.raises(alarmrule.BadRule):
        alarmrule.names(rule)


def test_a_rule_names_each_alarm_once() -> None:
    arn = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:x"
    assert alarmrule.names(f'ALARM(a) AND NOT OK("b c") OR ALARM({arn}) OR OK(a)') == ["a", "b c", arn]

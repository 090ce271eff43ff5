"""Expressions over metrics, and statistics of samples."""

from __future__ import annotations

import pytest

from socconsole.drill.metricmath import BadExpression, Band, Scope, Series, Value, compute
from socconsole.drill.metrics import Sample
from socconsole.drill.metricstats import known, periods, statistic

A = Series({0: 10.0, 60: 20.0, 120: 60.0}, 60, "A")
B = Series({0: 2.0, 120: 0.0, 180: 5.0}, 60, "B")


def scope() -> Scope:
    values: dict[str, Value] = {"a": A, "b": B, "errors": B}
    return Scope(
        values.get,
        lambda: {"a": A, "b": B},
        lambda series, id_, width: Band(series, Series(dict.fromkeys(series.values, -width), 60, id_)),
        lambda period: range(0, 240, period),
    )


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a + 1", {0: 11, 60: 21, 120: 61}),
        ("a - b", {0: 8, 120: 60}),
        ("a / b", {0: 5}),
        ("-a * 2 + a", {0: -10, 60: -20, 120: -60}),
        ("(a + a) / 4", {0: 5, 60: 10, 120: 30}),
        ("100 * a / SUM(a)", {0: 100 / 9, 60: 200 / 9, 120: 600 / 9}),
        ("SUM([a, b])", {0: 12, 60: 20, 120: 60, 180: 5}),
        ("MAX(METRICS())", {0: 10, 60: 20, 120: 60, 180: 5}),
        ("AVG(METRICS('b'))", {0: 2, 120: 0, 180: 5}),
        ("FILL(b, 0)", {0: 2, 60: 0, 120: 0, 180: 5}),
        ("FILL(b, REPEAT)", {0: 2, 60: 2, 120: 0, 180: 5}),
        ("FILL(b, LINEAR)", {0: 2, 60: 1, 120: 0, 180: 5}),
        ("RATE(a)", {60: 10 / 60, 120: 40 / 60}),
        ("DIFF(a)", {60: 10, 120: 40}),
        ("a / PERIOD(a)", {0: 10 / 60, 60: 20 / 60, 120: 1}),
        ("IF(a > 15, a, 0)", {0: 0, 60: 20, 120: 60}),
        ("CEIL(a / 7)", {0: 2, 60: 3, 120: 9}),
    ],
)
def test_an_expression_is_computed(expression: str, values: dict[int, float]) -> None:
    found = compute(expression, scope())
    assert isinstance(found, Series)
    assert found.values == pytest.approx(values)


def test_an_array_gives_several_and_a_band_two() -> None:
    several = compute("METRICS() * 2", scope())
    assert isinstance(several, list)
    assert [one.values[0] for one in several] == [20, 4]
    band = compute("ANOMALY_DETECTION_BAND(a, 3)", scope())
    assert isinstance(band, Band)
    assert (band.lower.label, band.lower.values[0]) == ("a", -3.0)


@pytest.mark.parametrize(
    "expression", ["m9", "a +", "SUM()", "SEARCH('x', 'Sum', 60)", "a $ b", "FILL(a, b)", "a b", "(a", "'text' + a"]
)
def test_what_cannot_be_computed_is_an_error(expression: str) -> None:
    with pytest.raises(BadExpression):
        compute(expression, scope())


def test_statistics_weigh_every_value() -> None:
    samples = [Sample(0, 1.0, 1.0, 1.0, 1.0), Sample(10, 297.0, 99.0, 3.0, 3.0)]
    told = {stat: statistic(stat, samples) for stat in ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "p50")}
    assert told == {"SampleCount": 100, "Sum": 298, "Average": 2.98, "Minimum": 1, "Maximum": 3, "p50": 3}
    assert statistic("p99", [Sample(0, v, 1, v, v) for v in range(101)]) == pytest.approx(99)
    assert statistic("p99.9", [Sample(0, v, 1, v, v) for v in range(1001)]) == pytest.approx(999)


def test_a_percentile_needs_the_values_themselves() -> None:
    assert statistic("p99", [Sample(0, 10.0, 4.0, 1.0, 5.0)]) is None
    assert statistic("Average", [Sample(0, 10.0, 4.0, 1.0, 5.0)]) == 2.5
    assert statistic("Sum", []) is None
    assert [known(stat) for stat in ("p99", "p99.9", "p100", "Sum", "tm90", "p101", "IQM")] == [
        *[True] * 4,
        *[False] * 3,
    ]


def test_periods_are_counted_from_their_origin() -> None:
    samples = [Sample(at, 1.0, 1.0, 1.0, 1.0) for at in (60, 120, 240, 360)]
    assert {at: len(some) for at, some in periods(samples, 0, 120).items()} == {0: 1, 120: 1, 240: 1, 360: 1}
    assert {at: len(some) for at, some in periods(samples, 60, 120).items()} == {60: 2, 180: 1, 300: 1}

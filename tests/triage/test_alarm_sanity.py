"""Whether an alarm would tell in time, and why not, in numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from socconsole.model.egress import AlarmState, PathKind, path_id
from socconsole.text import Untrusted
from socconsole.triage import ways_out
from socconsole.triage.alarm_sanity import Facts, judge, share_beyond
from socconsole.triage.amounts import amount, per_minute, short
from socconsole.triage.baseline import Baseline, baseline
from tests.store.builders import NOW
from tests.store.ways_out import NAT, PLACE, alarm

USUAL = Baseline(p99=5e8, highest=9e8, count=4032, span=timedelta(days=14))
FACTS = Facts(egress=True, usual=USUAL)


def test_an_alarm_that_tells_in_time_is_sane() -> None:
    assert judge(alarm(threshold=1.2e9), FACTS, NOW).sane is True


@pytest.mark.parametrize(
    ("changes", "facts", "says"),
    [
        ({"threshold": 3e12}, FACTS, "p99 of 14 days is 500 MB, the threshold 3.0 TB, 6,000 times that"),
        ({"threshold": 1e15}, Facts(egress=True), "a NAT gateway carries 3.8 TB a period"),
        ({"threshold": 1e6}, Facts(egress=True, usual=USUAL, beyond=0.37), "always fires: 37% of 4,032 periods"),
        ({"period_s": 3600, "datapoints": 3}, FACTS, "3 x 60 min: tells after 3 h at the earliest, 15 min are allowed"),
        ({"missing_data": "notBreaching"}, FACTS, "OK is also what it says when blind"),
        ({"actions_enabled": False}, FACTS, "actions are disabled"),
        ({"actions": ()}, FACTS, "it has no action"),
        ({"comparison": "LessThanThreshold"}, FACTS, "tells when less leaves"),
        ({}, Facts(egress=True, usual=USUAL, gone=NAT), f"{NAT} is gone"),
        ({"threshold": None, "band": 10.0}, FACTS, "a band of 10 standard deviations"),
        (
            {"state": AlarmState.INSUFFICIENT_DATA, "since": NOW - timedelta(hours=31)},
            FACTS,
            "INSUFFICIENT_DATA for 31 h",
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_in_numbers(changes: dict[str, Any], facts: Facts, says: str) -> None:
    found = judge(alarm(**{"threshold": 1.2e9, **changes}), facts, NOW)
    assert found.sane is False
    assert len(found.why) == 1
    assert says in found.why[0]


def test_a_quiet_path_may_have_a_threshold_of_a_gibibyte() -> None:
    silent = Facts(egress=True, usual=Baseline(0.0, 0.0, 4032, timedelta(days=14)))
    assert judge(alarm(threshold=2**30), silent, NOW).sane is True
    assert judge(alarm(threshold=2**31), silent, NOW).sane is False


def test_what_is_not_known_is_not_called_sane() -> None:
    day = Facts(egress=True, usual=Baseline(1.0, 1.0, 36, timedelta(hours=3)))
    for facts in (Facts(egress=True), day):
        found = judge(alarm(), facts, NOW)
        assert found.sane is None
        assert found.why
    assert judge(alarm(), Facts(egress=False, usual=USUAL), NOW).sane is None
    silent = Facts(egress=True, usual=Baseline(0.0, 0.0, 4032, timedelta(days=14)))
    gets: dict[str, Any] = {"namespace": "AWS/S3", "metric": "GetRequests", "threshold": 1e15}
    for changes, facts, says in (
        (gets, silent, "p99 of 14 days is 0"),
        ({"threshold": None, "band": 3.0}, Facts(egress=True), "no data"),
        ({"metric": "ActiveConnectionCount", "threshold": 1e9}, FACTS, "how many connect"),
        ({"period_s": 0, "statistic": ""}, Facts(egress=True), "compares an expression"),
    ):
        found = judge(alarm(**changes), facts, NOW)
        assert found.sane is None
        assert says in found.why[0]


@pytest.mark.parametrize(
    ("rule", "children", "more", "sane"),
    [
        ("ALARM(a) OR ALARM('b')", "++", {}, True),
        ("ALARM(a) OR ALARM(b)", "+-", {}, None),  # the other may always fire
        ("ALARM(a) OR ALARM(b)", "+", {}, None),
        ("ALARM(a) OR ALARM(b)", "--", {}, False),
        ("ALARM(a) AND ALARM(b) AND NOT ALARM(maint)", "+-+", {}, None),
        ("ALARM(a) AND ALARM(b)", "++", {}, None),
        ("ALARM(a) OR NOT OK(b)", "++", {}, None),
        ("ALARM(a)", "+", {"suppressor": Untrusted("maint")}, None),
        ("ALARM(a)", "+", {"actions": ()}, False),
    ],
    ids=str,
)
def test_a_composite_alarm_is_as_sane_as_its_children_where_it_rings_with_any(
    rule: str, children: str, more: dict[str, Any], sane: bool | None
) -> None:
    both = alarm(composite=True, metric="", rule=Untrusted(rule), **more)
    good, bad = judge(alarm(threshold=1.2e9), FACTS, NOW), judge(alarm(threshold=9e12), FACTS, NOW)
    below = tuple((name, good if sign == "+" else bad) for name, sign in zip("abc", children, strict=False))
    found = judge(both, Facts(egress=True, children=below), NOW)
    assert found.sane is sane
    assert bool(found.why) is not bool(sane)
    assert ("b: never fires" in str(found.why)) is (children[1:2] == "-")


def test_usual_is_the_nearest_rank_of_ninety_nine_in_a_hundred() -> None:
    points = [(NOW + timedelta(hours=n), float(n)) for n in range(1, 201)]
    found = baseline(points)
    assert found is not None
    assert (found.p99, found.highest, found.count) == (198.0, 200.0, 200)
    assert found.unusual(595.0)
    assert not found.unusual(594.0)
    assert share_beyond(alarm(threshold=150.0), points) == 0.25
    assert baseline([]) is None


def test_an_amount_is_said_in_a_word_or_two_and_what_is_something_is_not_nothing() -> None:
    assert [amount(value) for value in (0, 0.4, 1536, 4.1e7, 2.5e9)] == ["0 B", "0.4 B", "1.5 kB", "41 MB", "2.5 GB"]
    assert [amount(value, "tokens") for value in (0.25, 1200)] == ["0.25 tokens", "1,200 tokens"]
    assert per_minute(1e6) == "60 MB/min"
    rates = [short(1e6), short(3.8e4, "tokens"), short(999, "tokens"), short(0, "invocations")]
    assert rates == ["60 MB/min", "2.28 M tok/min", "59.9 k tok/min", "0 inv/min"], "each fits its column"


def test_an_alarm_looks_at_the_way_out_that_its_dimensions_name() -> None:
    nat = path_id(PathKind.NAT, PLACE, NAT)
    assert ways_out.path_of(alarm()) == (nat, True)
    assert ways_out.path_of(alarm(metric="ErrorPortAllocation")) == (nat, False)
    assert ways_out.path_of(alarm(metric="BytesInFromDestination")) == (nat, False)
    assert ways_out.path_of(alarm(namespace="Ours", metric="leaked")) == (nat, True)
    assert ways_out.path_of(alarm(dimensions=(("TableName", "t"),))) == (None, False)
    rule = Untrusted('ALARM("a b") AND NOT OK(arn:aws:cloudwatch:eu-central-1:111122223333:alarm:c) OR ALARM(a)')
    assert ways_out.children(rule) == ("a b", "c", "a")

"""Records with anything anywhere: never an exception, never a fault of ours, nothing lost, all storable."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from datetime import UTC, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socconsole.formats import Deferred, Quarantined, Record, read_bytes, read_object
from socconsole.model.egress import AlarmChange
from socconsole.model.finding import Kind, Observation, Severity
from socconsole.model.trail import TrailEvent

from . import records

BASES = (
    records.native(),
    records.camel(records.native()),
    records.lower(records.native()),
    records.asff(),
    records.ocsf(),
    records.event({"findings": [records.asff(), records.ocsf()]}, "Security Hub Findings - Imported"),
    records.event(records.camel(records.native()), "GuardDuty Finding", "aws.guardduty"),
    records.event({"alarmName": "a"}, "CloudWatch Alarm State Change", "aws.cloudwatch"),
    records.alarm(),
    records.trail(),
    records.api_activity(),
    {"EventId": "e", "Username": "ci", "CloudTrailEvent": json.dumps(records.trail())},
    records.event(records.trail(), "AWS API Call via CloudTrail", "aws.sts"),
)
TEXT = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Cf"]), max_size=8),
    st.sampled_from(
        [
            "",
            " ",
            "[@click=app.quit]x[/]",
            "\x1b]52;c;aGk=\x07",
            "\u202egnp",
            "NaN",
            "1e400",
            "9" * 400,
            "[" * 5000,
            '{"sample":' * 300,
            "arn:" * 50,
            "x" * 70_000,
        ]
    ),
)
JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**30, -(10**400), 2**63, 1e308, 0.1]),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXT,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=8,
)
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TOKEN = re.compile(r"[A-Za-z0-9 ._:/@+*!&=,#()$%~?-]*")


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths(item, (*at, index))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    record = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 4))):
        known = paths(record)
        if not known:
            break
        *way, last = draw(st.sampled_from(known))
        place = record
        for step in way:
            place = place[step]
        deed = draw(st.integers(0, 3))
        if deed == 0:
            del place[last]
        elif deed == 1 and isinstance(place, dict):
            place[draw(TEXT)] = place.pop(last)
        else:
            place[last] = draw(JUNK)
    return record


def check(each: Record) -> None:
    if isinstance(each, Quarantined):
        assert "fault" not in each.reason
        assert each.reason.isprintable()
        return
    if isinstance(each, Deferred):
        assert each.what == "alarm"
        return
    if isinstance(each, TrailEvent):
        check_event(each)
        return
    if isinstance(each, AlarmChange):
        assert each.body.isascii()
        for text in (each.alarm.arn, each.alarm.name, each.alarm.reason, each.summary):
            assert text.raw().encode() is not None
        for said in (
            each.alarm.namespace,
            each.alarm.metric,
            *(value for pair in each.alarm.dimensions for value in pair),
        ):
            assert said.encode() is not None
        assert each.at.utcoffset() == timedelta(0)
        return
    assert each.merge_keys
    for key in each.merge_keys:
        assert key.isascii()
        assert key.isprintable()
        assert len(key) <= 2_000
    assert isinstance(each.kind, Kind)
    assert isinstance(each.severity, Severity)
    for token in (each.product, each.account, each.region, each.note_by, each.compliance, *each.types):
        assert token is None or TOKEN.fullmatch(token), token
    assert each.native_id.isprintable()
    for moment in (each.occurred, each.published, each.updated):
        assert moment is None or moment.utcoffset() == timedelta(0)
        assert moment is None or moment.tzinfo is UTC
    texts = [each.title, each.description, *(r.id for r in each.resources), *(a.value for a in each.actors)]
    for text in texts:
        text.raw().encode()  # what is stored and painted has no lone surrogates
    assert each.title
    assert 1 <= each.count < 2**31
    assert each.digest == hashlib.sha256(each.body).digest()
    assert each.body.isascii()


def check_event(each: TrailEvent) -> None:
    keys = (each.access_key, *each.issued)
    for token in (each.id, each.source, each.name, each.account, each.region, each.error, each.caller, *keys):
        assert token is None or TOKEN.fullmatch(token), token
    for text in (each.principal, each.issuer, each.address, each.agent, *(name for _, name in each.resources)):
        assert text is None or text.raw().encode() is not None
    assert each.at.utcoffset() == timedelta(0)
    assert each.bytes_out is None or 0 <= each.bytes_out < 2**63
    assert each.digest == hashlib.sha256(each.body).digest()
    assert each.body.isascii()


@QUICK
@given(mutated())
def test_mutated_records_never_raise_and_never_meet_a_fault_of_ours(record: Any) -> None:
    found = list(read_object(record, 1))
    for each in found:
        check(each)
        stored = each.body if isinstance(each, Observation | TrailEvent | AlarmChange) else each.raw
        json.loads(stored)


@QUICK
@given(mutated())
def test_a_mutated_record_reads_alike_as_object_and_as_bytes(record: Any) -> None:
    (line,) = [json.dumps(record)]
    by_object = list(read_object(json.loads(line), 1))
    by_bytes = list(read_bytes(line.encode()))
    assert [type(each) for each in by_bytes] == [type(each) for each in by_object]


@QUICK
@given(JUNK)
def test_any_json_yields_records(value: Any) -> None:
    for each in read_object(value, 1):
        check(each)


@QUICK
@given(st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_and_any_cut_of_a_record_yield_records(noise: bytes, cut: int) -> None:
    whole = json.dumps(records.asff()).encode()
    data = whole[:cut] + noise + whole[cut:]
    found = list(read_bytes(data))
    assert found or not data.strip()
    for each in found:
        check(each)


def test_python_values_that_json_does_not_have() -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = [deep]
    for odd in (float("nan"), 10**5_000, b"\xff", {1, 2}, object(), deep, {("a", 1): 2}, {10**5_000: 1}):
        (found,) = read_object(records.asff(Title=odd, ProductFields={"x": odd}), 1)
        check(found)
        assert isinstance(found, Observation)
        json.loads(found.body)

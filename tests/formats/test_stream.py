"""Files: one object, arrays, wrappers, JSON Lines, pretty printing, and every kind of damage."""

from __future__ import annotations

import json
import time

import pytest

from socconsole.formats import Quarantined, Record, read_bytes, without_secrets
from socconsole.model.finding import Observation

from . import records

A = records.asff(Id="a")
B = records.asff(Id="b")


def ids(found: list[Record]) -> list[str]:
    return [each.native_id if isinstance(each, Observation) else f"!{type(each).__name__}" for each in found]


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([A, B]),
        json.dumps({"Findings": [A, B], "NextToken": "x"}),
        json.dumps({"findings": [A, B]}),
        json.dumps({"Records": [A, B]}),
        json.dumps(A) + "\n" + json.dumps(B),
        json.dumps(A) + "\r\n\r\n" + json.dumps(B) + "\n",
        json.dumps(A, indent=2) + "\n" + json.dumps(B, indent=2) + "\n",
        json.dumps(A) + json.dumps(B),
        json.dumps(A, indent=1) + ",\n" + json.dumps(B, indent=1),
        "\ufeff" + json.dumps([A, B]),
    ],
)
def test_every_way_to_write_two_findings(data: str) -> None:
    assert ids(list(read_bytes(data.encode()))) == ["a", "b"]
    assert ids(list(read_bytes(data.removeprefix("\ufeff").encode("utf-16")))) == ["a", "b"]


@pytest.mark.parametrize("data", [b"", b"  \n\n", b"[]", b'{"Findings": []}'])
def test_nothing_is_nothing(data: bytes) -> None:
    assert list(read_bytes(data)) == []


def test_a_broken_line_costs_itself_only() -> None:
    data = b"\n".join([json.dumps(A).encode(), json.dumps(B).encode()[:200], json.dumps(B).encode()])
    found = list(read_bytes(data))
    assert ids(found) == ["a", "!Quarantined", "b"]
    bad = found[1]
    assert isinstance(bad, Quarantined)
    assert (bad.line, bad.reason, bad.raw) == (2, "not JSON", json.dumps(B).encode()[:200])


def test_lines_and_elements_are_numbered_from_one() -> None:
    by_line = [each.line for each in read_bytes(b'{"a":1}\n\n{"b":1}\n') if isinstance(each, Quarantined)]
    by_element = [each.line for each in read_bytes(b'[{"a":1},\n{"b":1}]') if isinstance(each, Quarantined)]
    in_wrapper = [each.line for each in read_bytes(b'{"Findings":[{"a":1},3]}') if isinstance(each, Quarantined)]
    assert (by_line, by_element, in_wrapper) == ([1, 3], [1, 2], [1, 2])


def test_a_cut_off_array_still_gives_what_came_before_the_cut() -> None:
    data = json.dumps([A, B, A], indent=2).encode()[:-900]
    found = list(read_bytes(data))
    assert [each for each in ids(found) if each != "!Quarantined"] == ["a", "b"]
    assert any(isinstance(each, Quarantined) for each in found)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ('{"Id":"\\ud800x","ProductArn":"p","Title":"\\udfff"}', "\\udfff"),
        ('{"Id":"x","ProductArn":"p","Title":"a\tb"}', "a\tb"),
        ('{"Id":"x","ProductArn":"p","Title":"t","Criticality":NaN,"Confidence":-Infinity}', "t"),
        ('{"Id":"x","ProductArn":"p","Title":"t","Criticality":1e999}', "t"),
        ('{"Id":"x","ProductArn":"p","Title":"t","Criticality":' + "9" * 400 + "}", "t"),
    ],
)
def test_json_that_is_almost_json_is_still_a_finding(text: str, seen: str) -> None:
    (found,) = read_bytes(text.encode())
    assert isinstance(found, Observation)
    assert found.title.raw() == seen
    json.loads(found.body, parse_constant=lambda name: pytest.fail(f"{name} in a body"))


def test_bytes_that_are_no_utf8_are_kept() -> None:
    data = json.dumps(records.asff(Title="@@")).encode().replace(b"@@", b"\xff\xfe")
    (found,) = read_bytes(data)
    assert isinstance(found, Observation)
    assert found.title.raw() == "\\udcff\\udcfe"
    assert json.loads(found.body)["Title"].encode("utf-8", "surrogateescape") == b"\xff\xfe"


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 100_000,
        b'{"a":' + b"9" * 100_000 + b"}",
        bytes(range(256)) * 10,
        b"\xff\xfe\x00",
        b'"text"',
        b"Id,Title\n1,2\n",
    ],
)
def test_rubbish_is_quarantined_with_its_bytes(data: bytes) -> None:
    found = list(read_bytes(data))
    assert found
    assert all(isinstance(each, Quarantined) for each in found)


def test_a_title_of_a_megabyte_is_capped_in_the_model_and_whole_in_the_body() -> None:
    (found,) = read_bytes(json.dumps(records.asff(Title="x" * 1_000_000)).encode())
    assert isinstance(found, Observation)
    assert len(found.title.raw()) == 4096
    assert len(json.loads(found.body)["Title"]) == 1_000_000


def test_a_file_made_to_be_searched_again_from_every_line_takes_no_longer_than_its_size() -> None:
    """Each of the first lines opens a list that never ends: without a bound, a search of it all each time."""

    def seconds(openings: int) -> float:
        data = b"[1,\n" * openings + b"2,\n" * 300_000
        start = time.process_time()
        assert list(read_bytes(data))
        return time.process_time() - start

    assert seconds(800) < 4 * seconds(1) + 1


SECRET = records.trail(requestParameters={"dbPassword": "S3cr3t", "secretId": "db/main", "odd": "\ud800"})
LOOKUP = {"EventId": "e", "EventName": "x", "EventSource": "y", "CloudTrailEvent": json.dumps(SECRET)}
KNOWN = records.asff(Id="a", Resources=[{"Id": "x", "Details": {"Other": {"dbPassword": "a finding stays"}}}])


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"Records": [SECRET, SECRET]}),
        json.dumps([KNOWN, SECRET, LOOKUP]),
        json.dumps({"Messages": [{"Body": json.dumps({"Type": "Notification", "Message": json.dumps(SECRET)})}]}),
        json.dumps(records.event(SECRET, "AWS API Call via CloudTrail"), indent=1),
        "\n".join(json.dumps(one) for one in (KNOWN, SECRET, {"password": "S3cr3t"}, LOOKUP)),
        json.dumps(SECRET, indent=2)
        + "\n\nbad\n"
        + json.dumps(KNOWN, indent=2)
        + json.dumps(SECRET)
        + '\n{"x": \udc80',
        json.dumps(SECRET) + "\n" + json.dumps(SECRET)[:-40] + "\n" + json.dumps(KNOWN),
        json.dumps(SECRET, indent=2)[:-40],
    ],
    ids=["file", "array", "queue", "event", "lines", "printed", "damaged", "cut"],
)
def test_a_file_without_its_secrets_reads_the_same(data: str) -> None:
    raw = data.encode("utf-8", "surrogateescape")
    kept = without_secrets(raw)
    assert b"S3cr3t" in raw
    assert b"S3cr3t" not in kept
    assert list(read_bytes(kept)) == list(read_bytes(raw))
    assert without_secrets(kept) == kept
    assert (b"a finding stays" in kept) == (b"a finding stays" in raw)


def test_a_file_with_nothing_to_leave_out_keeps_its_bytes() -> None:
    for raw in (json.dumps([KNOWN], indent=3).encode(), json.dumps(records.trail(responseElements=None)).encode()):
        assert without_secrets(raw) is raw

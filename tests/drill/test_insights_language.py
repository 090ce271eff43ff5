"""The dialect of Logs Insights that the drill answers, on records by hand."""

from __future__ import annotations

import pytest

from socconsole.drill.insightsql import Malformed, compiled
from socconsole.drill.insightsrun import Answer, record, run

T0 = 1_700_000_100_000
LINES = (
    "2 1 eni-1 10.0.0.1 203.0.113.9 4000 443 6 10 900 1 2 ACCEPT OK",
    "2 1 eni-1 10.0.0.1 198.51.100.7 4001 443 6 10 100 1 2 ACCEPT OK",
    "2 1 eni-1 10.0.0.1 203.0.113.9 4000 443 6 10 1100 1 2 ACCEPT OK",
    "2 1 eni-1 10.0.0.9 10.0.0.1 4000 22 6 1 40 1 2 REJECT OK",
    "2 1 eni-1 - - - - - - - 1 2 - NODATA",
    '{"user": {"name": "Ada"}, "sizes": [3, 4], "ok": true}',
)


def asked(query: str, limit: int = 10_000) -> Answer:
    records = (record("g", "1", "s", T0 + n * 60_000, T0, line) for n, line in enumerate(LINES))
    return run(compiled(query), records, limit)


def told(query: str, limit: int = 10_000) -> list[dict[str, str]]:
    return [{one["field"]: one["value"] for one in row if one["field"] != "@ptr"} for row in asked(query, limit).rows]


def test_the_top_talkers_of_a_log_in_the_default_format() -> None:
    query = """
    # who is it talking to
    filter action = "ACCEPT" and isIpv4InSubnet(srcAddr, "10.0.0.0/8") and not isIpv4InSubnet(dstAddr, '10.0.0.0/8')
    | stats sum(bytes) as out, count(*) as flows, min(@timestamp) as first by dstAddr, dstPort
    | sort out desc | limit 25
    """
    assert told(query) == [
        {"dstAddr": "203.0.113.9", "dstPort": "443", "out": "2000", "flows": "2", "first": str(T0)},
        {"dstAddr": "198.51.100.7", "dstPort": "443", "out": "100", "flows": "1", "first": str(T0 + 60_000)},
    ]
    answer = asked(query)
    assert (answer.scanned, answer.matched) == (6, 3)
    assert answer.bytes == sum(len(line) for line in LINES)


@pytest.mark.parametrize(
    ("test", "lines"),
    [
        ("bytes > 100", [0, 2]),
        ("bytes >= 100 and bytes < 1000", [0, 1]),
        ("bytes != 100", [0, 2, 3, 4, 5]),
        ("not (bytes = 100 or action = 'REJECT')", [0, 2, 4, 5]),
        ("@message like /203\\.0\\.113\\.\\d/", [0, 2]),
        ("@message not like 'eni-1'", [5]),
        ("dstAddr =~ '198'", [1]),
        ("dstPort in [22, 80]", [3]),
        ("logStatus = 'NODATA' or ispresent(user.name)", [4, 5]),
        ("sizes.1 + 1 = 5 and ok = 1", [5]),
        ("toupper(user.name) = 'ADA'", [5]),
        ("bytes / packets > 90", [2]),
        ("`bytes` = 900", [0]),
    ],
)
def test_a_filter_lets_through(test: str, lines: list[int]) -> None:
    found = told(f"fields @message | filter {test} | sort @timestamp asc")
    assert [one["@message"] for one in found] == [LINES[n] for n in lines]


def test_parse_takes_globs_and_regexes_and_leaves_what_does_not_fit() -> None:
    (row,) = told('parse @message "* eni-1 * * * 443" as head, src, dst, port | filter ispresent(port) | limit 1')
    assert row["@message"] == LINES[2]
    found = told("parse @message /(?<outcome>ACCEPT|REJECT) OK$/ | stats count(*) as n by outcome | sort n desc")
    assert found == [{"outcome": "ACCEPT", "n": "3"}, {"n": "2"}, {"outcome": "REJECT", "n": "1"}]
    rest = told('fields rest | parse @message "2 1 *" as rest | filter @message like "NODATA"')
    assert rest == [{"rest": "eni-1 - - - - - - - 1 2 - NODATA"}]


def test_statistics_by_period_sorting_and_what_is_shown() -> None:
    numbers = "avg(bytes), max(bytes) as most, count_distinct(dstAddr) as peers, pct(bytes, 50)"
    found = told(f"stats {numbers} by bin(2m) | sort bin(2m) desc")
    assert [one.pop("bin(2m)")[11:] for one in found] == [f"22:{n}:00.000" for n in (20, 18, 16, 14)]
    assert found[2:] == [
        {"avg(bytes)": "600", "most": "1100", "peers": "2", "pct(bytes, 50)": "1100"},
        {"avg(bytes)": "900", "most": "900", "peers": "1", "pct(bytes, 50)": "900"},
    ]
    assert found[0] == {"peers": "0"}, "what no record has is left out"
    assert told("stats sum(bytes)") == [{"sum(bytes)": "2140"}]
    (ends,) = told("stats earliest(dstAddr) as first, latest(dstAddr) as last")
    assert ends == {"first": "203.0.113.9", "last": "10.0.0.1"}
    assert told("filter bytes > 5000 | stats count(*), sum(bytes) as b") == [{"count(*)": "0", "b": "0"}]
    assert [one["b"] for one in told("fields bytes * 2 as b | filter b > 0 | sort b desc, srcAddr asc | limit 2")] == [
        "2200",
        "1800",
    ]
    assert [one["dstAddr"] for one in told("fields dstAddr | filter action='ACCEPT' | dedup dstAddr")] == [
        "203.0.113.9",
        "198.51.100.7",
    ]
    assert told("fields bytes | display action | filter bytes = 40") == [{"action": "REJECT"}]
    newest = told("limit 1")[0]
    assert newest["@timestamp"] == "2023-11-14 22:20:00.000"
    assert len(told("fields @message", limit=2)) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "fields",
        "select *",
        "filter",
        "filter a = ",
        "filter bytes > 5m",
        "stats bytes by a",
        "stats sum(bytes by a",
        "stats count(*) by bin(5)",
        "limit many",
        "parse @message '* *' as one",
        "filter secret(a)",
        "filter a like /(/",
        "fields a | ",
        "filter a ? b",
    ],
)
def test_what_does_not_compile_says_where(query: str) -> None:
    with pytest.raises(Malformed) as caught:
        compiled(query)
    assert 0 <= caught.value.begin < max(caught.value.end, 1)

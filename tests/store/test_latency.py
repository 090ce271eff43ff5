"""How long events took to reach us: by source, live ones only, and what to change where that is too slow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from socconsole.formats import read_object
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import findings, latency, sources
from socconsole.store.latency import Latency
from tests.formats import records
from tests.store.builders import ACCOUNT, NOW, REGION, observation
from tests.store.shelf import KEY, fresh_store, hear, put

TRAIL = SourceKey("trail", ACCOUNT, REGION)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


def event(number, at):
    (found,) = read_object(records.trail(eventID=f"e-{number}"), 1)
    return replace(found, at=at)


def tell(conn, *events, at=NOW, key=TRAIL):
    answer = Answer(key, Freshness.FRESH)
    findings.commit(conn, events, answer=answer, origin=sources.origin_of(key), now=at)


def test_the_time_from_an_event_to_us_is_measured_by_source(conn):
    tell(conn, event("history", NOW - 60 * MINUTE))  # a first reading brings history: it is not measured
    for n in range(1, 11):
        happened = NOW + n * MINUTE
        tell(conn, event(n, happened), at=happened + n * MINUTE)
    found = latency.measure(conn, NOW + 60 * MINUTE)
    assert found == {"trail/111122223333/eu-central-1": Latency(10, 300.0, 600.0)}
    assert latency.measure(conn, NOW + timedelta(days=2)) == {}


def test_the_first_event_of_a_source_that_was_empty_counts(conn):
    tell(conn)
    tell(conn, event("first", NOW + MINUTE), at=NOW + 2 * MINUTE)
    assert latency.measure(conn, NOW + 3 * MINUTE) == {sources.origin_of(TRAIL): Latency(1, 60.0, 60.0)}


def test_of_a_busy_source_the_newest_are_measured_and_a_quiet_one_is_not_lost(conn, monkeypatch):
    monkeypatch.setattr(latency, "NEWEST", 3)
    quiet = SourceKey("push", ACCOUNT, REGION)
    tell(conn)
    tell(conn, key=quiet)
    tell(conn, event("quiet", NOW + MINUTE), at=NOW + 5 * MINUTE, key=quiet)
    for n in range(6, 12):
        tell(conn, event(n, NOW + n * MINUTE), at=NOW + 2 * n * MINUTE)
    found = latency.measure(conn, NOW + 60 * MINUTE)
    assert found == {sources.origin_of(quiet): Latency(1, 240.0, 240.0), sources.origin_of(TRAIL): Latency(3, 600, 660)}
    assert "of the last 3" in latency.describe(found[sources.origin_of(TRAIL)])
    assert "of 1 in 24 h" in latency.describe(found[sources.origin_of(quiet)])


def test_findings_are_measured_and_imports_are_not(conn):
    hear(conn, observation("old"))
    later = NOW + 30 * MINUTE
    hear(conn, observation("new", occurred=later - 4 * MINUTE, updated=later), now=later)
    put(conn, observation("imported", occurred=NOW + MINUTE), now=later)
    put(conn, event("imported", NOW + MINUTE), now=later, origin="file:x")
    assert latency.measure(conn, later) == {sources.origin_of(KEY): Latency(1, 240.0, 240.0)}


def test_a_finding_that_goes_on_is_measured_from_its_publication(conn):
    hear(conn)
    published, seen = NOW + 10 * MINUTE, NOW + 12 * MINUTE
    hear(conn, observation("1", occurred=seen + MINUTE, published=published), now=seen)
    assert latency.measure(conn, seen) == {sources.origin_of(KEY): Latency(1, 120.0, 120.0)}


def test_a_source_that_is_too_slow_says_what_to_change():
    fast, slow = Latency(9, 10.0, 900.0), Latency(9, 10.0, 901.0)
    assert latency.advice("trail", fast) == latency.advice("trail", None) == ""
    assert "push" in latency.advice("trail", slow)
    assert "guardduty-frequency" in latency.advice("guardduty", slow)
    assert latency.describe(slow) == "median 10 s, 95% within 15 min of the event, of 9 in 24 h; the aim is 15 min"
    assert "nothing came live" in latency.describe(None)

"""Freshness: never a false all-clear, whoever died and whenever."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from msgspec.structs import replace

from socconsole.model.source import Answer, Freshness, SourceKey, SourceState
from socconsole.model.world import WorldKind
from socconsole.store import clear, sources
from socconsole.store.sources import HostClock
from socconsole.text import Untrusted
from tests.store.builders import NOW
from tests.store.shelf import KEY, fresh_store

START = HostClock("boot-1", 1_000.0)


def after(seconds: float) -> HostClock:
    return replace(START, seconds=START.seconds + seconds)


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    sources.scope(conn, [KEY])
    yield conn
    conn.close()


def answer(outcome: Freshness = Freshness.FRESH, **over: object) -> Answer:
    return Answer(KEY, outcome, **{"interval_s": 30.0, **over})


def state(conn, clock=START, now=NOW):
    return sources.states(conn, now=now, clock=clock)[0]


def judged(states: list[SourceState]) -> clear.Clear:
    return clear.judge(states, world=WorldKind.LIVE, watch_alive=True)


def test_never_asked(conn):
    found = state(conn)
    assert (found.freshness, found.age_s, found.last_complete) == (Freshness.NEVER, None, None)
    assert not judged([found])


def test_fresh_until_three_intervals(conn):
    sources.record(conn, answer(), NOW, START)
    assert state(conn, after(90)).freshness is Freshness.FRESH
    assert judged([state(conn, after(90))])
    late = state(conn, after(90.5), NOW)  # the wall clock may say what it likes
    assert late.freshness is Freshness.STALE
    assert late.age_s == 90.5
    assert "30 s" in late.detail.raw()


def test_another_boot_is_stale_even_at_once(conn):
    sources.record(conn, answer(), NOW, START)
    found = state(conn, HostClock("boot-2", 5.0), NOW + timedelta(seconds=20))
    assert (found.freshness, found.age_s) == (Freshness.STALE, 20.0)
    assert state(conn, after(-1)).freshness is Freshness.STALE  # a clock cannot run backwards in one boot


def test_a_resident_watch_is_believed_for_ten_seconds_after_its_last_sign_of_life(conn):
    sources.beat(conn, os.getpid(), NOW, clock=START)
    sources.record(conn, answer(), NOW, START)
    assert state(conn, after(10)).freshness is Freshness.FRESH
    assert state(conn, after(10.5)).freshness is Freshness.STALE
    sources.beat(conn, os.getpid(), NOW, clock=after(11))
    assert state(conn, after(12)).freshness is Freshness.FRESH
    sources.leave(conn, os.getpid())
    assert state(conn, after(12)).freshness is Freshness.STALE


def test_rows_of_a_single_round_need_no_heartbeat(conn):
    sources.record(conn, answer(), NOW, START)
    assert not sources.watch_alive(conn, after(60))
    assert state(conn, after(60)).freshness is Freshness.FRESH


@pytest.mark.parametrize("outcome", [Freshness.DENIED, Freshness.ERROR, Freshness.PARTIAL, Freshness.OFF])
def test_the_latest_answer_counts_and_the_last_complete_one_is_remembered(conn, outcome):
    sources.record(conn, answer(), NOW, START)
    said = answer(outcome, detail=Untrusted("no \ud800 \x00 permission"), remedy="aws sso login", progress=(1, 3))
    sources.record(conn, said, NOW + timedelta(seconds=30), after(30))
    found = state(conn, after(40))
    assert (found.freshness, found.age_s, found.last_complete) == (outcome, 40.0, NOW)
    assert found.remedy == "aws sso login"
    assert not judged([found])
    assert judged([found]).lacking == (found,)
    expired = state(conn, after(200)).freshness  # nobody asked again
    assert expired is (outcome if outcome in (Freshness.DENIED, Freshness.ERROR) else Freshness.STALE)


def test_partial_says_how_much(conn):
    sources.record(conn, answer(Freshness.PARTIAL, progress=(2, 7)), NOW, START)
    assert state(conn).detail == Untrusted("2 of 7 read")


def test_a_note_is_no_reason_and_hides_none(conn):
    """What an aggregator adds is worth knowing; why a source is not fresh is another matter."""
    note = Untrusted("home Region of a finding aggregator")
    sources.record(conn, answer(Freshness.PARTIAL, progress=(2, 7), note=note), NOW, START)
    found = state(conn)
    assert (found.detail, found.note) == (Untrusted("2 of 7 read"), note)
    sources.record(conn, answer(note=note), NOW, START)
    found = state(conn)
    assert (found.detail, found.note) == (Untrusted(""), note)
    sources.record(conn, answer(Freshness.ERROR, detail=Untrusted("no route")), NOW, START)
    found = state(conn)
    assert (found.detail, found.note) == (Untrusted("no route"), note)


def test_scope_is_exactly_what_is_listed(conn):
    other = SourceKey("securityhub", "222233334444", "us-east-1")
    sources.record(conn, answer(), NOW, START)
    sources.scope(conn, [other])
    assert [s.key for s in sources.states(conn, now=NOW, clock=START)] == [other]
    sources.scope(conn, [KEY, other])
    assert state(conn).freshness is Freshness.FRESH  # what it answered was kept
    sources.scope(conn, [])
    assert not judged(sources.states(conn, now=NOW, clock=START))


def test_one_blind_source_is_enough(conn):
    sources.record(conn, answer(), NOW, START)
    other = SourceKey("securityhub", "222233334444", "us-east-1")
    sources.scope(conn, [KEY, other])
    verdict = judged(sources.states(conn, now=NOW, clock=START))
    assert not verdict
    assert [(one.key, one.freshness) for one in verdict.lacking] == [(other, Freshness.NEVER)]


def test_who_else_is_here(conn):
    sources.beat(conn, 11, NOW, who="on1", console=True, clock=START)
    sources.beat(conn, 12, NOW, who="on2", console=True, clock=after(8))
    assert [(p.pid, p.who.raw()) for p in sources.present(conn, after(9))] == [(11, "on1"), (12, "on2")]
    assert [p.pid for p in sources.present(conn, after(15))] == [12]
    assert sources.present(conn, HostClock("boot-2", START.seconds)) == []
    sources.leave(conn, 12, console=True)
    assert [p.pid for p in sources.present(conn, after(9))] == [11]
    assert not sources.watch_alive(conn, START)  # a console is no watch


def test_the_clock_of_this_host_moves_within_one_boot():
    first, second = sources.host_clock(), sources.host_clock()
    assert first.boot == second.boot
    assert first.boot
    assert second.seconds >= first.seconds

"""Records that AWS no longer has: closed with a reason and a time, never at the first miss, back when seen again."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

import pytest

from socconsole.model.entry import Entry
from socconsole.model.finding import State, Workflow
from socconsole.model.source import SourceKey
from socconsole.store import db, gone, ledger, project, queue, reading, sources
from socconsole.store.reading import Ended, How
from socconsole.store.state import StateFolder
from socconsole.triage.query import parse
from tests.store.builders import ACCOUNT, NOW, REGION, hub, observation
from tests.store.desk import named
from tests.store.shelf import KEY, acknowledge, fresh_store, hear

HUB = SourceKey("securityhub", ACCOUNT, REGION)
ORIGIN = sources.origin_of(KEY)


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


def asked(conn: sqlite3.Connection, origin: str = ORIGIN, now: datetime = NOW) -> dict[str, list[bytes]]:
    return dict(gone.to_sweep(conn, origin, now, 100, 0).records)


def miss(conn: sqlite3.Connection, *names: str, origin: str = ORIGIN, now: datetime = NOW) -> int:
    """One sweep to which the source had no answer for these."""
    known = asked(conn, origin, now)
    return gone.missed(conn, origin, [ident for name in names for ident in known[name]], now)


def stands(conn: sqlite3.Connection, name: str = "1") -> tuple[State, Ended | None]:
    found = reading.get(conn, named(name), NOW + timedelta(hours=1))
    assert found is not None
    return found.state, found.ended


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_it_is_closed_at_the_second_miss_with_how_and_when(conn):
    hear(conn, observation("1"), observation("2"))
    assert miss(conn, "1", now=at(1)) == 0
    assert stands(conn) == (State.NEW, None)  # an index may lag
    assert miss(conn, "1", now=at(2)) == 1
    assert stands(conn) == (State.RESOLVED, Ended(How.GONE, at(2)))
    assert stands(conn, "2") == (State.NEW, None)
    assert conn.execute("SELECT closed FROM queue WHERE id = ?", (named("1"),)).fetchone() == (1,)
    found = reading.get(conn, named("1"), at(3))
    assert found is not None
    assert reading.findings_json(found, at(3))["ended"] == {"how": "gone", "at": "2026-03-01T03:16:07Z"}
    assert gone.ended(conn, at(0), at(3)) == [gone.Ended(How.GONE, True, (named("1"),))]
    assert gone.ended(conn, at(2), at(3)) == []


def test_an_answer_in_between_makes_the_next_miss_the_first_again(conn):
    hear(conn, observation("1"))
    miss(conn, "1")
    hear(conn, observation("1"))
    assert miss(conn, "1") == 0
    assert stands(conn) == (State.NEW, None)


def test_it_comes_back_as_it_was_when_it_is_told_again_unchanged(conn):
    hear(conn, observation("1"))
    acknowledge(conn, named("1"), NOW)
    miss(conn, "1", now=at(1))
    miss(conn, "1", now=at(2))
    assert stands(conn)[0] is State.RESOLVED
    hear(conn, observation("1"), now=at(5))
    assert stands(conn) == (State.ACKNOWLEDGED, None)
    assert conn.execute("SELECT closed, resolved_at FROM queue").fetchone() == (0, None)


@pytest.mark.parametrize("ending", ["gone", "archived"])
def test_it_comes_back_as_new_when_it_fired_meanwhile(conn, ending):
    hear(conn, observation("1"))
    acknowledge(conn, named("1"), NOW)
    if ending == "gone":
        miss(conn, "1", now=at(1))
        miss(conn, "1", now=at(2))
    else:
        hear(conn, observation("1", active=False, updated=at(2)), now=at(2))
    assert stands(conn) == (State.RESOLVED, Ended(How(ending), at(2)))
    hear(conn, observation("1", occurred=at(4), updated=at(4), count=2), now=at(5))
    assert stands(conn) == (State.NEW, None)


def test_it_stays_open_while_another_service_still_has_it(conn):
    hear(conn, observation("1"))
    hear(conn, hub("1"), key=HUB)
    miss(conn, "1")
    assert miss(conn, "1") == 1
    assert stands(conn) == (State.NEW, None)
    hub_id = hub("1").native_id
    miss(conn, hub_id, origin=sources.origin_of(HUB))
    miss(conn, hub_id, origin=sources.origin_of(HUB))
    assert stands(conn)[0] is State.RESOLVED


def test_it_is_asked_for_at_once_again_and_for_a_week(conn):
    hear(conn, *(observation(str(n)) for n in range(3)))
    miss(conn, "1", now=at(1))
    miss(conn, "1", now=at(2))
    assert set(asked(conn, now=at(3))) == {"0", "1", "2"}
    assert set(asked(conn, now=NOW + gone.ASKED_FOR + timedelta(minutes=2))) == {"0", "2"}
    assert set(gone.to_sweep(conn, ORIGIN, at(3), 1, 0).records) >= {"1"}  # whatever part of the round it is


def test_the_round_goes_through_all_that_is_open_most_important_first(conn):
    hear(conn, *(observation(str(n), resource=f"b{n}", types=("Recon:S3/X",)) for n in range(5)))
    hear(conn, observation("high"), observation("archived", active=False))
    rounds = [gone.to_sweep(conn, ORIGIN, NOW, 4, offset) for offset in (0, 4)]
    assert [sweep.last for sweep in rounds] == [False, True]
    assert next(iter(rounds[0].records)) == "high"
    assert {native for sweep in rounds for native in sweep.records} == {"high", *map(str, range(5))}


def test_what_an_aggregator_lost_is_first_looked_for_in_its_own_region(conn):
    """Unlinking a Region takes its findings out of the home Region; where they came from they are still open."""
    home = SourceKey("securityhub", ACCOUNT, "us-east-1")
    sources.scope(conn, [home, HUB])
    hear(conn, hub("1"), key=home)
    native = hub("1").native_id
    for minute in (1, 2, 3):
        if native in asked(conn, sources.origin_of(home)):
            miss(conn, native, origin=sources.origin_of(home), now=at(minute))
    assert stands(conn) == (State.NEW, None)
    assert native in asked(conn, sources.origin_of(HUB))
    assert miss(conn, native, origin=sources.origin_of(HUB)) == 0
    assert miss(conn, native, origin=sources.origin_of(HUB)) == 1
    assert stands(conn)[0] is State.RESOLVED


def test_what_somebody_closed_in_aws_says_how(conn):
    hear(conn, hub("1"), hub("2"), hub("3"), key=HUB)
    hear(conn, hub("1", workflow=Workflow.SUPPRESSED), hub("2", workflow=Workflow.RESOLVED), key=HUB, now=at(2))
    hear(conn, hub("4", workflow=Workflow.RESOLVED), key=HUB, now=at(2))  # never open here: nothing ended
    assert stands(conn, "1") == (State.RESOLVED, Ended(How.SUPPRESSED, at(2)))
    assert gone.ended(conn, NOW, at(3)) == [
        gone.Ended(How.SUPPRESSED, False, (named("1"),)),
        gone.Ended(How.RESOLVED, False, (named("2"),)),
    ]


@pytest.mark.parametrize(("how", "waiting", "alarms"), [("gone", True, 1), ("gone", False, 0), ("archived", True, 0)])
def test_threats_that_vanish_before_anybody_saw_them_are_an_alarm(
    folder: StateFolder, how: str, waiting: bool, alarms: int
) -> None:
    data = {"how": how, "waiting": waiting}
    ledger.append(folder, [Entry("ended", "watch", subjects=(named(0), named(1)), data=data)])
    project.project(folder)
    with queue.QueueReader(folder.store_db) as reader:
        rows = reader.window(queue.View.THREATS, parse("src:socconsole"), offset=0, limit=9, now=NOW)
    assert [row.title.raw() for row in rows] == [
        "2 threats vanished from AWS before anybody acknowledged them"
    ] * alarms
    assert project.unapplied(db.connect(folder.store_db)) == {}

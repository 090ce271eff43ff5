"""The trail in the store: each event once, nothing lost to an id that is none, found by what it names."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from socconsole.formats import Deferred, read_object
from socconsole.model.trail import TrailEvent
from socconsole.store import deferred, findings, quarantine, trail
from socconsole.text import clean
from tests.formats import records
from tests.formats.shared import lines, needs_data
from tests.store.builders import NOW
from tests.store.shelf import dump, fresh_store, put

AT = datetime(2026, 11, 23, 3, 2, 11, tzinfo=UTC)
LONG = timedelta(days=1)


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


def event(**changes: object) -> TrailEvent:
    (found,) = read_object(records.trail(**changes), 1)
    assert isinstance(found, TrailEvent)
    return found


def test_an_event_is_stored_once_however_often_it_comes(conn):
    counts = put(conn, event(), event(), event(eventID="other"))
    assert counts == findings.Counts(read=3, new=2, unchanged=1)
    before = dump(conn)
    assert put(conn, event(), now=NOW + LONG) == findings.Counts(read=1, unchanged=1)
    assert {name: rows for name, rows in dump(conn).items() if name != "origin"} == {
        name: rows for name, rows in before.items() if name != "origin"
    }
    assert trail.head(conn) == 2
    found = trail.get(conn, "other")
    assert (found.n, found.at, found.seen, found.origin) == (2, AT, NOW, "file.json")
    assert found.record(conn)["requestParameters"]["roleSessionName"] == "x"


def test_another_call_under_a_known_id_is_not_lost(conn):
    assert put(conn, event(eventID="1"), event(eventID="1", eventName="DeleteTrail")).new == 2
    assert put(conn, event(eventID="1", eventName="DeleteTrail"), event(eventID="1")).unchanged == 2
    shared = event(recipientAccountId="444455556666", eventID="1")
    assert put(conn, shared).new == 1
    assert trail.get(conn, "1", "444455556666").account == "444455556666"


def test_a_record_without_id_or_time_is_still_one(conn):
    odd = event(eventID=None, eventTime=None)
    assert put(conn, odd).new == 1
    assert put(conn, replace(odd, at=odd.at + LONG)).unchanged == 1
    named = event(eventID="named", eventTime=None)
    assert put(conn, named).new == 1
    assert put(conn, replace(named, at=named.at + LONG)).unchanged == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("key", "AKIAQEXAMPLE00000001"),
        ("issued", "ASIAQEXAMPLE00000002"),
        ("principal", f"arn:aws:iam::{records.ACCOUNT}:user/ci"),
        ("address", "203.0.113.9"),
        ("account", records.ACCOUNT),
        ("resource", "vllm-recs"),
        ("resource", f"arn:aws:iam::{records.ACCOUNT}:role/ml/vllm-recs"),
    ],
)
def test_what_an_event_names_finds_it_within_a_window(conn, kind, value):
    put(conn, event(), event(eventID="later", eventTime="2026-11-23T05:00:00Z"))
    assert [each.id for each in trail.around(conn, kind, value, AT - LONG, AT + LONG)] == ["later", event().id]
    assert [each.id for each in trail.around(conn, kind, value, AT - LONG, AT)] == [event().id]
    assert trail.around(conn, kind, "nothing", AT - LONG, AT + LONG) == []


def test_the_tokens_of_an_answer_reach_no_file_of_the_store(conn, tmp_path):
    put(conn, event())
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"IQoJb3JpZ2lu" not in (tmp_path / "store.db").read_bytes()


def test_forgetting_leaves_what_came_later_and_gives_no_number_twice(conn):
    put(conn, *(event(eventID=f"old-{n}") for n in range(5)))
    put(conn, event(eventID="young"), now=NOW + timedelta(days=20))
    assert trail.purge(conn, NOW + timedelta(days=31)) == 5
    assert [ident for (ident,) in conn.execute("SELECT id FROM trail")] == ["young"]
    assert conn.execute("SELECT count(DISTINCT n) FROM trail_entity").fetchone() == (1,)
    assert trail.purge(conn, NOW + timedelta(days=99)) == 1
    assert trail.head(conn) == 6
    put(conn, event(eventID="next"))
    assert trail.get(conn, "next").n == 7


def test_events_and_their_cursor_are_one_transaction(conn):
    cursor = object()  # which SQLite refuses: the batch's events must not stay without it
    with pytest.raises(sqlite3.Error):
        findings.commit(conn, [event()], answer=None, origin="x", now=NOW, cursor=cursor)
    assert trail.head(conn) == 0


def test_hostile_text_is_kept_and_painted_harmless(conn):
    put(conn, event(userIdentity={"arn": "\x1b]0;x\x07\udc80[red]"}, userAgent="\x00"))
    (found,) = trail.around(conn, "address", "203.0.113.9", AT, AT)
    assert clean(found.principal).isprintable()
    assert found.record(conn)["userAgent"] == "\x00"


@needs_data
def test_every_record_of_the_shared_set_is_stored(conn):
    for name, number, line in lines("cloudtrail"):
        (found,) = read_object(json.loads(line), number)
        counts = put(conn, found)
        same_id = "6589a9eb-59b7-4895-b7ab-962ed3cc257c"
        assert counts.new == 1 or found.id == same_id, (name, number)
    assert conn.execute("SELECT count(*) FROM trail WHERE json_valid(event)").fetchone() == (205,)


def test_what_an_older_store_deferred_is_read_once_there_is_a_reader(conn):
    raw = json.dumps(records.trail()).encode()
    put(
        conn,
        Deferred(raw, "trail", 3),
        Deferred(b'{"eventSource": [], "eventName": []}', "trail", 4),
        origin="file:old.json",
    )
    assert deferred.advance(conn, NOW).new == 1
    assert trail.get(conn, event().id).origin == "file:old.json"
    assert quarantine.counts(conn) == (1, 0)  # what even the reader cannot read
    assert deferred.advance(conn, NOW) == findings.Counts()

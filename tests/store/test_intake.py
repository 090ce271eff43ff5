"""Taking in records: counts, versions, joining, idempotence, hostile text. Real files throughout."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from socconsole.formats import Deferred, Quarantined
from socconsole.model.finding import Observation, Severity, State, Verdict, Workflow, finding_id
from socconsole.model.source import Answer, Freshness
from socconsole.store import findings, housekeeping, quarantine, reading, sources
from socconsole.store.codec import Damaged
from socconsole.store.queue import EVERYTHING, QueueReader, View
from socconsole.text import Untrusted
from tests.store.builders import NOW, arn, hub, observation
from tests.store.shelf import KEY, acknowledge, decide, dump, fresh_store, hear, micros, put


@pytest.fixture
def conn(tmp_path: Path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


def ids(conn: sqlite3.Connection) -> list[str]:
    return [id_ for (id_,) in conn.execute("SELECT id FROM queue ORDER BY n")]


def test_every_record_is_counted_once(conn):
    odd = Quarantined(b'{"what": 1}', "no title", 3)
    later = Deferred(b'{"alarm": 1}', "alarm", 4)
    counts = put(conn, observation("1"), hub("1"), observation("2"), odd, later)
    assert counts == findings.Counts(read=5, new=2, updated=1, quarantined=1, deferred=1)
    again = put(conn, observation("1"), hub("1"), observation("2"), odd, later)
    assert again == findings.Counts(read=5, unchanged=3, quarantined=1, deferred=1)


def test_importing_twice_changes_nothing(conn):
    records = [
        observation("1"),
        observation("1", title="the same, said otherwise"),  # same instant, another content
        observation("1", updated=NOW - timedelta(days=1), title="an old version"),
        observation("1", updated=None, title="no time at all"),
        hub("1"),
        Quarantined(b"\xff\x00", "not JSON", 1),
        Deferred(b"{}", "trail", 2),
    ]
    put(conn, *records)
    before = dump(conn)
    put(conn, *records, now=NOW + timedelta(hours=1))
    put(conn, *reversed(records), now=NOW + timedelta(hours=2))
    assert dump(conn) == before


def said(title: str, *values: object, severity: Severity = Severity.HIGH) -> Observation:
    """A version of one record, of one date, that holds these values."""
    body = json.dumps({"Title": title, "Values": values}).encode()
    return observation("1", title=title, severity=severity, body=body)


@pytest.mark.parametrize("together", [True, False], ids=["one file", "two files"])
@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        (said("fuller", 1, 2), said("worse", 1, None, "", severity=Severity.CRITICAL), "fuller"),
        (said("worse", severity=Severity.CRITICAL), said("fuller", 1, {"a": [2]}), "fuller"),
        (said("worse", severity=Severity.CRITICAL), said("milder"), "worse"),
        (said("milder"), said("worse", severity=Severity.CRITICAL), "worse"),
        (said("b"), said("a"), "a"),
        (said("a"), said("b"), "b"),
    ],
    ids=["fuller first", "fuller last", "worse first", "worse last", "alike, a last", "alike, b last"],
)
def test_of_twins_that_contradict_the_fuller_counts_then_the_worse_then_the_later(conn, first, second, wins, together):
    for part in [(first, second)] if together else [(first,), (second,)]:
        put(conn, *part)
    (id_,) = ids(conn)
    assert findings.get(conn, id_, NOW).finding.title == Untrusted(wins)
    assert {body.data for body in findings.bodies(conn, id_)} == {first.body, second.body}
    before = dump(conn)
    put(conn, second, first, now=NOW + timedelta(hours=1))  # once more, the other way round: nothing new
    assert dump(conn) == before


def test_what_aws_says_now_replaces_what_it_said_before(conn):
    hear(conn, hub("1", workflow=Workflow.NEW))
    # Security Hub does not move UpdatedAt when a workflow changes
    assert hear(conn, hub("1", workflow=Workflow.NOTIFIED)).updated == 1
    assert findings.get(conn, ids(conn)[0]).finding.workflow is Workflow.NOTIFIED
    assert len(findings.bodies(conn, ids(conn)[0])) == 1


def test_an_older_answer_and_an_older_file_do_not_overwrite_a_newer_one(conn):
    hear(conn, observation("1", title="new"))
    old = observation("1", title="old", updated=NOW - timedelta(days=2))
    assert hear(conn, old).unchanged == 1
    put(conn, old)
    stored = findings.get(conn, ids(conn)[0])
    assert stored.finding.title == Untrusted("new")
    assert [body.current for body in findings.bodies(conn, stored.finding.id)] == [True, False]


def test_one_detection_from_two_services_is_one_row(conn):
    put(conn, observation("1"))
    put(conn, hub("1", severity=Severity.CRITICAL, updated=NOW))
    assert ids(conn) == [finding_id(arn("1"))]
    stored = findings.get(conn, ids(conn)[0], NOW)
    assert stored.finding.sources == ("guardduty", "securityhub")
    assert stored.finding.severity is Severity.CRITICAL
    assert conn.execute("SELECT severity, sources FROM queue").fetchall() == [(4, "guardduty securityhub")]


def test_a_record_that_links_two_findings_makes_them_one(conn):
    put(conn, observation("1", merge_keys=("k1",)), observation("2", merge_keys=("k2",)))
    older, younger = ids(conn)
    acknowledge(conn, younger, NOW, seq=3)
    decide(conn, older, 4, owner="on2", owned_at=micros(NOW), owner_seq=4)
    counts = put(conn, hub("3", merge_keys=("k2", "k1")))
    assert (counts.new, counts.updated) == (0, 1)
    assert ids(conn) == [older]
    stored = findings.get(conn, younger, NOW)  # the retired id still names it
    assert stored.finding.id == older
    assert younger in stored.aliases
    assert findings.resolve(conn, younger) == older
    assert len(findings.bodies(conn, older)) == 3
    assert stored.decided.acked_by == Untrusted("on1")  # decisions follow
    assert stored.decided.owner == Untrusted("on2")
    assert conn.execute("SELECT owner, acked_by FROM queue").fetchall() == [("on2", "on1")]
    # a decision that another console still takes under the retired id lands on the same row
    decide(conn, younger, 9, owner="on3", owned_at=micros(NOW), owner_seq=9)
    assert conn.execute("SELECT owner FROM queue").fetchone() == ("on3",)
    assert conn.execute("SELECT sum(n) FROM tally").fetchone() == (1,)


def test_linking_within_one_batch(conn):
    counts = put(
        conn,
        observation("1", merge_keys=("k1",)),
        observation("2", merge_keys=("k2",)),
        hub("3", merge_keys=("k2", "k1")),
        observation("4", merge_keys=("k2",), title="joins too"),
    )
    assert counts.read == counts.new + counts.updated + counts.unchanged
    assert len(ids(conn)) == 1
    assert len(findings.bodies(conn, ids(conn)[0])) == 4


def test_several_versions_in_one_batch_end_with_the_newest(conn):
    versions = [observation("1", title=f"v{i}", updated=NOW + timedelta(minutes=i)) for i in (2, 0, 3, 1)]
    hear(conn, *versions)
    assert findings.get(conn, ids(conn)[0]).finding.title == Untrusted("v3")
    assert [b.data for b in findings.bodies(conn, ids(conn)[0])] == [versions[2].body]


def test_a_decision_waits_for_its_finding(conn):
    """After recover the ledger is projected before AWS has told us anything."""
    acknowledge(conn, finding_id("weaker"), NOW)
    put(conn, observation("1", merge_keys=("stronger", "weaker")))
    stored = findings.get(conn, ids(conn)[0], NOW)
    assert stored.finding.id == finding_id("stronger")
    assert stored.state is State.ACKNOWLEDGED
    assert conn.execute("SELECT acked_by FROM queue").fetchone() == ("on1",)


def test_a_colliding_id_neither_joins_nor_stops(conn, monkeypatch):
    same = replace(observation("2"), merge_keys=("other",))
    real = findings.triage.merge
    monkeypatch.setattr(findings.triage, "merge", lambda *a: replace(real(*a), id="f-000000000000"))
    counts = put(conn, observation("1"), same)
    assert counts.new == 2
    first, second = ids(conn)
    assert first == "f-000000000000"
    assert second != first
    assert findings.get(conn, second).finding.title == same.title


HOSTILE = "\ud800lone\udfff nul\x00 \x1b]52;c;aGk=\x07 [@click=app.quit]x[/] \u202egnp 'quote\" %_\\ 😀 Größe"


def test_hostile_text_survives_exactly_and_never_breaks_the_store(conn):
    record = observation(
        "1",
        title=HOSTILE,
        description=HOSTILE * 50,
        resource=HOSTILE,
        actor=HOSTILE,
        note=HOSTILE,
        note_by=HOSTILE,
        types=(HOSTILE,),
        product=HOSTILE,
        native_id=HOSTILE,
        account=HOSTILE,
        region=HOSTILE,
        merge_keys=(HOSTILE,),
        signals=(HOSTILE,),
        verdict=Verdict.TRUE_POSITIVE,
    )
    put(conn, record, Quarantined(HOSTILE.encode("utf-8", "surrogatepass"), HOSTILE, 1), origin=HOSTILE)
    stored = findings.get(conn, ids(conn)[0], NOW)
    assert stored.finding.title == Untrusted(HOSTILE)
    assert stored.finding.description == Untrusted(HOSTILE * 50)
    assert stored.finding.note == Untrusted(HOSTILE)
    assert stored.finding.signals == (HOSTILE,)
    assert findings.bodies(conn, stored.finding.id)[0].data == record.body
    title = conn.execute("SELECT title FROM queue").fetchone()[0]
    assert title.startswith("‹D800›lone‹DFFF› nul␀ \x1b]52")
    assert quarantine.kept(conn)[0].raw == HOSTILE.encode("utf-8", "surrogatepass")
    assert put(conn, record, origin=HOSTILE).unchanged == 1


def test_huge_records_are_stored_whole(conn):
    big = observation("1", description="x" * 3_000_000, count=1 << 80)
    put(conn, big)
    stored = findings.get(conn, ids(conn)[0])
    assert stored.finding.description == big.description
    assert stored.finding.count == (1 << 63) - 1


def test_a_batch_is_all_or_nothing(conn):
    class Torn(Exception):
        pass

    def torn():
        yield observation("1")
        raise Torn

    with pytest.raises(Torn):
        findings.commit(conn, torn(), answer=None, origin="f", now=NOW)
    broken = replace(observation("2"), occurred="not an instant")
    with pytest.raises(TypeError):
        findings.commit(
            conn,
            [observation("1"), broken],
            answer=Answer(KEY, Freshness.FRESH),
            origin="f",
            now=NOW,
            cursor="later",
        )
    assert ids(conn) == []
    assert sources.load_cursor(conn, "f") is None
    assert sources.states(conn, now=NOW) == []
    assert not conn.in_transaction


def test_the_cursor_is_committed_with_what_was_read(conn):
    findings.commit(
        conn,
        [observation("1")],
        answer=Answer(KEY, Freshness.FRESH),
        origin=sources.origin_of(KEY),
        now=NOW,
        cursor="c1",
    )
    assert sources.load_cursor(conn, sources.origin_of(KEY)) == "c1"
    assert sources.states(conn, now=NOW)[0].findings == 1


def test_another_connection_sees_the_commit_and_nothing_before_it(tmp_path):
    writer = fresh_store(tmp_path)
    with QueueReader(tmp_path / "store.db") as reader:
        version = reader.version()
        assert reader.window(View.ALL, offset=0, limit=5, now=NOW) == []
        assert reader.version() == version
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO counter VALUES ('x', 1)")
        assert reader.version() == version
        writer.execute("ROLLBACK")
        put(writer, observation("1"))
        assert reader.version() != version
        assert len(reader.window(View.ALL, offset=0, limit=5, now=NOW)) == 1
        assert reader.count(View.THREATS, now=NOW).n == 1
    writer.close()


def test_firing_afresh_and_resolving_leave_their_instants(conn):
    hear(conn, observation("1", occurred=NOW - timedelta(hours=3)))
    assert conn.execute("SELECT resumed_at FROM finding").fetchone() == (None,)
    hear(conn, observation("1", occurred=NOW - timedelta(hours=1), updated=NOW))
    assert conn.execute("SELECT resumed_at FROM finding").fetchone() == (micros(NOW - timedelta(hours=1)),)
    hear(conn, hub("1", workflow=Workflow.RESOLVED, occurred=NOW - timedelta(hours=1), updated=NOW))
    assert findings.get(conn, ids(conn)[0], NOW).state is State.RESOLVED
    later = NOW + timedelta(hours=2)
    hear(conn, observation("1", occurred=later, updated=later), now=later)
    assert findings.get(conn, ids(conn)[0], later).state is State.NEW
    with QueueReader(db_path(conn), hide=(State.RESOLVED,)) as reader:
        assert reader.count(View.THREATS, now=later).n == 1


def db_path(conn: sqlite3.Connection) -> str:
    return conn.execute("PRAGMA database_list").fetchone()[2]


def test_a_dictionary_is_trained_and_everything_stays_readable(conn):
    first = [observation(str(i), description=f"number {i} of many like it") for i in range(150)]
    second = [observation(str(i), description=f"number {i} of many like it") for i in range(150, 500)]
    put(conn, *first)
    assert conn.execute("SELECT count(*) FROM dictionary").fetchone() == (0,)
    put(conn, *second)
    assert conn.execute("SELECT count(*) FROM dictionary").fetchone() == (1,)
    assert {n for (n,) in conn.execute("SELECT DISTINCT dictionary FROM body")} == {0, 1}
    raw = {arn(record.native_id): record.body for record in first + second}
    for key, body in raw.items():
        assert findings.bodies(conn, finding_id(key))[0].data == body
    small, plain = (
        conn.execute(f"SELECT avg(length(data)) FROM body WHERE dictionary = {n}").fetchone()[0] for n in (1, 0)
    )
    assert small < plain / 2


def test_a_damaged_body_is_an_error_not_a_wrong_answer(conn):
    put(conn, observation("1"))
    conn.execute("UPDATE body SET data = substr(data, 1, 10)")
    with pytest.raises(Damaged):
        findings.bodies(conn, ids(conn)[0])


def test_closed_findings_expire_unless_something_was_decided(conn):
    old = NOW - timedelta(days=500)
    put(
        conn,
        observation("open", occurred=old, updated=old),
        observation("archived", occurred=old, updated=old, active=False),
        observation("decided", occurred=old, updated=old, active=False),
        observation("recent", active=False),
        now=old,
    )
    acknowledge(conn, finding_id(arn("decided")), old)
    assert housekeeping.expire(conn, old + timedelta(days=399)) == 0
    assert housekeeping.run(conn, NOW).expired == 1
    assert ids(conn) == [finding_id(arn(n)) for n in ("open", "decided", "recent")]
    for table in ("observation", "body", "alias", "queue"):
        assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (3,)
    assert conn.execute("SELECT sum(n) FROM tally").fetchone() == (3,)
    assert put(conn, observation("archived", active=False)).new == 1


def test_rebuilding_the_index_finds_the_same(tmp_path, conn):
    put(conn, observation("1", title="alpha"), observation("2", title="beta"))
    hear(conn, observation("1", title="gamma", updated=NOW))
    from socconsole.triage.query import parse

    with QueueReader(db_path(conn)) as reader:

        def found(words: str) -> list[str]:
            return [r.title.raw() for r in reader.window(View.ALL, parse(words), offset=0, limit=9, now=NOW)]

        before = [found(w) for w in ("alpha", "beta", "gamma", "unusual", "bucket-2")]
        assert before[:3] == [[], ["beta"], ["gamma"]]
        housekeeping.rebuild_text(conn)
        assert [found(w) for w in ("alpha", "beta", "gamma", "unusual", "bucket-2")] == before


def test_json_has_exactly_the_published_shape(conn):
    hear(conn, observation("1"))
    stored = findings.get(conn, ids(conn)[0], NOW)
    told = reading.findings_json(stored, NOW)
    assert list(told) == [
        *("id", "kind", "title", "severity", "score", "reasons", "sources", "product", "account", "region", "types"),
        *("resources", "actors", "occurred", "published", "seen", "updated", "workflow", "state", "leaving"),
        *("still_firing", "owner", "case", "incident", "sample", "ended", "egress"),
    ]
    assert told["occurred"] == "2026-03-01T03:09:07Z"
    assert (told["severity"], told["state"], told["leaving"]) == ("HIGH", "new", "yes")
    assert told["resources"] == [{"type": "S3Bucket", "id": Untrusted("arn:aws:s3:::bucket-1")}]
    assert EVERYTHING.text == ""

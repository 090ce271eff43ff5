"""Incidents in the store: grouped a little at a time as at once, folded under a lead, and nothing open ever hidden."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.model.egress import Alarms, AlarmState, Paths
from socconsole.model.finding import Actor, Format, Kind, Resource, Severity, State, Workflow, finding_id
from socconsole.model.trail import Category, TrailEvent
from socconsole.store import correlating, findings, folding, incidents, reading
from socconsole.store.db import transaction
from socconsole.store.queue import QueueReader, QueueRow, Sort, SortBy, View
from socconsole.text import Untrusted
from socconsole.triage.correlation import MANY_PRINCIPALS
from socconsole.triage.query import parse
from tests.store.builders import ACCOUNT, NOW, REGION, arn, hub, observation
from tests.store.shelf import acknowledge, decide, fresh_store, hear, put, snooze
from tests.store.ways_out import NAT, PLACE, alarm, way_out

HIDDEN = (State.RESOLVED, State.SNOOZED)
KEY, OTHER_KEY = "ASIAQINTRUDER7EXAMPL", "AKIAQCOURIER77EXAMPL"


@pytest.fixture
def conn(tmp_path: Path):
    conn = fresh_store(tmp_path)
    yield conn
    conn.close()


@pytest.fixture
def reader(conn, tmp_path: Path):
    with QueueReader(tmp_path / "store.db", me="on1", hide=HIDDEN) as reader:
        yield reader


def seen(name: str, *, key: str = KEY, bucket: str = "corpus", address: str = "203.0.113.9", **over: Any) -> Any:
    """A finding about a bucket, a key and an address; empty ones are left out."""
    resources = (Resource("AwsS3Bucket", Untrusted(f"arn:aws:s3:::{bucket}"), Untrusted(bucket)),) if bucket else ()
    actors = [Actor("access_key", Untrusted(key))] if key else []
    actors += [Actor("ip", Untrusted(address))] if address else []
    return observation(name, resources=resources, actors=tuple(actors), **over)


def named(name: str) -> str:
    return finding_id(arn(name))


def settled(conn: sqlite3.Connection, *records: Any, now=NOW) -> None:
    put(conn, *records, now=now)
    correlating.finish(conn, now)


def groups(conn: sqlite3.Connection) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for incident, id_ in conn.execute("SELECT incident, id FROM queue WHERE incident IS NOT NULL"):
        found.setdefault(incident, set()).add(id_)
    return {frozenset(one) for one in found.values()}


def listed(reader: QueueReader, view: View = View.THREATS, now=NOW) -> dict[str, QueueRow]:
    rows = reader.window(view, offset=0, limit=100, now=now, folded=True)
    assert reader.count(view, now=now, folded=True).n == len(rows)
    for place, row in enumerate(rows):
        assert reader.position_of(row.id, view, now=now, folded=True) == place
    return {row.id: row for row in rows}


def leak(conn: sqlite3.Connection) -> str:
    """An incident of four under ``worst``; its id."""
    settled(
        conn,
        seen("worst", severity=Severity.CRITICAL),
        seen("second"),
        seen("third", severity=Severity.LOW, bucket=""),
        seen("fourth", severity=Severity.MEDIUM, key=""),
    )
    return "n-" + named("worst")[2:]


# --- what stands together -----------------------------------------------------------------------------------


def test_two_incidents_stay_two_and_who_has_nothing_to_do_with_them_stays_alone(conn, reader) -> None:
    settled(
        conn,
        seen("stolen"),
        seen("opened", severity=Severity.CRITICAL),
        seen("control", kind=Kind.CONTROL, key="", address=""),
        seen("tor", key=OTHER_KEY, bucket="", address="192.0.2.66"),
        seen("abuse", key=OTHER_KEY, bucket="exports", address="192.0.2.66"),
        seen("scanner", key="", bucket="", address="10.20.4.17"),
    )
    assert groups(conn) == {
        frozenset(map(named, ("stolen", "opened", "control"))),
        frozenset(map(named, ("tor", "abuse"))),
    }
    rows = listed(reader)
    assert set(rows) == {named("opened"), named("abuse"), named("scanner")} | set()
    assert [rows[named(name)].folds for name in ("opened", "abuse", "scanner")] == [2, 1, 0]
    assert reader.incidents(View.THREATS) == 2
    assert reader.count(View.THREATS, now=NOW).n == 5, "findings are counted whether folded or not"
    assert {row.id for row in reader.window(View.THREATS, parse("inc:" + rows[named("opened")].incident), offset=0, limit=9, now=NOW)} == {  # noqa: E501
        named("stolen"), named("opened"), named("control"),
    }  # fmt: skip
    assert len(reader.window(View.THREATS, sort=Sort(SortBy.AGE), offset=0, limit=9, now=NOW)) == 5


def test_a_sequence_stands_with_signals_that_come_before_and_after_it(conn) -> None:
    old = NOW - timedelta(days=3)
    signal = {"bucket": "", "address": "", "occurred": old, "published": old}
    settled(conn, seen("before", key="", **signal))
    settled(conn, seen("sequence", key="", bucket="", address="", signals=(arn("before"), arn("after"))))
    settled(conn, seen("after", key="", **signal))
    assert groups(conn) == {frozenset(map(named, ("before", "sequence", "after")))}


def test_an_address_that_turns_out_to_be_shared_lets_go_of_those_it_tied(conn) -> None:
    def by(user: int) -> Any:
        actors = (Actor("ip", Untrusted("203.0.113.9")), Actor("user", Untrusted(f"user-{user}")))
        return observation(str(user), resources=(), actors=actors)

    settled(conn, *(by(user) for user in range(MANY_PRINCIPALS)))
    assert groups(conn) == {frozenset(named(str(user)) for user in range(MANY_PRINCIPALS))}
    settled(conn, by(MANY_PRINCIPALS))
    assert groups(conn) == set()
    assert conn.execute("SELECT count(*) FROM incident").fetchone() == (0,)


def test_the_trail_ties_findings_that_are_here_already(conn) -> None:
    settled(conn, seen("tor", key=OTHER_KEY, bucket="", address=""), seen("read", key="", bucket="exports", address=""))
    assert groups(conn) == set()
    settled(conn, event("e-1", "PutBucketPolicy", OTHER_KEY, "exports"), event("e-2", "GetObject", KEY, "exports"))
    assert groups(conn) == {frozenset(map(named, ("tor", "read")))}
    told = incidents.get(conn, "n-" + named("tor")[2:])
    assert told is not None
    assert "PutBucketPolicy by ci-deploy · exports" in [one.what.raw() for one in told.story]


def event(id_: str, name: str, key: str, bucket: str) -> TrailEvent:
    body = f'{{"eventID":"{id_}"}}'.encode()
    return TrailEvent(
        id=id_, at=NOW, source="s3.amazonaws.com", name=name, account=ACCOUNT, region=REGION,
        category=Category.MANAGEMENT, read_only=name.startswith("Get"), error="", caller=ACCOUNT,
        principal=Untrusted(f"arn:aws:iam::{ACCOUNT}:user/ci-deploy"), issuer=None, access_key=key,
        address=Untrusted("192.0.2.66"), agent=Untrusted(""), issued=(), bytes_out=None, body=body,
        resources=(("AWS::S3::Bucket", Untrusted(f"arn:aws:s3:::{bucket}")),), digest=id_.encode().ljust(32),
    )  # fmt: skip


def test_a_call_of_which_a_service_and_a_rule_tell_is_told_once_and_of_two_calls_none_is_lost(conn) -> None:
    def story(*records: Any) -> list[str]:
        settled(conn, *records)
        told = incidents.get(conn, "n-" + named("gd")[2:])
        assert told is not None
        return [one.what.raw() for one in told.story]

    rule = {"format": Format.TRAIL, "product": "socconsole", "types": ()}
    granted = seen("gd", severity=Severity.CRITICAL, types=("Policy:S3/BucketAnonymousAccessGranted",))
    assert story(granted, seen("opened", title="Bucket opened to everyone", **rule)) == [
        "bucket anonymous access granted · corpus"
    ]
    both = story(seen("shut", title="Public access block taken away", **rule))
    assert {"Bucket opened to everyone", "Public access block taken away"} <= set(both)


@pytest.mark.parametrize("seed", range(3))
def test_a_little_at_a_time_comes_to_the_same_as_all_at_once(conn, seed: int) -> None:
    dice = random.Random(seed)
    records = []
    for n in range(60):
        when = NOW - timedelta(minutes=dice.randrange(3_000))
        records.append(
            seen(
                str(n), key=dice.choice(("", "", *(f"AKIAQ{letter * 15}" for letter in "ABCD"))),
                bucket=dice.choice(("", "corpus", "exports", "weights")),
                address=dice.choice(("", "203.0.113.9", "10.0.0.1", "198.51.100.7")),
                kind=dice.choice((Kind.THREAT, Kind.THREAT, Kind.CONTROL)), occurred=when, published=when,
                signals=(arn(str(dice.randrange(60))),) if dice.random() < 0.1 else (),
            )
        )  # fmt: skip
    while records:
        settled(conn, *(records.pop() for _ in range(min(len(records), dice.randrange(1, 9)))))
    grown = groups(conn)
    named_as = dict(conn.execute("SELECT id, incident FROM queue").fetchall())
    with transaction(conn):
        conn.execute("DELETE FROM incident")
        conn.execute("INSERT INTO incident_due SELECT n FROM finding")
    assert groups(conn) == set()
    correlating.finish(conn, NOW)
    assert groups(conn) == grown
    assert len(grown) > 3
    assert dict(conn.execute("SELECT id, incident FROM queue").fetchall()) == named_as, "by the same names"


def test_an_incident_keeps_its_name_as_it_grows_and_takes_in_another(conn) -> None:
    first = leak(conn)
    settled(conn, *(seen(name, key=OTHER_KEY, bucket="exports", address="") for name in ("5", "6")))
    assert incidents.of(conn, named("6")) == "n-" + named("5")[2:]
    settled(conn, seen("bridge", bucket="exports"))
    assert groups(conn) == {frozenset(map(named, ("worst", "second", "third", "fourth", "5", "6", "bridge")))}
    assert incidents.of(conn, named("bridge")) == first
    assert incidents.resolve(conn, "n-" + named("5")[2:]) == first, "the name that it had is still known"
    assert conn.execute("SELECT count(*) FROM incident").fetchone() == (1,)


# --- nothing open is hidden ---------------------------------------------------------------------------------


def everybody_stands(conn: sqlite3.Connection, reader: QueueReader, view: View, now=NOW) -> None:
    """Every finding that a flat list shows stands in the folded one, itself or under a row that says no less."""
    rows = listed(reader, view, now)
    for row in reader.window(view, offset=0, limit=100, now=now):
        if row.id in rows:
            continue
        lead = next(one for one in rows.values() if one.incident == row.incident and one.folds)
        assert lead.score >= row.score
        assert max(lead.severity, lead.worst) >= row.severity
        assert row.state is not State.NEW or lead.state is State.NEW or lead.waiting
    assert sum(1 + row.folds for row in rows.values()) >= reader.count(view, now=now).n


def test_a_new_member_of_an_acknowledged_incident_is_seen(conn, reader) -> None:
    leak(conn)
    for name in ("worst", "second", "third", "fourth"):
        acknowledge(conn, named(name), NOW)
    (row,) = listed(reader).values()
    assert (row.state, row.waiting) == (State.ACKNOWLEDGED, 0)
    settled(conn, seen("fresh", severity=Severity.LOW))
    (row,) = listed(reader).values()
    assert (row.id, row.state, row.folds, row.waiting) == (named("worst"), State.ACKNOWLEDGED, 4, 1)
    everybody_stands(conn, reader, View.THREATS)


def test_what_gets_worse_than_its_lead_becomes_it(conn, reader) -> None:
    leak(conn)
    assert list(listed(reader)) == [named("worst")]
    with transaction(conn):
        conn.execute("UPDATE finding SET score = 100 WHERE id = ?", (named("third"),))
    assert list(listed(reader)) == [named("third"), named("worst")], "by the triggers alone"
    settled(conn, seen("second", severity=Severity.CRITICAL, updated=NOW, signals=("x",)))
    (row,) = listed(reader).values()
    assert (row.id, row.folds) == (named("third"), 3)


@pytest.mark.parametrize("what", ["resolved", "snoozed", "gone", "sample", "control"])
def test_a_lead_that_leaves_the_list_takes_nobody_with_it(conn, reader, what: str) -> None:
    """By the triggers alone, before anybody has folded anew; and after that under the next worst."""
    leak(conn)
    with transaction(conn):
        if what == "resolved":
            conn.execute("UPDATE finding SET workflow = 'RESOLVED', resolved_at = seen WHERE id = ?", (named("worst"),))
        elif what == "gone":
            conn.execute("DELETE FROM finding WHERE id = ?", (named("worst"),))
        elif what == "snoozed":
            snooze(conn, named("worst"), NOW, NOW + timedelta(hours=1))
        else:
            values = {"sample": "sample = 1", "control": "kind = 'control'"}
            conn.execute(f"UPDATE finding SET {values[what]} WHERE id = ?", (named("worst"),))
    assert set(listed(reader)) == {named(name) for name in ("second", "third", "fourth")}
    correlating.finish(conn, NOW)
    (row,) = listed(reader).values()
    assert (row.id, row.folds) == (named("second"), 2)
    everybody_stands(conn, reader, View.ALL)


def test_a_lead_that_goes_to_another_incident_takes_nobody_with_it(conn, reader, monkeypatch) -> None:
    settled(conn, seen("founder"), seen("worst", severity=Severity.CRITICAL), seen("second", severity=Severity.LOW))
    there = {"key": OTHER_KEY, "bucket": "exports", "address": "", "severity": Severity.CRITICAL}
    hear(conn, seen("worst", updated=NOW, **there), seen("worse", **there))
    with monkeypatch.context() as busy:
        busy.setattr(folding, "MOST", 0)  # so many wait that none of these has its turn
        correlating.advance(conn, NOW)
        assert len(groups(conn)) == 2
        assert set(listed(reader)) == set(map(named, ("founder", "worst", "second", "worse")))
    correlating.finish(conn, NOW)
    assert set(listed(reader)) == {named("founder"), named("worse")}
    everybody_stands(conn, reader, View.THREATS)


def test_a_snoozed_lead_comes_back_by_the_clock_and_leads_again(conn, reader) -> None:
    leak(conn)
    until = NOW + timedelta(hours=1)
    snooze(conn, named("worst"), NOW, until)
    with transaction(conn):
        folding.settle(conn, NOW)
    assert list(listed(reader)) == [named("second")]
    after = until + timedelta(seconds=2)
    assert list(listed(reader, now=after)) == [named("worst"), named("second")], "with nobody there to fold"
    correlating.finish(conn, after)
    assert list(listed(reader, now=after)) == [named("worst")]


def test_a_control_that_scores_higher_stands_for_itself_and_ones_own_are_never_folded(conn, reader) -> None:
    settled(
        conn,
        seen("a", severity=Severity.LOW, types=()),
        seen("b", severity=Severity.LOW, types=()),
        seen("control", kind=Kind.CONTROL, severity=Severity.CRITICAL),
    )
    assert set(listed(reader, View.ALL)) == {named("control"), *listed(reader)}
    assert len(listed(reader)) == 1
    everybody_stands(conn, reader, View.ALL)
    for name in ("a", "b"):
        decide(conn, named(name), 3, owner="on1", owned_at=1, owner_seq=3)
    assert len(reader.window(View.MINE, offset=0, limit=9, now=NOW)) == 2


def test_whatever_happens_to_members_every_open_one_stands(conn, reader) -> None:
    dice = random.Random(5)
    names = [str(n) for n in range(14)]
    settled(conn, *(seen(n, severity=dice.choice(list(Severity)), bucket=dice.choice(("corpus", ""))) for n in names))
    for step in range(60):
        name, now = dice.choice(names), NOW + timedelta(minutes=step)
        what = dice.randrange(5)
        if what == 0:
            acknowledge(conn, named(name), now, seq=100 + step)
        elif what == 1:
            snooze(conn, named(name), now, now + timedelta(minutes=dice.randrange(1, 30)), seq=100 + step)
        elif what == 2:
            hear(conn, seen(name, severity=dice.choice(list(Severity)), occurred=now, updated=now), now=now)
        elif what == 3:
            workflow = dice.choice((Workflow.RESOLVED, Workflow.NEW))
            hear(conn, hub(name, workflow=workflow, updated=now, occurred=NOW, actors=(), resources=()), now=now)
        else:
            correlating.finish(conn, now)
        everybody_stands(conn, reader, View.THREATS, now)
        everybody_stands(conn, reader, View.ALL, now)


# --- what is read ------------------------------------------------------------------------------------------------


def test_the_story_of_an_incident_and_who_is_in_it(conn) -> None:
    id_ = leak(conn)
    hear(conn, seen("second", occurred=NOW + timedelta(minutes=9), updated=NOW, count=204))
    told = incidents.get(conn, id_)
    assert told is not None
    assert (told.id, told.lead, told.severity, len(told.findings)) == (id_, named("worst"), Severity.CRITICAL, 4)
    assert {(kind, value.raw()) for kind, value in told.shared} == {
        ("key", KEY), ("bucket", "corpus"), ("address", "203.0.113.9")
    }  # fmt: skip
    assert [one.what.raw() for one in told.story] == [
        "S3 exfiltration, anomalous behavior ×206 · corpus",
        "S3 exfiltration, anomalous behavior",
    ]
    assert told.story[0].at == NOW - timedelta(minutes=5), "when it began, however long it goes on"
    assert next(row.id for row in incidents.members(conn, id_, NOW)) == named("worst")
    assert set(incidents.open_ones(conn, id_)) == set(told.findings)
    assert list(incidents.each(conn)) == [id_]
    stored = reading.get(conn, named("third"), NOW)
    assert stored is not None
    assert reading.findings_json(stored, NOW)["incident"] == id_


def test_the_alarm_of_a_gateway_is_a_line_of_the_story_of_a_host_behind_it(conn) -> None:
    host = Resource("AwsEc2Instance", Untrusted("i-0abc1234def567890"))
    nat = way_out(links=("subnet-0123456789abcdef0", "i-0abc1234def567890"))

    def told(name: AlarmState, at: datetime) -> None:
        calm = alarm("other", dimensions=(("NatGatewayId", "nat-00000000000000001"),))
        listing = Alarms(PLACE, (alarm(state=name, since=at), calm), complete=True)
        findings.commit(conn, [], answer=None, origin="alarms", now=at, listings=(listing,))
        correlating.finish(conn, at)

    findings.commit(conn, [], answer=None, origin="egress", now=NOW, listings=(Paths(PLACE, (nat,), complete=True),))
    told(AlarmState.ALARM, NOW - timedelta(days=3))  # what it rang for then is another story
    told(AlarmState.OK, NOW - timedelta(days=3) + timedelta(minutes=9))
    settled(conn, seen("1"), observation("2", resources=(host,), actors=(Actor("access_key", Untrusted(KEY)),)))
    theirs = {named("1"), named("2")}
    assert groups(conn) == {frozenset(theirs)}, "it does not ring"
    told(AlarmState.ALARM, NOW + timedelta(minutes=3))
    its = finding_id(f"alarm/{alarm().arn.raw()}")
    assert groups(conn) == {frozenset({*theirs, its})}
    found = incidents.get(conn, "n-" + named("1")[2:])
    assert found is not None
    lines = [(one.at, one.what.raw()) for one in found.story if one.ref == its]
    assert lines == [(NOW + timedelta(minutes=3), f"traffic volume unusual, alarm · {NAT}")]
    assert found.first == NOW - timedelta(minutes=5)
    told(AlarmState.OK, NOW + timedelta(minutes=20))
    assert groups(conn) == {frozenset({*theirs, its})}, "that it rang is still part of what happened"


def test_the_folded_list_has_an_index_without_what_is_folded(conn, tmp_path: Path) -> None:
    with QueueReader(tmp_path / "store.db", hide=HIDDEN) as reader:
        statements: list[str] = []
        reader._conn.set_trace_callback(statements.append)
        reader.window(View.THREATS, offset=5_000, limit=10, now=NOW, folded=True)
        reader._conn.set_trace_callback(None)
        (page,) = [one for one in statements if "INDEXED BY queue_lead" in one]
        inner = page[page.index("SELECT n FROM") : page.rindex(") ORDER BY")]
        plan = " ".join(row[3] for row in reader._conn.execute(f"EXPLAIN QUERY PLAN {inner}"))
        assert "queue_lead" in plan
        assert "TEMP B-TREE" not in plan

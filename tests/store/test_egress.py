"""Ways out, alarms and points in the store: what they say of each other, and of findings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from socconsole.model.egress import AlarmChange, Alarms, AlarmState, PathKind, Paths, Points, path_id
from socconsole.store import db, egress, egress_intake, egress_upkeep, leaving, metering
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from socconsole.triage import ways_out
from tests.store.builders import NOW
from tests.store.ways_out import NAT, PLACE, alarm, way_out

DAYS = NOW - timedelta(days=16)


@pytest.fixture
def conn(folder: StateFolder) -> Iterator[sqlite3.Connection]:
    with closing(db.connect(folder.store_db)) as open_:
        yield open_


def take(conn: sqlite3.Connection, *listings, changes=(), at: datetime = NOW):
    with db.transaction(conn):
        return list(egress_intake.take(conn, changes, listings, at).findings)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_path_is_found_by_its_name_its_arn_and_what_belongs_to_it(conn) -> None:
    nat = way_out(links=("vpc-1", "subnet-1", "i-0abc"))
    bucket = way_out("corpus", PathKind.BUCKET)
    take(conn, Paths(PLACE, (nat, bucket), complete=True))
    assert egress.paths(conn) == [bucket, nat]
    assert egress.path_of(conn, ["nobody", f"arn:aws:ec2:eu-central-1:111122223333:natgateway/{NAT}"]) == nat.id
    assert egress.path_of(conn, ["arn:aws:s3:::corpus/a/key"]) == bucket.id
    assert egress.path_of(conn, ["arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc"]) == nat.id
    assert egress.path_of(conn, ["corpu"]) is None
    assert egress.path_of(conn, ["i-0abc"], "444455556666") is None
    assert egress.path_of(conn, ["corpus"], "444455556666") == bucket.id


def test_of_several_none_is_picked(conn) -> None:
    one, two = way_out(links=("vpc-1", "app")), way_out("nat-2", links=("vpc-1",))
    there = replace(PLACE, region="us-east-1")
    model, same = (
        replace(way_out("haiku", PathKind.BEDROCK), id=path_id(PathKind.BEDROCK, place, "haiku"), place=place)
        for place in (PLACE, there)
    )
    take(conn, Paths(PLACE, (one, two, model), complete=True), Paths(there, (same,), complete=True))
    assert egress.path_of(conn, ["vpc-1"]) is None
    assert egress.path_of(conn, ["vpc-1", "nat-2"]) == two.id
    assert egress.path_of(conn, ["app"], PLACE.account, "us-east-1") == one.id  # a role has no Region
    assert egress.path_of(conn, ["haiku"]) is None
    for place, path in ((PLACE, model), (there, same)):
        assert egress.path_of(conn, ["haiku"], place.account, place.region) == path.id


def test_only_a_complete_reading_says_that_a_path_is_gone_and_it_may_come_back(conn) -> None:
    nat, bucket = way_out(), way_out("corpus", PathKind.BUCKET)
    take(conn, Paths(PLACE, (nat, bucket), complete=True))
    take(conn, Paths(PLACE, (nat,), complete=False), at=NOW + minutes(10))
    assert len(egress.paths(conn)) == 2
    take(conn, Paths(PLACE, (nat,), complete=True), at=NOW + minutes(20))
    assert egress.paths(conn) == [nat]
    assert len(egress.paths(conn, gone=True)) == 2
    take(conn, Paths(PLACE, (bucket,), complete=False), at=NOW + minutes(30))
    assert egress.paths(conn) == [bucket, nat]


def test_an_alarm_is_raised_until_cloudwatch_says_ok(conn) -> None:
    take(conn, Paths(PLACE, (way_out(links=("i-0abc",)),), complete=True))
    states = [AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA, AlarmState.OK]
    raised = []
    for n, state in enumerate(states):
        at = NOW + minutes(n)
        take(conn, Alarms(PLACE, (alarm(state=state, since=at),), complete=True), at=at)
        raised.append([one.alarm.state for one in egress.open_alarms_on(conn, ["i-0abc"])])
    assert raised == [[], [AlarmState.ALARM], [AlarmState.INSUFFICIENT_DATA], []]


def test_an_alarm_about_a_processor_watches_nothing_that_leaves(conn) -> None:
    cpu = alarm(
        "cpu", AlarmState.ALARM, namespace="AWS/EC2", metric="CPUUtilization", dimensions=(("InstanceId", "i-1"),)
    )
    assert take(conn, Alarms(PLACE, (cpu,), complete=True)) == []
    (stored,) = egress.alarms(conn)
    assert (stored.path is not None, stored.egress, stored.raised) == (True, False, False)


def test_a_composite_alarm_stands_on_the_path_of_its_children(conn) -> None:
    child = alarm()
    inner = alarm("inner", composite=True, metric="", dimensions=(), rule=Untrusted('ALARM("nat-egress")'))
    outer = alarm("outer", AlarmState.ALARM, composite=True, metric="", dimensions=(), rule=Untrusted("NOT OK(inner)"))
    (found,) = take(conn, Alarms(PLACE, (child, inner, outer), complete=True))
    assert found.active
    assert {one.alarm.name.raw(): one.path for one in egress.alarms(conn)}["outer"] == way_out().id


def test_a_composite_alarm_asks_about_alarms_of_its_own_account_and_region(conn) -> None:
    there = replace(PLACE, account="444455556666")
    theirs = replace(
        alarm(), place=there, arn=Untrusted("arn:aws:cloudwatch:eu-central-1:444455556666:alarm:nat-egress")
    )
    outer = alarm("outer", composite=True, metric="", dimensions=(), rule=Untrusted("ALARM(nat-egress)"))
    ringing = replace(outer, state=AlarmState.ALARM, since=NOW + minutes(1))
    change = AlarmChange(ringing, NOW + minutes(1), "StateUpdate", Untrusted("to ALARM"), b"{}")
    take(conn, Alarms(there, (theirs,), complete=True), Alarms(PLACE, (outer,), complete=True))
    assert take(conn, changes=[change], at=NOW + minutes(1)) == []  # no child of its own is known
    metering.judge(conn, NOW)
    why = {one.alarm.name.raw(): one.sanity.why for one in egress.alarms(conn)}
    assert why["outer"] == ("looks at nothing that leaves: not judged",)
    mine = alarm(actions=())
    take(conn, Alarms(PLACE, (mine, ringing), complete=True), at=NOW + minutes(2))
    metering.judge(conn, NOW + minutes(11))
    (stored,) = (one for one in egress.alarms(conn) if one.alarm.composite)
    assert stored.path == way_out().id
    assert "it has no action" in str(stored.sanity.why)


def test_a_change_moves_the_state_unless_it_is_older_and_is_kept_in_any_case(conn) -> None:
    def change(state: AlarmState, at: datetime) -> AlarmChange:
        return AlarmChange(alarm(state=state, since=at), at, "StateUpdate", Untrusted(f"to {state}"), b"{}")

    take(conn, Alarms(PLACE, (alarm(),), complete=True))
    late, early = change(AlarmState.ALARM, NOW + minutes(3)), change(AlarmState.ALARM, NOW - minutes(3))
    assert take(conn, changes=[early]) == []
    (found,) = take(conn, changes=[late])
    assert found.active
    assert egress.alarms(conn)[0].alarm.since == NOW + minutes(3)
    assert [one.at for one in egress.changes(conn, alarm().arn)] == [NOW + minutes(3), NOW - minutes(3)]


def test_a_path_says_its_rate_and_when_the_last_byte_left(conn) -> None:
    nat = way_out()
    fine, coarse = ways_out.series(nat)
    take(conn, Paths(PLACE, (nat,), complete=True))
    assert leaving.flow(conn, nat.id, NOW).cannot_see == "its meter was not read yet"
    whole = NOW.replace(second=0)
    points = tuple((whole - minutes(n), 0.0 if n < 4 else 6e6) for n in range(10, 0, -1))
    take(conn, Points(coarse, ((whole - minutes(10), 3e7),), DAYS, whole), Points(fine, points, DAYS, whole))
    flow = leaving.flow(conn, nat.id, NOW)
    assert (flow.rate, flow.last_byte, flow.unit) == (0.0, whole - minutes(3), "bytes")
    late = leaving.flow(conn, nat.id, NOW + minutes(30))
    assert late.rate is None
    assert "last read up to" in late.cannot_see


def test_what_is_usual_is_a_median_of_a_day_at_least_and_never_nothing_for_not_known(conn) -> None:
    nat = way_out()
    _, coarse = ways_out.series(nat)
    take(conn, Paths(PLACE, (nat,), complete=True))

    def usual(now: datetime = NOW) -> float | None:
        metering.learn(conn, now)
        return leaving.flow(conn, nat.id, now).usual

    def every(hours: int, *, ago: int, value: float) -> Points:
        begin = NOW - timedelta(hours=ago)
        return Points(coarse, tuple((begin + minutes(5 * n), value) for n in range(hours * 12)), begin, NOW)

    take(conn, every(20, ago=20, value=3e6))
    assert usual() is None, "not a day"
    take(conn, Points(coarse, ((NOW - timedelta(days=9), 0.0),), DAYS, NOW))
    take(conn, every(12, ago=12, value=3e9))
    assert usual(NOW + minutes(2)) == 3e9 / 300
    take(conn, every(20, ago=60, value=3e6))
    assert usual(NOW + minutes(3)) == 3e9 / 300, "learnt a minute ago"
    assert usual(NOW + minutes(40)) == 3e6 / 300, "what went on for twelve hours is not usual yet"
    assert leaving.flow(conn, nat.id, NOW + timedelta(days=3)).usual is None, "nobody looked since"


def test_that_nothing_leaves_is_said_only_of_what_was_read_lately_and_had_time_to_come_in(conn) -> None:
    nat, bucket = way_out(), way_out("corpus", PathKind.BUCKET, dimensions=(("BucketName", "corpus"),))
    whole = NOW.replace(second=0)
    leak = tuple((whole - minutes(n), 6e10) for n in range(10, 0, -1))
    take(
        conn,
        Paths(PLACE, (nat, bucket), complete=True),
        Points(ways_out.series(nat)[0], (*leak[:-1], (whole - minutes(1), 0.0)), DAYS, whole),  # not whole yet
        Points(ways_out.series(bucket)[0], leak[:-2], DAYS, whole),  # the last ones come late
    )
    for path in (nat, bucket):
        for later in (0, 4, 14):
            assert leaving.flow(conn, path.id, whole + minutes(later)).rate == 1e9
    quiet = way_out("quiet", PathKind.BUCKET, dimensions=(("BucketName", "quiet"),))
    take(conn, Paths(PLACE, (quiet,), complete=False), Points(ways_out.series(quiet)[0], (), DAYS, whole))
    assert leaving.flow(conn, quiet.id, whole + minutes(5)).rate == 0.0
    late = leaving.flow(conn, quiet.id, whole + minutes(6))
    assert (late.rate, late.cannot_see) == (
        None,
        "its meter was last read up to 2026-03-01T03:14Z; nothing left then",
    )


def test_five_minutes_of_basic_monitoring_are_no_minute(conn) -> None:
    host = way_out("i-1", PathKind.INSTANCE, dimensions=(("InstanceId", "i-1"),))
    fine, coarse = ways_out.series(host)
    points = tuple((NOW - minutes(n), 3e8) for n in (14, 9, 5))
    take(conn, Paths(PLACE, (host,), complete=True), Points(fine, points, DAYS, NOW), Points(coarse, points, DAYS, NOW))
    assert leaving.flow(conn, host.id, NOW).rate == 1e6


def test_what_is_not_measured_is_not_zero(conn) -> None:
    bucket, nat = way_out("corpus", PathKind.BUCKET), way_out()
    take(conn, Paths(PLACE, (bucket, nat), complete=True), Points(ways_out.series(nat)[1], (), DAYS, NOW))
    assert leaving.flow(conn, bucket.id, NOW).rate is None
    assert "no requests" in leaving.flow(conn, bucket.id, NOW).cannot_see
    assert "nothing for 15 minutes" in leaving.flow(conn, nat.id, NOW).cannot_see


def test_retention_keeps_minutes_that_an_alarm_compares(conn) -> None:
    nat = way_out()
    fine, coarse = ways_out.series(nat)
    old = (NOW - timedelta(days=3), 1.0)
    take(conn, Points(fine, (old,), DAYS, NOW), Points(coarse, (old, (NOW - timedelta(days=16), 1.0)), DAYS, NOW))
    with db.transaction(conn):
        assert egress_upkeep.prune(conn, NOW) == 2
    take(conn, Points(fine, (old,), DAYS, NOW), Alarms(PLACE, (alarm(period_s=60),), complete=True))
    with db.transaction(conn):
        assert egress_upkeep.prune(conn, NOW) == 0

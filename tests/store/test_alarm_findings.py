"""An alarm on a way out is a finding, and weighs on the findings of its path."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from socconsole.model.egress import AlarmChange, Alarms, AlarmState, Paths, Points
from socconsole.model.finding import Resource, Severity, State, finding_id
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import db, egress, egress_upkeep, findings, metering, own, reading, sources
from socconsole.text import Untrusted
from socconsole.triage import ways_out
from tests.store.builders import ACCOUNT, NOW, REGION, arn, observation
from tests.store.shelf import acknowledge, fresh_store, hear
from tests.store.ways_out import NAT, PLACE, alarm, way_out

KEY = SourceKey("alarms", ACCOUNT, REGION)
ID = finding_id(f"alarm/{alarm().arn.raw()}")
HOST = "i-0abc1234def567890"


@pytest.fixture
def conn(tmp_path: Path) -> sqlite3.Connection:
    return fresh_store(tmp_path)


def tell(conn: sqlite3.Connection, *listings, at: datetime = NOW) -> None:
    findings.commit(
        conn,
        [],
        answer=Answer(KEY, Freshness.FRESH),
        origin=sources.origin_of(KEY),
        now=at,
        listings=listings,
    )


def state(conn: sqlite3.Connection, name: AlarmState, at: datetime) -> None:
    tell(conn, Alarms(PLACE, (alarm(state=name, since=at),), complete=True), at=at)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_an_alarm_becomes_a_finding_that_ends_with_it_and_is_new_when_it_fires_again(conn) -> None:
    tell(conn, Paths(PLACE, (way_out(llm=True),), complete=True))
    state(conn, AlarmState.OK, NOW)
    assert reading.get(conn, ID) is None
    seen: list[State] = []

    def look(at: datetime) -> None:
        stored = reading.get(conn, ID, at)
        assert stored is not None
        seen.append(stored.state)

    state(conn, AlarmState.ALARM, NOW + minutes(1))
    look(NOW + minutes(1))
    acknowledge(conn, ID, NOW + minutes(2))
    look(NOW + minutes(2))
    state(conn, AlarmState.INSUFFICIENT_DATA, NOW + minutes(3))
    look(NOW + minutes(3))
    state(conn, AlarmState.OK, NOW + minutes(4))
    look(NOW + minutes(4))
    state(conn, AlarmState.ALARM, NOW + minutes(9))
    look(NOW + minutes(9))
    assert seen == [State.NEW, State.ACKNOWLEDGED, State.ACKNOWLEDGED, State.RESOLVED, State.NEW]
    stored = reading.get(conn, ID, NOW)
    assert stored is not None
    found = stored.finding
    assert (found.sources, found.severity, found.kind.value) == (("alarm",), Severity.HIGH, "threat")
    assert [(each.type, each.name) for each in found.resources] == [("AwsEc2NatGateway", Untrusted(NAT))]
    assert "alarm" in {reason.why for reason in found.priority.reasons}
    assert own.is_own(conn, ID)


def test_whatever_state_an_alarm_comes_to_its_finding_was_published_when_it_first_rang(conn) -> None:
    told: list[datetime | None] = []
    rang = [AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA, AlarmState.OK, AlarmState.ALARM, AlarmState.OK]
    for minute, name in enumerate(rang, start=1):
        state(conn, name, NOW + minutes(minute))
        stored = reading.get(conn, ID, NOW + minutes(minute))
        assert stored is not None
        assert stored.finding.seen is not None
        told.append(stored.finding.published)
        assert stored.finding.published <= stored.finding.seen
    assert set(told) == {NOW + minutes(1)}


def test_an_alarm_that_nobody_saw_stays_open_until_somebody_did(conn) -> None:
    def stands(at: datetime) -> tuple[State, bool]:
        stored = reading.get(conn, ID, at)
        assert stored is not None
        assert ("OK again since" in stored.finding.description.raw()) is not egress.alarms(conn)[0].raised
        return stored.state, egress.alarms(conn)[0].raised

    state(conn, AlarmState.ALARM, NOW)
    state(conn, AlarmState.OK, NOW + minutes(5))
    assert stands(NOW + minutes(5)) == (State.NEW, False)
    egress_upkeep.end_gone(conn, NOW + timedelta(days=2))
    assert stands(NOW + timedelta(days=2)) == (State.NEW, False)
    acknowledge(conn, ID, NOW + timedelta(days=3))
    state(conn, AlarmState.OK, NOW + minutes(5))
    assert stands(NOW + timedelta(days=3)) == (State.RESOLVED, False)
    again = NOW + timedelta(days=4)
    blip = [event(AlarmState.ALARM, again), event(AlarmState.OK, again + minutes(1))]  # between two readings
    findings.commit(conn, blip, answer=None, origin="push", now=again + minutes(2), live=True)
    assert stands(again + minutes(2)) == (State.NEW, False)


def test_an_alarm_pointed_elsewhere_while_it_rings_takes_nothing_off_the_desk(conn) -> None:
    nat = way_out()
    tell(conn, Paths(PLACE, (nat,), complete=True))
    state(conn, AlarmState.ALARM, NOW)
    blinded = alarm(
        state=AlarmState.INSUFFICIENT_DATA,
        since=NOW + minutes(1),
        namespace="AWS/EC2",
        metric="CPUUtilization",
        dimensions=(("InstanceId", "i-1"),),
    )
    tell(conn, Alarms(PLACE, (blinded,), complete=True), at=NOW + minutes(1))
    assert ended(conn) == (State.NEW, True)
    assert [one.path for one in egress.open_alarms_on(conn, [NAT])] == [nat.id]
    acknowledge(conn, ID, NOW + minutes(2))
    egress_upkeep.end_gone(conn, NOW + timedelta(hours=25))
    assert ended(conn) == (State.RESOLVED, False)


def test_a_deleted_alarm_leaves_its_finding_behind(conn) -> None:
    state(conn, AlarmState.ALARM, NOW)
    tell(conn, Alarms(PLACE, (), complete=True), at=NOW + minutes(1))
    stored = reading.get(conn, ID, NOW + minutes(1))
    assert stored is not None
    assert stored.state is State.NEW
    acknowledge(conn, ID, NOW + minutes(2))
    egress_upkeep.end_gone(conn, NOW + timedelta(hours=23))
    assert ended(conn) == (State.ACKNOWLEDGED, True)
    egress_upkeep.end_gone(conn, NOW + timedelta(hours=25))
    assert ended(conn) == (State.RESOLVED, False)
    state(conn, AlarmState.ALARM, NOW + timedelta(hours=26))  # made anew, and acknowledged in its former life only
    tell(conn, Alarms(PLACE, (), complete=True), at=NOW + timedelta(hours=27))
    egress_upkeep.end_gone(conn, NOW + timedelta(hours=80))
    assert ended(conn) == (State.NEW, True)


def ended(conn: sqlite3.Connection) -> tuple[State, bool]:
    """Where the alarm's finding stands, and whether it is raised."""
    stored = reading.get(conn, ID, NOW + minutes(3))
    assert stored is not None
    (alarm_,) = egress.alarms(conn, gone=True)
    return stored.state, alarm_.raised


def test_an_open_alarm_raises_what_is_on_its_path_for_as_long_as_it_is_open(conn) -> None:
    host = (Resource("AwsEc2Instance", Untrusted(f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{HOST}")),)
    hear(conn, observation("1", resources=host), observation("2"))
    role = (Resource("AwsIamRole", Untrusted("arn:aws:iam::444455556666:role/web"), Untrusted("web")),)
    hear(conn, observation("4", resources=role))
    tell(conn, Paths(PLACE, (way_out(links=(HOST, "web")),), complete=True))

    def why(name: str) -> set[str]:
        stored = reading.get(conn, finding_id(arn(name)))
        assert stored is not None
        return {reason.why for reason in stored.finding.priority.reasons}

    before = why("1")
    state(conn, AlarmState.ALARM, NOW + minutes(1))
    assert why("1") - before == {"alarm"}
    assert "alarm" not in why("2") | why("4")
    hear(conn, observation("3", resources=host), now=NOW + minutes(2))
    assert "alarm" in why("3")
    state(conn, AlarmState.OK, NOW + minutes(3))
    assert why("1") == before
    assert "alarm" not in why("3")


def test_a_finding_says_what_leaves_on_its_path(conn) -> None:
    host = (Resource("AwsEc2Instance", Untrusted(HOST)),)
    hear(conn, observation("1", resources=host))
    nat = way_out(links=(HOST,))
    whole = NOW.replace(second=0)
    points = ((whole - minutes(10), 3e7), (whole - minutes(5), 6e7))
    tell(conn, Paths(PLACE, (nat,), complete=True), Points(ways_out.series(nat)[1], points, NOW - minutes(20), whole))
    stored = reading.get(conn, finding_id(arn("1")), NOW)
    assert stored is not None
    assert reading.findings_json(stored, NOW)["egress"] == {
        "path": nat.id,
        "resource": NAT,
        "rate": 2e5,
        "unit": "bytes",
        "last_byte": "2026-03-01T03:14:00Z",
        "cannot_see": None,
    }


def test_only_what_is_missing_is_wanted(conn) -> None:
    nat = way_out()
    fine, coarse = ways_out.series(nat)
    tell(conn, Paths(PLACE, (nat,), complete=True), Alarms(PLACE, (alarm(period_s=60),), complete=True))
    whole = NOW.replace(second=0)

    def wanted(now: datetime) -> dict[int, timedelta]:
        return {one.series.period_s: now - one.since for one in metering.wanted(conn, PLACE, now)}

    # The alarm compares the minutes, and is judged by fourteen days of them.
    assert wanted(whole) == {60: timedelta(days=14), 300: timedelta(days=14, minutes=4)}
    begin = whole - timedelta(days=14, minutes=5)
    tell(conn, Points(fine, (), begin, whole), Points(coarse, (), begin, whole - minutes(4)))
    assert wanted(whole) == {}
    assert wanted(whole + minutes(2)) == {60: minutes(5), 300: minutes(21)}
    assert wanted(whole + timedelta(days=30)) == {60: timedelta(days=14), 300: timedelta(days=14, minutes=4)}


def test_alarms_are_judged_by_their_own_points(conn) -> None:
    nat = way_out()
    loud = alarm("loud", threshold=3e12)
    tell(
        conn,
        Paths(PLACE, (nat,), complete=True),
        Alarms(
            PLACE, (alarm(threshold=2**30), loud, alarm("elsewhere", dimensions=(("NatGatewayId", "nat-0"),))), True
        ),
    )
    sources.record(conn, Answer(SourceKey("egress", ACCOUNT, REGION), Freshness.FRESH), NOW)
    steps = range(14 * 288)
    begin = NOW - timedelta(days=14)
    points = tuple((begin + n * minutes(5), 1e6 if n % 50 else 2e8) for n in steps)
    tell(conn, Points(ways_out.series(nat)[1], points, begin, NOW))
    assert metering.judge(conn, NOW) == 3
    found = {one.alarm.name.raw(): (one.sanity.sane, one.p99) for one in egress.alarms(conn)}
    assert found == {"nat-egress": (True, 2e8), "loud": (False, 2e8), "elsewhere": (False, None)}
    why = {one.alarm.name.raw(): one.sanity.why for one in egress.alarms(conn)}
    assert why["elsewhere"] == ("nat-0 is gone: it measures nothing",)
    assert metering.judge(conn, NOW + minutes(9)) == 0
    assert metering.judge(conn, NOW + minutes(11)) == 3
    with db.transaction(conn):
        conn.execute("UPDATE alarm SET judged = NULL WHERE name = 'loud'")
    assert metering.judge(conn, NOW + minutes(11)) == 1


def event(state_: AlarmState, at: datetime) -> AlarmChange:
    return AlarmChange(alarm(state=state_, since=at), at, "StateUpdate", Untrusted(f"to {state_}"), b"{}")


def pushed(conn: sqlite3.Connection, state_: AlarmState, at: datetime, now: datetime) -> findings.Counts:
    return findings.commit(conn, [event(state_, at)], answer=None, origin="push", now=now, live=True)


def test_a_listing_older_than_what_was_pushed_takes_nothing_back_but_no_event_silences_an_alarm(conn) -> None:
    state(conn, AlarmState.OK, NOW)
    pushed(conn, AlarmState.ALARM, NOW + minutes(1), NOW + minutes(1))
    tell(conn, Alarms(PLACE, (alarm(state=AlarmState.OK, since=NOW),), complete=True), at=NOW + minutes(2))
    assert egress.alarms(conn)[0].raised
    pushed(conn, AlarmState.OK, NOW + timedelta(days=900), NOW + minutes(3))  # a forged one, so that it stays so
    assert egress.alarms(conn)[0].raised
    pushed(conn, AlarmState.OK, NOW + minutes(4), NOW + minutes(3))
    assert not egress.alarms(conn)[0].raised
    still = alarm(state=AlarmState.ALARM, since=NOW + minutes(1))
    tell(conn, Alarms(PLACE, (still,), complete=True), at=NOW + minutes(9))
    assert egress.alarms(conn)[0].raised


def test_a_change_is_counted_once(conn) -> None:
    first = pushed(conn, AlarmState.ALARM, NOW, NOW)
    again = pushed(conn, AlarmState.ALARM, NOW, NOW)
    assert (first.read, first.new, again.new, again.unchanged) == (1, 1, 0, 1)


def test_a_reading_that_changes_nothing_writes_nothing(conn) -> None:
    calm = Alarms(PLACE, (alarm(), alarm("other")), complete=True)
    tell(conn, calm)
    before = conn.execute("SELECT * FROM alarm ORDER BY arn").fetchall()
    tell(conn, calm, at=NOW + minutes(1))
    assert conn.execute("SELECT * FROM alarm ORDER BY arn").fetchall() == before
    tell(conn, Alarms(PLACE, (alarm(),), complete=True), at=NOW + minutes(2))
    assert [one.alarm.name.raw() for one in egress.alarms(conn)] == ["nat-egress"]

"""Clock arithmetic against worked examples, and what a case's clocks say at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.clocks import clocks, nearest, period, regimes
from socconsole.clocks.arithmetic import add
from socconsole.model.clock import Clock, ClockState, Facts, Party


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "after", "zone", "due"),
    [
        # GDPR Art. 33: aware on a Friday afternoon; the weekend counts.
        ("2026-11-20 16:30", "72h", "Europe/Berlin", "2026-11-23 16:30"),
        # 72 hours are 72 hours when clocks go forward, and back.
        ("2026-03-27 12:00", "72h", "Europe/Berlin", "2026-03-30 13:00"),
        ("2026-10-23 12:00", "72h", "Europe/Berlin", "2026-10-26 11:00"),
        # NIS2 Art. 23(4)(d): one month after the notification, the last day of a shorter month (1182/71 Art. 3(2)(c)).
        ("2026-01-31 09:00", "1 month", "Europe/Paris", "2026-02-28 09:00"),
        ("2028-01-30 09:00", "1 month", "Europe/Paris", "2028-02-29 09:00"),
        ("2026-12-15 23:30", "1 month", "Europe/Helsinki", "2027-01-15 23:30"),
        # A month that ends in the hour that the change to summer time leaves out: earlier, never later.
        ("2026-02-28 02:30", "1 month", "Europe/Berlin", "2026-03-28 02:30"),
        ("2027-02-28 02:30", "1 month", "Europe/Berlin", "2027-03-28 01:30"),
        # AI Act Art. 73: 15 days of the calendar, at the same time of day over the change.
        ("2026-10-20 10:00", "15 days", "Europe/Vienna", "2026-11-04 10:00"),
        # Visa: 3 and 10 working days from a Thursday, and from a Saturday.
        ("2026-11-19 08:00", "3 working days", "Europe/London", "2026-11-24 08:00"),
        ("2026-11-21 08:00", "3 working days", "Europe/London", "2026-11-25 08:00"),
        ("2026-11-19 08:00", "10 working days", "Europe/London", "2026-12-03 08:00"),
        # DORA: 4 hours across midnight.
        ("2026-12-31 22:00", "4h", "Europe/Madrid", "2027-01-01 02:00"),
        ("2026-11-23 03:00", "15m", "UTC", "2026-11-23 03:15"),
    ],
)  # fmt: skip
def test_a_period_ends_as_in_the_worked_examples(start: str, after: str, zone: str, due: str) -> None:
    length = period(after)
    assert length is not None
    assert add(at(start, zone), length, ZoneInfo(zone)) == at(due, zone)


def test_hours_of_a_start_that_was_said_in_another_zone_pass_as_elsewhere() -> None:
    length, berlin = period("72h"), ZoneInfo("Europe/Berlin")
    assert length is not None
    start = datetime(2026, 10, 24, 12, tzinfo=berlin)  # the night after, clocks go back
    assert add(start, length, berlin).astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=72)


@given(
    st.integers(1_577_836_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "UTC"]),
    st.sampled_from(["15m", "72h", "1 month", "15 days", "3 working days"]),
)
def test_a_period_is_never_longer_than_the_calendar_says(start: datetime, zone: str, after: str) -> None:
    length = period(after)
    assert length is not None
    ends = add(start, length, ZoneInfo(zone))
    assert start < ends
    assert ends.astimezone(ZoneInfo(zone)).weekday() < 5 or "working" not in after
    assert ends - start <= timedelta(days=32)


def test_no_period_is_made_up() -> None:
    assert period("") is None
    for wrong in ("72", "a week", "3d", "-1h"):
        with pytest.raises(ValueError, match="is no period"):
            period(wrong)


DETECTED = at("2026-11-23 03:09")
SHOP = Party("Kaufhaus SE", "controller", "Europe/Berlin", "DE", authorities=(("gdpr-33", "BlnBDI"),))
FACTS = Facts(DETECTED, DETECTED + timedelta(minutes=5), (SHOP, Party("team", "team")))


def one(id_: str, facts: Facts, now: datetime) -> Clock:
    (found,) = [clock for clock in clocks(facts, now) if clock.id == id_]
    return found


def said(facts: Facts, **changes: Any) -> Facts:
    return replace(facts, **changes)


def test_before_awareness_a_clock_runs_from_detection_and_says_that_it_assumes_so() -> None:
    clock = one("gdpr-33/notify@Kaufhaus SE", FACTS, DETECTED)
    assert (clock.state, clock.about, clock.due) == (ClockState.RUNNING, True, DETECTED + timedelta(hours=72))
    assert clock.to == "BlnBDI"


def test_awareness_moves_it_and_leaves_the_conservative_deadline_in_sight() -> None:
    aware = DETECTED + timedelta(hours=6)
    clock = one("gdpr-33/notify@Kaufhaus SE", said(FACTS, moments={("Kaufhaus SE", "aware"): aware}), aware)
    assert (clock.about, clock.due) == (False, aware + timedelta(hours=72))
    assert clock.conservative == DETECTED + timedelta(hours=72)


def test_where_suspicion_is_enough_a_later_awareness_moves_nothing_later() -> None:
    name, yes = "pci-dss/report@Kaufhaus SE", said(FACTS, answers={("Kaufhaus SE", "pci-dss"): True})
    due = at("2026-11-26 03:09")
    found = one(name, yes, DETECTED)
    assert (found.start, found.due, found.about) == (DETECTED, due, False)
    later = said(yes, moments={("Kaufhaus SE", "aware"): DETECTED + timedelta(days=4)})
    assert one(name, later, DETECTED).due == due
    call = DETECTED - timedelta(days=3)  # a Friday: the acquirer called before anything was detected
    earlier = said(yes, moments={("Kaufhaus SE", "aware"): call})
    assert (one(name, earlier, DETECTED).start, one(name, earlier, DETECTED).due) == (call, at("2026-11-25 03:09"))


def test_what_nobody_answered_is_not_a_no() -> None:
    asked = one("nis2-23/early-warning@Kaufhaus SE", FACTS, DETECTED + timedelta(days=9))
    assert asked.state is ClockState.ASK
    assert asked.open
    assert asked.asks
    assert asked.due == DETECTED + timedelta(hours=24)
    for answer, state in ((True, ClockState.OVERDUE), (False, ClockState.NOT_APPLICABLE)):
        facts = said(FACTS, answers={("Kaufhaus SE", "nis2-23"): answer})
        assert one(asked.id, facts, DETECTED + timedelta(days=9)).state is state


def test_a_report_after_a_report_runs_from_the_sending_or_else_from_the_deadline() -> None:
    yes = said(FACTS, answers={("Kaufhaus SE", "nis2-23"): True})
    final = one("nis2-23/final@Kaufhaus SE", yes, DETECTED)
    assert final.about
    assert final.due == at("2026-12-26 03:09")
    sent = DETECTED + timedelta(hours=30)
    done = said(yes, sent={("Kaufhaus SE", "nis2-23", "notification", ""): (sent,)})
    final = one("nis2-23/final@Kaufhaus SE", done, DETECTED)
    assert (final.about, final.due) == (False, at("2026-12-24 09:09"))
    assert one("nis2-23/notification@Kaufhaus SE", done, DETECTED).state is ClockState.MET


def test_what_was_done_too_late_is_said_to_be() -> None:
    late = said(FACTS, sent={("Kaufhaus SE", "gdpr-33", "notify", ""): (DETECTED + timedelta(hours=80),)})
    assert one("gdpr-33/notify@Kaufhaus SE", late, DETECTED + timedelta(days=5)).state is ClockState.MET_LATE


def test_a_cap_holds_before_anything_was_classified() -> None:
    yes = said(FACTS, answers={("Kaufhaus SE", "dora-19"): True})
    assert one("dora-19/initial@Kaufhaus SE", yes, DETECTED).due == DETECTED + timedelta(hours=24)
    soon = said(yes, moments={("Kaufhaus SE", "classified"): DETECTED + timedelta(hours=1)})
    assert one("dora-19/initial@Kaufhaus SE", soon, DETECTED).due == DETECTED + timedelta(hours=5)
    capped = said(yes, moments={("Kaufhaus SE", "classified"): DETECTED + timedelta(hours=23)})
    assert one("dora-19/initial@Kaufhaus SE", capped, DETECTED).due == DETECTED + timedelta(hours=24)


def test_a_processor_has_one_clock_a_controller_by_its_contract_and_no_72_hours() -> None:
    parties = (
        Party("Kaufhaus Tech", "processor", to="Marken GmbH", within="24h"),
        Party("Kaufhaus Tech", "processor", to="Alt AG"),
    )
    found = {clock.id: clock for clock in clocks(said(FACTS, parties=parties), DETECTED)}
    assert found["gdpr-33-2/tell@Kaufhaus Tech>Marken GmbH"].due == DETECTED + timedelta(hours=24)
    undue = found["gdpr-33-2/tell@Kaufhaus Tech>Alt AG"]
    assert (undue.due, undue.state) == (None, ClockState.RUNNING)
    assert not any(id_.startswith("gdpr-33/") for id_ in found)


def test_other_laws_bind_an_entity_once_whomever_it_works_for() -> None:
    parties = (
        Party("Kaufhaus Tech", "processor", to="Marken GmbH", within="24h"),
        Party("Kaufhaus Tech", "processor", to="Alt AG"),
        Party("Kaufhaus Tech", "controller", authorities=(("nis2-23", "BSI"),)),
    )
    found = [one for one in clocks(said(FACTS, parties=parties), DETECTED) if one.regime == "nis2-23"]
    assert len({one.id for one in found}) == len(found) == 4
    assert not any(">" in one.id or one.to in ("Marken GmbH", "Alt AG") for one in found)


def test_updates_are_due_again_and_again() -> None:
    told = FACTS.opened + timedelta(minutes=20)
    facts = said(FACTS, sent={("team", "team", "update", ""): (told,)})
    assert one("team/update@team", facts, told).due == told + timedelta(minutes=30)


def test_the_law_of_another_country_does_not_run() -> None:
    assert not any(clock.regime == "uk-gdpr-33" for clock in clocks(FACTS, DETECTED))
    island = said(FACTS, parties=(replace(SHOP, country="GB"),))
    assert any(clock.regime == "uk-gdpr-33" for clock in clocks(island, DETECTED))


def test_the_nearest_is_the_one_that_is_overdue_longest() -> None:
    found = clocks(FACTS, DETECTED + timedelta(minutes=50))
    clock = nearest(found)
    assert clock is not None
    assert (clock.id, clock.state) == ("team/triage@team", ClockState.OVERDUE)


def test_every_regime_names_its_law_and_when_that_was_read() -> None:
    for regime in regimes().values():
        assert regime.law
        assert regime.checked.year >= 2026
        assert regime.deadline

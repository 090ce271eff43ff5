"""The clocks of open cases at a glance: what is nearest, and from when they run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from socconsole.clocks import regimes
from socconsole.commands import cases as ask
from socconsole.config import CasesConfig, Config, EntityConfig
from socconsole.model.clock import Clock, ClockState
from socconsole.model.finding import Kind
from socconsole.store import case_acts, case_alarms, case_clocks, cases, db
from socconsole.store.case_glance import Glance, Nearest
from socconsole.store.state import StateFolder
from tests.store.builders import NOW, hub
from tests.store.desk import fill, named

SHOP = "Kaufhaus SE"
CONFIG = Config(entity=(EntityConfig(name=SHOP, country="DE"),), cases=CasesConfig(decide=("ana",)))
LONG_AGO = NOW - timedelta(days=30)
HOUR = timedelta(hours=1)


def act(folder: StateFolder, request: ask.CaseRequest, after: timedelta = timedelta()) -> str:
    return case_acts.act(folder, CONFIG, request, "ana", NOW + after).case


@pytest.mark.parametrize("with_threat", [True, False], ids=["with-a-threat", "controls-alone"])
def test_a_control_that_failed_for_weeks_is_no_detection_of_what_happened_today(
    folder: StateFolder, with_threat: bool
) -> None:
    fill(folder, hub("old", kind=Kind.CONTROL, published=LONG_AGO), hub("new", published=NOW - HOUR))
    case = act(folder, ask.OpenCase(findings=(named("old"), *([named("new")] if with_threat else []))))
    with db.reading(folder) as conn:
        found = cases.get(conn, case)
        assert found is not None
        assert case_clocks.detected(conn, found) == (NOW - HOUR if with_threat else LONG_AGO)


def test_the_teams_own_comes_first_when_it_is_pressing_and_no_law_is_nearer(folder: StateFolder) -> None:
    no = {regime: False for regime in regimes() if regime != "gdpr-33"}
    glance = Glance(Config(entity=(EntityConfig(name=SHOP, country="DE", applies=no),)))
    with db.reading(folder) as conn:
        assert glance.nearest(conn, NOW) is None
    case = act(folder, ask.OpenCase(title="a call"))
    update = next(one for one in clocks_of(folder, case) if (one.role, one.deadline) == ("team", "update"))
    assert update.due is not None

    def nearest(after: timedelta) -> tuple[str, str, int]:
        with db.reading(folder) as conn:
            found = glance.nearest(conn, NOW + after)
        assert found is not None
        return found.clock.id, found.law.id if found.law else "", found.overdue

    law = f"gdpr-33/notify@{SHOP}"
    soon = update.due - NOW - timedelta(minutes=14)
    assert nearest(soon) == (update.id, law, 0), "which is not hidden by what recurs"
    assert nearest(3 * HOUR) == (update.id, law, 1), "the team is late, and the law is days away"
    assert nearest(60 * HOUR)[:2] == (law, ""), "due today by law, whatever the team is late with"
    assert nearest(73 * HOUR)[:2] == (law, "")


def clocks_of(folder: StateFolder, case: str) -> tuple[Clock, ...]:
    with db.reading(folder) as conn:
        found = cases.get(conn, case)
        assert found is not None
        return case_clocks.of_case(conn, CONFIG, found, NOW)


def test_what_is_said_is_seen_at_once_though_facts_are_kept(folder: StateFolder) -> None:
    glance = Glance(CONFIG, monotonic=lambda: 0.0)  # time alone makes nothing old here
    case = act(folder, ask.OpenCase(title="a call"))
    with db.reading(folder) as conn:
        before = glance.nearest(conn, NOW + HOUR)
    act(folder, ask.MarkSent(case=case, clock=f"gdpr-33/notify@{SHOP}", at=NOW + HOUR), HOUR)
    with db.reading(folder) as conn:
        after = glance.nearest(conn, NOW + HOUR)
    assert before is not None
    assert after is not None
    assert before.law is not None
    assert after.law is not None
    assert before.law.regime == "gdpr-33" != after.law.regime


def test_a_clock_runs_on_after_its_case_was_closed_until_it_is_met_or_answered(folder: StateFolder) -> None:
    glance = Glance(CONFIG)
    case = act(folder, ask.OpenCase(title="a call"))
    act(folder, ask.CloseCase(case=case, reason="over", anyway=True), HOUR)

    def nearest() -> Nearest | None:
        with db.reading(folder) as conn:
            return glance.nearest(conn, NOW + 3 * HOUR)

    first = nearest()
    assert first is not None
    assert (first.case, first.closed, first.clock.id) == (case, True, f"gdpr-33/notify@{SHOP}")
    assert first.overdue == 0, "closing ended what the team had promised itself"
    said: set[str] = set()
    while (found := nearest()) is not None:
        clock = found.clock
        assert clock.id not in said
        said.add(clock.id)
        if clock.state is ClockState.ASK:
            no = ask.AnswerRegime(
                case=case, entity=clock.entity, regime=clock.regime, applies=False, reason="it is not"
            )
            act(folder, no, 2 * HOUR)
        else:
            act(folder, ask.MarkSent(case=case, clock=clock.id, at=NOW + 2 * HOUR), 2 * HOUR)
    assert len(said) > 2
    with db.reading(folder) as conn:
        assert not case_alarms.due(conn, CONFIG, "watch", NOW + 100 * HOUR)

"""A handoff that nobody accepts: said by the watch with no console open, again and again, until its receipt is here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.commands import Acknowledge
from socconsole.config import Config, EscalationConfig, HandoffConfig, StepConfig
from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity, State
from socconsole.store import db, decisions, escalation_firing, handoff_alarms, ledger, own, project, reading
from socconsole.store.instants import micros
from socconsole.store.project_handoffs import ACCEPTED, GIVEN
from socconsole.store.state import StateFolder
from socconsole.watch.duties import WHO
from tests.store.desk import live

CONFIG = Config(handoff=HandoffConfig(accept_within_minutes=30))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "state", 1)


def give(folder: StateFolder, id_: str, at: datetime, who: str = "ana") -> None:
    data = {"now": micros(at), "handoff": id_, "sha256": "0" * 64, "bytes": 1, "cases": ["c-1"], "actions": []}
    record(folder, Entry(GIVEN, who, (id_,), data))


def receive(folder: StateFolder, id_: str, at: datetime) -> None:
    data = {"now": micros(at), "handoff": id_, "install": "i", "peer": "night", "by": "bob", "at": micros(at)}
    record(folder, Entry(ACCEPTED, "ana", (id_,), data))


def record(folder: StateFolder, *entries: Entry) -> None:
    ledger.append(folder, entries)
    project.project(folder)


def warn(folder: StateFolder, now: datetime) -> list[tuple[str, int]]:
    """What the watch puts on record at ``now``."""
    with db.reading(folder) as conn:
        entries = handoff_alarms.due(conn, CONFIG, WHO, now)
    if entries:
        record(folder, *entries)
    return [(str(entry.data["handoff"]), int(entry.data["times"])) for entry in entries]


def alarms(folder: StateFolder, now: datetime) -> list[tuple[str, State]]:
    with db.reading(folder) as conn:
        ids = [id_ for (id_,) in conn.execute("SELECT id FROM finding WHERE types = ?", (own.UNACCEPTED,))]
        return [(one.finding.id, one.state) for one in reading.each(conn, ids, now)]


def pages(folder: StateFolder, since: datetime, now: datetime) -> list[str]:
    """Findings that set a path for handoffs going."""
    path = EscalationConfig(name="own", types=("Handoff:*",), steps=(StepConfig(channel="chat"),))
    with db.reading(folder) as conn:
        return escalation_firing.fitting(conn, path.name, since, now, types=path.types)


def test_it_is_said_in_time_and_again_at_growing_intervals_whoever_acknowledged_it(folder: StateFolder) -> None:
    began = datetime.now(UTC)
    give(folder, "h-aaaaaaaa", began, who="\x1b[2J[bold]ana")
    assert warn(folder, began + 29 * MINUTE) == []
    assert warn(folder, began + 30 * MINUTE) == [("h-aaaaaaaa", 1)]
    assert warn(folder, began + 31 * MINUTE) == [], "nor does a watch that was started anew say it twice"
    later = began + 31 * MINUTE
    ((id_, state),) = alarms(folder, later)
    assert state is State.NEW
    assert pages(folder, began - MINUTE, later) == [id_]
    with db.reading(folder) as conn:
        stored = reading.get(conn, id_)
        assert stored is not None
        assert stored.finding.severity is Severity.HIGH
        assert "\x1b" not in stored.finding.description.raw()
    decisions.decide(folder, Acknowledge(ids=(id_,), reason="seen"), "bob", Mode.READ, later)
    assert alarms(folder, later) == [(id_, State.ACKNOWLEDGED)]
    assert pages(folder, began - MINUTE, later) == []
    with db.writing(folder) as conn:
        own.close_acknowledged(conn, later + timedelta(days=3))
    assert alarms(folder, later) == [(id_, State.ACKNOWLEDGED)], "seen is not accepted"
    assert warn(folder, began + 60 * MINUTE) == [("h-aaaaaaaa", 2)]
    assert alarms(folder, began + 61 * MINUTE) == [(id_, State.NEW)]
    assert pages(folder, began - MINUTE, began + 61 * MINUTE) == [id_]
    assert warn(folder, began + 119 * MINUTE) == []
    # The watch was dead for hours: what it missed is said once.
    assert warn(folder, began + 9 * 60 * MINUTE) == [("h-aaaaaaaa", 5)]
    receive(folder, "h-aaaaaaaa", began + 10 * 60 * MINUTE)
    assert alarms(folder, began + 10 * 60 * MINUTE) == [(id_, State.RESOLVED)]
    assert warn(folder, began + timedelta(days=30)) == []


def test_another_one_takes_its_place_buys_no_time_and_settles_both(folder: StateFolder) -> None:
    began = datetime.now(UTC)
    give(folder, "h-aaaaaaaa", began)
    give(folder, "h-bbbbbbbb", began + 20 * MINUTE)
    assert warn(folder, began + 30 * MINUTE) == [("h-bbbbbbbb", 1)]
    receive(folder, "h-bbbbbbbb", began + 40 * MINUTE)
    assert [state for _, state in alarms(folder, began + 41 * MINUTE)] == [State.RESOLVED]
    assert warn(folder, began + timedelta(days=3)) == []


def test_a_receipt_for_the_earlier_one_says_nothing_of_the_later(folder: StateFolder) -> None:
    began = datetime.now(UTC)
    give(folder, "h-aaaaaaaa", began)
    give(folder, "h-bbbbbbbb", began + 20 * MINUTE)
    receive(folder, "h-aaaaaaaa", began + 25 * MINUTE)
    assert warn(folder, began + 49 * MINUTE) == [], "it has thirty minutes of its own"
    assert warn(folder, began + 50 * MINUTE) == [("h-bbbbbbbb", 1)]
    assert [state for _, state in alarms(folder, began + 51 * MINUTE)] == [State.NEW]


@given(st.integers(1, 1440), st.integers(0, 60 * 24 * 400), st.integers(1, 3000))
def test_it_is_due_ever_more_often_with_pauses_of_a_day_at_most(within: int, waited: int, more: int) -> None:
    now = handoff_alarms.passed(waited * MINUTE, within * MINUTE)
    assert (now == 0) == (waited < within)
    assert handoff_alarms.passed((waited + more) * MINUTE, within * MINUTE) >= now
    if waited >= within:
        assert handoff_alarms.passed(waited * MINUTE + timedelta(days=1), within * MINUTE) > now

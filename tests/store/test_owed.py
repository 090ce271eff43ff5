"""What is owed about an action: said once when it is due, and gone when it is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from socconsole.commands import Acknowledge
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity, State
from socconsole.store import actions, ledger, owed, own, project, queue, reading, recover, schema
from socconsole.store.state import StateFolder
from socconsole.triage.query import parse
from tests.store.desk import act, store
from tests.store.test_actions import contain, intend, tell

NOON = datetime.now(UTC).replace(microsecond=0)
PAST = (NOON - timedelta(minutes=1)).isoformat()


def due(folder: StateFolder, at: datetime | None = None) -> list[tuple[str, str]]:
    with store(folder) as conn:
        return [(one.action_id, one.what.value) for one in owed.overdue(conn, at or datetime.now(UTC))]


def say(folder: StateFolder, id_: str, what: str, at: datetime | None = None) -> None:
    """What the watch puts on record."""
    ledger.append(folder, [Entry("overdue", "watch", (id_,), {"id": id_, "what": what})], now=at)
    project.project(folder)


def alarms(folder: StateFolder, at: datetime | None = None) -> list[queue.QueueRow]:
    with queue.QueueReader(folder.store_db, hide=(State.SNOOZED, State.RESOLVED)) as reader:
        now = at or datetime.now(UTC)
        return reader.window(queue.View.THREATS, parse("src:socconsole"), offset=0, limit=9, now=now)


def text(folder: StateFolder, id_: str) -> str:
    with store(folder) as conn:
        found = reading.get(conn, id_)
    assert found is not None
    return found.finding.description.raw()


def glass(folder: StateFolder, id_: str = "a-1", owes: bool = True, **over: Any) -> None:
    contain(folder, id_, break_glass=True, owes=owes, **over)


@pytest.mark.parametrize(("wide", "severity"), [(False, Severity.MEDIUM), (True, Severity.HIGH)])
def test_an_action_in_force_past_its_time_is_a_finding_once(
    folder: StateFolder, wide: bool, severity: Severity
) -> None:
    contain(folder, expires=PAST, wide=wide)
    assert due(folder, NOON - timedelta(minutes=2)) == []
    assert due(folder) == [("a-1", "look")]
    assert alarms(folder) == []
    for _ in range(2):
        say(folder, "a-1", "look")
    (alarm,) = alarms(folder)
    assert (alarm.severity, due(folder)) == (severity, [])
    for word in ("a-1", "llm-corpus", "s3.block-public-access", "by ana", "socconsole undo a-1"):
        assert word in text(folder, alarm.id)
    with store(folder) as conn:
        assert [record.id for record in actions.in_force(conn)] == ["a-1"], "nothing is released by itself"
        assert [record.id for record in actions.of_finding(conn, alarm.id)] == ["a-1"], "for the key that undoes it"


def test_it_closes_when_the_action_is_undone_and_is_due_again_when_the_undo_comes_undone(folder: StateFolder) -> None:
    contain(folder, expires=PAST)
    say(folder, "a-1", "look")
    contain(folder, "a-2", undoes="a-1")
    assert alarms(folder) == []
    assert due(folder) == []
    tell(folder, "verified", id="a-2", state="not_applied", when="60 s", held=False)
    assert due(folder) == [("a-1", "look")]
    say(folder, "a-1", "look")
    assert len(alarms(folder)) == 1


def test_it_closes_a_day_after_it_was_acknowledged(folder: StateFolder) -> None:
    contain(folder, expires=PAST)
    say(folder, "a-1", "look")
    now = datetime.now(UTC)
    act(folder, Acknowledge(ids=(alarms(folder)[0].id,), reason="kept on purpose"), now=now)
    with store(folder) as conn:
        assert own.close_acknowledged(conn, now + timedelta(hours=25)) == 1
    assert (alarms(folder), due(folder)) == ([], [])
    tell(folder, "verified", id="a-1", state="applied", when="60 s", held=True)
    assert due(folder) == [], "it was said, and somebody saw it"


@pytest.mark.parametrize("state", ["not_applied", "in_doubt"])
def test_what_is_not_known_to_be_in_force_expires_silently(folder: StateFolder, state: str) -> None:
    intend(folder, expires=PAST)
    if state != "in_doubt":
        tell(folder, "outcome", id="a-1", state=state, results=[])
    assert due(folder) == []


def test_break_glass_is_a_critical_finding_at_once_until_a_second_person_approves(folder: StateFolder) -> None:
    intend(folder, break_glass=True, owes=True)
    (alarm,) = alarms(folder)
    assert alarm.severity is Severity.CRITICAL
    assert "socconsole action approve a-1" in text(folder, alarm.id)
    tell(folder, "outcome", id="a-1", state="applied", results=[])
    now = datetime.now(UTC)
    act(folder, Acknowledge(ids=(alarm.id,), reason="I did that"), now=now)
    with store(folder) as conn:
        assert own.close_acknowledged(conn, now + timedelta(hours=25)) == 0, "to have seen it is not to approve"
    assert due(folder, now + timedelta(minutes=59)) == []
    later = now + timedelta(minutes=61)
    assert due(folder, later) == [("a-1", "approval")]
    say(folder, "a-1", "approval", later)
    (again,) = alarms(folder, later)
    assert (again.id, again.state) == (alarm.id, State.NEW), "the same finding, and new again"
    assert "overdue" in again.title.raw()
    tell(folder, "approved", id="a-1", by="lead1", peer="lead")
    assert alarms(folder, later) == []
    with store(folder) as conn:
        record = actions.get(conn, "a-1")
        assert owed.approval_owed(conn, "a-1") is None
    assert record is not None
    assert record.leave == "break-glass: approved afterwards by lead1 (lead)"


@pytest.mark.parametrize("how", ["undone", "came undone"])
def test_what_was_done_stays_to_be_approved_when_it_no_longer_holds(folder: StateFolder, how: str) -> None:
    glass(folder)
    if how == "undone":
        contain(folder, "a-2", undoes="a-1")
    else:
        tell(folder, "verified", id="a-1", state="not_applied", when="60 s", held=False)
    assert due(folder, datetime.now(UTC) + timedelta(hours=2)) == [("a-1", "approval")]


def test_what_came_to_nothing_needs_no_approval(folder: StateFolder) -> None:
    intend(folder, break_glass=True, owes=True)
    tell(folder, "outcome", id="a-1", state="not_applied", results=[])
    assert alarms(folder) == []
    assert due(folder, datetime.now(UTC) + timedelta(hours=2)) == []


def test_where_nobody_else_is_there_it_is_said_and_nothing_is_owed(folder: StateFolder) -> None:
    glass(folder, owes=False)
    (alarm,) = alarms(folder)
    assert "nobody else" in text(folder, alarm.id)
    assert due(folder, datetime.now(UTC) + timedelta(hours=2)) == []


def test_what_is_owed_survives_the_loss_of_the_store(folder: StateFolder) -> None:
    glass(folder, expires=PAST)
    say(folder, "a-1", "look")
    before = {row.id for row in alarms(folder)}
    folder.store_db.unlink()
    recover.recover(folder.root)
    assert {row.id for row in alarms(folder)} == before
    assert due(folder, datetime.now(UTC) + timedelta(hours=2)) == [("a-1", "approval")]


def test_an_expiry_that_an_older_store_kept_in_words_is_due_too(folder: StateFolder) -> None:
    contain(folder, expires="2026-03-01T07:00:00Z")
    with store(folder) as conn:
        (said,) = conn.execute("SELECT leave FROM action").fetchone()
        before = conn.execute("SELECT * FROM owed").fetchall()
        assert "2026-03-01T07:00:00Z" in said
        for table in ("owed", "closing", "need"):
            conn.execute(f"DROP TABLE {table}")
        schema.MIGRATIONS[6](conn)
        assert conn.execute("SELECT * FROM owed").fetchall() == before

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from socconsole.commands import Acknowledge
from socconsole.model.action import ActionState, Call, Reversible
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity, State
from socconsole.model.world import Place
from socconsole.store import actions, ledger, own, project, queue, reading, recover
from socconsole.store.state import StateFolder
from socconsole.triage.query import parse
from tests.store.desk import act, named, store


def intend(folder: StateFolder, id_: str = "a-1", **over: Any) -> None:
    data = {
        "id": id_,
        "action": "s3.block-public-access",
        "target": "llm-corpus",
        "account": "111122223333",
        "region": "eu-central-1",
        "finding": named(0),
        "calls": [{"service": "s3", "operation": "PutPublicAccessBlock", "params": {"Bucket": "llm-corpus"}}],
        "undo_calls": [{"service": "s3", "operation": "DeletePublicAccessBlock", "params": {"Bucket": "llm-corpus"}}],
        "before": {"block": None},
        "after": {"block": True},
        "evidence": "ab" * 32,
        "reversible": "yes",
        "wide": False,
        "undoes": None,
    } | over
    tell(folder, "intent", **data)


def tell(folder: StateFolder, verb: str, **data: Any) -> None:
    ledger.append(folder, [Entry(verb, "ana", data=data)])
    project.project(folder)


def test_an_intent_is_in_doubt_until_something_is_known(folder: StateFolder) -> None:
    intend(folder)
    with store(folder) as conn:
        (doubt,) = actions.in_doubt(conn)
        assert doubt.state is ActionState.IN_DOUBT
        assert (doubt.settled, doubt.place, doubt.finding) == (None, Place("111122223333", "eu-central-1"), named(0))
        assert ledger.get(folder, [doubt.intent_seq])[doubt.intent_seq].entry.verb == "intent"
        assert actions.in_force(conn) == []
        whole = actions.whole(conn, "a-1")
        assert whole is not None
        assert whole.undo_calls == (Call("s3", "DeletePublicAccessBlock", {"Bucket": "llm-corpus"}),)
        assert (whole.before, whole.after, whole.reversible) == ({"block": None}, {"block": True}, Reversible.YES)
        assert actions.whole(conn, "a-2") is None
        assert actions.get(conn, "a-2") is None


def test_outcome_and_later_checks_are_kept_in_order(folder: StateFolder) -> None:
    intend(folder)
    results = [{"operation": "PutPublicAccessBlock", "answered": True, "request_id": "r-1"}]
    tell(folder, "outcome", id="a-1", state="applied", when="at once", held=True, results=results, detail="closed")
    with store(folder) as conn:
        settled = actions.get(conn, "a-1")
        assert settled is not None
        assert [record.id for record in actions.in_force(conn)] == ["a-1"]
        assert conn.execute("SELECT blocked_at FROM queue WHERE id = ?", (named(0),)).fetchone()[0] is not None
    tell(folder, "verified", id="a-1", state="applied", when="15 s", held=True)
    tell(folder, "verified", id="a-1", state="not_applied", when="60 s", held=False)
    with store(folder) as conn:
        now = actions.whole(conn, "a-1")
        assert now is not None
        assert now.record.verified == (("at once", True), ("15 s", True), ("60 s", False))
        assert now.record.state is ActionState.NOT_APPLIED
        assert (now.record.settled, now.record.detail) == (settled.settled, "closed")
        assert now.results == tuple(results)
        assert actions.in_force(conn) == []
        assert conn.execute("SELECT blocked_at FROM queue WHERE id = ?", (named(0),)).fetchone()[0] is None


@pytest.mark.parametrize("state", ["applied", "not_applied", "partial", "unknown"])
def test_what_a_crash_left_is_resolved_by_reading_aws(folder: StateFolder, state: str) -> None:
    intend(folder)
    tell(folder, "resolved", id="a-1", state=state, detail="read back at restart")
    with store(folder) as conn:
        assert actions.in_doubt(conn) == []
        record = actions.get(conn, "a-1")
        assert record is not None
        assert record.state.value == state
        assert [r.id for r in actions.in_force(conn)] == (["a-1"] if state in ("applied", "partial") else [])


def test_an_undo_takes_its_action_out_of_force_once_it_holds(folder: StateFolder) -> None:
    intend(folder)
    tell(folder, "outcome", id="a-1", state="applied", results=[])
    intend(folder, "a-2", undoes="a-1")
    with store(folder) as conn:
        assert [record.id for record in actions.in_force(conn)] == ["a-1"]
    tell(folder, "outcome", id="a-2", state="applied", results=[])
    with store(folder) as conn:
        assert actions.in_force(conn) == []
        undone = actions.get(conn, "a-1")
        assert undone is not None
        assert undone.undone_by == "a-2"
        assert [record.id for record in actions.latest(conn)] == ["a-2", "a-1"]
        assert [record.id for record in actions.of_finding(conn, named(0))] == ["a-1", "a-2"]
    tell(folder, "verified", id="a-2", state="not_applied", when="60 s", held=False)
    with store(folder) as conn:
        assert [record.id for record in actions.in_force(conn)] == ["a-1"]


def contain(folder: StateFolder, id_: str = "a-1", **over: Any) -> None:
    """An action that was read back as applied at once."""
    intend(folder, id_, **over)
    tell(folder, "outcome", id=id_, state="applied", when="at once", held=True, results=[])


def alarms(folder: StateFolder, query: str = "src:socconsole") -> list[queue.QueueRow]:
    with queue.QueueReader(folder.store_db, hide=(State.SNOOZED, State.RESOLVED)) as reader:
        return reader.window(queue.View.THREATS, parse(query), offset=0, limit=9, now=datetime.now(UTC))


@pytest.mark.parametrize(("state", "severity"), [("not_applied", Severity.CRITICAL), ("partial", Severity.HIGH)])
@pytest.mark.parametrize("when", ["15 s", "60 s", "later"])
def test_a_containment_that_no_longer_holds_is_an_alarm_on_top_of_triage(
    folder: StateFolder, when: str, state: str, severity: Severity
) -> None:
    contain(folder, target="bucket-0")
    assert alarms(folder) == []
    tell(folder, "verified", id="a-1", state=state, when=when, held=False)
    (alarm,) = alarms(folder)
    assert alarms(folder, "")[0].id == alarm.id
    assert (alarm.severity, alarm.state, alarm.sources) == (severity, State.NEW, ("socconsole",))
    assert "undone: s3.block-public-access on bucket-0" in alarm.title.raw()
    with store(folder) as conn:
        found = reading.get(conn, alarm.id)
        assert found is not None
        assert f"no longer is: {state.replace('_', ' ')}" in found.finding.description.raw()
        assert when in found.finding.description.raw()
        assert [r.type for r in found.finding.resources] == ["S3Bucket"]  # what it was contained as: it can be again
        assert [r.id for r in actions.in_force(conn)] == (["a-1"] if state == "partial" else [])


def test_it_stays_until_somebody_acknowledged_it_and_a_day_longer(folder: StateFolder) -> None:
    contain(folder)
    tell(folder, "verified", id="a-1", state="not_applied", when="15 s", held=False)
    tell(folder, "verified", id="a-1", state="applied", when="60 s", held=True)  # it flickered: said all the same
    (alarm,) = alarms(folder)
    now = datetime.now(UTC)
    with store(folder) as conn:
        assert own.close_acknowledged(conn, now + timedelta(days=99)) == 0
    act(folder, Acknowledge(ids=(alarm.id,), reason="seen"), now=now)
    assert [row.state for row in alarms(folder)] == [State.ACKNOWLEDGED]
    with store(folder) as conn:
        assert conn.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0  # AWS knows nothing of it
        assert own.close_acknowledged(conn, now + timedelta(hours=23)) == 0
        assert own.close_acknowledged(conn, now + timedelta(hours=25)) == 1
    assert alarms(folder) == []


def test_each_time_it_comes_undone_is_an_alarm_of_its_own(folder: StateFolder) -> None:
    contain(folder)
    for when, state in (("15 s", "not_applied"), ("60 s", "applied"), ("5 min", "not_applied")):
        tell(folder, "verified", id="a-1", state=state, when=when, held=state == "applied")
    assert len(alarms(folder)) == 2


def test_what_we_undid_ourselves_is_no_alarm_whenever_it_is_read_back(folder: StateFolder) -> None:
    contain(folder)
    intend(folder, "a-2", undoes="a-1")
    tell(folder, "verified", id="a-1", state="not_applied", when="15 s", held=False)  # while the undo is under way
    tell(folder, "outcome", id="a-2", state="applied", results=[])
    tell(folder, "verified", id="a-1", state="not_applied", when="60 s", held=False)
    assert alarms(folder) == []
    with store(folder) as conn:
        record = actions.get(conn, "a-1")
        assert record is not None
        assert (record.state, record.undone_by) == (ActionState.APPLIED, "a-2")
        assert actions.in_force(conn) == []


def test_a_look_that_told_nothing_takes_nothing_out_of_force(folder: StateFolder) -> None:
    contain(folder)
    tell(folder, "verified", id="a-1", state="unknown", when="15 s", held=False)
    with store(folder) as conn:
        assert [record.id for record in actions.in_force(conn)] == ["a-1"]
    assert alarms(folder) == []


def test_the_alarm_survives_the_loss_of_the_store(folder: StateFolder) -> None:
    contain(folder)
    tell(folder, "verified", id="a-1", state="not_applied", when="15 s", held=False)
    (alarm,) = alarms(folder)
    folder.store_db.unlink()
    recover.recover(folder.root)
    assert [row.id for row in alarms(folder)] == [alarm.id]

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import DatabaseError

import pytest

from socconsole.commands import Acknowledge, Claim, Note, Snooze, TakeBack, Verify
from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.model.world import World, WorldKind
from socconsole.store import db, decisions, ledger, outbox, project
from socconsole.store.decisions import DecisionRefused
from socconsole.store.instants import micros
from socconsole.store.state import StateFolder
from tests.store.builders import NOW, hub
from tests.store.desk import act, decision, dump, fill, live, named, store


def test_each_decision_is_an_entry_and_shows_in_the_store(folder: StateFolder) -> None:
    until = NOW + timedelta(hours=2)
    done = [
        act(folder, Acknowledge(ids=(named(0),), reason="seen")),
        act(folder, Claim(ids=(named(0),))),
        act(folder, Note(ids=(named(0),), text="looks [red]bad[/]")),
        act(folder, Verify(ids=(named(0),), verdict="TRUE_POSITIVE", reason="sure")),
        act(folder, Snooze(ids=(named(0),), until=until, reason="pentest")),
    ]
    lines = ledger.read(folder, after=1)
    assert [line.entry.verb for line in lines] == ["acknowledge", "claim", "note", "verdict", "snooze"]
    assert [line.seq for line in lines] == [decided.seq for decided in done]
    row = decision(folder, 0)
    assert (row["acked_by"], row["ack_reason"], row["acked_at"]) == ("ana", "seen", micros(NOW))
    assert (row["owner"], row["note"], row["note_by"]) == ("ana", "looks [red]bad[/]", "ana")
    assert (row["verdict"], row["verdict_reason"]) == ("TRUE_POSITIVE", "sure")
    assert (row["snoozed_until"], row["snooze_reason"]) == (micros(until), "pentest")
    assert row["last_batch"] == done[-1].batch


def test_free_text_is_never_in_the_signed_body(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="call +49 30 5550199"))
    body = ledger.read(folder, after=1)[0].entry
    assert "5550199" not in str(body.data)
    assert body.private == {"reason": "call +49 30 5550199"}


def test_many_findings_are_entries_of_a_hundred_sharing_a_batch(tmp_path: Path) -> None:
    folder = live(tmp_path / "many", 250)
    ids = tuple(named(n) for n in range(250))
    decided = act(folder, Acknowledge(ids=(*ids, ids[0]), reason="storm"))
    lines = ledger.read(folder, after=1)
    assert [len(line.entry.subjects) for line in lines] == [100, 100, 50]
    assert {line.entry.data["batch"] for line in lines} == {decided.batch}
    assert decided.ids == ids
    with store(folder) as conn:
        assert conn.execute("SELECT count(*) FROM queue WHERE acked_by = 'ana'").fetchone()[0] == 250


def test_what_cannot_be_decided_about_is_skipped_with_its_reason(folder: StateFolder) -> None:
    fill(folder, hub("seq", types=("TTPs/AttackSequence:S3-CompromisedData",)))
    act(folder, Claim(ids=(named(0),)))
    snoozed = act(
        folder,
        Snooze(ids=("f-000000000000", named("seq"), named(1)), until=NOW + timedelta(days=1), reason="x"),
    )
    assert snoozed.ids == (named(1),)
    assert [id_ for id_, _ in snoozed.skipped] == ["f-000000000000", named("seq")]
    assert "sequence" in snoozed.skipped[1][1]
    before = ledger.count(folder)
    mine = act(folder, Claim(ids=(named(0),)))
    assert (mine.batch, mine.ids, mine.seq) == ("", (), 0)
    assert "yours already" in mine.skipped[0][1]
    assert ledger.count(folder) == before
    assert act(folder, Claim(ids=(named(0),)), who="bob").ids == (named(0),)


@pytest.mark.parametrize(
    "request_",
    [
        Snooze(ids=("x",), until=NOW + timedelta(days=7, seconds=1), reason="x"),
        Snooze(ids=("x",), until=NOW, reason="x"),
        Snooze(ids=("x",), until=NOW - timedelta(hours=1), reason="x"),
        Snooze(ids=("x",), until=(NOW + timedelta(hours=1)).replace(tzinfo=None), reason="x"),
        Snooze(ids=("x",), until=NOW + timedelta(hours=1), reason=" "),
        Acknowledge(ids=("x",), reason=""),
        Acknowledge(ids=("x",), reason="x" * 5_000),
        Note(ids=("x",), text="\n "),
        Verify(ids=("x",), verdict="MAYBE"),
        TakeBack(),
    ],
)
def test_a_request_that_makes_no_sense_writes_nothing(folder: StateFolder, request_) -> None:
    with pytest.raises(DecisionRefused) as refused:
        act(folder, request_)
    assert str(refused.value)
    assert ledger.count(folder) == 1


def test_hostile_text_is_kept_and_breaks_nothing(folder: StateFolder) -> None:
    text = "\ud800[/] \x00\x1b]52;c;aGk=\x07 \u202e ü"
    act(folder, Note(ids=(named(0),), text=text))
    assert "\x1b]52;c;aGk=\x07 \u202e ü" in str(decision(folder, 0)["note"])
    assert ledger.verify(folder.root).whole


def test_a_decision_is_found_under_any_name_the_finding_has(folder: StateFolder) -> None:
    fill(folder, hub("0", merge_keys=(hub("0").merge_keys[0], "other-name")))
    from socconsole.model.finding import finding_id

    decided = act(folder, Acknowledge(ids=(finding_id("other-name"), named(0)), reason="x"))
    assert decided.ids == (named(0),)


# --- what AWS is told -------------------------------------------------------------------------------------


def owed(folder: StateFolder) -> list[tuple[str, str, str]]:
    with store(folder) as conn:
        return [tuple(row) for row in conn.execute("SELECT kind, payload, state FROM outbox ORDER BY id")]


def test_acknowledging_owes_aws_notified_without_personal_data(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="Ana saw it"))
    ((kind, payload, state),) = owed(folder)
    assert (kind, state) == ("acknowledge", "unsent")
    assert '"workflow": "NOTIFIED"' in payload
    assert "ana" not in payload.casefold()


def test_a_claim_and_a_snooze_are_ours_alone(folder: StateFolder) -> None:
    act(folder, Claim(ids=(named(0),)))
    act(folder, Snooze(ids=(named(0),), until=NOW + timedelta(days=7), reason="x"))
    assert owed(folder) == []


def test_an_acknowledgement_never_overwrites_a_note_of_the_analyst(folder: StateFolder) -> None:
    act(folder, Note(ids=(named(0),), text="mine"))
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    assert [payload for _, payload, _ in owed(folder)] == ['{"note": "mine"}', '{"workflow": "NOTIFIED"}']


def test_an_imported_world_owes_nobody(tmp_path: Path) -> None:
    folder = StateFolder.create(tmp_path / "state", World(WorldKind.IMPORT))
    db.prepare(folder)
    fill(folder, hub("0"))
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    assert decision(folder, 0)["acked_by"] == "ana"
    assert owed(folder) == []


# --- taking back ------------------------------------------------------------------------------------------


def test_taking_back_restores_what_stood_before(folder: StateFolder) -> None:
    act(folder, Note(ids=(named(0),), text="first"))
    act(folder, Note(ids=(named(0), named(1)), text="second"))
    back = act(folder, TakeBack())
    assert back.ids == (named(0), named(1)) or set(back.ids) == {named(0), named(1)}
    assert decision(folder, 0)["note"] == "first"
    assert decision(folder, 1)["note"] is None
    act(folder, TakeBack())
    assert decision(folder, 0)["note"] is None
    with pytest.raises(DecisionRefused, match="nothing to take back"):
        act(folder, TakeBack())
    assert [line.entry.verb for line in ledger.read(folder, after=1)] == ["note", "note", "take_back", "take_back"]


def test_taking_back_takes_only_ones_own_last_act(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    act(folder, Claim(ids=(named(1),)), who="bob")
    assert act(folder, TakeBack()).ids == (named(0),)
    assert decision(folder, 1)["owner"] == "bob"


def test_what_somebody_decided_about_since_is_left_alone(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0), named(1)), reason="x"))
    act(folder, Claim(ids=(named(0),)), who="bob")
    back = act(folder, TakeBack())
    assert back.ids == (named(1),)
    assert back.skipped == ((named(0), "bob has decided about it since"),)
    assert decision(folder, 0)["acked_by"] == "ana"
    assert decision(folder, 1)["acked_by"] is None


def test_a_race_lost_while_taking_back_leaves_the_other_decision(folder: StateFolder) -> None:
    """Bob's entry lands between Ana's look and her entry."""
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    taken = ledger.read(folder, after=1)[0]
    data = {**taken.entry.data, "batch": "b-bob"}
    ledger.append(folder, [Entry("acknowledge", "bob", (named(0),), data, {"reason": "mine"})])
    ledger.append(
        folder,
        [
            Entry(
                "take_back",
                "ana",
                (named(0),),
                {
                    **data,
                    "batch": "b-ana",
                    "of": taken.entry.data["batch"],
                    "field": "ack",
                    "restore": {named(0): None},
                },
            )
        ],
    )
    project.project(folder)
    assert decision(folder, 0)["acked_by"] == "bob"


def test_taken_back_before_it_was_sent_is_never_sent(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    act(folder, TakeBack())
    with store(folder) as conn:
        assert outbox.claim(conn, "ana", NOW) == []
        assert outbox.waiting(conn).total == 0
        assert conn.execute("SELECT unsent FROM queue WHERE id = ?", (named(0),)).fetchone()[0] == 0


@pytest.mark.parametrize("already", ["sent before", "on its way"])
def test_taken_back_after_it_was_sent_owes_aws_what_it_said_before(folder: StateFolder, already: str) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    act(folder, Verify(ids=(named(1),), verdict="FALSE_POSITIVE"))
    with store(folder) as conn:
        writes = outbox.claim(conn, "ana", NOW)
        before = {"workflow": "NEW", "verdict": "TRUE_POSITIVE"}
        sent = [outbox.Settled(write, outbox.Fate.SENT, before=before) for write in writes]
        if already == "sent before":
            outbox.settle(folder, sent, "ana")
        act(folder, TakeBack())
        act(folder, TakeBack())
        if already != "sent before":
            outbox.settle(folder, sent, "ana")
        verdict, workflow = sorted(outbox.claim(conn, "ana", NOW), key=lambda write: "workflow" in write.payload)
    assert verdict.kind == workflow.kind == "restore"
    assert dict(verdict.payload) == {"verdict": "TRUE_POSITIVE", "expect": {"verdict": "FALSE_POSITIVE"}}
    assert workflow.payload["workflow"] == "NEW"
    assert workflow.payload["expect"] == {"workflow": "NOTIFIED"}
    assert "taken back" in workflow.payload["note"]


def test_taking_back_the_second_acknowledgement_leaves_notified(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    act(folder, Acknowledge(ids=(named(0),), reason="y"))
    with store(folder) as conn:
        writes = outbox.claim(conn, "ana", NOW)
        outbox.settle(folder, [outbox.Settled(write, outbox.Fate.SENT) for write in writes], "ana")
        act(folder, TakeBack())
        assert outbox.claim(conn, "ana", NOW) == []
    assert decision(folder, 0)["ack_reason"] == "x"


# --- projecting -------------------------------------------------------------------------------------------


def test_projecting_again_changes_nothing_and_from_scratch_makes_the_same(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0), named(1)), reason="x"))
    act(folder, Claim(ids=(named(0),)), who="bob")
    act(folder, TakeBack())
    act(folder, Note(ids=(named(2),), text="n"))
    before = dump(folder)
    assert project.project(folder) == 0
    assert dump(folder) == before
    for path in folder.root.glob("store.db*"):
        path.unlink()
    db.prepare(folder)
    assert project.project(folder) == ledger.count(folder)
    assert dump(folder) == before


def test_an_entry_in_an_unknown_shape_holds_nothing_up(folder: StateFolder) -> None:
    ledger.append(folder, [Entry("acknowledge", "ana", (named(0),), {"shape": "of version 9"})])
    ledger.append(folder, [Entry("outcome", "ana", (), {"id": "a-unknown", "state": "applied"})])
    ledger.append(folder, [Entry("a verb of version 9", "ana")])
    act(folder, Acknowledge(ids=(named(1),), reason="x"))
    assert decision(folder, 0) == {}
    assert decision(folder, 1)["acked_by"] == "ana"
    with store(folder) as conn:
        assert sorted(project.unapplied(conn)) == [2, 3]


def test_what_is_on_the_ledger_is_never_called_unrecorded(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = decisions.project

    def damaged(at: StateFolder) -> int:
        if ledger.read(at, verbs=("claim",)):
            raise DatabaseError("database disk image is malformed")
        return real(at)

    monkeypatch.setattr(decisions, "project", damaged)
    decided = act(folder, Claim(ids=(named(0),)))
    assert (decided.projected, decided.ids) == (False, (named(0),))
    assert decided.seq == ledger.head(folder).seq


def test_a_store_of_another_ledger_is_not_projected_onto(folder: StateFolder, tmp_path: Path) -> None:
    act(folder, Claim(ids=(named(0),)))
    other = live(tmp_path / "other")
    act(other, Claim(ids=(named(1),)))
    act(other, Claim(ids=(named(2),)))
    folder.store_db.write_bytes(b"")
    for path in folder.root.glob("store.db*"):
        path.unlink()
    for path in other.root.glob("store.db*"):
        path.rename(folder.root / path.name)
    with pytest.raises(project.ProjectError) as refused:
        project.project(folder)
    assert "recover" in refused.value.remedy


def test_an_erased_text_leaves_the_store_and_what_is_owed(folder: StateFolder) -> None:
    act(folder, Note(ids=(named(0),), text="a secret name"))
    act(folder, Acknowledge(ids=(named(0),), reason="a secret reason"))
    for line in ledger.read(folder, after=1):
        ledger.erase(folder, line.seq, "dpo")
    project.project(folder)
    assert decision(folder, 0)["note"] == ""
    assert decision(folder, 0)["ack_reason"] == ""
    with store(folder) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert [dict(write.payload) for write in outbox.claim(conn, "ana", NOW)] == [{"workflow": "NOTIFIED"}]
    for path in folder.root.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes(), path


def test_a_busy_store_delays_the_projection_and_not_the_decision(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_MS", 50)
    with store(folder) as conn:
        conn.execute("BEGIN IMMEDIATE")
        decided = act(folder, Acknowledge(ids=(named(0),), reason="x"))
        assert not decided.projected
        with folder.lock("ledger"):  # nobody kept it while waiting for the store
            pass
        conn.execute("ROLLBACK")
    assert project.project(folder) == 2  # the world's entry and this one
    assert decision(folder, 0)["acked_by"] == "ana"


def test_a_process_killed_between_entry_and_projection_loses_nothing(folder: StateFolder) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from datetime import datetime, UTC\n"
        "from socconsole.commands import Acknowledge\n"
        "from socconsole.model.action import Mode\n"
        "from socconsole.store import decisions\n"
        "from socconsole.store.state import StateFolder\n"
        "folder = StateFolder.open(pathlib.Path(sys.argv[1]))\n"
        "real = decisions.project\n"
        "calls = []\n"
        "def stop(folder):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 1: return real(folder)\n"
        "    print('written', flush=True); sys.stdin.read()\n"
        "decisions.project = stop\n"
        "request = Acknowledge(ids=tuple(sys.argv[2:]), reason='x')\n"
        "decisions.decide(folder, request, 'ana', Mode.TRIAGE, datetime.now(UTC))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(folder.root), named(0), named(1)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"written\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert decision(folder, 0) == {}
    again = StateFolder.open(folder.root)
    assert project.project(again) == 1
    assert decision(folder, 0)["acked_by"] == decision(folder, 1)["acked_by"] == "ana"
    assert ledger.verify(folder.root).whole


def test_kill_9_at_any_moment_leaves_ledger_and_store_whole(folder: StateFolder) -> None:
    """What a process said it had decided is there, whenever it was killed."""
    code = (
        "import sys, pathlib\n"
        "from datetime import datetime, UTC\n"
        "from socconsole.commands import Note\n"
        "from socconsole.model.action import Mode\n"
        "from socconsole.store.decisions import decide\n"
        "from socconsole.store.state import StateFolder\n"
        "folder = StateFolder.open(pathlib.Path(sys.argv[1]))\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    done = decide(folder, Note(ids=(sys.argv[2],), text=str(n)), 'ana', Mode.READ, datetime.now(UTC))\n"
        "    print(done.seq, n, flush=True)\n"
    )
    for cycle in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(folder.root), named(cycle % 3)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(1 + cycle):
            told = child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
        seq, n = map(int, ([line for line in rest.split(b"\n")[:-1] if line] or [told])[-1].split())
        project.project(folder)
        assert ledger.get(folder, [seq])[seq].entry.private == {"text": str(n)}
        assert int(str(decision(folder, cycle % 3)["note"])) >= n
    assert ledger.verify(folder.root).whole
    with store(folder) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert project.last_applied(conn) == ledger.count(folder)


def test_decisions_are_dated_in_the_worlds_time(folder: StateFolder) -> None:
    then = datetime.fromisoformat("2031-05-05T05:05:05+00:00")
    act(folder, Acknowledge(ids=(named(0),), reason="x"), mode=Mode.READ, now=then)
    assert decision(folder, 0)["acked_at"] == micros(then)
    assert ledger.read(folder, after=1)[0].at < then

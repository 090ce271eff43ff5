from __future__ import annotations

import json
import random
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from socconsole.commands import Acknowledge, Claim, Note
from socconsole.formats import read_bytes
from socconsole.model.entry import Entry
from socconsole.store import db, evidence, findings, ledger, project, recover
from socconsole.store.backup import backup
from socconsole.store.state import StateError, StateFolder
from tests.store.builders import NOW, hub
from tests.store.desk import act, decision, dump, fill, named, store

RECORD = {
    "SchemaVersion": "2018-10-08",
    "Id": "arn:aws:securityhub:eu-central-1:111122223333:finding/one",
    "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/securityhub",
    "GeneratorId": "test",
    "AwsAccountId": "111122223333",
    "Types": ["TTPs/Exfiltration"],
    "CreatedAt": "2026-03-01T03:00:00Z",
    "UpdatedAt": "2026-03-01T03:05:00Z",
    "Severity": {"Label": "HIGH"},
    "Title": "A bucket became public",
    "Description": "…",
    "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::llm-corpus"}],
}


def imported(folder: StateFolder, data: bytes) -> None:
    """As the command line imports: evidence, then the entry, then the store."""
    digest = evidence.put(folder, data)
    ledger.append(folder, [Entry(recover.IMPORT, "ana", data={"evidence": digest}, private={"file": "a.json"})])
    with store(folder) as conn:
        conn.row_factory = None
        findings.commit(conn, read_bytes(data), answer=None, origin="file:a.json", now=NOW)
    project.project(folder)


def destroy(folder: StateFolder, way: str) -> None:
    path = folder.store_db
    if way == "deleted":
        for part in folder.root.glob("store.db*"):
            part.unlink()
        return
    with store(folder) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    dice = random.Random(3)
    if way == "emptied":
        data = bytearray()
    elif way == "garbage":
        data = bytearray(dice.randbytes(len(data)))
    elif way == "cut":
        del data[len(data) // 3 :]
    else:
        for _ in range(4_000):
            data[dice.randrange(4096, len(data))] = dice.randrange(256)
    path.write_bytes(data)


@pytest.mark.parametrize("way", ["deleted", "emptied", "garbage", "cut", "riddled"])
def test_every_decision_comes_back(folder: StateFolder, way: str) -> None:
    imported(folder, json.dumps([RECORD, {"not": "a finding"}]).encode())
    act(folder, Acknowledge(ids=(named(0), named(1)), reason="x"))
    act(folder, Claim(ids=(named(0),)), who="bob")
    act(folder, Note(ids=(named(2),), text="look here"))
    StateFolder.open(folder.root)
    before = dump(folder)
    destroy(folder, way)
    done = recover.recover(folder.root)
    assert done.rebuilt
    assert done.why
    assert done.verdict.whole
    assert (done.imports, done.missing, done.unapplied) == (1, (), 0)
    assert dump(folder) == before
    assert done.entries == ledger.count(folder)
    with store(folder) as conn:
        assert conn.execute("SELECT title FROM finding").fetchall()[0]["title"] == "A bucket became public"
        assert conn.execute("SELECT count(*) FROM quarantine").fetchone()[0] == 1
    assert (done.aside is not None) == (way != "deleted")
    if done.aside is not None:
        assert done.aside.exists()
    assert StateFolder.open(folder.root).install == folder.install


def test_a_sound_store_is_only_brought_up_to_the_ledger(folder: StateFolder) -> None:
    data = {"batch": "b-1", "mode": "TRIAGE", "send": True}
    ledger.append(folder, [Entry("claim", "ana", (named(0),), data)])
    done = recover.recover(folder.root)
    assert (done.rebuilt, done.aside, done.findings) == (False, None, 5)
    assert decision(folder, 0)["owner"] == "ana"
    again = recover.recover(folder.root, force=True)
    assert again.rebuilt
    assert decision(folder, 0)["owner"] == "ana"


def test_a_decision_finds_its_finding_when_aws_tells_it_again(folder: StateFolder) -> None:
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    destroy(folder, "deleted")
    assert recover.recover(folder.root).findings == 0
    fill(folder, hub("0"))
    with store(folder) as conn:
        assert conn.execute("SELECT acked_by FROM queue WHERE id = ?", (named(0),)).fetchone()[0] == "ana"


def test_lost_evidence_is_named(folder: StateFolder) -> None:
    imported(folder, json.dumps(RECORD).encode())
    (digest,) = evidence.names(folder)
    (folder.evidence / digest).write_bytes(b"changed")
    destroy(folder, "deleted")
    done = recover.recover(folder.root)
    assert (done.imports, done.missing) == (0, (digest,))


def test_recovering_waits_for_no_watch_and_fights_none(folder: StateFolder) -> None:
    with folder.lock("watch"), pytest.raises(StateError, match="watch runs") as refused:
        recover.recover(folder.root)
    assert refused.value.remedy


def test_a_shorter_ledger_is_accepted_on_request_and_on_record(folder: StateFolder, tmp_path: Path) -> None:
    act(folder, Claim(ids=(named(0),)))
    with closing(sqlite3.connect(folder.ledger_db)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(folder.ledger_db, tmp_path / "old.db")
    act(folder, Claim(ids=(named(1),)))
    shutil.copy(tmp_path / "old.db", folder.ledger_db)
    for path in folder.root.glob("ledger.db-*"):
        path.unlink()
    with pytest.raises(project.ProjectError):
        project.project(folder)
    assert not recover.recover(folder.root).verdict.whole
    fill(folder, *(hub(str(n)) for n in range(3)))
    with pytest.raises(ledger.LedgerLost):
        act(folder, Claim(ids=(named(2),)))
    done = recover.recover(folder.root, who="ana", accept_loss=True)
    assert done.verdict.whole
    assert "loss" in done.verdict.reason
    act(folder, Claim(ids=(named(2),)))
    assert decision(folder, 0)["owner"] == decision(folder, 2)["owner"] == "ana"
    assert decision(folder, 1) == {}


# --- backup -----------------------------------------------------------------------------------------------


def test_a_backup_opens_verifies_and_holds_everything(folder: StateFolder, tmp_path: Path) -> None:
    imported(folder, json.dumps(RECORD).encode())
    act(folder, Acknowledge(ids=(named(0),), reason="x"))
    done = backup(folder.root, tmp_path / "deep" / "copy")
    assert done.verdict.whole
    assert done.verdict.unanchored_since is None
    assert done.missing == ()
    copy = StateFolder.open(done.path)
    assert (copy.install, copy.world) == (folder.install, folder.world)
    assert dump(copy) == dump(folder)
    assert list(evidence.names(copy)) == list(evidence.names(folder))
    assert db.prepare(copy) == copy.store_db
    assert not (copy.keys / "ledger.ed25519").exists()
    assert done.files == 5  # store, ledger, checkpoint, one piece of evidence, marker
    act(copy, Claim(ids=(named(0),)))
    assert "key was lost" in ledger.verify(copy.root).reason
    assert ledger.verify(folder.root).reason == ""


def test_a_backup_goes_on_while_others_write(folder: StateFolder, tmp_path: Path) -> None:
    stop = threading.Event()

    def decide() -> None:
        while not stop.is_set():
            act(folder, Note(ids=(named(0),), text="x"))

    writer = threading.Thread(target=decide)
    writer.start()
    try:
        copies = [backup(folder.root, tmp_path / f"copy{n}") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    for copy in copies:
        assert copy.verdict.whole, copy.verdict.reason
        opened = StateFolder.open(copy.path)
        project.project(opened)
        assert decision(opened, 0).get("note", "x") == "x"


def test_a_backup_never_mixes_with_what_is_there(folder: StateFolder, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine").touch()
    with pytest.raises(StateError, match="not empty"):
        backup(folder.root, tmp_path / "copy")


def test_a_backup_names_the_evidence_it_could_not_copy(folder: StateFolder, tmp_path: Path) -> None:
    digest = evidence.put(folder, b"proof")
    (folder.evidence / digest).write_bytes(b"other")
    assert backup(folder.root, tmp_path / "copy").missing == (digest,)

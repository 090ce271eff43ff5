from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from socconsole.model.entry import Entry
from socconsole.store import ledger
from socconsole.store.state import StateFolder
from tests.cli.support import FINDING, fill, run
from tests.store.builders import observation


@pytest.fixture
def shelf(state: StateFolder) -> StateFolder:
    """Two findings, one of them acknowledged."""
    fill(state, observation("1"), observation("2"))
    first, _ = (row["id"] for row in run("findings", "--json", "--store", state.root).rows)
    assert run("ack", first, "--reason", "seen", "--store", state.root).code == 0
    return state


def test_show_in_both_forms(shelf: StateFolder) -> None:
    rows = run("ledger", "show", "--json", "--store", shelf.root).rows
    assert [row["seq"] for row in rows] == [1, 2]
    assert rows[0]["verb"] == "world"
    assert (rows[1]["verb"], rows[1]["private"]) == ("acknowledge", {"reason": "seen"})
    assert rows[1]["at"].endswith("Z")
    plain = run("ledger", "show", "--store", shelf.root)
    assert "acknowledge" in plain.out
    assert "2 of 2 entries" in plain.err


def test_show_filters_and_takes_the_last(shelf: StateFolder) -> None:
    (subject,) = run("ledger", "show", "--verb", "acknowledge", "--json", "--store", shelf.root).row["subjects"]
    assert run("ledger", "show", "--subject", subject, "--json", "--store", shelf.root).row["seq"] == 2
    assert run("ledger", "show", "--subject", "f-000000000000", "--json", "--store", shelf.root).out == ""
    assert run("ledger", "show", "--limit", "1", "--json", "--store", shelf.root).row["seq"] == 2


def test_show_paints_no_control_characters(shelf: StateFolder) -> None:
    ledger.append(shelf, [Entry("note", "a\x1b]0;x\x07", ("f-\x1b[2J",), private={"text": "\x1b[31m\u202e\nline"})])
    for form in ([], ["--json"]):
        ran = run("ledger", "show", *form, "--store", shelf.root)
        assert not [char for char in ran.out + ran.err if (ord(char) < 32 and char != "\n") or char == "\u202e"]


def test_verify_says_whole(shelf: StateFolder) -> None:
    ran = run("ledger", "verify", "--json", "--store", shelf.root)
    assert (ran.code, ran.row["whole"], ran.row["entries"], ran.row["at"]) == (0, True, 2, None)
    assert "whole: 2 entries" in run("ledger", "verify", "--store", shelf.root).out
    assert run("ledger", "verify", "--store", shelf.ledger_db).code == 0


@pytest.mark.parametrize("column", ["body", "hash", "sig"])
def test_verify_names_the_first_bad_entry(shelf: StateFolder, column: str) -> None:
    with closing(sqlite3.connect(shelf.ledger_db)) as conn, conn:
        conn.execute("DROP TRIGGER ledger_no_update")
        (was,) = conn.execute(f"SELECT {column} FROM ledger WHERE seq = 2").fetchone()
        conn.execute(f"UPDATE ledger SET {column} = ? WHERE seq = 2", (bytes([was[0] ^ 1]) + was[1:],))
        conn.execute(
            "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
        )
    ran = run("ledger", "verify", "--json", "--store", shelf.root)
    assert (ran.code, ran.row["whole"], ran.row["at"]) == (1, False, 2)
    plain = run("ledger", "verify", "--store", shelf.root)
    assert plain.code == 1
    assert "broken at entry 2" in plain.out


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\x00" + b"\xff" * 4096, b"\x1b[31mnothing"])
def test_verify_gives_a_verdict_on_anything(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ledger.db"
    if content is not None:
        path.write_bytes(content)
    for target in (path, tmp_path):
        ran = run("ledger", "verify", "--json", "--store", target)
        assert (ran.code, ran.row["whole"]) == (1, False)
        assert ran.row["reason"]


def test_an_auditors_key(shelf: StateFolder, tmp_path: Path) -> None:
    pem = run("ledger", "key", "--store", shelf.root)
    assert pem.out.startswith("-----BEGIN PUBLIC KEY-----")
    kept = tmp_path / "kept.pem"
    kept.write_text(pem.out)
    assert run("ledger", "verify", "--public-key", kept, "--store", shelf.root).code == 0
    rotated = run("ledger", "key", "--rotate", "--store", shelf.root)
    assert rotated.out != pem.out
    assert run("ledger", "verify", "--public-key", kept, "--store", shelf.root).code == 0
    kept.write_text("00" * 32)
    assert run("ledger", "verify", "--public-key", kept, "--store", shelf.root).code == 1
    kept.write_text("nonsense")
    assert run("ledger", "verify", "--public-key", kept, "--store", shelf.root).code == 2


def test_export_to_a_new_file_only(shelf: StateFolder, tmp_path: Path) -> None:
    out = tmp_path / "ledger.jsonl"
    assert run("ledger", "export", "-o", out, "--store", shelf.root).code == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["seq"] for row in rows] == [1, 2]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = run("ledger", "export", "-o", out, "--store", shelf.root)
    assert again.code == 2
    assert run("ledger", "export", "--store", shelf.root).rows == rows


def test_recover_brings_imports_and_decisions_back(tmp_path: Path) -> None:
    shelf, path = tmp_path / "shelf", tmp_path / "good.json"
    path.write_text(json.dumps(FINDING))
    run("import", path, "--store", shelf)
    id_ = run("findings", "--json", "--store", shelf).row["id"]
    run("claim", id_, "--store", shelf)
    run("ack", id_, "--reason", "seen", "--store", shelf)
    before = run("findings", "--json", "--store", shelf).row
    for file in shelf.glob("store.db*"):
        file.unlink()
    lost = run("findings", "--store", shelf)
    assert lost.code == 2
    assert "recover" in lost.err
    ran = run("recover", "--json", "--store", shelf)
    assert (ran.code, ran.row["rebuilt"], ran.row["imports"], ran.row["entries"]) == (0, True, 1, 4)
    assert ran.row["ledger"]["whole"]
    after = run("findings", "--json", "--store", shelf).row
    assert after["owner"]
    assert (after["id"], after["owner"], after["state"]) == (id_, before["owner"], "acknowledged")
    assert "the store was sound" in run("recover", "--store", shelf).out


def test_recover_without_evidence_says_so(shelf: StateFolder, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"class_uid": 9}')
    run("import", path, "--store", shelf.root)
    shutil.rmtree(shelf.evidence)
    ran = run("recover", "--force", "--store", shelf.root)
    assert ran.code == 3
    assert "is missing" in ran.err


def test_backup_can_be_opened_and_verified_by_itself(shelf: StateFolder, tmp_path: Path) -> None:
    ran = run("backup", "-o", tmp_path / "copy", "--json", "--store", shelf.root)
    assert (ran.code, ran.row["ledger"]["whole"], ran.row["missing"]) == (0, True, [])
    copy = tmp_path / "copy"
    assert run("ledger", "verify", "--store", copy).code == 0
    assert run("findings", "--json", "--store", copy).out == run("findings", "--json", "--store", shelf.root).out
    assert not (copy / "keys" / "ledger.ed25519").exists()
    assert run("backup", "-o", copy, "--store", shelf.root).code == 2


def test_verbs_on_nothing(tmp_path: Path) -> None:
    for verb in (["ledger", "show"], ["ledger", "export"], ["ledger", "key"], ["recover"], ["backup", "-o", "x"]):
        ran = run(*verb, "--store", tmp_path / "nowhere")
        assert ran.code == 2, verb
        assert "no state folder" in ran.err

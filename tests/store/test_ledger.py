from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.model.entry import Entry
from socconsole.store import keys, ledger, ledger_head
from socconsole.store.state import StateFolder


def ack(n: int, **private: str) -> Entry:
    return Entry("acknowledge", "ana", (f"f-{n}",), {"n": n}, private)


def test_what_was_written_is_read_back(state: StateFolder) -> None:
    at = datetime(2026, 3, 1, 3, 14, 7, 123456, tzinfo=UTC)
    entry = Entry("note", "ana", ("f-1", "f-2"), {"a": [1, "ü", None, 2.5]}, {"text": "Grüße\n[/] \x1b]52;c;\x07"})
    (line,) = ledger.append(state, [entry], at)
    assert ledger.read(state, after=1) == [line]
    assert (line.seq, line.at, line.entry, line.install) == (2, at, entry, state.install)
    assert ledger.head(state) == ledger.Head(2, line.hash)


def test_entries_of_one_call_are_written_all_or_none(state: StateFolder) -> None:
    with pytest.raises(ledger.EntryRefused):
        ledger.append(state, [ack(1), Entry("x", "ana", data={"n": float("nan")}), ack(2)])
    assert ledger.count(state) == 1
    assert [line.seq for line in ledger.append(state, [ack(1), ack(2)])] == [2, 3]


@pytest.mark.parametrize(
    "entry",
    [
        Entry("x", "ana", data={"n": float("inf")}),
        Entry("x", "ana", data={"n": 2**53}),
        Entry("x", "ana", data={"n": "\ud800"}),
        Entry("x", "ana", data={"n": b"bytes"}),
        Entry("x", "ana", data={"n": object()}),
        Entry("x", "ana", data={1: 2}),  # type: ignore[dict-item]
        Entry("x", "ana", private={"text": "\udc80"}),
        Entry("x", "ana", private={"text": "x" * 100_000}),
        Entry("x", "ana", data={"n": "x" * 2_000_000}),
        Entry("x", ""),
        Entry("", "ana"),
    ],
)
def test_what_has_no_canonical_form_is_refused_before_anything_is_locked(state: StateFolder, entry: Entry) -> None:
    with state.lock("ledger"), pytest.raises(ledger.EntryRefused):
        ledger.append(state, [entry])
    assert ledger.count(state) == 1


def test_portable_makes_an_entry_of_whatever_aws_wrote(state: StateFolder) -> None:
    document = {"big": 2**60, "odd": "\ud800", 7: [float("nan"), (1, 2)], "at": datetime(2026, 3, 1, tzinfo=UTC)}
    (line,) = ledger.append(state, [Entry("intent", "ana", data=ledger.portable(document))])
    assert line.entry.data == {
        "big": str(2**60), "odd": "\\ud800", "7": ["nan", [1, 2]], "at": "2026-03-01T00:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = x'7b7d' WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 1",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 2",
        "REPLACE INTO ledger SELECT 3, verb, body, zeroblob(32), hash, sig FROM ledger WHERE seq = 2",
        "INSERT INTO ledger SELECT 9, verb, body, hash, hash, sig FROM ledger WHERE seq = 2",
        "UPDATE private SET text = x'00'",
        "DELETE FROM private",
        "INSERT OR REPLACE INTO private SELECT seq, name, salt, x'00' FROM private",
        "INSERT INTO private VALUES (1, 'late', x'00', x'00')",
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_sql_cannot_change_what_is_written(state: StateFolder, statement: str, recursive: str) -> None:
    ledger.append(state, [ack(1, reason="because")])
    conn = sqlite3.connect(state.ledger_db, isolation_level=None)
    conn.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute(statement)
    conn.close()
    assert ledger.verify(state.root).whole


def test_a_busy_ledger_is_waited_for_two_seconds_and_its_holder_named(state: StateFolder) -> None:
    begun = time.monotonic()
    with state.lock("ledger"), pytest.raises(ledger.LedgerBusy) as busy:
        ledger.append(state, [ack(1)])
    assert time.monotonic() - begun >= 1.9
    assert busy.value.pid == os.getpid()
    assert str(os.getpid()) in str(busy.value)


def test_a_ledger_that_cannot_be_written_says_what_mends_it(state: StateFolder) -> None:
    code = (
        "import resource, sys, pathlib; from socconsole.model.entry import Entry\n"
        "from socconsole.store import ledger; from socconsole.store.state import StateFolder\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "folder = StateFolder.open(pathlib.Path(sys.argv[1]))\n"
        "size = folder.ledger_db.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try:\n"
        "    for n in range(100): ledger.append(folder, [Entry('x', 'ana', data={'n': 'x' * 9000})])\n"
        "except ledger.LedgerError as error: print(error.remedy)\n"
    )
    told = subprocess.run([sys.executable, "-c", code, str(state.root)], capture_output=True, text=True, check=True)
    assert "space" in told.stdout
    assert ledger.verify(state.root).whole
    ledger.append(state, [ack(1)])


def _many(root: str, n: int, took: multiprocessing.SimpleQueue[list[float]]) -> None:
    folder = StateFolder.open(Path(root))
    ledger.WAIT_S = 60.0  # type: ignore[misc]  # how long each waits for the others is not what is asked here
    times = []
    for number in range(n):
        begun = time.perf_counter()
        ledger.append(folder, [ack(number)])
        times.append(time.perf_counter() - begun)
    took.put(times)


def test_four_processes_append_without_a_loss_or_a_fork(state: StateFolder) -> None:
    context = multiprocessing.get_context("spawn")
    took = context.SimpleQueue()
    workers = [context.Process(target=_many, args=(str(state.root), 40, took)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    lines = ledger.read(state)
    assert [line.seq for line in lines] == list(range(1, 162))
    assert len({line.session for line in lines}) == 5
    by_session: dict[str, list[int]] = {}
    for line in lines[1:]:
        by_session.setdefault(line.session, []).append(line.entry.data["n"])
    assert all(numbers == list(range(40)) for numbers in by_session.values())
    assert ledger.verify(state.root).whole


def test_an_erased_text_is_gone_from_disk_and_the_chain_stays_whole(state: StateFolder) -> None:
    ledger.append(state, [ack(1, reason="call me on 555-0199 please")])
    ledger.append(state, [ack(2, reason="kept")])
    line = ledger.erase(state, 2, "dpo", reason="asked for")
    assert line.entry.data == {"of": [[2, "reason"]]}
    assert ledger.get(state, [2])[2].entry.private == {}
    assert ledger.get(state, [3])[3].entry.private == {"reason": "kept"}
    for path in state.root.rglob("*"):
        assert not path.is_file() or b"555-0199" not in path.read_bytes()
    assert ledger.verify(state.root).whole
    with pytest.raises(ledger.LedgerError, match="no such text"):
        ledger.erase(state, 2, "dpo")


def test_a_rotated_key_signs_from_then_on(state: StateFolder) -> None:
    before = keys.export(state)
    old = keys.load(state.keys)
    new = keys.rotate(state, "ana")
    ledger.append(state, [ack(1)])
    assert old is not None
    assert new != old.id
    assert keys.export(state) != before
    assert ledger.verify(state.root).whole
    from socconsole.store.ledger_verify import public_key_of

    assert ledger.verify(state.root, public_key=public_key_of(before)).whole
    assert ledger.verify(state.root, public_key=public_key_of(old.public.hex())).whole
    stranger = ledger.verify(state.root, public_key=bytes(32))
    assert not stranger.whole


def test_a_rotation_that_was_killed_half_way_is_finished(state: StateFolder) -> None:
    coming = keys.create(state.keys, keys.NEXT)
    entry = Entry("key_rotated", "ana", data={"public": coming.public.hex(), "next_key": coming.id})
    ledger.append(state, [entry])  # and here the process died: the old key is still in its place
    ledger.append(state, [ack(1)])
    assert ledger.verify(state.root) == ledger.verify(state.root)
    assert ledger.verify(state.root).whole
    assert ledger.verify(state.root).reason == ""
    current = keys.load(state.keys)
    assert current is not None
    assert current.id == coming.id


@pytest.mark.parametrize("way", ["deleted", "garbled", "another"])
def test_a_lost_key_starts_a_segment_that_names_the_old_head(state: StateFolder, way: str) -> None:
    (before,) = ledger.append(state, [ack(1)])
    path = state.keys / keys.NAME
    if way == "deleted":
        path.unlink()
    elif way == "garbled":
        path.write_text("no key at all")
    else:
        keys.create(state.keys)
    ledger.append(state, [ack(2)])
    lost = ledger.read(state, after=2)[0]
    assert lost.entry.verb == "key_lost"
    assert lost.entry.data["old_head"] == before.hash
    verdict = ledger.verify(state.root)
    assert verdict.whole
    assert "key was lost before entry 3" in verdict.reason


def test_reading_by_verb_subject_sequence_and_window(state: StateFolder) -> None:
    ledger.append(state, [ack(n, reason=f"Reason {n}") for n in range(30)])
    ledger.append(state, [Entry("claim", "bob", ("f-7",))])
    assert [line.seq for line in ledger.read(state, after=3, limit=2)] == [4, 5]
    assert [line.entry.who for line in ledger.read(state, verbs=("claim",))] == ["bob"]
    assert [line.seq for line in ledger.read(state, subject="f-7")] == [9, 32]
    assert sorted(ledger.get(state, [5, 999])) == [5]
    assert [line.seq for line in ledger.tail(state, 2)] == [31, 32]
    newest = ledger.window(state, 5, 3)
    assert (newest.total, [line.seq for line in newest.lines]) == (32, [27, 26, 25])
    oldest = ledger.window(state, 30, 10, newest_first=False)
    assert [line.seq for line in oldest.lines] == [31, 32]
    assert [line.seq for line in ledger.window(state, 30, 10).lines] == [2, 1]
    assert ledger.window(state, 40, 10).lines == ()
    found = ledger.window(state, 0, 5, text="rEASON 1")
    assert (found.total, [line.entry.data["n"] for line in found.lines]) == (11, [19, 18, 17, 16, 15])
    assert ledger.window(state, 0, 5, text="BOB").total == 1
    assert ledger.window(state, 0, 5, verbs=("claim", "world")).total == 2
    assert ledger.window(state, 0, 5, text="100%_").total == 0


def test_an_export_verifies_without_the_file(state: StateFolder) -> None:
    ledger.append(state, [ack(n, reason=f"\x1b[31m ü {n}") for n in range(3)])
    from socconsole.store import ledger_body

    prev = bytes(32)
    for n, text in enumerate(ledger.export(state), start=1):
        assert text.isascii()
        assert text.isprintable()
        told = json.loads(text)
        body = told["body"].encode()
        assert ledger_body.entry_hash(n, prev, body).hex() == told["hash"]
        for name, private in told["private"].items():
            salted = ledger_body.private_hash(bytes.fromhex(private["salt"]), private["text"].encode())
            assert json.loads(body)["private"][name] == salted.hex()
        prev = bytes.fromhex(told["hash"])
    assert n == 4


def test_a_broken_file_is_an_error_with_a_remedy_and_not_a_crash(state: StateFolder) -> None:
    state.ledger_db.write_bytes(b"SQLite format 3\x00" + b"\xff" * 8000)
    for read in (ledger.head, ledger.read, lambda folder: list(ledger.export(folder))):
        with pytest.raises(ledger.LedgerError) as broken:
            read(state)
        assert broken.value.remedy
    with pytest.raises(ledger.LedgerError):
        ledger.append(state, [ack(1)])


@pytest.mark.parametrize("part", ["locks", "keys"])
def test_a_folder_that_cannot_be_written_is_one_kind_of_error(state: StateFolder, part: str) -> None:
    """A folder in the way of a file stands for whatever keeps it from being written (root ignores modes)."""
    in_the_way = state.locks / "ledger.lock" if part == "locks" else state.keys / "ledger.head.new"
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    if part == "locks":
        with pytest.raises(ledger.LedgerError) as refused:
            ledger.append(state, [ack(1)])
        assert refused.value.remedy
        assert ledger.count(state) == 1
    else:
        (line,) = ledger.append(state, [ack(1)])  # it is on disk: only its checkpoint is not
        verdict = ledger.verify(state.root)
        assert verdict.whole
        assert verdict.unanchored_since == line.at


def test_a_key_and_a_checkpoint_are_whole_though_the_system_writes_little_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:7]))
    made = keys.create(tmp_path)
    loaded = keys.load(tmp_path)
    assert loaded is not None
    assert loaded.id == made.id
    ledger_head.write(tmp_path, 3, b"\x01" * 32, 5, "i-1", made)
    head = ledger_head.read(tmp_path)
    assert head is not None
    assert head.seq == 3

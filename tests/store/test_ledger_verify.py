"""Every way to tamper with a ledger that we could think of, and a verdict on each."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from socconsole.model.entry import Entry
from socconsole.model.world import World, WorldKind
from socconsole.store import keys, ledger, ledger_body
from socconsole.store.ledger_schema import TRIGGERS
from socconsole.store.state import StateFolder

ENTRIES = 40


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> StateFolder:
    """A ledger of 41 entries, each with a private text, whole in its one file."""
    folder = StateFolder.create(tmp_path_factory.mktemp("honest") / "state", World(WorldKind.IMPORT))
    for n in range(2, ENTRIES + 2):
        ledger.append(folder, [Entry("acknowledge", "ana", (f"f-{n}",), {"n": n}, {"reason": f"reason {n}"})])
    conn = sqlite3.connect(folder.ledger_db)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    return folder


@pytest.fixture
def folder(honest: StateFolder, tmp_path: Path) -> StateFolder:
    shutil.copytree(honest.root, tmp_path / "state")
    return StateFolder.open(tmp_path / "state")


def opened(folder: StateFolder) -> sqlite3.Connection:
    """As an attacker opens it: triggers dropped, constraints ignored."""
    conn = sqlite3.connect(folder.ledger_db, isolation_level=None)
    conn.execute("PRAGMA ignore_check_constraints = ON")
    for name in TRIGGERS:
        conn.execute(f"DROP TRIGGER {name}")
    return conn


def closed(conn: sqlite3.Connection) -> None:
    for sql in TRIGGERS.values():
        conn.execute(sql)
    conn.close()


def signed_anew(conn: sqlite3.Connection, signer: keys.Signer) -> None:
    """Chain and sign all that is there from the first entry on, as somebody with a key would."""
    prev = ledger_body.ZERO
    for seq, body in conn.execute("SELECT seq, body FROM ledger ORDER BY seq").fetchall():
        hash_ = ledger_body.entry_hash(seq, prev, body)
        sig = signer.sign(ledger_body.to_sign(hash_))
        conn.execute("UPDATE ledger SET prev = ?, hash = ?, sig = ? WHERE seq = ?", (prev, hash_, sig, seq))
        prev = hash_


def test_an_honest_ledger_is_whole(honest: StateFolder) -> None:
    verdict = ledger.verify(honest.root)
    assert verdict.whole
    assert (verdict.entries, verdict.head) == (ENTRIES + 1, ledger.head(honest).hash)
    assert verdict.reason == ""
    assert verdict.unanchored_since is None


Tamper = Callable[[StateFolder, sqlite3.Connection], None]


def _sql(*statements: str) -> Tamper:
    def change(folder: StateFolder, conn: sqlite3.Connection) -> None:
        for statement in statements:
            conn.execute(statement)

    return change


def _rehashed(folder: StateFolder, conn: sqlite3.Connection) -> None:
    body, prev = conn.execute("SELECT body, prev FROM ledger WHERE seq = 5").fetchone()
    body = body.replace(b"ana", b"bob")
    conn.execute("UPDATE ledger SET body = ?, hash = ? WHERE seq = 5", (body, ledger_body.entry_hash(5, prev, body)))


def _resigned_by_a_stranger(folder: StateFolder, conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), 'ana', 'bob') AS BLOB) WHERE seq = 5")
    (folder.root / "evil").mkdir(mode=0o700)
    signed_anew(conn, keys.create(folder.root / "evil"))


def _resigned_with_the_stolen_key(folder: StateFolder, conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), 'ana', 'bob') AS BLOB) WHERE seq = 5")
    signer = keys.load(folder.keys)
    assert signer is not None
    signed_anew(conn, signer)


def _from_another_install(folder: StateFolder, conn: sqlite3.Connection) -> None:
    body, hash_ = conn.execute("SELECT body, hash FROM ledger WHERE seq = 41").fetchone()
    signer = keys.load(folder.keys)
    assert signer is not None
    foreign = body.replace(folder.install.encode(), b"i-000000000000").replace(b'"seq":41', b'"seq":42')
    new = ledger_body.entry_hash(42, hash_, foreign)
    conn.execute("DELETE FROM private WHERE seq = 42")
    conn.execute(
        "INSERT INTO ledger VALUES (42, 'acknowledge', ?, ?, ?, ?)",
        (foreign, hash_, new, signer.sign(ledger_body.to_sign(new))),
    )


@pytest.mark.parametrize(
    ("tamper", "at"),
    [
        (_sql("UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), 'ana', 'bob') AS BLOB) WHERE seq = 5"), 5),
        (_rehashed, 5),
        (_resigned_by_a_stranger, 1),
        (_resigned_with_the_stolen_key, 41),
        (_sql("DELETE FROM ledger WHERE seq = 20"), 20),
        (_sql("DELETE FROM ledger WHERE seq = 1"), 1),
        (_sql("DELETE FROM ledger WHERE seq = 41"), 41),
        (_sql("DELETE FROM ledger WHERE seq > 35", "DELETE FROM private WHERE seq > 35"), 36),
        (_sql("DELETE FROM ledger WHERE seq = 20", "UPDATE ledger SET seq = seq - 1 WHERE seq > 20"), 20),
        (
            _sql(
                "UPDATE ledger SET body = (SELECT body FROM ledger WHERE seq = 8) WHERE seq = 7",
            ),
            7,
        ),
        (
            _sql(
                "UPDATE ledger SET seq = 999 WHERE seq = 7",
                "UPDATE ledger SET seq = 7 WHERE seq = 8",
                "UPDATE ledger SET seq = 8 WHERE seq = 999",
            ),
            7,
        ),
        (_sql("UPDATE ledger SET sig = (SELECT sig FROM ledger WHERE seq = 9) WHERE seq = 10"), 10),
        (_sql("UPDATE ledger SET sig = zeroblob(64) WHERE seq = 41"), 41),
        (_sql("UPDATE ledger SET hash = zeroblob(32) WHERE seq = 30"), 30),
        (_sql("UPDATE ledger SET prev = zeroblob(32) WHERE seq = 30"), 30),
        (_sql("UPDATE ledger SET verb = 'claim' WHERE seq = 12"), 12),
        (_sql("UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), ':', ': ') AS BLOB) WHERE seq = 41"), 41),
        (_sql("UPDATE ledger SET body = x'ff00' WHERE seq = 13"), 13),
        (_sql("UPDATE private SET text = CAST('other' AS BLOB) WHERE seq = 14"), 14),
        (_sql("UPDATE private SET salt = zeroblob(32) WHERE seq = 14"), 14),
        (_sql("DELETE FROM private WHERE seq = 15"), 15),
        (_sql("DELETE FROM private WHERE seq = 15", "INSERT INTO erasure VALUES (15, 'reason', 41)"), 15),
        (_sql("UPDATE private SET name = 'text' WHERE seq = 16"), 16),
        (_sql("INSERT INTO private VALUES (17, 'more', zeroblob(32), zeroblob(1))"), 17),
        (_sql("UPDATE ledger SET seq = seq + 1000 WHERE seq = 41"), 41),
        (_from_another_install, 42),
    ],
)  # fmt: skip
def test_tampering_is_found_and_the_first_bad_entry_named(folder: StateFolder, tamper: Tamper, at: int) -> None:
    conn = opened(folder)
    tamper(folder, conn)
    closed(conn)
    verdict = ledger.verify(folder.root)
    assert not verdict.whole
    assert verdict.at == at, verdict.reason
    assert verdict.reason


@pytest.mark.parametrize("column", ["body", "hash", "sig", "prev"])
@pytest.mark.parametrize("seq", [1, 2, 21, 41])
def test_one_flipped_bit_of_an_entry_is_found_there(folder: StateFolder, column: str, seq: int) -> None:
    conn = opened(folder)
    value = bytearray(conn.execute(f"SELECT {column} FROM ledger WHERE seq = ?", (seq,)).fetchone()[0])
    value[len(value) // 2] ^= 0x10
    conn.execute(f"UPDATE ledger SET {column} = ? WHERE seq = ?", (bytes(value), seq))
    closed(conn)
    assert ledger.verify(folder.root).at == seq


def test_the_guard_of_the_file_is_part_of_the_verdict(folder: StateFolder) -> None:
    conn = sqlite3.connect(folder.ledger_db, isolation_level=None)
    conn.execute("DROP TRIGGER ledger_no_delete")
    assert "ledger_no_delete" in ledger.verify(folder.root).reason
    conn.execute("CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT 1; END")
    assert "was changed" in ledger.verify(folder.root).reason
    conn.close()


def test_an_old_file_put_back_is_found_and_nothing_is_appended_to_it(folder: StateFolder, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    shutil.copy(folder.ledger_db, old)
    ledger.append(folder, [Entry("acknowledge", "ana", ("f-1",), {}, {"reason": "later"})])
    for path in folder.root.glob("ledger.db-*"):
        path.unlink()
    shutil.copy(old, folder.ledger_db)
    verdict = ledger.verify(folder.root)
    assert (verdict.whole, verdict.at) == (False, 42)
    with pytest.raises(ledger.LedgerLost) as lost:
        ledger.append(folder, [Entry("claim", "ana", ("f-1",))])
    assert "--accept-loss" in lost.value.remedy
    assert ledger.count(folder) == 41
    line = ledger.accept_loss(folder, "ana", "the disk died")
    assert line.entry.data["was_seq"] == 42
    ledger.append(folder, [Entry("claim", "ana", ("f-1",))])
    verdict = ledger.verify(folder.root)
    assert verdict.whole
    assert "loss" in verdict.reason
    with pytest.raises(ledger.LedgerError, match="nothing is missing"):
        ledger.accept_loss(folder, "ana", "")


@pytest.mark.parametrize("way", ["deleted", "flipped"])
def test_a_lost_write_ahead_log_is_found(folder: StateFolder, way: str) -> None:
    """SQLite drops the frames after a bad one in silence; the checkpoint knows what was there."""
    reader = sqlite3.connect(folder.ledger_db)  # keeps the log from being folded in when the writer closes
    reader.execute("SELECT count(*) FROM ledger").fetchone()
    for n in range(5):
        ledger.append(folder, [Entry("acknowledge", "ana", (f"f-{n}",))])
    log = folder.root / "ledger.db-wal"
    data = bytearray(log.read_bytes())
    database = folder.ledger_db.read_bytes()
    reader.close()
    folder.ledger_db.write_bytes(database)
    (folder.root / "ledger.db-shm").unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    if way == "flipped":
        data[len(data) // 2] ^= 1
        log.write_bytes(bytes(data))
        log.chmod(0o600)
    verdict = ledger.verify(folder.root)
    assert not verdict.whole
    assert verdict.at is not None
    assert 42 <= verdict.at <= 46


def test_entries_after_the_checkpoint_are_the_window_that_is_stated(folder: StateFolder) -> None:
    checkpoint = (folder.keys / "ledger.head").read_bytes()
    (line,) = ledger.append(folder, [Entry("claim", "ana", ("f-1",))])
    (folder.keys / "ledger.head").write_bytes(checkpoint)  # as after a crash between commit and checkpoint
    verdict = ledger.verify(folder.root)
    assert verdict.whole
    assert verdict.unanchored_since == line.at
    (folder.keys / "ledger.head").unlink()
    verdict = ledger.verify(folder.root)
    assert verdict.whole
    assert verdict.unanchored_since == ledger.read(folder)[0].at
    assert "no checkpoint" in verdict.reason


def test_a_forged_checkpoint_is_found(folder: StateFolder) -> None:
    path = folder.keys / "ledger.head"
    good = path.read_bytes()
    for bad in (b"{}", b"\xff\xfe", good[:-20], good.replace(b'"seq":41', b'"seq":40'), good[:-10] + b'00000000"}'):
        path.write_bytes(bad)
        assert not ledger.verify(folder.root).whole, bad
    path.write_bytes(good)
    assert ledger.verify(folder.root).whole


def test_flipped_bytes_anywhere_in_the_file_never_raise_and_never_change_what_is_called_whole(
    folder: StateFolder,
) -> None:
    """What a flip leaves unseen (free space) must read back exactly as it was written."""
    original = folder.ledger_db.read_bytes()
    said = ledger.read(folder)
    dice = random.Random(20261123)
    seen = 0
    for _ in range(300):
        data = bytearray(original)
        for _ in range(dice.choice((1, 1, 1, 4, 64))):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        folder.ledger_db.write_bytes(data)
        verdict = ledger.verify(folder.root)
        if verdict.whole:
            assert ledger.read(folder) == said
        else:
            seen += 1
            assert verdict.reason
    assert seen > 200


def test_every_kind_of_file_gets_a_verdict(folder: StateFolder, tmp_path: Path) -> None:
    original = folder.ledger_db.read_bytes()
    dice = random.Random(7)
    cases = [b"", b"x", original[:100], original[:4096], original[:-1], original[: len(original) // 2]]
    cases += [dice.randbytes(50_000), b"SQLite format 3\x00" + dice.randbytes(9000), b"\x00" * 8192]
    cases += [original[:n] for n in range(512, len(original), 4096)]
    for data in cases:
        # Without its log: what a write-ahead log still holds, the damaged file does not lack.
        for log in ("-wal", "-shm"):
            folder.ledger_db.with_name(folder.ledger_db.name + log).unlink(missing_ok=True)
        folder.ledger_db.write_bytes(data)
        verdict = ledger.verify(folder.root)
        assert not verdict.whole
        assert verdict.reason
    folder.ledger_db.unlink()
    assert not ledger.verify(folder.root).whole
    assert not ledger.verify(tmp_path / "nowhere").whole
    conn = sqlite3.connect(folder.ledger_db)
    conn.execute("CREATE TABLE ledger (seq, verb, body, prev, hash, sig)")
    conn.execute("INSERT INTO ledger VALUES ('a', 1, 2, 3, 4, 5)")
    conn.commit()
    conn.close()
    assert not ledger.verify(folder.root).whole


@pytest.mark.parametrize("table", ["ledger", "private", "erasure"])
def test_a_dropped_table_gets_a_verdict(folder: StateFolder, table: str) -> None:
    conn = opened(folder)
    conn.execute(f"DROP TABLE {table}")
    conn.close()
    verdict = ledger.verify(folder.root)
    assert not verdict.whole
    assert verdict.reason


def test_a_copied_ledger_verifies_by_itself(folder: StateFolder, tmp_path: Path) -> None:
    shutil.copy(folder.ledger_db, tmp_path / "copy.db")
    verdict = ledger.verify(tmp_path / "copy.db")
    assert verdict.whole
    assert verdict.entries == ENTRIES + 1

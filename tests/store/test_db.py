"""Creating, opening and migrating ``store.db``."""

from __future__ import annotations

import gzip
import multiprocessing
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from socconsole.store import db, queue, schema
from socconsole.store.ownership import StateError
from tests.store.builders import NOW, observation
from tests.store.shelf import fresh_store, put


def version(path: Path) -> int:
    return sqlite3.connect(path).execute("PRAGMA user_version").fetchone()[0]


def test_a_new_store_is_current_strict_durable_and_owner_only(tmp_path):
    path = db.prepare(tmp_path)  # a folder names the store inside
    assert path == tmp_path / "store.db"
    assert version(path) == schema.SCHEMA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    conn = db.connect(path)
    pragmas = {
        name: conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    loose = conn.execute(
        "SELECT name FROM pragma_table_list WHERE strict = 0 AND type = 'table' "
        "AND name NOT GLOB 'sqlite*' AND name NOT GLOB '_sqlite*' AND name NOT GLOB 'finding_fts*'"
    ).fetchall()
    assert loose == []
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute("INSERT INTO counter VALUES ('x', 'not a number')")
    assert db.prepare(path) == path  # and again: nothing to do


def test_a_reader_cannot_write_and_needs_a_store(tmp_path):
    with db.reading(db.prepare(tmp_path)) as conn, pytest.raises(sqlite3.OperationalError):
        conn.execute("INSERT INTO counter VALUES ('x', 1)")
    with pytest.raises(sqlite3.OperationalError):
        db.connect(tmp_path / "nothing.db", readonly=True)
    assert not (tmp_path / "nothing.db").exists()


def test_an_older_store_is_backed_up_and_migrated_with_what_it_holds(tmp_path):
    (tmp_path / "store.db").write_bytes(gzip.decompress((Path(__file__).parent / "schema_1.db.gz").read_bytes()))
    assert version(tmp_path / "store.db") == 1
    path = db.prepare(tmp_path)
    assert version(path) == schema.SCHEMA
    backup = tmp_path / "store.db.schema-1.bak"
    assert version(backup) == 1
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert sqlite3.connect(backup).execute("SELECT count(*) FROM finding").fetchone() == (7,)
    migrated = db.connect(path)
    with queue.QueueReader(path) as reader:
        assert len(reader.window(queue.View.ALL, offset=0, limit=20, now=NOW)) == 7
    assert put(migrated, observation("1"), now=NOW).unchanged == 1
    assert put(migrated, observation("9"), now=NOW).new == 1


def test_an_older_store_ends_with_the_schema_of_a_new_one(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    (old / "store.db").write_bytes(gzip.decompress((Path(__file__).parent / "schema_1.db.gz").read_bytes()))
    shapes = []
    for folder in (old, new):
        conn = db.connect(db.prepare(folder))
        shapes.append(
            {
                (kind, name): " ".join(sql.split())
                for kind, name, sql in conn.execute(
                    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB '_sqlite*'"
                )
            }
        )
    assert shapes[0] == shapes[1]


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    fresh_store(tmp_path).close()

    def broken(conn: sqlite3.Connection) -> None:
        conn.execute("CREATE TABLE half (x)")
        conn.execute("SELECT nonsense")

    monkeypatch.setattr(db, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    monkeypatch.setattr(db, "SCHEMA", schema.SCHEMA + 1)
    with pytest.raises(StateError, match="nonsense"):
        db.prepare(tmp_path)
    path = tmp_path / "store.db"
    assert version(path) == schema.SCHEMA
    assert db.connect(path).execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall() == []


def test_a_newer_store_is_refused_with_the_way_out(tmp_path):
    path = db.prepare(tmp_path)
    db.connect(path).execute("PRAGMA user_version = 99")
    with pytest.raises(StateError, match="newer socconsole") as refusal:
        db.prepare(path)
    assert "upgrade" in refusal.value.remedy
    assert version(path) == 99


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_damage_is_said_and_nothing_is_overwritten(tmp_path, content):
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StateError) as refusal:
        db.prepare(path)
    assert "recover" in refusal.value.remedy
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StateError, match="another program"):
        db.prepare(path)


def _prepare(folder: str) -> None:
    db.prepare(Path(folder))


def test_several_processes_may_start_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_prepare, args=(str(tmp_path),)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert version(tmp_path / "store.db") == schema.SCHEMA


def test_opening_a_current_store_never_imports_sqlite_utils(tmp_path):
    db.prepare(tmp_path)
    code = (
        "import sys; from pathlib import Path; from socconsole.store import db, findings, queue, sources; "
        f"db.prepare(Path({str(tmp_path)!r})); queue.QueueReader(Path({str(tmp_path)!r}) / 'store.db'); "
        "sys.exit('sqlite_utils' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


def test_tables_without_rowid_declare_their_key_first(tmp_path):
    """Else ``quick_check`` of SQLite 3.40 takes a sound file for a damaged one."""
    conn = fresh_store(tmp_path)
    for name, sql in conn.execute("SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%WITHOUT ROWID%'").fetchall():
        keys = [pk for *_, pk in conn.execute(f"PRAGMA table_info({name})")]
        assert keys[: max(keys)] == list(range(1, max(keys) + 1)), sql
    conn.close()

"""Stores to measure on: made once by the console's own intake, kept in a cache folder, copied for every run.

Findings are GuardDuty's and Security Hub's records as AWS sends them, read by ``formats`` and stored by
``store.findings.commit``. The first ``records.TOP`` are critical, of one type, and each is older than the one before:
row *i* of Triage is the finding with serial *i*, and a bench can tell from the screen where the cursor is.

A million findings (``--big``) are the hundred thousand, copied ten times inside SQLite: same schema, same triggers,
same indexes, other ids; only the readers and the merge are spared. The copies' bodies are the originals' frames.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.records import TOP, TOP_AGE, record
from socconsole import formats
from socconsole.formats import Record
from socconsole.model.world import World, WorldKind
from socconsole.store import db, findings
from socconsole.store.state import StateFolder

SMALL, MIDDLE, BIG = 10_000, 100_000, 1_000_000

MAKER: Final = 4
"""Counted up when what is made here changes, so that an older cache is not used."""

_BATCH: Final = 500


def records(serials: Iterator[int] | range, now: datetime, version: int = 0) -> Iterator[Record]:
    """The records of some serials, read as the intake reads them."""
    for serial in serials:
        yield from formats.read_object(record(serial, now, version), 1)


def store(count: int, cache: Path) -> Path:
    """A state folder of an import world with ``count`` findings; made when the cache does not hold it yet."""
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = cache / f"findings-{count}-{MAKER}-{schema()}"
    if home.exists():
        return home
    making = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    try:
        root = making / "state"
        folder = StateFolder.create(root, World(WorldKind.IMPORT))
        db.prepare(folder)
        if count > MIDDLE:
            _multiply(store(MIDDLE, cache), root, count)
        else:
            _fill(folder, count)
        with db.writing(folder) as conn:
            conn.execute("ANALYZE")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.replace(root, home)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return home


def base(conn: sqlite3.Connection) -> datetime:
    """The ``now`` that a store's records were made with: with another one the same serial is another time."""
    at: int = conn.execute("SELECT at FROM queue WHERE title LIKE '0000000 %'").fetchone()[0]
    return datetime.fromtimestamp(at // 1_000_000, UTC) + TOP_AGE


def copy(home: Path, into: Path) -> Path:
    """A copy to run on; the journals of SQLite and what a console left behind stay where they are."""
    shutil.copytree(home, into, ignore=shutil.ignore_patterns("*-wal", "*-shm", "session.json", "*.log"))
    return into


@functools.cache
def schema() -> str:
    """What tells this program's schema from any other: a store made under another one is not what it would make."""
    with tempfile.TemporaryDirectory() as empty, db.reading(db.prepare(Path(empty) / db.NAME)) as conn:
        told = conn.execute("SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_schema ORDER BY name)").fetchone()[0]
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _fill(folder: StateFolder, count: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with db.writing(folder) as conn:
        for start in range(0, count, _BATCH):
            wanted = range(start, min(count, start + _BATCH))
            counts = findings.commit(conn, records(wanted, now), answer=None, origin="bench", now=now)
            if counts.new != len(wanted):
                raise RuntimeError(f"of {len(wanted)} records only {counts.new} became findings: {counts}")


def _multiply(source: Path, root: Path, count: int) -> None:
    """Copy every finding but the first ``TOP`` until there are ``count``."""
    shutil.copyfile(source / db.NAME, root / db.NAME)
    with db.writing(root) as conn:
        conn.create_function("other_id", 2, _other_id, deterministic=True)
        columns = [name for _, name, *_ in conn.execute("PRAGMA table_info(finding)")]
        have: int = conn.execute("SELECT count(*) FROM finding").fetchone()[0]
        step = have
        for number in range(1, count // have + 1):
            take = min(have - TOP, count - _count(conn))
            if take <= 0:
                break
            shift = number * step
            changed = {"n": f"n + {shift}", "id": f"other_id(id, {number})", "text_row": f"text_row + {shift}"}
            wanted = ", ".join(changed.get(name, name) for name in columns)
            picked = f"n > {TOP} AND n <= {TOP + take}"
            with db.transaction(conn):
                conn.execute(f"INSERT INTO finding ({', '.join(columns)}) SELECT {wanted} FROM finding WHERE {picked}")
                conn.execute(
                    "INSERT INTO finding_fts (rowid, title, description, resources, types, actors, account) "
                    f"SELECT text_row + {shift}, title, '', resources, types, actors, account || char(10) || region "
                    f"FROM finding WHERE {picked}"
                )
                conn.execute(
                    "INSERT INTO observation (n, finding, ident, digest, origin, format, updated, seen, live, head) "
                    f"SELECT n + {shift}, finding + {shift}, other_id(ident, {number}), digest, origin, format, "
                    f"updated, seen, live, head FROM observation WHERE finding IN "
                    f"(SELECT n FROM finding WHERE {picked})"
                )
                conn.execute(
                    "INSERT INTO body (observation, dictionary, doc, data) SELECT observation + "
                    f"{shift}, dictionary, doc, data FROM body WHERE observation IN "
                    f"(SELECT n FROM observation WHERE finding > {TOP} AND finding <= {TOP + take})"
                )
                conn.execute(
                    f"INSERT INTO alias (key, finding) SELECT other_id(key, {number}), finding + {shift} "
                    f"FROM alias WHERE finding > {TOP} AND finding <= {TOP + take}"
                )
        made = _count(conn)
        if made < count * 0.95:
            raise RuntimeError(f"{count} findings were wanted, {made} were made")


def _count(conn: sqlite3.Connection) -> int:
    found: int = conn.execute("SELECT coalesce(sum(n), 0) FROM tally").fetchone()[0]
    return found


def _other_id(value: str | bytes, number: int) -> str | bytes:
    """Another id of the same form and length."""
    if isinstance(value, bytes):
        return hashlib.sha256(value + bytes([number])).digest()[: len(value)]
    return "f-" + hashlib.sha256(f"{value}/{number}".encode()).hexdigest()[: len(value) - 2]

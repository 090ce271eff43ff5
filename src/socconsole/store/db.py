"""Opening ``store.db``: connections, and bringing the file to this program's schema.

Connections are plain ``sqlite3``. sqlite-utils runs the migrations and is imported only when there is something
to migrate, so that a console whose store is current never pays for it before its first frame.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.store import locks
from socconsole.store.ownership import StateError
from socconsole.store.schema import MIGRATIONS, SCHEMA

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

Connection = sqlite3.Connection
"""What the rooms above the store call it: sqlite3 itself is imported in ``store`` alone."""

Error = sqlite3.Error
"""What anything done with one may raise: busy, full, damaged."""

NAME: Final = "store.db"
BUSY_MS: Final = 5_000
"""How long a writer waits for another; every transaction here is short."""

_MIGRATION_S: Final = 60.0
OLDEST_SQLITE: Final = (3, 37, 0)
_READER_CACHE_KIB: Final = 4_096
_WRITER_CACHE_KIB: Final = 32_768


def connect(path: Path | str, readonly: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode: a transaction is begun where one is meant.

    A reader gets a small page cache and no memory map, so that a console costs the same memory over a million
    findings as over ten thousand; the operating system's cache serves it. ``synchronous=FULL`` because a commit
    moves a collector's cursor: what is lost after that is never read again.
    """
    if readonly:
        conn = sqlite3.connect(
            Path(path).absolute().as_uri() + "?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
    else:
        conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    conn.execute("PRAGMA trusted_schema = OFF")
    conn.execute("PRAGMA mmap_size = 0")
    if readonly:
        conn.execute("PRAGMA query_only = ON")
        conn.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
    else:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    return conn


@contextmanager
def reading(folder: StateFolder | Path | str) -> Iterator[sqlite3.Connection]:
    """A read-only connection for the length of the block."""
    conn = connect(_path(folder), readonly=True)
    try:
        yield conn
    finally:
        conn.close()


@contextmanager
def writing(folder: StateFolder | Path | str) -> Iterator[sqlite3.Connection]:
    """A connection that may write, for the length of the block; transactions are the caller's."""
    conn = connect(_path(folder))
    try:
        yield conn
    finally:
        conn.close()


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """One write transaction (``BEGIN IMMEDIATE``): committed whole, or rolled back when the block raises."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    conn.execute("COMMIT")


def prepare(folder: StateFolder | Path | str) -> Path:
    """Create the store or bring it to this program's schema; returns its path.

    ``folder`` is a state folder or the path of the store itself. Before an older store is migrated a copy is
    kept beside it (``store.db.schema-N.bak``). Raises ``StateError`` for a store of a newer program, for one that
    is not ours or is damaged, and for an SQLite that is too old.
    """
    path = _path(folder)
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StateError(
            f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed",
            "run socconsole with a Python that brings a newer SQLite",
        )
    try:
        if _version(path) == SCHEMA:
            return path
        with locks.hold(_lock(path), _MIGRATION_S):  # one process migrates; the others wait and find it done
            _migrate(path)
    except locks.LockHeld as held:
        raise StateError(f"{path} is being migrated by process {held.pid}", "try again when that has ended") from held
    except sqlite3.DatabaseError as error:
        raise StateError(
            f"{path} cannot be used: {error}",
            "move the file away and run `socconsole recover`: the ledger, the evidence and AWS rebuild it",
        ) from error
    return path


def version(path: Path | str) -> int:
    """The schema number of a store; 0 where there is none."""
    return _version(Path(path))


def _path(folder: StateFolder | Path | str) -> Path:
    root = Path(folder) if isinstance(folder, (str, os.PathLike)) else folder.root
    return root / NAME if root.is_dir() else root


def _version(path: Path) -> int:
    if not path.exists() or path.stat().st_size == 0:
        return 0
    conn = connect(path, readonly=True)
    try:
        found: int = conn.execute("PRAGMA user_version").fetchone()[0]
    finally:
        conn.close()
    if found > SCHEMA:
        raise StateError(
            f"{path} was written by a newer socconsole (schema {found}; this one knows {SCHEMA})",
            "upgrade socconsole, or name another state folder with --store",
        )
    return found


def _lock(path: Path) -> Path:
    folder = path.parent / "locks"
    return folder / "migrate.lock" if folder.is_dir() else path.with_name(f"{path.name}.migrate.lock")


def _migrate(path: Path) -> None:
    # Heavy (it brings click and plugins), and nothing before the first frame needs it: see the module docstring.
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    found = _version(path)
    if found == SCHEMA:
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # owner-only from its first byte
    conn = connect(path)
    try:
        if found:
            _back_up(conn, path.with_name(f"{path.name}.schema-{found}.bak"))
        elif conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise StateError(f"{path} is a database of another program", "name another state folder with --store")
        steps = Migrations("socconsole")
        for number, step in enumerate(MIGRATIONS, start=1):

            def run(db: Database, number: int = number, step: Callable[[sqlite3.Connection], None] = step) -> None:
                step(db.conn)
                db.conn.execute(f"PRAGMA user_version = {number}")

            steps(name=f"{number:03}")(run)
        steps.apply(Database(conn, execute_plugins=False))
        _enter_wal(conn)
    finally:
        conn.close()


def _enter_wal(conn: sqlite3.Connection) -> None:
    mode = conn.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        raise StateError(
            f"the folder's file system cannot share a database between processes (journal mode {mode})",
            "set SOCCONSOLE_HOME to a folder on a local disk",
        )


def _back_up(conn: sqlite3.Connection, target: Path) -> None:
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    copy = sqlite3.connect(target)
    try:
        conn.backup(copy)
    finally:
        copy.close()

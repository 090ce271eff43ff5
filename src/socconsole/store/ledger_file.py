"""Opening ``ledger.db``: what can go wrong, one write transaction, and readers that cannot write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from socconsole.store.ledger_body import EntryRefused

if TYPE_CHECKING:
    from socconsole.model.entry import Line

WAIT_S: Final = 2.0
"""How long a writer waits for another process; DESIGN sets it."""


class LedgerError(Exception):
    """The ledger cannot be read or written. ``remedy`` is what mends it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class LedgerBusy(LedgerError):
    """Another process kept the ledger for two seconds. ``pid`` is 0 where it could not be told."""

    def __init__(self, pid: int) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"the ledger is in use by {who} (waited {WAIT_S:g} s)", "try again")
        self.pid = pid


class LedgerLost(LedgerError):
    """The file holds less than its checkpoint says: entries are missing, and nothing may be added."""


class Head(msgspec.Struct, frozen=True):
    """The last entry: its sequence (0: none) and hexadecimal hash."""

    seq: int
    hash: str


class Window(msgspec.Struct, frozen=True):
    """Part of the ledger for a screen. ``total`` is the number of entries that the filter lets through."""

    lines: tuple[Line, ...]
    total: int


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction, committed when the block ends."""
    conn = connect(path, "rw")
    try:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA fullfsync = ON")
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute("PRAGMA recursive_triggers = ON")
        conn.execute("BEGIN IMMEDIATE")
        try:
            yield conn
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
        conn.execute("COMMIT")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
            raise LedgerBusy(0) from error
        raise LedgerError(f"the ledger cannot be written: {error}", _remedy(error)) from error
    except (ValueError, LookupError, TypeError) as error:
        if isinstance(error, EntryRefused):
            raise
        raise LedgerError(f"the ledger's last entry is damaged: {error}", "run `socconsole ledger verify`") from error
    finally:
        conn.close()


def _remedy(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return "free some space on the disk of the state folder"
    if "readonly" in text or "unable to open" in text:
        return "make the state folder writable for you"
    return "run `socconsole ledger verify`"


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        conn = open_readonly(path)
        try:
            yield conn
        finally:
            conn.close()
    except (sqlite3.Error, ValueError, LookupError, TypeError) as error:
        raise LedgerError(
            f"{path} cannot be read: {error}",
            "run `socconsole ledger verify`; restore the file from a backup",
        ) from error


def open_readonly(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. On read-only media SQLite needs to be told that nobody else writes."""
    conn = connect(path, "ro")
    try:
        conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        conn.close()
        if path.with_name(path.name + "-wal").exists() or os.access(path.parent, os.W_OK):
            raise
        conn = connect(path, "ro&immutable=1")
    return conn


def connect(path: Path, mode: str) -> sqlite3.Connection:
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=WAIT_S)
    conn.execute("PRAGMA trusted_schema = OFF")
    return conn

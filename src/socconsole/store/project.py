"""Bringing ``store.db`` up to the ledger. Nobody applies his own entry: everybody calls :func:`project`.

The ledger's lock is never held here: entries are read without it, and the store's write transaction is the
only thing waited for. Applying is idempotent, because the last applied sequence moves in the same commit.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from socconsole.model.entry import Line
from socconsole.store import db, folding, ledger, projections

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

SEQ: Final = "ledger_seq"
HASH: Final = "ledger_hash"
UNAPPLIED: Final = "ledger_unapplied"
_BATCH: Final = 200
"""Entries a transaction (each of at most 100 findings), so that a long catch-up lets others write."""


class ProjectError(ledger.LedgerError):
    """The store and the ledger do not belong together."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "run `socconsole recover`: it rebuilds the store from the ledger and the evidence")


def project(folder: StateFolder) -> int:
    """Apply every entry that the store has not seen, in order; returns how many there were.

    Waits at most ``db.BUSY_MS`` for another writer of the store, then raises ``sqlite3.OperationalError``.
    Raises ``ledger.LedgerError`` when the ledger cannot be read, and of it ``ProjectError`` when it is not the one
    that the store was made from. An entry in a shape this program does not know is passed over and listed by
    :func:`unapplied`: one entry of a newer program must not hold up every decision after it.
    """
    conn = db.connect(folder.store_db)
    try:
        conn.execute("PRAGMA secure_delete = ON")  # erased texts have to be gone from here too
        applied = 0
        while part := _step(conn, folder):
            applied += part
        return applied
    finally:
        conn.close()


def last_applied(conn: sqlite3.Connection) -> int:
    """Sequence of the last entry that the store holds; 0 for none."""
    return int(str(_meta(conn, SEQ) or 0))


def unapplied(conn: sqlite3.Connection) -> dict[int, str]:
    """Entries that were passed over, by sequence, and why."""
    return {int(seq): str(why) for seq, why in json.loads(str(_meta(conn, UNAPPLIED) or "[]"))}


def _step(conn: sqlite3.Connection, folder: StateFolder) -> int:
    _same_ledger(conn, folder)
    if ledger.head(folder).seq == last_applied(conn):
        return 0  # nearly always, and without taking the write lock
    with db.transaction(conn):
        last = _same_ledger(conn, folder)
        lines = ledger.read(folder, after=last, limit=_BATCH)
        if not lines:
            return 0
        earlier = _Earlier(folder, lines)
        passed = unapplied(conn)
        for line in lines:
            conn.execute("SAVEPOINT entry")
            try:
                projections.apply(conn, line, earlier)
            except (LookupError, TypeError, ValueError, AttributeError, sqlite3.IntegrityError) as error:
                conn.execute("ROLLBACK TO entry")
                passed[line.seq] = f"{line.entry.verb}: {type(error).__name__}: {error}"
            conn.execute("RELEASE entry")
        folding.settle(conn, datetime.now(UTC))
        _set_meta(conn, SEQ, lines[-1].seq)
        _set_meta(conn, HASH, lines[-1].hash)
        if passed:
            _set_meta(conn, UNAPPLIED, json.dumps(sorted(passed.items())))
    return len(lines)


class _Earlier:
    """Entries by sequence: those of this batch at hand, older ones from the file when they are asked for."""

    def __init__(self, folder: StateFolder, lines: list[Line]) -> None:
        self._folder = folder
        self._known: dict[int, Line | None] = {line.seq: line for line in lines}

    def __call__(self, seq: int) -> Line | None:
        if seq not in self._known:
            self._known[seq] = ledger.get(self._folder, [seq]).get(seq)
        return self._known[seq]


def _same_ledger(conn: sqlite3.Connection, folder: StateFolder) -> int:
    """The last applied sequence, after making sure that it is the ledger's entry of that sequence."""
    last = last_applied(conn)
    if last == 0:
        return 0
    line = ledger.get(folder, [last]).get(last)
    if line is None:
        raise ProjectError(f"the store has applied entry {last}, which the ledger does not hold")
    if line.hash != _meta(conn, HASH):
        raise ProjectError(f"entry {last} of the ledger is not the one that the store has applied")
    return last


def _meta(conn: sqlite3.Connection, key: str) -> object:
    row = conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def _set_meta(conn: sqlite3.Connection, key: str, value: object) -> None:
    conn.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )

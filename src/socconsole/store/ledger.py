"""The ledger: what was decided and done, in a file that only grows.

Every entry is chained to the one before it and signed (``ledger_body``); appending takes the ledger's lock,
which is waited for at most two seconds, and one ``BEGIN IMMEDIATE`` with ``synchronous=FULL``: when
:func:`append` returns, the entries are on disk. It blocks, so the console calls it off its loop. Each
call opens the file afresh: an open file that somebody unlinked would accept entries into nothing.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.model.entry import Entry, LedgerVerdict, Line
from socconsole.store import ledger_body
from socconsole.store.ledger_body import EntryRefused, portable
from socconsole.store.ledger_file import (
    WAIT_S,
    Head,
    LedgerBusy,
    LedgerError,
    LedgerLost,
    Window,
    connect,
    writing,
)
from socconsole.store.ledger_read import (
    WORLD,
    count,
    export,
    get,
    head,
    last_before,
    lines,
    numbers,
    read,
    subjects,
    tail,
    window,
)
from socconsole.store.ledger_schema import DDL
from socconsole.store.locks import LockHeld
from socconsole.store.ownership import StateError

if TYPE_CHECKING:
    from socconsole.store.keys import Signer
    from socconsole.store.state import StateFolder

__all__ = [
    "WORLD",
    "EntryRefused",
    "Head",
    "LedgerBusy",
    "LedgerError",
    "LedgerLost",
    "Window",
    "accept_loss",
    "append",
    "count",
    "erase",
    "export",
    "get",
    "head",
    "last_before",
    "lines",
    "numbers",
    "portable",
    "read",
    "start",
    "subjects",
    "tail",
    "verify",
    "window",
]

KEY_ROTATED: Final = "key_rotated"
KEY_LOST: Final = "key_lost"
LOSS_ACCEPTED: Final = "loss_accepted"
ERASE: Final = "erase"

_log: Final = logging.getLogger(__name__)


# --- writing --------------------------------------------------------------------------------------------


def start(folder: StateFolder, data: Mapping[str, object], who: str, now: datetime | None = None) -> Line:
    """Create ``ledger.db`` with its first entry, the world. ``LedgerError`` when there is one already."""
    from socconsole.store import keys

    signer = keys.load(folder.keys) or keys.create(folder.keys)
    first = Entry(WORLD, who, data={**data, "public": signer.public.hex(), "next_key": signer.id})
    ledger_body.check(first)
    with _locked(folder):
        try:
            os.close(os.open(folder.ledger_db, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError as error:
            raise LedgerError(f"{folder.ledger_db} exists already") from error
        try:
            with writing(folder.ledger_db) as conn:
                for statement in DDL:
                    conn.execute(statement)
                pen = _Pen(conn, folder, signer, Head(0, ledger_body.ZERO.hex()), now)
                pen.write(first)
        except BaseException:  # an interrupt too
            os.unlink(folder.ledger_db)  # ours, and empty: the next attempt may make it
            raise
        pen.checkpoint()
    return pen.lines[0]


def append(folder: StateFolder, entries: Sequence[Entry], now: datetime | None = None) -> list[Line]:
    """Write the entries, all or none, and return them as they stand in the ledger.

    ``now`` is the host's clock unless given. Raises ``EntryRefused`` (a ``ValueError``) before anything is
    locked, ``LedgerBusy``, ``LedgerLost`` or ``LedgerError``; after an exception nothing was written.
    """
    if not entries:
        return []
    for entry in entries:
        ledger_body.check(entry)
    with _locked(folder):
        with writing(folder.ledger_db) as conn:
            pen = _pen(conn, folder, now)
            for entry in entries:
                pen.write(entry)
        pen.checkpoint()
    return pen.lines[-len(entries) :]


def erase(folder: StateFolder, seq: int, who: str, *, names: Sequence[str] = (), reason: str = "") -> Line:
    """Delete the private texts of an entry (all, or those named) for good; the chain stays whole.

    The act is an entry itself. ``LedgerError`` when the entry has no such text. Copies made before (backups,
    exports, what was sent to AWS) are not reached.
    """
    with _locked(folder):
        with writing(folder.ledger_db) as conn:
            there = [row[0] for row in conn.execute("SELECT name FROM private WHERE seq = ?", (seq,))]
            gone = [name for name in there if not names or name in names]
            if not gone:
                raise LedgerError(f"entry {seq} holds no such text")
            entry = Entry(ERASE, who, (), {"of": [[seq, name] for name in gone]}, {"reason": reason} if reason else {})
            ledger_body.check(entry)
            pen = _pen(conn, folder, None)
            pen.write(entry)
            by = pen.lines[-1].seq
            conn.executemany("INSERT INTO erasure VALUES (?, ?, ?)", [(seq, name, by) for name in gone])
            conn.executemany("DELETE FROM private WHERE seq = ? AND name = ?", [(seq, name) for name in gone])
        pen.checkpoint()
        conn = connect(folder.ledger_db, "rw")
        try:  # the write-ahead log still holds the old pages
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            conn.close()
    return pen.lines[-1]


def accept_loss(folder: StateFolder, who: str, reason: str) -> Line:
    """Go on with a ledger that is shorter than its checkpoint says; the loss is the next entry.

    ``LedgerError`` when nothing is missing.
    """
    from socconsole.store import ledger_head

    with _locked(folder):
        with writing(folder.ledger_db) as conn:
            last = ledger_head.read(folder.keys)
            if last is None or not _lost(conn, last):
                raise LedgerError("nothing is missing from the ledger")
            data = {"was_seq": last.seq, "was_hash": last.hash.hex()}
            entry = Entry(LOSS_ACCEPTED, who, (), data, {"reason": reason} if reason else {})
            ledger_body.check(entry)
            pen = _pen(conn, folder, None, lost=True)
            pen.write(entry)
        pen.checkpoint()
    return pen.lines[-1]


def verify(root: Path, *, public_key: bytes | None = None) -> LedgerVerdict:
    """See ``ledger_verify.verify``."""
    from socconsole.store import ledger_verify  # which imports this module

    return ledger_verify.verify(root, public_key=public_key)


class _Pen:
    """Writes entries one after the other inside one transaction."""

    def __init__(
        self, conn: sqlite3.Connection, folder: StateFolder, signer: Signer, head: Head, now: datetime | None
    ) -> None:
        self._conn = conn
        self._folder = folder
        self._signer = signer
        self._seq = head.seq
        self._prev = bytes.fromhex(head.hash)
        self._at = ledger_body.now_micros(now or datetime.now(UTC))
        self.lines: list[Line] = []

    def write(self, entry: Entry) -> None:
        seq = self._seq + 1
        salted = {
            name: (salt := secrets.token_bytes(32), ledger_body.private_hash(salt, text.encode("utf-8")))
            for name, text in entry.private.items()
        }
        written = ledger_body.body(
            seq,
            self._at,
            self._folder.install,
            self._folder.session,
            self._signer.id,
            entry,
            {name: digest for name, (_, digest) in salted.items()},
        )
        hash_ = ledger_body.entry_hash(seq, self._prev, written)
        self._conn.execute(
            "INSERT INTO ledger (seq, verb, body, prev, hash, sig) VALUES (?, ?, ?, ?, ?, ?)",
            (seq, entry.verb, written, self._prev, hash_, self._signer.sign(ledger_body.to_sign(hash_))),
        )
        self._conn.executemany(
            "INSERT INTO private (seq, name, salt, text) VALUES (?, ?, ?, ?)",
            [(seq, name, salt, entry.private[name].encode("utf-8")) for name, (salt, _) in salted.items()],
        )
        self._seq, self._prev = seq, hash_
        self.lines.append(ledger_body.line(seq, written, hash_, entry.private))

    def checkpoint(self) -> None:
        """After the commit: an entry that is not committed must never be witnessed.

        A checkpoint that cannot be written does not undo the entries; ``verify`` states what it leaves uncovered.
        """
        from socconsole.store import ledger_head

        try:
            ledger_head.write(self._folder.keys, self._seq, self._prev, self._at, self._folder.install, self._signer)
        except OSError:
            _log.warning("the ledger's checkpoint could not be written", exc_info=True)


def _pen(conn: sqlite3.Connection, folder: StateFolder, now: datetime | None, *, lost: bool = False) -> _Pen:
    """A pen at the end of the ledger, holding the key in force; a lost key starts a segment of the chain."""
    from socconsole.store import keys, ledger_head  # cryptography takes 20 ms that reading does not need

    last = ledger_head.read(folder.keys)
    if last is not None and not lost and _lost(conn, last):
        raise LedgerLost(
            f"the ledger lost entries, or an old file was put back: its checkpoint names entry {last.seq}",
            "restore ledger.db from a backup, or put the loss on record: `socconsole recover --accept-loss`",
        )
    row = conn.execute("SELECT seq, body, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None:
        raise LedgerError(f"{folder.ledger_db} is empty", "restore it from a backup")
    head = ledger_body.line(row[0], row[1], row[2], {})
    wanted = head.entry.data["next_key"] if head.entry.verb in (WORLD, KEY_ROTATED, KEY_LOST) else ""
    wanted = wanted or ledger_body.key_of(row[1])
    signer = keys.in_force(folder.keys, wanted)
    if signer is not None:
        return _Pen(conn, folder, signer, Head(head.seq, head.hash), now)
    signer = keys.create(folder.keys)
    pen = _Pen(conn, folder, signer, Head(head.seq, head.hash), now)
    data = {
        "old_key": wanted,
        "old_head": head.hash,
        "public": signer.public.hex(),
        "next_key": signer.id,
    }
    pen.write(Entry(KEY_LOST, "socconsole", data=data))
    return pen


def _lost(conn: sqlite3.Connection, last: object) -> bool:
    from socconsole.store import ledger_head

    if not isinstance(last, ledger_head.Head) or last.damaged:
        return False
    row = conn.execute("SELECT hash FROM ledger WHERE seq = ?", (last.seq,)).fetchone()
    return row is None or row[0] != last.hash


@contextmanager
def _locked(folder: StateFolder) -> Iterator[None]:
    """Hold the ledger's lock; whatever the folder itself ails from is a ``LedgerError``."""
    try:
        with folder.lock("ledger", wait_s=WAIT_S):
            yield
    except LockHeld as held:
        if held.name != "ledger":
            raise
        raise LedgerBusy(held.pid) from held
    except StateError as error:  # a key that others could have read
        raise LedgerError(error.message, error.remedy) from error
    except OSError as error:
        raise LedgerError(
            f"{folder.root} cannot be written to: {error.strerror}", "free some space there, or make it writable"
        ) from error

"""Whether a ledger is whole: a verdict on any file, however broken, naming the first bad entry.

What is checked: tables and triggers are ours · every entry continues the chain, its hash is that of its body,
its signature that of the key in force · every private text has the hash its entry names, and a missing
one was erased by an entry · SQLite's own check of the file · the checkpoint beside the ledger names an entry
that is there. Signatures are checked on all cores: OpenSSL lets go of the interpreter.

What is not seen: entries cut off after the last checkpoint together with that checkpoint, and a chain written
anew by someone with the private key. Against these an auditor keeps the public key and a head elsewhere.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from socconsole.model.entry import LedgerVerdict, Line
from socconsole.store import keys, ledger, ledger_body, ledger_head
from socconsole.store.ledger_file import open_readonly
from socconsole.store.ledger_schema import INDEXES, TABLES, TRIGGERS, spelled

_CHUNK: Final = 2_000
_SLICE: Final = 250
"""Signatures one thread checks at a time."""

_Row = tuple[int, bytes, bytes, bytes, bytes, bytes]
_INTRODUCING: Final = frozenset({ledger.WORLD, ledger.KEY_ROTATED, ledger.KEY_LOST})


def verify(root: Path, *, public_key: bytes | None = None) -> LedgerVerdict:
    """The verdict on the ledger of a state folder, or on a ``ledger.db`` by itself. Never raises.

    ``public_key`` is the raw Ed25519 key (32 bytes) that an auditor kept: the ledger has to have been signed
    with it at some time. ``reason`` of a whole ledger is not empty when something is worth knowing.
    """
    try:
        path = root / "ledger.db" if root.is_dir() else root
        if not path.exists():
            return _broken("there is no ledger", None)
        if path.stat().st_size == 0:
            return _broken("the file is empty", None)
        return _Check(path, public_key).run()
    except Exception as error:  # a verdict is owed on any file: whatever reading it raises is the verdict
        return _broken(f"the file cannot be read: {error}", None)


def public_key_of(pem_or_hex: str) -> bytes:
    """A public key as ``keys.export`` prints it, or 64 hexadecimal digits, as raw bytes; ``ValueError`` else."""
    text = pem_or_hex.strip()
    if text.startswith("-----BEGIN"):
        key = load_pem_public_key(text.encode("ascii"))
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not an Ed25519 key")
        return key.public_bytes_raw()
    raw = bytes.fromhex(text)
    if len(raw) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    return raw


_NOT_OURS: Final = (ValueError, LookupError, TypeError, AttributeError, OverflowError)
"""What taking apart a document of another shape raises."""


class _Bad(Exception):
    def __init__(self, at: int | None, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


@dataclass(slots=True)
class _Progress:
    """How far the chain is proven."""

    seq: int = 0
    head: bytes = ledger_body.ZERO
    install: str = ""
    key: str = ""


class _Check:
    def __init__(self, path: Path, public_key: bytes | None) -> None:
        self._path = path
        self._wanted = public_key
        self._done = _Progress()
        self._keys: dict[str, bytes] = {}
        self._missing: dict[tuple[int, str], None] = {}
        self._erased: set[tuple[int, str]] = set()
        self._notes: list[str] = []
        self._witness = ledger_head.read(path.parent / "keys")
        self._at_witness: bytes | None = None
        self._after: Line | None = None

    def run(self) -> LedgerVerdict:
        try:
            conn = open_readonly(self._path)
            try:
                conn.text_factory = bytes  # a damaged text must not end the reading
                self._schema(conn)
                with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                    self._chain(conn, pool)
                self._private(conn)
                self._file(conn)
            finally:
                conn.close()
            self._against_witness()
            if self._wanted is not None and self._wanted not in self._keys.values():
                raise _Bad(1, "the ledger was never signed with the key you hold")
        except _Bad as bad:
            return _broken(bad.reason, bad.at, self._done)
        except sqlite3.Error as error:
            # Damage inside the file: everything before the entry that could not be read is proven.
            at = self._done.seq + 1 if self._done.seq else None
            return _broken(f"the file is damaged: {error}", at, self._done)
        return LedgerVerdict(
            whole=True,
            entries=self._done.seq,
            head=self._done.head.hex(),
            reason="; ".join(self._notes),
            unanchored_since=self._after.at if self._after else None,
        )

    def _schema(self, conn: sqlite3.Connection) -> None:
        wanted = {**TABLES, **INDEXES, **TRIGGERS}
        there = {
            name.decode("utf-8", "replace"): spelled(sql.decode("utf-8", "replace"))
            for name, sql in conn.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        }
        for name, sql in wanted.items():
            if there.get(name) != spelled(sql):
                what = "is missing" if name not in there else "was changed"
                raise _Bad(None, f"{name}, part of the file's own guard, {what}")
        if extra := sorted(set(there) - set(wanted)):
            raise _Bad(None, f"{extra[0]!a} is in the file and not ours")

    def _chain(self, conn: sqlite3.Connection, pool: ThreadPoolExecutor) -> None:
        rows = conn.execute("SELECT seq, verb, body, prev, hash, sig FROM ledger ORDER BY seq")
        unreadable: _Bad | None = None
        while unreadable is None:
            chunk, unreadable = _next(rows)
            if not chunk:
                break
            trouble: _Bad | None = None
            proven = replace(self._done)
            jobs: list[tuple[int, bytes, bytes, bytes]] = []
            texts = _texts(conn, chunk[0][0], chunk[-1][0])
            for row in chunk:
                try:
                    jobs.append(self._entry(row, texts, proven))
                except _Bad as bad:
                    trouble = bad
                    break
                except _NOT_OURS as error:
                    trouble = _Bad(proven.seq + 1, f"its body is none of ours: {error}")
                    break
            forged = self._signatures(jobs, pool)
            if forged is not None:  # it comes before whatever stopped the chain
                self._done.seq = forged - 1
                raise _Bad(forged, "its signature is not that of the key in force")
            self._done = proven
            if trouble is not None:
                raise trouble
        if unreadable is not None:
            raise _Bad(self._done.seq + 1, unreadable.reason)
        if self._done.seq == 0:
            raise _Bad(None, "the ledger has no entry")

    def _entry(
        self, row: _Row, texts: dict[int, dict[str, tuple[bytes, bytes]]], proven: _Progress
    ) -> tuple[int, bytes, bytes, bytes]:
        """Check one entry but for its signature, and move ``proven`` past it; raises ``_Bad`` or ``_NOT_OURS``."""
        seq, verb, body, prev, hash_, sig = row
        expected = proven.seq + 1
        if seq != expected:
            raise _Bad(expected, f"entry {expected} is missing" if seq > expected else f"entry {seq} is extra")
        if prev != proven.head:
            raise _Bad(seq, "it does not continue the entry before it")
        if ledger_body.entry_hash(seq, prev, body) != hash_:
            raise _Bad(seq, "its hash is not that of its body")
        told = orjson.loads(body)
        line = ledger_body.line(seq, body, hash_, {})
        signed_by: str = told["key"]
        hashes: dict[str, str] = told["private"]
        if told["v"] != ledger_body.VERSION or told["seq"] != seq:
            raise _Bad(seq, "its body is that of another entry")
        if line.entry.verb.encode() != verb:
            raise _Bad(seq, "its verb is not that of its body")
        if line.install != (proven.install or line.install):
            raise _Bad(seq, "it comes from another installation")
        self._texts(seq, hashes, texts.get(seq, {}))
        public = self._key_for(line, signed_by, proven)
        self._note(line)
        proven.seq, proven.head, proven.install = seq, hash_, line.install
        if self._witness is not None and seq == self._witness.seq:
            self._at_witness = hash_
        if self._witness is None or seq > self._witness.seq:
            self._after = self._after or line
        return seq, public, sig, ledger_body.to_sign(hash_)

    def _key_for(self, line: Line, signed_by: str, proven: _Progress) -> bytes:
        """The public key an entry has to be signed with, following the entries that change it."""
        data = line.entry.data
        verb = line.entry.verb
        if (verb == ledger.WORLD) != (line.seq == 1):
            raise _Bad(line.seq, "a ledger opens with its world, once")
        wanted = proven.key
        if verb in _INTRODUCING:
            public = bytes.fromhex(data["public"])
            introduced = keys.key_id(public)
            if data["next_key"] != introduced:
                raise _Bad(line.seq, "the key it introduces is not the one it names")
            self._keys[introduced] = public
            proven.key = introduced
            if verb != ledger.KEY_ROTATED:  # the first key, or one after a loss, signs its own introduction
                wanted = introduced
            if verb == ledger.KEY_LOST:
                if data["old_head"] != proven.head.hex():
                    raise _Bad(line.seq, "the chain it continues after a lost key is another one")
                self._notes.append(f"the key was lost before entry {line.seq}: a new one signs from there on")
        if signed_by != wanted:
            raise _Bad(line.seq, "it was signed with a key that was not in force")
        return self._keys[wanted]

    def _note(self, line: Line) -> None:
        data = line.entry.data
        if line.entry.verb == ledger.ERASE:
            self._erased.update((int(seq), str(name)) for seq, name in data["of"] if int(seq) < line.seq)
        elif line.entry.verb == ledger.LOSS_ACCEPTED:
            lost = int(data["was_seq"]) - line.seq + 1
            self._notes.append(f"before entry {line.seq} a loss of about {max(lost, 1)} entries was accepted")

    def _texts(self, seq: int, hashes: dict[str, str], there: dict[str, tuple[bytes, bytes]]) -> None:
        for name, (salt, text) in there.items():
            if name not in hashes:
                raise _Bad(seq, f"it has a text ({name!a}) that its body does not name")
            if ledger_body.private_hash(salt, text).hex() != hashes[name]:
                raise _Bad(seq, f"its {name!a} is not the text that was written")
        self._missing.update(((seq, name), None) for name in hashes if name not in there)

    def _signatures(self, jobs: Sequence[tuple[int, bytes, bytes, bytes]], pool: ThreadPoolExecutor) -> int | None:
        """The first sequence whose signature is wrong."""
        slices = [jobs[start : start + _SLICE] for start in range(0, len(jobs), _SLICE)]
        return next((seq for seq in pool.map(_first_forged, slices) if seq is not None), None)

    def _private(self, conn: sqlite3.Connection) -> None:
        for seq, name in self._missing:
            if (seq, name) not in self._erased:
                raise _Bad(seq, f"its {name!a} is missing, and no entry erased it")
        stray = conn.execute("SELECT min(seq) FROM private WHERE seq NOT IN (SELECT seq FROM ledger)").fetchone()[0]
        if stray is not None:
            raise _Bad(stray, f"entry {stray} is missing, though a text of it is there")

    def _file(self, conn: sqlite3.Connection) -> None:
        told = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if told not in (b"ok", "ok"):
            raise _Bad(None, f"SQLite finds the file damaged: {told.decode('utf-8', 'replace')}")

    def _against_witness(self) -> None:
        witness = self._witness
        if witness is None:
            self._notes.append("there is no checkpoint beside the ledger, so a missing end would not be seen")
            return
        if witness.damaged:
            raise _Bad(None, "the checkpoint beside the ledger is damaged")
        if witness.seq > self._done.seq:
            raise _Bad(
                self._done.seq + 1,
                f"entries are missing at the end: the checkpoint names {witness.seq}, the ledger ends at "
                f"{self._done.seq}",
            )
        if self._at_witness != witness.hash:
            raise _Bad(witness.seq, "it is not the entry that the checkpoint names: an old or another ledger")
        public = self._keys.get(witness.key)
        if public is None or not witness.signed_by(public):
            raise _Bad(None, "the checkpoint beside the ledger is not signed with a key of this ledger")


def _first_forged(jobs: Sequence[tuple[int, bytes, bytes, bytes]]) -> int | None:
    opened: dict[bytes, Ed25519PublicKey] = {}
    for seq, public, sig, message in jobs:
        key = opened.get(public) or opened.setdefault(public, Ed25519PublicKey.from_public_bytes(public))
        try:
            key.verify(sig, message)
        except InvalidSignature:
            return seq
    return None


def _next(rows: sqlite3.Cursor) -> tuple[list[_Row], _Bad | None]:
    """The next rows up to damage: ``fetchmany`` would lose those that were read before it."""
    chunk: list[_Row] = []
    try:
        for row in rows:
            chunk.append(row)
            if len(chunk) == _CHUNK:
                break
    except sqlite3.Error as error:
        return chunk, _Bad(None, f"the file is damaged here: {error}")
    return chunk, None


def _texts(conn: sqlite3.Connection, first: int, last: int) -> dict[int, dict[str, tuple[bytes, bytes]]]:
    found: dict[int, dict[str, tuple[bytes, bytes]]] = {}
    rows = conn.execute("SELECT seq, name, salt, text FROM private WHERE seq BETWEEN ? AND ?", (first, last))
    for seq, name, salt, text in rows:
        found.setdefault(seq, {})[name.decode("utf-8", "backslashreplace")] = (salt, text)
    return found


def _broken(reason: str, at: int | None, done: _Progress | None = None) -> LedgerVerdict:
    done = done or _Progress()
    return LedgerVerdict(whole=False, entries=done.seq, head=done.head.hex(), at=at, reason=reason)

"""A stretch of the ledger that proves itself with common tools: bytes to hash, bytes to verify, keys to verify with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from socconsole.store import keys, ledger, ledger_body
from socconsole.store.ledger_file import reading

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder


@dataclass(frozen=True, slots=True)
class Proven:
    """One entry. ``entry`` is what is hashed (None where it is left out), ``hashed`` the SHA-256 of it, ``signed`` the
    message under ``signature``."""

    seq: int
    entry: bytes | None
    prev: bytes
    hashed: bytes
    signed: bytes
    signature: bytes
    key: str
    texts: tuple[tuple[str, bytes, bytes], ...]
    """(name, what is hashed: domain, salt and text; its SHA-256) of its free texts, without those that were erased."""


def segment(folder: StateFolder, first: int, last: int, whole: Collection[int] | None = None) -> list[Proven]:
    """Entries ``first`` to ``last``. Of those that are not in ``whole`` (None: all are) neither the entry nor its texts
    are handed over: hash and signature prove that they stand there, and say nothing else."""
    found: list[Proven] = []
    with reading(folder.ledger_db) as conn:
        rows = conn.execute(
            "SELECT seq, body, prev, hash, sig FROM ledger WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last)
        ).fetchall()
        for seq, body, prev, hash_, sig in rows:
            ours = whole is None or seq in whole
            texts = conn.execute("SELECT name, salt, text FROM private WHERE seq = ? ORDER BY name", (seq,)).fetchall()
            found.append(
                Proven(
                    seq=seq,
                    entry=ledger_body.to_hash(seq, prev, body) if ours else None,
                    prev=prev,
                    hashed=hash_,
                    signed=ledger_body.to_sign(hash_),
                    signature=sig,
                    key=ledger_body.key_of(body),
                    texts=tuple(
                        (name, ledger_body.private_to_hash(salt, text), ledger_body.private_hash(salt, text))
                        for name, salt, text in (texts if ours else ())
                    ),
                )
            )
    return found


def public_keys(folder: StateFolder, ids: Collection[str]) -> dict[str, bytes]:
    """PEM of the public keys by id, as the ledger's own entries introduce them."""
    found: dict[str, bytes] = {}
    for line in ledger.lines(folder, verbs=(ledger.WORLD, ledger.KEY_ROTATED, ledger.KEY_LOST)):
        raw = bytes.fromhex(str(line.entry.data["public"]))
        if keys.key_id(raw) in ids:
            pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            found[keys.key_id(raw)] = pem
    return found

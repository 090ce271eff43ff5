"""The signed checkpoint beside the ledger: what its last entry was, kept outside ``ledger.db``.

A lost write-ahead log, a shortened file or an old copy put back leave a chain that is whole and too short;
only a witness outside the file sees that. This one is on the same disk, so it guards against damage and
mistakes, not against whoever holds the key. It is replaced after each commit: a crash in between leaves it
one append behind, and what lies after it is the window that ``ledger verify`` states.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from socconsole.store.keys import Signer
from socconsole.store.ledger_body import head_to_sign

NAME: Final = "ledger.head"


class _File(msgspec.Struct, frozen=True):
    seq: int
    hash: str
    at: int
    install: str
    key: str
    sig: str

    def statement(self) -> bytes:
        return f"{self.install}\n{self.seq}\n{self.hash}\n{self.at}\n{self.key}\n".encode()


@dataclass(frozen=True, slots=True)
class Head:
    """``damaged`` says that the file is there and means nothing."""

    seq: int
    hash: bytes
    key: str
    signature: bytes = b""
    signed: bytes = b""
    damaged: bool = False

    def signed_by(self, public: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(self.signature, self.signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def write(folder: Path, seq: int, hash_: bytes, at: int, install: str, signer: Signer) -> None:
    """Replace the checkpoint in one step; the caller holds the ledger's lock."""
    unsigned = _File(seq, hash_.hex(), at, install, signer.id, "")
    signature = signer.sign(head_to_sign(unsigned.statement()))
    data = msgspec.json.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))
    fresh = folder / (NAME + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:  # which writes all of it, however little the system takes at once
        file.write(data)
    os.replace(fresh, folder / NAME)


def read(folder: Path) -> Head | None:
    """The checkpoint; None where there is none, or an empty file as a power loss leaves it."""
    try:
        data = (folder / NAME).read_bytes()
    except OSError:
        return None
    if not data:
        return None
    try:
        told = msgspec.json.decode(data, type=_File)
        return Head(
            seq=told.seq,
            hash=bytes.fromhex(told.hash),
            key=told.key,
            signature=bytes.fromhex(told.sig),
            signed=head_to_sign(told.statement()),
        )
    except (msgspec.MsgspecError, ValueError):  # ValueError: not hexadecimal, not UTF-8
        return Head(0, b"", "", damaged=True)

"""The signing key of a ledger: made once, rotated by command, and its public half handed to an auditor.

``keys/ledger.ed25519`` holds the 32 private bytes in hexadecimal, owner-only. Every entry names the key
that signed it; the entry that introduces a key carries its public half, so a ledger can be verified by itself
and, against tampering by someone who holds the machine, with a public key kept elsewhere.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from socconsole.model.entry import Entry
from socconsole.store.ownership import StateError, check_file

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

NAME: Final = "ledger.ed25519"
NEXT: Final = "ledger.ed25519.next"
"""The key that a rotation is about to bring into force."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the id and public half that entries name. The private part never leaves it."""

    private: Ed25519PrivateKey
    public: bytes
    id: str

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"Signer({self.id})"


def key_id(public: bytes) -> str:
    """16 hexadecimal digits of the SHA-256 of a raw public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def public_of(text: str) -> bytes | None:
    """The 32 bytes of a public key as ``ledger key`` prints it (PEM) or in hexadecimal; None for anything else."""
    text = text.strip()
    try:
        if text.startswith("-----"):
            key = load_pem_public_key(text.encode("ascii"))
            return key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else None
        raw = bytes.fromhex(text)
    except (ValueError, UnicodeEncodeError, UnsupportedAlgorithm):
        return None
    return raw if len(raw) == 32 else None


def create(folder: Path, name: str = NAME) -> Signer:
    """Make a key and keep it in ``folder``, on disk before it is used."""
    private = Ed25519PrivateKey.generate()
    target = folder / name
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:  # which writes all of it, however little the system takes at once
        file.write(private.private_bytes_raw().hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return _signer(private)


def load(folder: Path, name: str = NAME) -> Signer | None:
    """The key on disk; None when it is missing or no key. ``StateError`` when others could have read it."""
    path = folder / name
    check_file(path)
    try:
        return _signer(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip())))
    except (FileNotFoundError, ValueError):  # ValueError: not hexadecimal, not ASCII or not 32 bytes
        return None
    except OSError as error:  # a disk that does not answer is no lost key: a new one would be written over it
        raise StateError(f"{path} cannot be read: {error.strerror}") from error


def in_force(folder: Path, wanted: str) -> Signer | None:
    """The key with the id ``wanted``, finishing a rotation that a crash interrupted; None when it is lost."""
    current = load(folder)
    if current is not None and current.id == wanted:
        return current
    coming = load(folder, NEXT)
    if coming is not None and coming.id == wanted:
        os.replace(folder / NEXT, folder / NAME)
        return coming
    return None


def rotate(folder: StateFolder, who: str) -> str:
    """Put a new key in force; returns its id. The old key signs the entry that introduces it, then is gone.

    Raises what ``ledger.append`` raises; the old key then stays in force.
    """
    from socconsole.store import ledger  # which imports this module

    with folder.lock("keys", wait_s=2.0):
        coming = create(folder.keys, NEXT)
        entry = Entry(verb=ledger.KEY_ROTATED, who=who, data={"public": coming.public.hex(), "next_key": coming.id})
        ledger.append(folder, [entry])
        in_force(folder.keys, coming.id)
    return coming.id


def export(folder: StateFolder) -> str:
    """The public key in force as PEM, for an auditor to keep. ``StateError`` when the key is lost."""
    signer = load(folder.keys)
    if signer is None:
        raise StateError(
            f"{folder.keys / NAME} is missing or damaged",
            "the next entry starts a new key by itself; then export again",
        )
    pem = signer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def _signer(private: Ed25519PrivateKey) -> Signer:
    public = private.public_key().public_bytes_raw()
    return Signer(private, public, key_id(public))

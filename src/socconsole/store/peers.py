"""Other installs, by the keys that the configuration enrols: who signed a line or a file, if it was one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from socconsole.config import PeerConfig
from socconsole.store.keys import key_id, public_of


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A peer with the key that it signs with (32 bytes, Ed25519)."""

    peer: PeerConfig
    public: bytes

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether ``signature``, in hexadecimal, is this peer's under ``message``; what is no signature is not."""
        return signed_with(self.public, message, signature)


def signed_with(public: bytes, message: bytes, signature: str) -> bool:
    """Whether ``signature``, in hexadecimal, is that of a key (32 bytes, Ed25519) under ``message``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def enrolled(peers: Sequence[PeerConfig], key: str) -> Enrolled | None:
    """The peer whose key has this id (``keys.key_id``); None for a stranger's."""
    for peer in peers:
        public = public_of(peer.public_key)
        if public is not None and key_id(public) == key:
            return Enrolled(peer, public)
    return None

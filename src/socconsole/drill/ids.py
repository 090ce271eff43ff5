"""Identifiers that depend on the seed and on what they name, never on the order in which they are made."""

from __future__ import annotations

import hashlib
import uuid

_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Ids:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def digest(self, *names: object) -> bytes:
        text = "\x1f".join(str(name) for name in (self.seed, *names))
        return hashlib.sha256(text.encode()).digest()

    def hex(self, *names: object, length: int = 32) -> str:
        return self.digest(*names).hex()[:length]

    def uuid(self, *names: object) -> str:
        return str(uuid.UUID(bytes=self.digest(*names)[:16], version=4))

    def access_key(self, prefix: str, *names: object) -> str:
        """A key id of 20 characters; ``prefix`` is ``AKIA`` (long-term) or ``ASIA`` (session)."""
        return prefix + "".join(_KEY_ALPHABET[byte % 32] for byte in self.digest(prefix, *names)[:16])

    def number(self, low: int, high: int, *names: object) -> int:
        """A number in ``low..high`` inclusive."""
        return low + int.from_bytes(self.digest(*names)[:8], "big") % (high - low + 1)

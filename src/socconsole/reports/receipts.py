"""The receipt of a handoff: one signed line of text by which the giver knows who has taken over."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import rfc8785

from socconsole.config import PeerConfig
from socconsole.store.keys import Signer
from socconsole.store.peers import enrolled

_PREFIX: Final = "socconsole-receipt."
_SIGNED: Final = b"socconsole handoff receipt 1\n"
_MOST: Final = 4_000
_AHEAD: Final = timedelta(minutes=5)


class BadReceipt(ValueError):
    """The line is no receipt, or not one that counts; says why."""


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody took over the handoff of which the file has the SHA-256 ``sha256``."""

    handoff: str
    sha256: str
    who: str
    install: str
    key: str
    at: datetime
    signature: str = ""

    @property
    def message(self) -> bytes:
        return _SIGNED + rfc8785.dumps(msgspec.to_builtins(msgspec.structs.replace(self, signature="")))


def line(handoff: str, sha256: str, who: str, install: str, signer: Signer, at: datetime) -> str:
    """The receipt. The same acceptance makes the same line, so a lost one can be printed again."""
    said = Receipt(handoff, sha256, who, install, signer.id, at.replace(microsecond=0))
    signed = msgspec.structs.replace(said, signature=signer.sign(said.message).hex())
    return _PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(signed)).decode().rstrip("=")


def read(text: str, peers: Sequence[PeerConfig], now: datetime) -> tuple[Receipt, str]:
    """The receipt and the name of the peer whose key signed it. Raises :class:`BadReceipt`."""
    text = text.strip()
    if not text.startswith(_PREFIX):
        raise BadReceipt(f"this is no line that begins with {_PREFIX}")
    if len(text) > _MOST:
        raise BadReceipt("the line is too long to be a receipt")
    body = text.removeprefix(_PREFIX)
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        receipt = msgspec.json.decode(raw, type=Receipt)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise BadReceipt("the line is damaged: part of it is missing or was altered") from error
    signer = enrolled(peers, receipt.key)
    if signer is None:
        raise BadReceipt("the receipt was signed by a key that no [[peers]] of the config has")
    if not signer.signed(receipt.message, receipt.signature):
        raise BadReceipt("the receipt's signature does not hold")
    if receipt.at.tzinfo is None or receipt.at > now + _AHEAD:
        raise BadReceipt("the receipt is dated in the future: look at the clocks of both machines")
    return receipt, signer.peer.name

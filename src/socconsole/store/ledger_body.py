"""What one ledger entry is made of, byte for byte: its body, its hash, and what a body may hold.

The body is RFC 8785 JSON (one spelling for one value)::

    {"at": µs, "data": {…}, "install": "i-…", "key": "…", "private": {"reason": "hex"}, "seq": 7,
     "session": "s-…", "subjects": ["f-…"], "v": 1, "verb": "acknowledge", "who": "oncall1"}

``hash = SHA-256(domain ‖ seq ‖ previous hash ‖ body)``, and the signature is Ed25519 over (domain ‖ hash).
Free text is not in the body: ``private`` maps its name to SHA-256(domain ‖ salt ‖ text).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from socconsole.store.instants import instant, micros
from socconsole.text import Untrusted

if TYPE_CHECKING:
    from socconsole.model.entry import Entry, Line

_ENTRY: Final = b"socconsole/ledger/entry/v1\x00"
_SIGNED: Final = b"socconsole/ledger/signature/v1\x00"
_PRIVATE: Final = b"socconsole/ledger/private/v1\x00"
_HEAD: Final = b"socconsole/ledger/head/v1\x00"

PREV_AT: Final = len(_ENTRY) + 8
"""Where the previous entry's hash begins in the bytes that are hashed."""

VERSION: Final = 1
ZERO: Final = bytes(32)
"""What the first entry names as the hash before it."""
BODY_LIMIT: Final = 1024 * 1024
TEXT_LIMIT: Final = 64 * 1024
_LARGEST: Final = 2**53 - 1


class EntryRefused(ValueError):
    """An entry that has no RFC 8785 form, or is too large: nothing was written. See :func:`portable`."""


def portable(value: Any) -> Any:
    """The value as a ledger body may hold it, for documents that AWS wrote (policies, before-states).

    Integers beyond 2^53 become strings, lone surrogates and floats that are not finite a visible sign,
    instants RFC 3339, keys strings. The exact document belongs into evidence.
    """
    if isinstance(value, Untrusted):
        return portable(value.raw())
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {portable(str(key)): portable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [portable(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise EntryRefused(f"{type(value).__name__} has no place in a ledger entry")


def check(entry: Entry) -> None:
    """Raises ``EntryRefused`` for what could not be written, before any lock is taken."""
    if not entry.verb or not entry.who:
        raise EntryRefused("an entry needs a verb and someone who did it")
    for name, text in entry.private.items():
        if len(text) > TEXT_LIMIT:
            raise EntryRefused(f"{name}: {len(text):,} characters; at most {TEXT_LIMIT:,} are kept")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise EntryRefused(f"{name}: not a Unicode text ({error.reason} at {error.start})") from error
    body(_LARGEST, 0, "", "", "", entry, dict.fromkeys(entry.private, ZERO))


def body(seq: int, at: int, install: str, session: str, key: str, entry: Entry, private: Mapping[str, bytes]) -> bytes:
    """The canonical body. ``private`` maps a text's name to its salted hash."""
    document = {
        "v": VERSION,
        "seq": seq,
        "at": at,
        "install": install,
        "session": session,
        "key": key,
        "verb": entry.verb,
        "who": entry.who,
        "subjects": list(entry.subjects),
        "data": _plain(entry.data),
        "private": {name: digest.hex() for name, digest in private.items()},
    }
    import rfc8785  # only to write

    try:
        written = rfc8785.dumps(document)
    except (ValueError, TypeError, RecursionError) as error:  # rfc8785's own errors are ValueErrors
        raise EntryRefused(f"{entry.verb}: {error}") from error
    if len(written) > BODY_LIMIT:
        raise EntryRefused(f"{entry.verb}: {len(written):,} bytes; what is larger belongs into evidence")
    return written


def _plain(value: Any) -> Any:
    """Mappings and sequences of any kind as the kinds that rfc8785 takes; everything else as it is."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def to_hash(seq: int, prev: bytes, written: bytes) -> bytes:
    """The bytes whose SHA-256 is an entry's hash."""
    return _ENTRY + seq.to_bytes(8, "big") + prev + written


def entry_hash(seq: int, prev: bytes, written: bytes) -> bytes:
    return _sha256(to_hash(seq, prev, written))


def to_sign(hash_: bytes) -> bytes:
    """The message whose signature an entry carries."""
    return _SIGNED + hash_


def head_to_sign(statement: bytes) -> bytes:
    return _HEAD + statement


def private_to_hash(salt: bytes, text: bytes) -> bytes:
    """The bytes whose SHA-256 a body names for a free text."""
    return _PRIVATE + salt + text


def private_hash(salt: bytes, text: bytes) -> bytes:
    return _sha256(private_to_hash(salt, text))


def _sha256(data: bytes) -> bytes:
    import hashlib  # it brings OpenSSL, which nobody needs who only reads

    return hashlib.sha256(data).digest()


def line(seq: int, written: bytes, hash_: bytes, private: Mapping[str, str]) -> Line:
    """An entry as read back. Raises ``ValueError`` or ``LookupError`` for a body that is not one of ours."""
    from socconsole.model.entry import Entry, Line  # opening a folder reads bodies alone

    document = orjson.loads(written)
    return Line(
        seq=seq,
        at=instant(document["at"]),
        install=document["install"],
        session=document["session"],
        entry=Entry(
            verb=document["verb"],
            who=document["who"],
            subjects=tuple(document["subjects"]),
            data=document["data"],
            private=dict(private),
        ),
        hash=hash_.hex(),
        erased=frozenset(document["private"]).difference(private),
    )


def key_of(written: bytes) -> str:
    """Id of the key that signed a body. Raises ``ValueError`` or ``LookupError`` as :func:`line`."""
    key: str = orjson.loads(written)["key"]
    return key


def now_micros(now: datetime) -> int:
    """Microseconds of UTC; ``EntryRefused`` for an instant without a zone."""
    if now.tzinfo is None:
        raise EntryRefused("an entry's instant needs a time zone")
    return micros(now)

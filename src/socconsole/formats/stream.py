"""From bytes to records: one object, an array, JSON Lines, or objects printed over several lines in a row.

Damage stays local: a line that is no JSON is one quarantined record, and reading goes on behind it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from socconsole.formats import dispatch, secrets
from socconsole.formats.dispatch import read_document, read_object
from socconsole.formats.fields import body
from socconsole.formats.record import Quarantined, Record

NOT_JSON: Final = "not JSON"
TOO_DEEP: Final = "nested too deeply"

_TRAIL: Final = (b"eventSource", b"CloudTrailEvent", b"class_uid")
"""One of these stands in every file that holds a trail record."""

_WHITE: Final = b" \t\r\n,"
_GAP: Final = re.compile(r"[\s,]*")
_DECODER: Final = json.JSONDecoder(parse_constant=str)
_LENIENT: Final = json.JSONDecoder(parse_constant=str, strict=False)


def read_bytes(data: bytes) -> Iterator[Record]:
    """Every record of a file's content. Never raises; an empty file holds none.

    UTF-8 (with or without a mark) and marked UTF-16. Bytes that are no UTF-8 inside a text are kept in the
    body as lone surrogates (``\\udc80``). Integers beyond 64 bits, which AWS does not send, may lose digits.
    """
    data = _utf8(data)
    try:
        whole = orjson.loads(data)
    except ValueError:
        for piece in _pieces(data):
            if piece.reason:
                yield Quarantined(
                    secrets.out_of(piece.text).encode("utf-8", "surrogateescape"), piece.reason, piece.line
                )
            else:
                yield from read_object(piece.obj, piece.line)
    else:
        yield from read_document(whole)


def without_secrets(data: bytes) -> bytes:
    """A file's content without the secrets in its trail records: what it reads as stays the same, line by line.

    The very bytes where there is nothing to leave out.
    """
    text = _utf8(data)
    if not any(mark in text for mark in _TRAIL):
        return data
    try:
        whole = orjson.loads(text)
    except ValueError:
        return _without_secrets(text, data)
    hidden = dispatch.without_secrets(whole)
    return data if hidden == whole else body(hidden)


def _without_secrets(text: bytes, data: bytes) -> bytes:
    found: list[str] = []
    line, changed = 1, False
    for piece in _pieces(text):
        kept = secrets.out_of(piece.text)
        if not piece.reason:
            hidden = dispatch.without_secrets(piece.obj)
            kept = piece.text if hidden == piece.obj else body(hidden).decode("ascii")
        changed |= kept != piece.text
        found += ["\n" * (piece.line - line) or " ", kept]
        line = piece.line + kept.count("\n")
    return "".join(found).encode("utf-8", "surrogateescape") if changed else data


def _utf8(data: bytes) -> bytes:
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode("utf-8", "surrogatepass")
    return data


@dataclass(slots=True)
class _Piece:
    line: int
    """Where it begins, from 1."""
    text: str
    """As it stands in the file; bytes that are no UTF-8 are lone surrogates."""
    obj: object
    reason: str = ""
    """Why it is no object."""


def _pieces(data: bytes) -> Iterator[_Piece]:
    """JSON Lines as long as it lasts; the first line that is none hands the rest to :func:`_scan`."""
    start, line = 0, 1
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        piece = data[start:end].strip(_WHITE)
        if piece:
            try:
                obj = orjson.loads(piece)
            except ValueError:
                yield from _scan(data[start:].decode("utf-8", "surrogateescape"), line)
                return
            yield _Piece(line, piece.decode(), obj)
        start, line = end + 1, line + 1


def _scan(text: str, line: int) -> Iterator[_Piece]:
    """Objects that begin at the start of a line or behind one another, and the bad lines between them.

    A text that begins like an object but is none would be searched to its end again from each of its lines.
    So fruitless searching is bounded by four times the length; after that, objects must end on their line.
    """
    at, patience = 0, 4 * len(text) + 4096
    while at < len(text):
        gap = _GAP.match(text, at)
        behind = gap.end() if gap else at
        line += text.count("\n", at, behind)
        at = behind
        if at >= len(text):
            return
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        reason = NOT_JSON
        if text[at] in "{[":
            obj, stop, reason, searched = _decoded(text, at, end, patience)
            patience -= searched
            if stop > at:
                yield _Piece(line, text[at:stop], obj)
                line += text.count("\n", at, stop)
                at = stop
                continue
        yield _Piece(line, text[at:end].rstrip(), None, reason)
        at = end


def _decoded(text: str, at: int, end: int, patience: int) -> tuple[object, int, str, int]:
    """(object, where it ends or -1, reason, characters searched in vain) of what begins at ``at``.

    On one line, texts with raw control characters in them are accepted; over several they would hide where a
    broken object ends.
    """
    searched = 0
    if patience > 0:
        try:
            obj, stop = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as why:
            searched = why.pos - at
        except (RecursionError, ValueError) as why:  # ValueError: an integer of more than 4,300 digits
            return None, -1, TOO_DEEP if isinstance(why, RecursionError) else NOT_JSON, end - at
        else:
            return obj, stop, "", 0
    try:
        obj, length = _LENIENT.raw_decode(text[at:end])
    except RecursionError:
        return None, -1, TOO_DEEP, searched
    except ValueError:
        return None, -1, NOT_JSON, searched
    return obj, at + length, "", searched

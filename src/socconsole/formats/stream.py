"""From bytes to records: one object, an array, JSON Lines, or objects printed over several lines in a row.

Damage stays local: a line that is no JSON is one quarantined record, and reading goes on behind it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Final

import orjson

from socconsole.formats import secrets
from socconsole.formats.dispatch import read_document, read_object
from socconsole.formats.record import Quarantined, Record

NOT_JSON: Final = "not JSON"
TOO_DEEP: Final = "nested too deeply"

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
        yield from _lines(data)
    else:
        yield from read_document(whole)


def _utf8(data: bytes) -> bytes:
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode("utf-8", "surrogatepass")
    return data


def _lines(data: bytes) -> Iterator[Record]:
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
            yield from read_object(obj, line)
        start, line = end + 1, line + 1


def _scan(text: str, line: int) -> Iterator[Record]:
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
                yield from read_object(obj, line)
                line += text.count("\n", at, stop)
                at = stop
                continue
        piece = text[at:end].rstrip()
        yield Quarantined(secrets.out_of(piece).encode("utf-8", "surrogateescape"), reason, line)
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

"""A trail's log files: fetched, unpacked with a cap, and read record by record.

A log file is one gzip member holding ``{"Records": [...]}`` and may unpack to many times its size: it is decoded as it
unpacks, so that what is held is a chunk and a record, however long the file. Source: CloudTrail User Guide, "CloudTrail
log file examples".
"""

from __future__ import annotations

import asyncio
import codecs
import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Final

from socconsole.aws import Absent, Door
from socconsole.collectors.announcements import Object
from socconsole.formats import Record, read_object
from socconsole.model.world import Place

DEADLINE_S: Final = 60.0
"""Seconds for one object; the door reads no more than 32 MB of it."""
UNPACKED: Final = 512 * 1024 * 1024
"""Bytes that an object may unpack to."""
RECORD: Final = 8 * 1024 * 1024
"""Characters of one record; CloudTrail cuts its own at 256 KB."""
BATCH: Final = 500
"""Records that are committed together."""

_CHUNK: Final = 256 * 1024
_GZIP: Final = b"\x1f\x8b"
_HEAD: Final = re.compile(r'\s*\{\s*"Records"\s*:\s*\[')
_GAP: Final = re.compile(r"[\s,]*")
_DECODER: Final = json.JSONDecoder(parse_constant=str, strict=False)


class Unreadable(Exception):
    """It is there and no log file, or not a whole one; ``str()`` is the reason, plain ASCII written by us."""


async def read(door: Door, place: Place, what: Object) -> AsyncIterator[tuple[Record, ...]]:
    """The records of a log file, a batch at a time.

    Raises ``AwsTrouble``, and :class:`Unreadable` also after batches: those stand.
    """
    answer = await door.call(place, "s3:GetObject", {"Bucket": what.bucket, "Key": what.key}, deadline=DEADLINE_S)
    if isinstance(answer, Absent):
        raise Unreadable("the announced object is gone")
    rest = batches(await answer["Body"].read())
    # Unpacking and decoding take a while: not on the loop that everything else waits for.
    while (batch := await asyncio.to_thread(next, rest, None)) is not None:
        yield batch


def batches(data: bytes) -> Iterator[tuple[Record, ...]]:
    """Records of a log file's bytes; raises :class:`Unreadable`."""
    found = (record for obj in _elements(_unpacked(data)) for record in read_object(obj, 0))
    while batch := tuple(islice(found, BATCH)):
        yield batch


def _unpacked(data: bytes) -> Iterator[bytes]:
    if not data.startswith(_GZIP):  # whoever copied it may have unpacked it
        yield from (data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK))
        return
    stream, total = zlib.decompressobj(zlib.MAX_WBITS | 16), 0
    for start in range(0, len(data), _CHUNK):
        rest = data[start : start + _CHUNK]
        while rest:
            try:
                piece = stream.decompress(rest, _CHUNK)
            except zlib.error as error:
                raise Unreadable("not a whole gzip file") from error
            rest = stream.unconsumed_tail
            if stream.eof and stream.unused_data:  # members may follow one another
                rest, stream = stream.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 16)
            total += len(piece)
            if total > UNPACKED:
                raise Unreadable(f"it unpacks to more than {UNPACKED // 1024 // 1024} MB")
            yield piece
    yield stream.flush()
    if not stream.eof:
        raise Unreadable("the gzip file ends too early")


def _elements(chunks: Iterator[bytes]) -> Iterator[object]:
    """The elements of ``Records``, each as soon as it is complete."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, inside = "", False
    for chunk in chunks:
        text += decoder.decode(chunk)
        if not inside:
            head = _HEAD.match(text)
            if head is None:
                if len(text) > 4096:
                    break
                continue
            text, inside = text[head.end() :], True
        at = 0
        while True:
            gap = _GAP.match(text, at)
            at = gap.end() if gap else at
            if at < len(text) and text[at] != "{":
                break
            try:
                element, at = _DECODER.raw_decode(text, at)
            except ValueError:
                break  # the rest of it is in the next chunk, or nowhere
            except RecursionError as error:
                raise Unreadable("a record is nested too deeply") from error
            yield element
        text = text[at:]
        if text.startswith("]"):
            return
        if len(text) > RECORD:
            raise Unreadable(f"a record of more than {RECORD // 1024 // 1024} MB")
    raise Unreadable("it ends before its records do" if inside else "no CloudTrail log file: no list of Records")

"""How records lie on disk: zstd with a dictionary trained on this store's own records.

One finding is a few kilobytes and much like the next, so a dictionary is worth more than a higher level. The
store trains it by itself once it has seen enough, and again when it has seen much more; a frame says which one
it needs.

A record is kept twice: as it came (``data``) and as the reader understood it (``doc``, the observation
without its body), so that joining records of one detection never depends on reading them all again.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from datetime import datetime
from sqlite3 import Connection, DatabaseError
from typing import Any, Final

import msgspec
import zstandard

from socconsole.model.finding import Actor, Format, Kind, Observation, Resource, Severity, Verdict, Workflow
from socconsole.store.instants import instant_or_none, micros_or_none
from socconsole.text import Untrusted

LEVEL: Final = 3
DICTIONARY_BYTES: Final = 64 * 1024
FRAME_LIMIT: Final = 256 * 1024 * 1024
"""Largest record that is unpacked: a damaged or forged frame may claim any size."""

MOST: Final = (1 << 63) - 1
"""The largest number that is stored as such: a record may claim any count."""

_TRAIN_AT: Final = (200, 4_000, 40_000)
"""Records in the store at which the first, second and third dictionary are trained."""
_SAMPLES: Final = 1_500


class Damaged(DatabaseError):
    """What is stored cannot be unpacked: to be treated like any other damage to the database."""


class Codec:
    """Packs and unpacks frames for one connection's store. Not shared between threads."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        newest = conn.execute("SELECT id, digest FROM dictionary ORDER BY id DESC LIMIT 1").fetchone()
        self.dictionary: int = newest[0] if newest else 0
        self._tools = _tools(conn, self.dictionary)

    def pack(self, data: bytes) -> bytes:
        """A frame under :attr:`dictionary`."""
        return self._tools[0].compress(data)

    def unpack(self, frame: bytes, dictionary: int) -> bytes:
        """Raises :class:`Damaged` for a frame that is not what was packed."""
        tools = self._tools if dictionary == self.dictionary else _tools(self._conn, dictionary)
        try:
            if zstandard.get_frame_parameters(frame).content_size > FRAME_LIMIT:
                raise Damaged(f"a stored record claims more than {FRAME_LIMIT} bytes")
            return tools[1].decompress(frame)
        except zstandard.ZstdError as error:
            raise Damaged(f"a stored record is damaged: {error}") from error


_Tools = tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]
_per_thread = threading.local()  # zstd contexts are not safe to share


def _tools(conn: Connection, dictionary: int) -> _Tools:
    known: dict[bytes, _Tools] | None = getattr(_per_thread, "tools", None)
    if known is None:
        known = _per_thread.tools = {}
    if dictionary == 0:
        name = b""
    else:
        name = conn.execute("SELECT digest FROM dictionary WHERE id = ?", (dictionary,)).fetchone()[0]
    tools = known.get(name)
    if tools is None:
        if dictionary == 0:
            tools = (zstandard.ZstdCompressor(LEVEL), zstandard.ZstdDecompressor())
        else:
            data = conn.execute("SELECT data FROM dictionary WHERE id = ?", (dictionary,)).fetchone()[0]
            trained = zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_FULLDICT)
            trained.precompute_compress(LEVEL)
            tools = (
                zstandard.ZstdCompressor(LEVEL, dict_data=trained),
                zstandard.ZstdDecompressor(dict_data=trained),
            )
        known[name] = tools
    return tools


def train_if_due(conn: Connection, incoming: Iterable[Observation]) -> bool:
    """Train the next dictionary when enough records are stored or about to be; True if one was made."""
    have = conn.execute("SELECT count(*) FROM dictionary").fetchone()[0]
    if have >= len(_TRAIN_AT):
        return False
    stored = conn.execute("SELECT coalesce(max(n), 0) FROM observation").fetchone()[0]
    fresh = list(incoming)
    if stored + len(fresh) < _TRAIN_AT[have]:
        return False
    samples: list[bytes | bytearray | memoryview[int]] = [obs.body for obs in fresh[:_SAMPLES]]
    samples += [pack_observation(obs) for obs in fresh[: _SAMPLES // 4]]
    codec = Codec(conn)
    step = max(1, stored // _SAMPLES)
    for dictionary, doc, data in conn.execute(
        "SELECT dictionary, doc, data FROM body WHERE observation % ? = 0 LIMIT ?", (step, _SAMPLES)
    ):
        samples.append(codec.unpack(data, dictionary))
        samples.append(codec.unpack(doc, dictionary))
    try:
        trained = zstandard.train_dictionary(DICTIONARY_BYTES, samples).as_bytes()
    except zstandard.ZstdError:  # too few, too small or all alike: plain frames do, and it is tried again
        return False
    conn.execute("INSERT INTO dictionary (digest, data) VALUES (?, ?)", (hashlib.sha256(trained).digest(), trained))
    return True


# --- observations -------------------------------------------------------------------------------------

Text = Any
"""``str``, or ``bytes`` for text that is not ASCII: a lone surrogate has no UTF-8. (msgspec takes no such union.)"""


class _Resource(msgspec.Struct, array_like=True, frozen=True):
    type: Text
    id: Text
    name: Text | None
    account: Text | None
    region: Text | None
    tags: list[tuple[Text, Text]]


class _Doc(msgspec.Struct, array_like=True, frozen=True):
    format: str
    merge_keys: list[Text]
    title: Text
    description: Text
    kind: str
    severity: int
    product: Text
    types: list[Text]
    account: Text | None
    region: Text | None
    resources: list[_Resource]
    actors: list[tuple[Text, Text, Text | None]]
    occurred: int | None
    published: int | None
    updated: int | None
    workflow: str | None
    verdict: str | None
    active: bool
    sample: bool
    note: Text | None
    note_by: Text | None
    compliance: Text | None
    native_id: Text
    product_arn: Text | None
    signals: list[Text]
    count: int


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Doc).decode


def pack_observation(obs: Observation) -> bytes:
    """An observation without body and digest, nothing lost."""
    return _encode(
        _Doc(
            obs.format.value,
            [_out(key) for key in obs.merge_keys],
            _out(obs.title.raw()),
            _out(obs.description.raw()),
            obs.kind.value,
            int(obs.severity),
            _out(obs.product),
            [_out(name) for name in obs.types],
            _out_or_none(obs.account),
            _out_or_none(obs.region),
            [
                _Resource(
                    _out(r.type),
                    _out(r.id.raw()),
                    None if r.name is None else _out(r.name.raw()),
                    _out_or_none(r.account),
                    _out_or_none(r.region),
                    [(_out(key.raw()), _out(value.raw())) for key, value in r.tags],
                )
                for r in obs.resources
            ],
            [
                (_out(a.kind), _out(a.value.raw()), None if a.detail is None else _out(a.detail.raw()))
                for a in obs.actors
            ],
            micros_or_none(obs.occurred),
            micros_or_none(obs.published),
            micros_or_none(obs.updated),
            None if obs.workflow is None else obs.workflow.value,
            None if obs.verdict is None else obs.verdict.value,
            obs.active,
            obs.sample,
            None if obs.note is None else _out(obs.note.raw()),
            _out_or_none(obs.note_by),
            _out_or_none(obs.compliance),
            _out(obs.native_id),
            _out_or_none(obs.product_arn),
            [_out(key) for key in obs.signals],
            max(-MOST, min(obs.count, MOST)),
        )
    )


def unpack_observation(packed: bytes, digest: bytes, body: bytes = b"") -> Observation:
    """The inverse of :func:`pack_observation`; raises ``msgspec.MsgspecError`` for anything else."""
    doc = _decode(packed)
    return Observation(
        format=Format(doc.format),
        merge_keys=tuple(_in(key) for key in doc.merge_keys),
        title=Untrusted(_in(doc.title)),
        description=Untrusted(_in(doc.description)),
        kind=Kind(doc.kind),
        severity=Severity(doc.severity),
        product=_in(doc.product),
        types=tuple(_in(name) for name in doc.types),
        account=_in_or_none(doc.account),
        region=_in_or_none(doc.region),
        resources=tuple(
            Resource(
                type=_in(r.type),
                id=Untrusted(_in(r.id)),
                name=_untrusted_or_none(r.name),
                account=_in_or_none(r.account),
                region=_in_or_none(r.region),
                tags=tuple((Untrusted(_in(key)), Untrusted(_in(value))) for key, value in r.tags),
            )
            for r in doc.resources
        ),
        actors=tuple(
            Actor(_in(kind), Untrusted(_in(value)), _untrusted_or_none(detail)) for kind, value, detail in doc.actors
        ),
        occurred=_instant(doc.occurred),
        published=_instant(doc.published),
        updated=_instant(doc.updated),
        workflow=None if doc.workflow is None else Workflow(doc.workflow),
        verdict=None if doc.verdict is None else Verdict(doc.verdict),
        active=doc.active,
        sample=doc.sample,
        note=_untrusted_or_none(doc.note),
        note_by=_in_or_none(doc.note_by),
        compliance=_in_or_none(doc.compliance),
        native_id=_in(doc.native_id),
        product_arn=_in_or_none(doc.product_arn),
        signals=tuple(_in(key) for key in doc.signals),
        count=doc.count,
        body=body,
        digest=digest,
    )


def _out(text: str) -> Text:
    return text if text.isascii() else text.encode("utf-8", "surrogatepass")


def _out_or_none(text: str | None) -> Text | None:
    return None if text is None else _out(text)


def _in(text: Text) -> str:
    if isinstance(text, str):
        return text
    if isinstance(text, bytes):
        return text.decode("utf-8", "surrogatepass")
    raise msgspec.ValidationError(f"expected text, found {type(text).__name__}")


def _in_or_none(text: Text | None) -> str | None:
    return None if text is None else _in(text)


def _untrusted_or_none(text: Text | None) -> Untrusted | None:
    return None if text is None else Untrusted(_in(text))


def _instant(value: int | None) -> datetime | None:
    return instant_or_none(value)

"""How ways out, alarms and series are written down: JSON, with untrusted text as its exact text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from socconsole.model.egress import Alarm, EgressPath, Series
from socconsole.store.instants import storable
from socconsole.text import Untrusted


def series_key(one: Series) -> tuple[str, str, str, str, str, int]:
    """What a stored series is found by, in the order of its unique index."""
    return one.path, one.namespace, one.metric, pack_dimensions(one.dimensions), one.statistic, one.period_s


def pack_dimensions(dimensions: Iterable[tuple[str, str]]) -> str:
    return msgspec.json.encode(sorted(dimensions)).decode()


def unpack_dimensions(packed: str) -> tuple[tuple[str, str], ...]:
    return tuple(msgspec.json.decode(packed, type=list[tuple[str, str]]))


def pack(value: EgressPath | Alarm) -> str:
    """A path or an alarm as a document; what SQLite refuses of a text is replaced by its visible sign."""
    return msgspec.json.encode(value, enc_hook=_out).decode()


def unpack_path(doc: str) -> EgressPath:
    return msgspec.json.decode(doc, type=EgressPath, dec_hook=_in)


def unpack_alarm(doc: str) -> Alarm:
    return msgspec.json.decode(doc, type=Alarm, dec_hook=_in)


def _out(value: object) -> object:
    if isinstance(value, Untrusted):
        return storable(value.raw())
    raise NotImplementedError(f"{type(value).__name__} has no stored form")


def _in(kind: type, value: Any) -> object:
    if kind is Untrusted and isinstance(value, str):
        return Untrusted(value)
    raise NotImplementedError(f"{kind.__name__} is not stored")

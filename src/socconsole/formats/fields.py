"""Taking single values out of records in which anything may stand anywhere.

Nothing here raises on odd input. Text is wrapped as :class:`~socconsole.text.Untrusted` once, here.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from socconsole import text
from socconsole.text import Untrusted

TITLE_LIMIT: Final = 4096
"""Characters of a title kept in the model (ASFF documents 256); the body keeps all."""
DESCRIPTION_LIMIT: Final = 32_768
NAME_LIMIT: Final = 2048
"""Characters of an id or name kept in the model (an ARN has at most 2,048)."""
DEPTH_LIMIT: Final = 64
"""Nesting to which keys are lower-cased; real records stay below 20."""
COUNT_LIMIT: Final = 2**31 - 1

_EMPTY: Final[dict[str, Any]] = {}
_EARLIEST: Final = 2000
_LATEST: Final = 2100
_EPOCH_UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6))  # seconds, milli-, microseconds; else nano-
_COMPACT: Final = (",", ":")


def plain(value: object, limit: int = NAME_LIMIT) -> str:
    """A string or number as ``str`` that UTF-8 can hold; empty for everything else.

    Still untrusted: for keys, comparisons and :func:`untrusted`, never for a surface.
    """
    if isinstance(value, str):
        kept = value[:limit]
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    else:
        try:
            kept = str(value)[:limit]
        except ValueError:  # more than 4,300 digits
            return ""
    if kept.isascii():
        return kept
    try:
        kept.encode()
    except UnicodeEncodeError:  # a lone surrogate: shown as its escape, exact in the body
        return kept.encode("utf-8", "backslashreplace").decode()
    return kept


def untrusted(value: object, limit: int = NAME_LIMIT) -> Untrusted | None:
    """The one wrap: None for what is absent, blank or no text."""
    kept = plain(value, limit)
    return Untrusted(kept) if kept and not kept.isspace() else None


@functools.lru_cache(4096)
def _token(value: str) -> str:
    return text.token(" ".join(value.split()))


def token(value: object) -> str | None:
    """An identifier in the safe alphabet (``text.token``), line breaks folded; None for absent or blank."""
    kept = plain(value, 256)
    return _token(kept) or None if kept else None


def identifier(value: object) -> str:
    """An id that a call needs: exact when it is printable, else with escapes, so that no control character
    ever rides in a ``str`` (an Id of six lines of YAML does occur; a call on such a record takes it from the
    body). Brackets may occur: show it through ``text.clean`` or ``widgets.safe``."""
    kept = plain(value)
    return kept if kept.isprintable() else kept.encode("unicode_escape").decode("ascii")


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _EMPTY


def elements(value: object) -> list[Any]:
    """The elements of a list, of ``{"0": …, "1": …}`` (as some lakes write lists), or of one bare object."""
    if isinstance(value, list):
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, dict) and value:
        if all(isinstance(key, str) and key.isdecimal() for key in value):
            return list(value.values())
        return [value]
    return []


def number(value: object) -> float | None:
    """A finite number, also out of a string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | str):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            return None
        return found if math.isfinite(found) else None
    return None


def count(value: object) -> int:
    """A number of events: at least 1, and never more than SQLite and JSON readers can hold."""
    found = number(value)
    return 1 if found is None else int(min(max(found, 1), COUNT_LIMIT))


def truth(value: object) -> bool:
    """True for ``true`` in any spelling that occurs (``True``, ``"true"``, ``"TRUE"``)."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def instant(value: object) -> datetime | None:
    """A UTC time out of ISO 8601 text (no zone means UTC) or an epoch number, its unit told by its size.

    None for what is no time, and for years outside 2000-2100: those are zero values and typing errors, and
    would pin a record to the top or the bottom for ever.
    """
    if isinstance(value, str):
        if value.isdecimal():
            return _epoch(number(value))
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return _epoch(number(value))
    elif isinstance(value, datetime):
        found = value
    else:
        return _epoch(number(value))
    try:
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        elif found.tzinfo is not UTC:
            found = found.astimezone(UTC)
    except OverflowError:
        return None
    return found if _EARLIEST <= found.year <= _LATEST else None


def _epoch(value: float | None) -> datetime | None:
    if value is None or value <= 0:
        return None
    unit = next((unit for limit, unit in _EPOCH_UNITS if value < limit), 1e9)
    try:
        found = datetime.fromtimestamp(value / unit, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _EARLIEST <= found.year <= _LATEST else None


def first_instant(*values: object) -> datetime | None:
    for value in values:
        if value is not None and (found := instant(value)) is not None:
            return found
    return None


def lowered(value: Any, depth: int = 0) -> Any:
    """A copy with lower-cased keys, so that PascalCase, camelCase and lower case read alike.

    ``NextToken`` beside ``nexttoken``: the later wins, as in JSON itself.
    """
    if isinstance(value, dict):
        if depth >= DEPTH_LIMIT:
            return _EMPTY
        return {str(key).lower(): lowered(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [lowered(item, depth + 1) for item in value] if depth < DEPTH_LIMIT else []
    return value


def embedded(value: object) -> Any:
    """JSON inside a string (``additionalInfo.value``, SNS ``Message``); None when it is none."""
    if not isinstance(value, str | bytes):
        return None
    try:
        return orjson.loads(value)
    except (ValueError, TypeError):
        pass
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def body(obj: object) -> bytes:
    """The record as compact ASCII JSON, key order kept. Never raises.

    What JSON cannot hold (bytes, NaN in a parsed record, 5,000 digits, 200 levels) is written as text.
    """
    try:
        data = orjson.dumps(obj)
        if data.isascii():
            return data
    except TypeError:  # lone surrogates, integers over 64 bits, deep nesting, foreign types
        pass
    try:
        return json.dumps(obj, separators=_COMPACT, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_representable(obj), separators=_COMPACT).encode("ascii")


def _representable(value: object, depth: int = 0) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**300 else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if depth >= 200:
        return f"({type(value).__name__}, nested too deeply)"
    if isinstance(value, Mapping):
        return {str(_representable(key, depth + 1)): _representable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_representable(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return f"({type(value).__name__})"

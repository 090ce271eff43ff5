"""Instants and text as ``store.db`` keeps them: microseconds of UTC, and text that SQLite accepts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# SQLite takes UTF-8 only, so a lone surrogate is refused; a NUL would end the text for some of its functions.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def micros(at: datetime) -> int:
    """Microseconds since the epoch, exactly (``timestamp()`` would go through a float)."""
    return (at - _EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The UTC-aware instant of :func:`micros`."""
    return _EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def storable(text: str, limit: int | None = None) -> str:
    """The text as a TEXT column may hold it, at most ``limit`` characters of it.

    A NUL and a lone surrogate become the signs that ``text.clean`` paints for them, so that what the analyst
    sees is the same; the exact text stays in the stored record.
    """
    kept = text if limit is None else text[:limit]
    if kept.isascii() and "\x00" not in kept:
        return kept
    return _UNSTORABLE.sub(_sign, kept)


def _sign(match: re.Match[str]) -> str:
    code = ord(match.group())
    return "\u2400" if code == 0 else f"\u2039{code:04X}\u203a"

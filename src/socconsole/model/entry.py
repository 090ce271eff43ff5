"""Ledger entries: what was decided or done, by whom, about what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be recorded.

    ``verb`` is a command's ledger verb (``acknowledge``, ``intent``, ``outcome``, ``system`` …).
    ``data`` goes into the signed body: JSON values only, no floats that are not finite, no free text.
    ``private`` holds free text and personal data: kept in a side table, its salted hash in the body.
    """

    verb: str
    who: str
    subjects: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands in the ledger. ``private`` lacks what was erased."""

    seq: int
    at: datetime
    install: str
    session: str
    entry: Entry
    hash: str
    """Hexadecimal SHA-256."""


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """Whether the record is whole; ``at`` names the first bad entry (None: the file itself)."""

    whole: bool
    entries: int
    head: str
    at: int | None = None
    reason: str = ""
    unanchored_since: datetime | None = None

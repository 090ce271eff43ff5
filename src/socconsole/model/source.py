"""A source: one service in one account and region, and how far its last answer can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from socconsole.text import Untrusted

NOTHING: Final = Untrusted("")


class Freshness(StrEnum):
    """Only FRESH supports a statement that something is absent."""

    FRESH = "FRESH"
    STALE = "STALE"
    PARTIAL = "PARTIAL"
    DENIED = "DENIED"
    ERROR = "ERROR"
    OFF = "OFF"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True, order=True)
class SourceKey:
    """``service`` as the configuration calls it (``config.Service``), or ``push``."""

    service: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as the reader judges it at ``now``; never stored in this form."""

    key: SourceKey
    freshness: Freshness
    age_s: float | None
    """Seconds since the last complete answer; None when there was none."""
    detail: Untrusted
    """Why it is not fresh, in a sentence; empty when fresh."""
    remedy: str
    """The command or setting that mends it; empty when none is known."""
    findings: int
    last_complete: datetime | None
    note: Untrusted = NOTHING
    """What else to know of its answers, whole or not: that a home Region answers for others."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a collector's attempt on one source came to, for the store to keep."""

    key: SourceKey
    outcome: Freshness
    """FRESH for a complete answer, else PARTIAL, DENIED, ERROR or OFF."""
    detail: Untrusted = NOTHING
    """Why it is not FRESH."""
    remedy: str = ""
    interval_s: float = 30.0
    progress: tuple[int, int] | None = None
    """(k, n) for PARTIAL."""
    note: Untrusted = NOTHING
    """What else to know, whatever the outcome; an attempt that failed knows nothing and takes nothing back."""

"""An incident candidate: findings, alarms and trail events that stand together, and the story they tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from socconsole.model.finding import Severity
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the story: when, what, and what says so."""

    at: datetime
    what: Untrusted
    source: str
    """``guardduty``, ``trail``, ``alarm`` …"""
    ref: str
    """``f-…`` of a finding, or a trail event's id."""


@dataclass(frozen=True, slots=True)
class Incident:
    """``id`` is ours: ``n-`` and 12 hexadecimal digits of its first finding's id; it survives growth and merging."""

    id: str
    lead: str
    """The finding that stands for all in the list: the one with the highest score."""
    findings: tuple[str, ...]
    severity: Severity
    score: int
    first: datetime
    last: datetime
    shared: tuple[tuple[str, Untrusted], ...]
    """(kind, value) of what ties its members: a principal, key, bucket, instance, address."""
    accounts: tuple[str, ...]
    story: tuple[Chapter, ...]

"""A case: an incident under work, what it is about, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from socconsole.model.finding import Severity
from socconsole.text import Untrusted


class CaseStatus(StrEnum):
    OPEN = "open"
    INVESTIGATING = "investigating"
    CONTAINED = "contained"
    """By decision of whoever works it; what is in force and what still leaves is read, not believed."""
    RECOVERING = "recovering"
    CLOSED = "closed"
    MERGED = "merged"
    """Into another case, which has all of it."""


@dataclass(frozen=True, slots=True)
class Stakeholder:
    """Who was told of the case, when and how."""

    name: Untrusted
    at: datetime
    how: Untrusted


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands. ``id`` is ours: ``c-`` and 8 hexadecimal digits."""

    id: str
    title: Untrusted
    severity: Severity
    status: CaseStatus
    owner: Untrusted
    hypothesis: Untrusted
    """What is believed to have happened; empty until somebody said it."""
    incident: str
    """The incident candidate it was made of (``n-…``); empty where there was none."""
    opened: datetime
    opened_by: Untrusted
    closed: datetime | None
    held: bool
    """Under legal hold: nothing of it is deleted."""
    into: str
    """The case that it was merged into."""
    findings: tuple[str, ...]
    """Under the ids that they have now, worst first."""
    evidence: tuple[str, ...]
    """SHA-256 of what was exported when they were attached."""
    told: tuple[Stakeholder, ...]
    seq: int
    """Ledger sequence of the last entry about it: what an edit says that it has seen."""


class Line(StrEnum):
    """The six lines on which a case opens."""

    WHAT = "what data"
    PEOPLE = "how many people"
    LEAVING = "still leaving?"
    WHO = "who took it"
    ELSEWHERE = "who else"
    NEXT = "what they touched next"


@dataclass(frozen=True, slots=True)
class SixLine:
    """One of them: the answer as far as it is known, what it stands on, and what is not known about it."""

    line: Line
    answer: Untrusted
    """Empty where nothing is known."""
    source: str
    """What says so, and as of when."""
    unknown: str
    """What could not be answered, and why; empty when all of it was. Never silently nothing."""

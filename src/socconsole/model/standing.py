"""Where a finding stands: the words for it, which lists and queries use without any finding."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """Ordered severity; the names are those of the command line's JSON."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def letter(self) -> str:
        return self.name[0]


class Kind(StrEnum):
    """What sort of statement a finding is. Triage opens on threats."""

    THREAT = "threat"
    CONTROL = "control"
    VULNERABILITY = "vulnerability"
    SOFTWARE = "software"
    DATA = "data"
    OTHER = "other"


class Workflow(StrEnum):
    """Security Hub's workflow status (ASFF ``Workflow.Status``)."""

    NEW = "NEW"
    NOTIFIED = "NOTIFIED"
    SUPPRESSED = "SUPPRESSED"
    RESOLVED = "RESOLVED"


class Verdict(StrEnum):
    """Security Hub's ``VerificationState``: what the finding turned out to be."""

    UNKNOWN = "UNKNOWN"
    TRUE_POSITIVE = "TRUE_POSITIVE"
    FALSE_POSITIVE = "FALSE_POSITIVE"
    BENIGN_POSITIVE = "BENIGN_POSITIVE"


class State(StrEnum):
    """Where a finding stands for the analyst, computed at the moment of reading."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    BLOCKED = "blocked"
    QUIET = "quiet"
    RESOLVED = "resolved"


class Leaving(StrEnum):
    """Whether data is leaving on the finding's path."""

    YES = "yes"
    BLOCKED = "blocked"
    QUIET = "quiet"
    CANNOT_SEE = "cannot_see"


class Format(StrEnum):
    """The wire format an observation was read from."""

    ASFF = "asff"
    GUARDDUTY = "guardduty"
    OCSF = "ocsf"
    OWN = "own"
    """Not read from a wire: what this program itself says (``store.own``)."""
    TRAIL = "trail"
    """What a rule over the trail says (``rules``)."""
    ALARM = "alarm"
    """What a CloudWatch alarm on a way out says (``store.alarm_finding``)."""
    POSTURE = "posture"
    """That a posture check fails (``store.posture_finding``)."""


def first_known(*moments: datetime | None) -> datetime | None:
    """The earliest of what is known of when a finding happened, was published and was seen: its age counts from here.

    ``occurred`` is the last activity, so that of an old finding that goes on is later than its publication.
    """
    return min((moment for moment in moments if moment is not None), default=None)

"""A finding: one detection, however many services report it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from socconsole.text import Untrusted


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


@dataclass(frozen=True, slots=True)
class Resource:
    """Something in AWS that a finding is about. ``type`` and ``region`` are tokens (see ``text.token``)."""

    type: str
    id: Untrusted
    name: Untrusted | None = None
    account: str | None = None
    region: str | None = None
    tags: tuple[tuple[Untrusted, Untrusted], ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts in a finding.

    ``kind`` is one of ``ip``, ``domain``, ``principal``, ``user``, ``role``, ``access_key``,
    ``account``, ``process``, ``service``. ``detail`` adds what was said of it (country, organisation).
    """

    kind: str
    value: Untrusted
    detail: Untrusted | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What one record of one service says about a detection.

    ``merge_keys`` are all the names under which this detection is known, strongest first: records that
    share any of them are the same finding. ``body`` is the record as compact ASCII JSON, complete.
    ``digest`` is its SHA-256: an observation whose digest is stored already changes nothing.
    """

    format: Format
    merge_keys: tuple[str, ...]
    title: Untrusted
    description: Untrusted
    kind: Kind
    severity: Severity
    product: str
    types: tuple[str, ...]
    account: str | None
    region: str | None
    resources: tuple[Resource, ...]
    actors: tuple[Actor, ...]
    occurred: datetime | None
    """When it happened (the last time, where a record counts several)."""
    published: datetime | None
    """When AWS published it."""
    updated: datetime | None
    workflow: Workflow | None
    verdict: Verdict | None
    active: bool
    """False when AWS archived the record."""
    sample: bool
    note: Untrusted | None
    note_by: str | None
    compliance: str | None
    native_id: str
    """The id a call needs (ASFF ``Id``, GuardDuty ``Id``, OCSF ``metadata.uid``)."""
    product_arn: str | None
    """ASFF ``ProductArn``: with ``native_id`` it names the record to ``BatchUpdateFindings``."""
    signals: tuple[str, ...]
    """Merge keys of the findings that an attack sequence is made of."""
    count: int
    """How many events the record counts; 1 where it does not say."""
    body: bytes
    digest: bytes


def first_known(*moments: datetime | None) -> datetime | None:
    """The earliest of what is known of when a finding happened, was published and was seen: its age counts from here.

    ``occurred`` is the last activity, so that of an old finding that goes on is later than its publication.
    """
    return min((moment for moment in moments if moment is not None), default=None)


def finding_id(merge_key: str) -> str:
    """Our stable id for a detection: ``f-`` and 12 hexadecimal digits of its strongest merge key."""
    return _named(merge_key, 12)


def alias_key(merge_key: str) -> str:
    """What one of a finding's merge keys is known by: ``f-`` and 24 hexadecimal digits, its id being a prefix."""
    return _named(merge_key, 24)


def _named(merge_key: str, digits: int) -> str:
    import hashlib  # it brings OpenSSL; the console paints its first frame with ids that are there

    return "f-" + hashlib.sha256(merge_key.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


@dataclass(frozen=True, slots=True)
class Reason:
    """One addend of a priority score, in words an analyst reads."""

    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Priority:
    """A stored score from 0 to 100 and what it is made of. It holds no clock."""

    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """The merged view over all observations of one detection; what decisions add lives beside it."""

    id: str
    title: Untrusted
    description: Untrusted
    kind: Kind
    severity: Severity
    priority: Priority
    sources: tuple[str, ...]
    """``guardduty``, ``securityhub``, ``ocsf``, ``socconsole``: who reported it, by format and intake."""
    product: str
    types: tuple[str, ...]
    account: str | None
    region: str | None
    resources: tuple[Resource, ...]
    actors: tuple[Actor, ...]
    occurred: datetime | None
    published: datetime | None
    seen: datetime | None
    updated: datetime | None
    workflow: Workflow
    verdict: Verdict | None
    active: bool
    sample: bool
    note: Untrusted | None
    note_by: str | None
    compliance: str | None
    signals: tuple[str, ...] = ()
    count: int = 1
    handles: tuple[tuple[str, str, str], ...] = field(default=())
    """(format, product ARN or detector ARN, native id) of each record, for writing back to AWS."""

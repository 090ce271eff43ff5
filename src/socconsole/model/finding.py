"""A finding: one detection, however many services report it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from socconsole.model.standing import Format as Format
from socconsole.model.standing import Kind as Kind
from socconsole.model.standing import Leaving as Leaving
from socconsole.model.standing import Severity as Severity
from socconsole.model.standing import State as State
from socconsole.model.standing import Verdict as Verdict
from socconsole.model.standing import Workflow as Workflow
from socconsole.model.standing import first_known as first_known
from socconsole.text import Untrusted


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

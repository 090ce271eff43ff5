"""Trails of a place, what they take in, where they deliver, and the stores whose reading ought to be recorded."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read
from socconsole.model.trail import Selection


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """What ``GetTrailStatus`` says of a trail in one region."""

    logging: bool
    errors: tuple[tuple[str, str], ...]
    """(``bucket``, ``digest`` or ``log group``, what AWS says) where delivery fails now; printable."""


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail as it records in a region: of the region, a shadow of one elsewhere, or the organisation's."""

    arn: str
    home: str
    """Region in which it can be changed."""
    multi_region: bool
    validated: bool
    """Digest files are written, so that a log file's change is seen."""
    key: str
    """The KMS key under which its files lie; token; empty for Amazon's own encryption."""
    bucket: str
    """Token."""
    status: Read[TrailStatus]
    selections: Read[tuple[Selection, ...]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A region that the team allows, and all that records in it."""

    arn: str
    """``account/region``."""
    region: str
    trails: Read[tuple[Trail, ...]]


@dataclass(frozen=True, slots=True)
class DataStore:
    """Something whose reading CloudTrail records only where a trail asks for it."""

    arn: str
    what: str
    """Its type in a trail's selectors: ``AWS::S3::Object``."""
    name: str
    """As ``model.trail.resource_name`` has it."""


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """Default retention of a bucket's new objects."""

    enabled: bool
    mode: str = ""
    """``GOVERNANCE`` or ``COMPLIANCE``; empty where objects are locked one by one only."""


@dataclass(frozen=True, slots=True)
class TrailBucket:
    """A bucket to which trails of this place deliver; where it is another account's we are mostly told nothing."""

    arn: str
    public: Read[bool]
    """What Amazon S3 makes of its policy."""
    granted: Read[tuple[str, ...]]
    """Rights that its ACL gives to everybody, as in ``READ``."""
    blocked: Read[bool]
    """All four settings of its block of public access are on."""
    logged_to: Read[str]
    """Bucket that its access log goes to; empty for none."""
    lock: Read[ObjectLock]


@dataclass(frozen=True, slots=True)
class Logs:
    recorded: tuple[Recorded, ...]
    """The place's own region first; in the account's first place also the allowed ones that no place stands for."""
    stores: Read[tuple[DataStore, ...]]
    buckets: Read[tuple[TrailBucket, ...]]

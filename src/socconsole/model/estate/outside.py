"""What lets others in besides buckets and roles: keys with their grants, secrets, and what Access Analyzer sees."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.estate.policy import Policy, Principal
from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class Grant:
    id: str
    grantee: str
    """ARN, account or service principal; printable."""
    operations: tuple[str, ...]
    """``Decrypt``, ``GenerateDataKey`` …"""
    constraints: tuple[str, ...]
    """On the encryption context, printable."""


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A KMS key that is the customer's to share."""

    arn: str
    policy: Read[Policy]
    grants: Read[tuple[Grant, ...]]


@dataclass(frozen=True, slots=True)
class OpenSecret:
    arn: str
    policy: Read[Policy | None]
    """None: it has none, and lets in nobody from outside."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An active finding of Access Analyzer's on access from outside."""

    resource: str
    """Token; empty where AWS did not say."""
    principals: tuple[Principal, ...]
    """None of them where the resource could not be analysed."""
    public: bool
    actions: tuple[str, ...]
    conditions: tuple[str, ...]
    error: str
    """Why the resource could not be analysed; empty: it was."""
    sources: tuple[str, ...] = ()
    """Of a bucket: by what it is open, ``POLICY``, ``BUCKET_ACL``, ``S3_ACCESS_POINT`` …; of others nothing is said."""


@dataclass(frozen=True, slots=True)
class Unused:
    """An active finding of Access Analyzer's on access that nobody uses."""

    resource: str
    """ARN of the role or user."""
    kind: str
    """``UnusedIAMRole``, ``UnusedPermission``, ``UnusedIAMUserAccessKey`` or ``UnusedIAMUserPassword``."""


@dataclass(frozen=True, slots=True)
class Outside:
    keys: Read[tuple[OpenKey, ...]]
    secrets: Read[tuple[OpenSecret, ...]]
    seen: Read[tuple[Seen, ...] | None]
    """None: no analyzer looks for access from outside here."""
    unused: Read[tuple[Unused, ...] | None]
    """None: no analyzer looks for unused access here."""

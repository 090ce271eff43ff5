"""Buckets of a place, the keys they are encrypted with, and the account's own block of public access."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.estate.logs import ObjectLock
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class PublicAccessBlock:
    """The four settings, of a bucket or an account; all off where AWS has none configured."""

    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict: bool = False

    @property
    def off(self) -> tuple[str, ...]:
        """Names, as AWS writes them, of the settings that are off."""
        settings = {
            "BlockPublicAcls": self.block_acls,
            "IgnorePublicAcls": self.ignore_acls,
            "BlockPublicPolicy": self.block_policy,
            "RestrictPublicBuckets": self.restrict,
        }
        return tuple(name for name, on in settings.items() if not on)


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key under which a bucket's new objects are encrypted."""

    arn: str
    managed: bool
    """By AWS: its policy cannot be narrowed, and it is nobody's to disable."""
    state: str
    """``Enabled``, ``Disabled``, ``PendingDeletion`` …"""
    origin: str
    """``AWS_KMS``: KMS made its material, and can make new. ``EXTERNAL``: it was imported."""
    rotates: Read[bool] | None
    """None: it was not asked, since AWS rotates no such key by itself."""
    policy: Read[Policy]


@dataclass(frozen=True, slots=True)
class Encryption:
    """What new objects of a bucket are encrypted with where nobody says anything else."""

    algorithm: str
    """``AES256`` (Amazon S3's own keys), ``aws:kms`` or ``aws:kms:dsse``."""
    key: Read[Key] | None
    """None: none is named. That is Amazon's own, or with KMS the account's ``aws/s3``."""


@dataclass(frozen=True, slots=True)
class Replica:
    """Where a rule copies new objects to."""

    bucket: str
    """Token."""
    account: str
    """Of the bucket; empty where neither the rule nor our own list of buckets tells."""
    region: Read[str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of the region."""

    arn: str
    name: str
    """Token."""
    tags: Read[tuple[tuple[Untrusted, Untrusted], ...]]
    holds: Read[str]
    """What of value its name and tags say it holds, printable; empty: they say nothing."""
    block: Read[PublicAccessBlock]
    policy: Read[Policy | None]
    public: Read[bool]
    """What Amazon S3 itself makes of the policy."""
    ownership: Read[str]
    """``BucketOwnerEnforced``: ACLs mean nothing. Empty where none is set, as of old: they do."""
    encryption: Read[Encryption]
    versioning: Read[str]
    """``Enabled``, ``Suspended``; empty where it never was."""
    logged_to: Read[str]
    """Bucket that its access log goes to; empty for none."""
    evidence: Read[bool]
    """It is declared to keep evidence, or a trail delivers to it."""
    lock: Read[ObjectLock] | None
    """None: not asked, since it is not known to keep evidence."""
    replicas: Read[tuple[Replica, ...]]
    """Of the rules that are on."""


@dataclass(frozen=True, slots=True)
class Storage:
    account_block: Read[PublicAccessBlock]
    buckets: Read[tuple[Bucket, ...]]

"""Buckets of a place, and the account's own block of public access."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read


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
class Bucket:
    """One bucket of the region."""

    arn: str
    name: str
    block: Read[PublicAccessBlock]


@dataclass(frozen=True, slots=True)
class Storage:
    account_block: Read[PublicAccessBlock]
    buckets: Read[tuple[Bucket, ...]]

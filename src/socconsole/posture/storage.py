"""S3-01 to S3-07: who may read what lies in buckets, under which key, over which connection, and who sees it."""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.model.estate.storage import Bucket, PublicAccessBlock, Storage
from socconsole.model.known import Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Context, Said, weigh


def _buckets(context: Context) -> Read[tuple[Bucket, ...]]:
    return context.part(Storage).buckets


def public_access_blocked(bucket: Bucket, context: Context) -> Judged:
    """S3-01. Either block would do today; both are asked for, since each can be lifted by other hands."""
    account = context.part(Storage).account_block
    return weigh([partial(_all_four, "the bucket", bucket.block), partial(_all_four, "the account", account)])


def _all_four(whose: str, block: Read[PublicAccessBlock]) -> Said:
    off = ", ".join(block.get().off)
    return Said(not off, f"{whose} does not set {off}" if off else f"{whose} blocks all four")


CHECKS: Final[tuple[AnyCheck, ...]] = (Check("S3-01", _buckets, public_access_blocked),)

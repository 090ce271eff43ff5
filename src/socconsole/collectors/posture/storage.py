"""Buckets, as the S3 checks see them.

Facts: S3 User Guide, "Blocking public access to your Amazon S3 storage": account and bucket settings add up.
"""

from __future__ import annotations

from typing import Any

from socconsole.collectors.posture.asking import Asking
from socconsole.config import Config
from socconsole.model.estate.storage import Bucket, PublicAccessBlock, Storage
from socconsole.model.known import Known, Unread
from socconsole.text import token


async def read(asking: Asking, config: Config) -> Storage:
    """All buckets of the region, each by itself. Raises ``AwsTrouble`` as :class:`Asking` does."""
    account = await asking.one("s3control:GetPublicAccessBlock", {"AccountId": asking.place.account}, _block)
    region = {"BucketRegion": asking.place.region}
    names = await asking.all("s3:ListBuckets", region, lambda page: [str(one["Name"]) for one in page["Buckets"]])
    if isinstance(names, Unread):
        return Storage(account, names)

    async def one(name: str) -> Bucket:
        block = await asking.one("s3:GetPublicAccessBlock", {"Bucket": name}, _block)
        return Bucket(f"arn:aws:s3:::{token(name, 256)}", token(name, 256), block)

    return Storage(account, Known(await asking.each(names.get(), one)))


def _block(answer: dict[str, Any]) -> PublicAccessBlock:
    said = answer.get("PublicAccessBlockConfiguration") or {}
    return PublicAccessBlock(
        block_acls=said.get("BlockPublicAcls") is True,
        ignore_acls=said.get("IgnorePublicAcls") is True,
        block_policy=said.get("BlockPublicPolicy") is True,
        restrict=said.get("RestrictPublicBuckets") is True,
    )

"""``s3-encrypt``: have new objects of a bucket encrypted with the account's own KMS key for S3.

An object under ``alias/aws/s3`` (the AWS managed key, which every account has and which costs nothing to keep)
cannot be read by another account or anonymously, whatever a policy or an ACL says: neither may use the key (S3
User Guide, "Using server-side encryption with AWS KMS keys"). It concerns objects written from now on alone.

Where a posture check is the reason a key of the account's own is asked for, and none is made here: the one that other
buckets of the account are encrypted with in this region is taken. Whoever writes then needs ``kms:GenerateDataKey`` and
whoever reads ``kms:Decrypt`` on it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.s3_bucket import TYPES, bucket_arn, bucket_name
from socconsole.text import token

NEIGHBOURS: Final = 20
"""Buckets whose encryption is read to find the account's own key."""

_STATE: Final = "DefaultEncryption"
_KMS: Final = ("aws:kms", "aws:kms:dsse")


@dataclass(frozen=True, slots=True)
class Encryption:
    """A bucket's default encryption."""

    bucket: str
    place: Place
    rule: Mapping[str, Any]
    """The one rule, as AWS returned it."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]
    own: bool = False
    """Its key is one of the account's own. Asked for, like ``other``, where a check is the reason."""
    other: str = ""
    """ARN of the key of its own that most neighbours are encrypted with; empty where none is known."""


class S3Encrypt(Change[Encryption]):
    """See the module's text."""

    info = Info(
        id="s3-encrypt",
        title="Encrypt a bucket's new objects with a KMS key",
        target_type="bucket",
        calls=("s3:PutBucketEncryption",),
        stops="reading of objects written from now on by other accounts and the public, who may not use the key",
        does_not_stop="reading of objects that are there already; the account's own principals; copies already taken",
        cuts=False,
        does=Does.HARDENS,
        reversible=Reversible.YES,
        captures="the bucket's default encryption, tags",
        verifies="the bucket's default encryption is aws:kms",
        undo_leaves="objects written meanwhile stay under the KMS key",
        pitfalls=(
            "taken for a cut of a leak, which it is not for what is there: it fits last, and says so",
            "other accounts that read this bucket by right cannot read its new objects: said before",
            "S3's own access logs are not delivered to a bucket under KMS: said before",
            "requests that name an encryption of their own keep it",
        ),
    )
    writes = ("PutBucketEncryption", "DeleteBucketEncryption")
    types = TYPES

    def name(self, target: str) -> str:
        return bucket_name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return (bucket_arn(target),)

    async def look(self, door: Door, target: Target) -> Encryption:
        place = target.place
        asked = {"Bucket": target.id, "ExpectedBucketOwner": place.account}
        parts = await read(
            door,
            place,
            {
                "encryption": Part("s3:GetBucketEncryption", asked),
                "tags": Part("s3:GetBucketTagging", asked, optional=True),
            },
        )
        rules = parts.known("encryption")["ServerSideEncryptionConfiguration"].get("Rules", [])
        return Encryption(
            bucket=target.id,
            place=place,
            rule=rules[0] if rules else {},
            tags={tag["Key"]: tag["Value"] for tag in parts.known("tags").get("TagSet", ())},
            unread=parts.unread,
            evidence=parts.evidence,
        )

    def state(self, seen: Encryption) -> State:
        default = seen.rule.get("ApplyServerSideEncryptionByDefault", {})
        return {
            _STATE: {
                "SSEAlgorithm": default.get("SSEAlgorithm", "AES256"),
                "KMSMasterKeyID": default.get("KMSMasterKeyID"),
                "BucketKeyEnabled": bool(seen.rule.get("BucketKeyEnabled", False)),
            }
        }

    def cut(self, seen: Encryption, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        now = self.state(seen)[_STATE]
        if now["SSEAlgorithm"] in _KMS:
            return Cut(None, "would change nothing here: new objects are encrypted with a KMS key already")
        return Cut(
            {_STATE: {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": None, "BucketKeyEnabled": True}},
            why=f"new objects are encrypted with {token(now['SSEAlgorithm'])}, which protects from nobody who may read",
            blast_radius="1 bucket; objects that are there stay as they are; new ones cannot be read by other "
            "accounts, even by right; how many write to it: not known",
            fit=5,
            warnings=(
                "other accounts that read this bucket by right cannot read its new objects",
                "a bucket that S3 delivers access logs to gets no more of them",
            ),
        )

    async def harden(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        seen = await self.look(door, target)
        now = self.state(seen)[_STATE]
        mine = bool(now["KMSMasterKeyID"]) and bool(await _own_key(door, target.place, now["KMSMasterKeyID"]))
        seen = replace(seen, own=mine, other="" if mine else await _neighbours_key(door, target))
        cut = self.hardened(seen, target, own)
        if cut is not None:
            return self._planned(seen, target, finding, cut)
        plan = await self.plan(door, target, finding, own)
        short = f"the check goes on failing: it asks for a key of the account's own, and {_none_known(seen)}"
        return replace(plan, warnings=(short, *plan.warnings))

    def hardened(self, seen: Encryption, target: Target, own: Collection[str]) -> Cut | None:
        """The check S3-03 asks for a key of one's own; ``aws/s3``, which does for a finding, it does not take."""
        if seen.own:
            return Cut(None, "would change nothing here: new objects are encrypted with a key of the account's own")
        if not seen.other:
            by_aws = self.state(seen)[_STATE]["SSEAlgorithm"] in _KMS
            if not by_aws:
                return None  # AWS's own key for S3 is better than none
            return Cut(None, f"a key of the account's own is asked for, and {_none_known(seen)}: name one by hand")
        return Cut(
            {_STATE: {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": seen.other, "BucketKeyEnabled": True}},
            why=f"new objects are encrypted with Amazon S3's keys; {token(seen.other, 120)} is the account's own, and "
            "other buckets have it",
            blast_radius="1 bucket; objects that are there stay as they are; who writes new ones needs "
            "kms:GenerateDataKey on the key, who reads them kms:Decrypt: without it that fails; how many: not known",
            fit=60,
            cuts=False,
            warnings=(
                "whether the key rotates and lets in nobody from outside is not asked here: the check does",
                "a bucket that S3 delivers access logs to gets no more of them",
            ),
        )

    def steps(self, seen: Encryption, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        said = wanted[_STATE]
        default = {key: said[key] for key in ("SSEAlgorithm", "KMSMasterKeyID") if said[key] is not None}
        # What else the rule says (blocked kinds of encryption) is not ours to change.
        rule = {
            **seen.rule,
            "ApplyServerSideEncryptionByDefault": default,
            "BucketKeyEnabled": said["BucketKeyEnabled"],
        }
        params = {
            "Bucket": target.id,
            "ServerSideEncryptionConfiguration": {"Rules": [rule]},
            "ExpectedBucketOwner": target.place.account,
        }
        return (Call("s3", "PutBucketEncryption", params),)

    def words(self, state: State) -> str:
        said = state[_STATE]
        return f"{token(said['SSEAlgorithm'])} with {token(said['KMSMasterKeyID'] or 'the default key')}"


def _none_known(seen: Encryption) -> str:
    return f"no bucket of the account in {seen.place.region} is known to have one"


async def _neighbours_key(door: Door, target: Target) -> str:
    """The key of the account's own that most neighbours have; empty where none is known."""
    asked = {"MaxBuckets": 1000, "BucketRegion": target.place.region}
    try:
        answer = await door.call(target.place, "s3:ListBuckets", asked)
    except AwsTrouble:
        return ""
    region = target.place.region
    near = [str(one["Name"]) for one in answer["Buckets"] if one.get("BucketRegion", region) == region]
    others = [name for name in near if name != target.id][:NEIGHBOURS]
    found = Counter(await asyncio.gather(*(_key_of(door, target.place, name) for name in others)))
    for key, _ in found.most_common():
        if key and (arn := await _own_key(door, target.place, key)):
            return arn
    return ""


async def _key_of(door: Door, place: Place, bucket: str) -> str:
    asked = {"Bucket": bucket, "ExpectedBucketOwner": place.account}
    try:
        answer = await door.call(place, "s3:GetBucketEncryption", asked)
    except AwsTrouble:  # one neighbour less to learn from
        return ""
    rules = answer["ServerSideEncryptionConfiguration"].get("Rules") or [{}]
    return str(rules[0].get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") or "")


async def _own_key(door: Door, place: Place, key: str) -> str:
    """The ARN of a key that the account has, can use and has the say over; empty for any other, or an unknown one."""
    try:
        about = (await door.call(place, "kms:DescribeKey", {"KeyId": key}))["KeyMetadata"]
    except AwsTrouble:
        return ""
    usable = about.get("KeyState") == "Enabled" and about.get("KeyUsage", "ENCRYPT_DECRYPT") == "ENCRYPT_DECRYPT"
    ours = about.get("KeyManager") == "CUSTOMER" and about.get("AWSAccountId") == place.account
    return str(about["Arn"]) if usable and ours else ""


ACTION: Final = S3Encrypt()

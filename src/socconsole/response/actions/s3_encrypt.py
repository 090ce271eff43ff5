"""``s3-encrypt``: have new objects of a bucket encrypted with the account's own KMS key for S3.

An object under ``alias/aws/s3`` (the AWS managed key, which every account has and which costs nothing to keep)
cannot be read by another account or anonymously, whatever a policy or an ACL says: neither may use the key (S3
User Guide, "Using server-side encryption with AWS KMS keys"). It concerns objects written from now on alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.s3_bucket import TYPES, bucket_arn, bucket_name
from socconsole.text import token

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


ACTION: Final = S3Encrypt()

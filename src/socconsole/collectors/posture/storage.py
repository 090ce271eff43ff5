"""Buckets, as the S3 checks see them.

Facts: S3 User Guide, "Blocking public access to your Amazon S3 storage": account and bucket settings add up; S3 API
reference: what a bucket has none of (policy, tags, ownership, replication, lock) comes as an error of its own, which
the operations' rows list and the door hands over as an empty answer; an access log or versioning that was never set
is missing from an answer that is there.
"""

from __future__ import annotations

import fnmatch
from typing import Any

from socconsole.collectors.egress_marks import Marks, holds_data, tags_of
from socconsole.collectors.posture import keys
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.policies import parse
from socconsole.config import Config
from socconsole.model.estate.logs import ObjectLock
from socconsole.model.estate.policy import Policy
from socconsole.model.estate.storage import Bucket, Encryption, PublicAccessBlock, Replica, Storage
from socconsole.model.known import Known, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.text import Untrusted, clean, token


async def read(asking: Asking, config: Config) -> Storage:
    """All buckets of the region, each by itself. Raises ``AwsTrouble`` as :class:`Asking` does."""
    account = await asking.one("s3control:GetPublicAccessBlock", {"AccountId": asking.place.account}, _block)
    region = {"BucketRegion": asking.place.region}
    names = await asking.all("s3:ListBuckets", region, lambda page: [str(one["Name"]) for one in page["Buckets"]])
    if isinstance(names, Unread):
        return Storage(account, names)
    marks = Marks(config.datasets, config.egress.llm_tags)
    return Storage(account, Known(await asking.each(names.get(), lambda name: _bucket(asking, config, marks, name))))


async def _bucket(asking: Asking, config: Config, marks: Marks, name: str) -> Bucket:
    named, arn = {"Bucket": name}, f"arn:{partition_of(asking.place.region)}:s3:::{token(name, 256)}"
    tags = await asking.one("s3:GetBucketTagging", named, lambda answer: tuple(tags_of(answer.get("TagSet"))))
    evidence = await _evidence(asking, config, name)
    return Bucket(
        arn=arn,
        name=token(name, 256),
        tags=tags if isinstance(tags, Unread) else Known(tuple((Untrusted(k), Untrusted(v)) for k, v in tags.get())),
        holds=_holds(marks, (name, arn), tags),
        block=await asking.one("s3:GetPublicAccessBlock", named, _block),
        policy=await asking.one("s3:GetBucketPolicy", named, _policy),
        public=await asking.one("s3:GetBucketPolicyStatus", named, _public),
        ownership=await asking.one("s3:GetBucketOwnershipControls", named, _ownership),
        encryption=await _encryption(asking, name),
        versioning=await asking.one("s3:GetBucketVersioning", named, lambda answer: token(answer.get("Status") or "")),
        logged_to=await asking.one("s3:GetBucketLogging", named, _logged_to),
        evidence=evidence,
        lock=await asking.one("s3:GetObjectLockConfiguration", named, _lock) if evidence == Known(True) else None,
        replicas=await _replicas(asking, name),
    )


def _block(answer: dict[str, Any]) -> PublicAccessBlock:
    said = answer.get("PublicAccessBlockConfiguration") or {}
    return PublicAccessBlock(
        block_acls=said.get("BlockPublicAcls") is True,
        ignore_acls=said.get("IgnorePublicAcls") is True,
        block_policy=said.get("BlockPublicPolicy") is True,
        restrict=said.get("RestrictPublicBuckets") is True,
    )


def _policy(answer: dict[str, Any]) -> Policy | None:
    return parse(answer["Policy"]) if answer else None


def _public(answer: dict[str, Any]) -> bool:
    """A bucket without a policy has none that is public."""
    return bool(answer) and answer["PolicyStatus"]["IsPublic"] is not False


def _ownership(answer: dict[str, Any]) -> str:
    return token(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]) if answer else ""


def _logged_to(answer: dict[str, Any]) -> str:
    said = answer.get("LoggingEnabled")
    return token(said["TargetBucket"], 256) if said else ""


def _lock(answer: dict[str, Any]) -> ObjectLock:
    said = answer.get("ObjectLockConfiguration") or {}
    retention = (said.get("Rule") or {}).get("DefaultRetention") or {}
    return ObjectLock(said.get("ObjectLockEnabled") == "Enabled", token(retention.get("Mode") or ""))


# ---- what it holds


def _holds(marks: Marks, names: tuple[str, ...], tags: Read[tuple[tuple[str, str], ...]]) -> Read[str]:
    said: tuple[tuple[str, str], ...] = () if isinstance(tags, Unread) else tags.get()
    if dataset := marks.dataset(names, said):
        return Known(f"the dataset {clean(dataset, 80)}")
    if isinstance(tags, Unread):
        return tags
    if holds_data(said):
        return Known("data that its tags classify: " + clean(", ".join(f"{key}={value}" for key, value in said), 160))
    return Known("what belongs to an LLM, by its name or tags" if marks.is_llm(names, said) else "")


async def _evidence(asking: Asking, config: Config, name: str) -> Read[bool]:
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in config.posture.evidence_buckets):
        return Known(True)
    trails = await asking.one(
        "cloudtrail:DescribeTrails",
        {"includeShadowTrails": True},
        lambda answer: [one.get("S3BucketName") for one in answer["trailList"]],
    )
    return trails if isinstance(trails, Unread) else Known(name in trails.get())


# ---- encryption


async def _encryption(asking: Asking, name: str) -> Read[Encryption]:
    def understand(answer: dict[str, Any]) -> tuple[str, str]:
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        said = rules[0]["ApplyServerSideEncryptionByDefault"]  # S3 keeps exactly one rule
        return token(said["SSEAlgorithm"]), str(said.get("KMSMasterKeyID") or "")

    said = await asking.one("s3:GetBucketEncryption", {"Bucket": name}, understand)
    if isinstance(said, Unread):
        return said
    algorithm, key = said.get()
    return Known(Encryption(algorithm, await keys.read(asking, key) if key else None))


# ---- replication


async def _replicas(asking: Asking, name: str) -> Read[tuple[Replica, ...]]:
    def understand(answer: dict[str, Any]) -> list[tuple[str, str]]:
        rules = answer["ReplicationConfiguration"]["Rules"] if answer else []
        targets = [rule["Destination"] for rule in rules if rule["Status"] != "Disabled"]
        return [(str(one["Bucket"]).rpartition(":")[2], str(one.get("Account") or "")) for one in targets]

    targets = await asking.one("s3:GetBucketReplication", {"Bucket": name}, understand)
    if isinstance(targets, Unread):
        return targets
    return Known(await asking.each(dict.fromkeys(targets.get()), lambda target: _replica(asking, *target)))


async def _replica(asking: Asking, name: str, account: str) -> Replica:
    """A rule says whose the bucket is only where its owner is to own the copies: else our own list has to."""
    ours = await asking.all(
        "s3:ListBuckets", {}, lambda page: [(str(one["Name"]), token(one["BucketRegion"])) for one in page["Buckets"]]
    )
    regions = {} if isinstance(ours, Unread) else dict(ours.get())
    region: Read[str]
    if name in regions and account in ("", asking.place.account):
        account, region = asking.place.account, Known(regions[name])
    else:
        asked = {"Bucket": name} | ({"ExpectedBucketOwner": account} if account else {})
        region = await asking.one("s3:GetBucketLocation", asked, _location, aside=True)
    return Replica(token(name, 256), token(account), region)


def _location(answer: dict[str, Any]) -> str:
    """Older names than the Regions have: ``EU``, and nothing for us-east-1 (S3 API reference, GetBucketLocation)."""
    said = answer["LocationConstraint"]
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(said) or token(said)

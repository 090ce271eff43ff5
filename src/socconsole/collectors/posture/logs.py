"""Trails, what they take in and where they deliver, and the stores whose reading they ought to take in.

Facts: CloudTrail API reference. ``DescribeTrails`` with shadows lists every trail that records in a Region, also those
of other Regions and of the organisation; what is optional in its answer is absent where it does not apply (no key, no
validation). ``GetTrailStatus`` speaks for the Region in which it is asked. S3 API reference: what a bucket has no
policy, no access log, no lock of is an absence, not a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from socconsole.collectors.egress_marks import Marks, holds_data, tags_of
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.collectors.trail_status import refusals
from socconsole.config import Config
from socconsole.formats.selectors import selections
from socconsole.model.estate.logs import DataStore, Logs, ObjectLock, Recorded, Trail, TrailBucket, TrailStatus
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.model.trail import resource_name
from socconsole.text import Untrusted, token

_EVERYBODY: Final = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
_BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_LONG: Final = 2048
"""Characters of an ARN."""


async def read(asking: Asking, config: Config) -> Logs:
    """What records in this place; in the account's first place also what records where no place stands for it."""
    recorded = await asking.each(_regions(asking, config), lambda region: _recorded(asking, region))
    return Logs(
        recorded=recorded,
        stores=await _stores(asking, config),
        buckets=await _buckets(asking, config, recorded[0].trails),
    )


def _regions(asking: Asking, config: Config) -> tuple[str, ...]:
    place = asking.place
    mine = {region for one in config.accounts if one.account == place.account for region in one.regions}
    others = [region for region in config.posture.regions if region not in mine] if is_home(place, config) else []
    return tuple(dict.fromkeys((place.region, *others)))


# --- trails -------------------------------------------------------------------------------------------


async def _recorded(asking: Asking, region: str) -> Recorded:
    listed = await asking.one(
        "cloudtrail:DescribeTrails", {"includeShadowTrails": True}, lambda answer: list(answer["trailList"]), region
    )

    async def one(trail: dict[str, Any]) -> Trail:
        return await _trail(asking, region, trail)

    trails: Read[tuple[Trail, ...]]
    if isinstance(listed, Unread):
        trails = listed
    elif not all(trail.get("TrailARN") for trail in listed.get()):
        trails = Unread("cloudtrail:DescribeTrails", Untrusted("a trail without an ARN"))
    else:
        trails = Known(await asking.each(listed.get(), one))
    return Recorded(f"{asking.place.account}/{region}", region, trails)


async def _trail(asking: Asking, region: str, trail: dict[str, Any]) -> Trail:
    arn = str(trail["TrailARN"])
    status = await asking.one("cloudtrail:GetTrailStatus", {"Name": arn}, _status, region)
    taken = await asking.one("cloudtrail:GetEventSelectors", {"TrailName": arn}, selections, region)
    return Trail(
        arn=token(arn, _LONG),
        home=token(trail.get("HomeRegion") or ""),
        multi_region=trail.get("IsMultiRegionTrail") is True,
        validated=trail.get("LogFileValidationEnabled") is True,
        key=token(trail.get("KmsKeyId") or "", _LONG),
        bucket=token(trail.get("S3BucketName") or "", 256),
        status=status,
        selections=taken,
    )


def _status(answer: dict[str, Any]) -> TrailStatus:
    return TrailStatus(answer["IsLogging"] is True, tuple(sorted(refusals(answer).items())))


# --- where they deliver -------------------------------------------------------------------------------


async def _buckets(asking: Asking, config: Config, trails: Read[tuple[Trail, ...]]) -> Read[tuple[TrailBucket, ...]]:
    """Each once: in its trail's own account and Region where that is ours, else in this account's first place."""
    if isinstance(trails, Unread):
        return trails
    ours = {(one.account, region) for one in config.accounts for region in one.regions}

    def here(trail: Trail) -> bool:
        owner, home = trail.arn.split(":")[4], trail.home
        if (owner, home) in ours:
            return (owner, home) == (asking.place.account, asking.place.region)
        return is_home(asking.place, config)

    names = dict.fromkeys(trail.bucket for trail in trails.get() if trail.bucket and here(trail))
    return Known(await asking.each(names, lambda name: _bucket(asking, name)))


async def _bucket(asking: Asking, name: str) -> TrailBucket:
    named = {"Bucket": name}
    return TrailBucket(
        arn=f"arn:aws:s3:::{name}",
        public=await asking.one("s3:GetBucketPolicyStatus", named, _public),
        granted=await asking.one("s3:GetBucketAcl", named, _granted),
        blocked=await asking.one("s3:GetPublicAccessBlock", named, _blocked),
        logged_to=await asking.one("s3:GetBucketLogging", named, _logged_to),
        lock=await object_lock(asking, name),
    )


async def object_lock(asking: Asking, bucket: str) -> Read[ObjectLock]:
    """Whether a bucket locks its objects, and by which default. Without a lock AWS says so with an error of its own."""
    return await asking.one("s3:GetObjectLockConfiguration", {"Bucket": bucket}, _lock)


def _lock(answer: dict[str, Any]) -> ObjectLock:
    said = answer.get("ObjectLockConfiguration") or {}  # absent: ObjectLockConfigurationNotFoundError
    retention = (said.get("Rule") or {}).get("DefaultRetention") or {}
    return ObjectLock(said.get("ObjectLockEnabled") == "Enabled", token(retention.get("Mode") or ""))


def _public(answer: dict[str, Any]) -> bool:
    """A bucket without a policy has none that is public."""
    return bool(answer) and answer["PolicyStatus"]["IsPublic"] is not False


def _granted(answer: dict[str, Any]) -> tuple[str, ...]:
    grants = [one for one in answer["Grants"] if one["Grantee"].get("URI") in _EVERYBODY]
    return tuple(sorted({token(one["Permission"]) for one in grants}))


def _blocked(answer: dict[str, Any]) -> bool:
    said = answer.get("PublicAccessBlockConfiguration") or {}
    return all(said.get(name) is True for name in _BLOCKS)


def _logged_to(answer: dict[str, Any]) -> str:
    return token((answer.get("LoggingEnabled") or {}).get("TargetBucket") or "", 256)


# --- what data events are about -----------------------------------------------------------------------


async def _stores(asking: Asking, config: Config) -> Read[tuple[DataStore, ...]]:
    """What holds data of models or serves them: each kind whole, or nothing of it."""
    marks = Marks(config.datasets, config.egress.llm_tags)
    place = f"{asking.place.region}:{asking.place.account}"
    parts = [
        await _marked_buckets(asking, marks),
        await asking.all(
            "lambda:ListFunctions",
            {},
            lambda page: [
                _store("AWS::Lambda::Function", str(one["FunctionArn"]))
                for one in page["Functions"]
                if marks.is_llm((str(one["FunctionName"]),), ())
            ],
        ),
        await asking.all(
            "sagemaker:ListEndpoints",
            {},
            lambda page: [_store("AWS::SageMaker::Endpoint", str(one["EndpointArn"])) for one in page["Endpoints"]],
        ),
        await asking.all(
            "bedrock-agent:ListAgents",
            {},
            lambda page: [
                _store("AWS::Bedrock::AgentAlias", f"arn:aws:bedrock:{place}:agent/{one['agentId']}")
                for one in page["agentSummaries"]
            ],
        ),
        await asking.all(
            "bedrock-agent:ListKnowledgeBases",
            {},
            lambda page: [
                _store(
                    "AWS::Bedrock::KnowledgeBase", f"arn:aws:bedrock:{place}:knowledge-base/{one['knowledgeBaseId']}"
                )
                for one in page["knowledgeBaseSummaries"]
            ],
        ),
    ]
    found = whole(parts)
    return found if isinstance(found, Unread) else Known(tuple(store for part in found.get() for store in part))


async def _marked_buckets(asking: Asking, marks: Marks) -> Read[tuple[DataStore, ...]]:
    """Buckets with a declared dataset, with data by their tags, or with a model's name."""
    region = {"BucketRegion": asking.place.region}
    names = await asking.all("s3:ListBuckets", region, lambda page: [str(one["Name"]) for one in page["Buckets"]])
    if isinstance(names, Unread):
        return names

    async def tags(name: str) -> Read[list[tuple[str, str]]]:
        return await asking.one("s3:GetBucketTagging", {"Bucket": name}, lambda answer: tags_of(answer.get("TagSet")))

    found: list[DataStore] = []
    for name, said in zip(names.get(), await asking.each(names.get(), tags), strict=True):
        store = _store("AWS::S3::Object", f"arn:aws:s3:::{name}")
        if _by_name(marks, (name, store.arn)):
            found.append(store)
        elif isinstance(said, Unread):
            return said
        elif marks.dataset((name,), said.get()) or marks.is_llm((name,), said.get()) or holds_data(said.get()):
            found.append(store)
    return Known(tuple(found))


def _by_name(marks: Marks, names: Iterable[str]) -> bool:
    return bool(marks.dataset(names, ())) or marks.is_llm(names, ())


def _store(what: str, arn: str) -> DataStore:
    return DataStore(token(arn, _LONG), what, token(resource_name(arn)))

"""IAM Access Analyzer, which moto lacks: analyzers, and what they find about buckets.

Source: Access Analyzer API reference and User Guide, "Findings for external access". The zone of trust is the
account. Of the kinds of resources that AWS analyses only buckets are analysed here, whenever somebody asks; of unused
access only roles that nobody used ("Findings for unused access": for the days that the analyzer names, 90 if none).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.exposure import exposed
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_KINDS: Final = ("ACCOUNT", "ORGANIZATION", "ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS")
_EXTERNAL: Final = ("ACCOUNT", "ORGANIZATION")


def _analyzers(cloud: Cloud, call: Call) -> dict[str, dict[str, Any]]:
    return cloud.analyzers.setdefault((call.account, call.region), {})


@routes.op("accessanalyzer", "CreateAnalyzer")
def create(cloud: Cloud, call: Call) -> dict[str, Any]:
    known, name, kind = _analyzers(cloud, call), str(call.params["analyzerName"]), str(call.params["type"])
    if kind not in _KINDS:
        raise AwsError("ValidationException", f"The drill has no analyzers of the type {kind}.")
    if any(one["name"] == name for one in known.values()):
        raise AwsError("ConflictException", f"An analyzer with the name {name} exists.", 409)
    arn = f"arn:aws:access-analyzer:{call.region}:{call.account}:analyzer/{name}"
    known[arn] = {"arn": arn, "name": name, "type": kind, "createdAt": cloud.clock.now(), "status": "ACTIVE"}
    if asked := call.params.get("configuration"):
        known[arn]["configuration"] = asked
    return {"arn": arn}


@routes.op("accessanalyzer", "ListAnalyzers")
def list_analyzers(cloud: Cloud, call: Call) -> dict[str, Any]:
    wanted = call.params.get("type")
    return {"analyzers": [one for one in _analyzers(cloud, call).values() if wanted in (None, one["type"])]}


def _analyzer(cloud: Cloud, call: Call) -> dict[str, Any]:
    analyzer: dict[str, Any] | None = _analyzers(cloud, call).get(str(call.params["analyzerArn"]))
    if analyzer is None:
        raise AwsError("ResourceNotFoundException", "The analyzer does not exist.", 404)
    return analyzer


@routes.op("accessanalyzer", "ListFindingsV2")
def list_findings(cloud: Cloud, call: Call) -> dict[str, Any]:
    analyzer = _analyzer(cloud, call)
    found = _found(cloud, call) if analyzer["type"] in _EXTERNAL else _unused(cloud, call, analyzer)
    return {"findings": [one for one in found if _fits(one, call.params.get("filter") or {})]}


@routes.op("accessanalyzer", "ListFindings")
def list_external(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The first version: of external access alone, one finding for each principal."""
    if _analyzer(cloud, call)["type"] not in _EXTERNAL:
        raise AwsError("ValidationException", "Only findings for external access are listed by this version.")
    found = (
        one
        | {
            "principal": {"AWS": who},
            "isPublic": who == "*",
            "action": ["s3:GetObject"],
            "condition": {},
            "sources": [{"type": kind} for kind, here in (("POLICY", by_policy), ("BUCKET_ACL", by_acl)) if here],
        }
        for one in _found(cloud, call)
        for who, by_policy, by_acl in _principals(one["resource"].rpartition(":")[2])
    )
    return {"findings": [one for one in found if _fits(one, call.params.get("filter") or {})]}


def _principals(bucket: str) -> Iterator[tuple[str, bool, bool]]:
    """(who, whether by the policy, whether by the ACL); for single accounts it is not told apart."""
    if (open_ := exposed(bucket)) is not None:
        for who in (*(("*",) if open_.public else ()), *open_.accounts):
            yield who, open_.by_policy, open_.by_acl


def _unused(cloud: Cloud, call: Call, analyzer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    days = int((analyzer.get("configuration", {}).get("unusedAccess") or {}).get("unusedAccessAge") or 90)
    oldest = host_now() - timedelta(days=days)
    for role in list(get_backend("iam")[call.account]["aws"].roles.values()):
        last = role.last_used or role.create_date
        if last.replace(tzinfo=UTC) < oldest:
            yield {
                "id": cloud.ids.uuid("unused", role.arn),
                "analyzedAt": cloud.clock.now(),
                "createdAt": cloud.clock.now(),
                "updatedAt": cloud.clock.now(),
                "resource": role.arn,
                "resourceType": "AWS::IAM::Role",
                "resourceOwnerAccount": call.account,
                "status": "ACTIVE",
                "findingType": "UnusedIAMRole",
            }


def _found(cloud: Cloud, call: Call) -> Iterator[dict[str, Any]]:
    now = cloud.clock.now()
    for name, bucket in list(get_backend("s3")[call.account]["aws"].buckets.items()):
        open_ = exposed(name) if bucket.region_name == call.region else None
        if open_ is not None and (open_.public or open_.accounts):
            yield {
                "id": cloud.ids.uuid("access", call.region, name),
                "analyzedAt": now,
                "createdAt": now,
                "updatedAt": now,
                "resource": f"arn:aws:s3:::{name}",
                "resourceType": "AWS::S3::Bucket",
                "resourceOwnerAccount": call.account,
                "status": "ACTIVE",
                "findingType": "ExternalAccess",
            }


def _fits(finding: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> bool:
    for name, how in wanted.items():
        if how.keys() - {"eq"}:
            raise AwsError("ValidationException", "The drill filters by equality only.")
        if str(finding.get(name, "")) not in (how.get("eq") or ()):
            return False
    return True

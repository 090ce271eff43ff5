"""IAM Access Analyzer, which moto lacks: analyzers, and what they find about buckets.

Source: Access Analyzer API reference and User Guide, "Findings for external access". The zone of trust is the
account. Of the kinds of resources that AWS analyses only buckets are analysed here, whenever somebody asks; of unused
access nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

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
    return {"arn": arn}


@routes.op("accessanalyzer", "ListAnalyzers")
def list_analyzers(cloud: Cloud, call: Call) -> dict[str, Any]:
    wanted = call.params.get("type")
    return {"analyzers": [one for one in _analyzers(cloud, call).values() if wanted in (None, one["type"])]}


@routes.op("accessanalyzer", "ListFindingsV2")
def list_findings(cloud: Cloud, call: Call) -> dict[str, Any]:
    analyzer = _analyzers(cloud, call).get(str(call.params["analyzerArn"]))
    if analyzer is None:
        raise AwsError("ResourceNotFoundException", "The analyzer does not exist.", 404)
    found = list(_found(cloud, call)) if analyzer["type"] in _EXTERNAL else []
    return {"findings": [one for one in found if _fits(one, call.params.get("filter") or {})]}


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

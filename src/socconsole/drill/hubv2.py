"""Security Hub (V2): whether it is on, and its inventory of models that are hosted by the customer.

On AWS Inspector finds models on disks; here an instance whose user data installs an inference server has what that
serves. Source: Security Hub API reference, ``GetResourcesV2``; the shapes are botocore's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.clock import stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.hubfilters import refuse
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_SERVES: Final = re.compile(r"(?:vllm serve|ollama run) (\S+)")
_HOST: Final = "AWS::EC2::Instance"


def _on(cloud: Cloud, call: Call) -> None:
    if (call.account, call.region) not in cloud.hubs_v2:
        raise AwsError("ResourceNotFoundException", "Security Hub V2 is not enabled for this account", 404)


def _arn(call: Call) -> str:
    return f"arn:aws:securityhub:{call.region}:{call.account}:hubv2/default"


@routes.op("securityhub", "EnableSecurityHubV2")
def enable(cloud: Cloud, call: Call) -> dict[str, Any]:
    cloud.hubs_v2[call.account, call.region] = cloud.clock.now()
    return {"HubV2Arn": _arn(call)}


@routes.op("securityhub", "DescribeSecurityHubV2")
def describe(cloud: Cloud, call: Call) -> dict[str, Any]:
    _on(cloud, call)
    return {"HubV2Arn": _arn(call), "SubscribedAt": stamp(cloud.hubs_v2[call.account, call.region])}


@routes.op("securityhub", "ListAutomationRulesV2")
def list_rules(cloud: Cloud, call: Call) -> dict[str, Any]:
    _on(cloud, call)
    return {"Rules": []}


@routes.op("securityhub", "GetResourcesV2")
def get_resources(cloud: Cloud, call: Call) -> dict[str, Any]:
    _on(cloud, call)
    filters = call.params.get("Filters") or {}
    groups = [_group(one) for one in filters.get("CompositeFilters") or ()]
    join = any if filters.get("CompositeOperator") == "OR" else all
    found = [one for one in _resources(cloud, call) if not groups or join(test(one) for test in groups)]
    return {"Resources": found}


def _group(group: dict[str, Any]) -> Any:
    if set(group) - {"StringFilters", "NumberFilters", "Operator"}:
        raise refuse("the drill's AWS filters resources by text and by numbers alone")
    tests = [*(group.get("StringFilters") or ()), *(group.get("NumberFilters") or ())]
    join = any if group.get("Operator") == "OR" else all
    return lambda one: join(_fits(one, test) for test in tests)


def _fits(one: dict[str, Any], test: dict[str, Any]) -> bool:
    value: Any = one
    for part in test["FieldName"].split("."):
        value = value.get(part) if isinstance(value, dict) else None
    wanted = test["Filter"]
    if "Comparison" in wanted:
        if wanted["Comparison"] != "EQUALS":
            raise refuse("the drill's AWS compares resources' text by EQUALS alone")
        return bool(value == wanted["Value"])
    return value is not None and all(
        {"Gte": value >= limit, "Lte": value <= limit, "Eq": value == limit, "Gt": value > limit, "Lt": value < limit}[
            name
        ]
        for name, limit in wanted.items()
    )


def _resources(cloud: Cloud, call: Call) -> Iterator[dict[str, Any]]:
    for reservation in get_backend("ec2")[call.account][call.region].reservations.values():
        for instance in reservation.instances:
            script = instance.user_data.decode() if instance.user_data else ""
            yield from _on_instance(cloud, call, instance.id, _SERVES.findall(script))


def _on_instance(cloud: Cloud, call: Call, id_: str, models: list[str]) -> Iterator[dict[str, Any]]:
    common = {
        "AccountId": call.account,
        "Region": call.region,
        "ResourceProvider": "AWS",
        "ResourceDetailCaptureTimeDt": stamp(cloud.clock.now()),
        "ResourceConfig": {},
    }
    guid = cloud.ids.hex("resource", id_, length=32)
    host = {
        **common,
        "ResourceGuid": guid,
        "ResourceId": f"arn:aws:ec2:{call.region}:{call.account}:instance/{id_}",
        "ResourceCategory": "Compute",
        "ResourceType": _HOST,
    }
    if models:
        counts = {"SelfHostedAIModelResourceCount": len(models), "SelfHostedTotalAIResourceCount": len(models)}
        host["ResourceInfo"] = {"AIDetails": counts}
    yield host
    for model in models:
        yield {
            **common,
            "ResourceGuid": cloud.ids.hex("resource", id_, model, length=32),
            "ResourceId": f"{id_}/{model}",
            "ResourceCategory": "AI/ML",
            "ResourceSubCategory": "Model",
            "ResourceType": "SelfHosted::AI::Model",
            "ResourceName": model,
            "DiscoveryType": "SelfHosted",
            "ResourceInfo": {
                "AIDetails": {
                    "HostResourceGuid": guid,
                    "HostResourceType": _HOST,
                    "CanonicalId": f"model/pkg:huggingface/{model}",
                }
            },
        }

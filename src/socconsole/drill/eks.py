"""EKS where moto and AWS differ: what a cluster has that nobody asked for, and add-ons.

Source: EKS API reference, ``VpcConfigResponse`` (a public API for everybody unless said otherwise), ``Logging``,
``CreateAddon``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def _cluster(call: Call, name: str) -> Any:
    found = get_backend("eks")[call.account][call.region].clusters.get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
    return found


@routes.after("eks", "CreateCluster")
def create_cluster(cloud: Cloud, call: Call) -> None:
    cluster = _cluster(call, call.params["name"])
    subnets = get_backend("ec2")[call.account][call.region].describe_subnets(cluster.resources_vpc_config["subnetIds"])
    cluster.resources_vpc_config = {
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"],
        "securityGroupIds": [],
        "vpcId": subnets[0].vpc_id,
        **cluster.resources_vpc_config,
    }
    on = {kind for one in _logging(cluster) if one["enabled"] for kind in one["types"]}
    cluster.logging = {
        "clusterLogging": [
            {"types": [one for one in _LOGS if (one in on) is enabled], "enabled": enabled}
            for enabled in (True, False)
            if any((one in on) is enabled for one in _LOGS)
        ]
    }
    cluster.drill_addons = {}


def _logging(cluster: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.logging.get("clusterLogging") or []
    return found


@routes.op("eks", "CreateAddon")
def create_addon(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster, name = _cluster(call, call.params["clusterName"]), call.params["addonName"]
    if name in cluster.drill_addons:
        raise AwsError("ResourceInUseException", "Addon already exists.", 409)
    base = cluster.arn.replace(":cluster/", ":addon/")
    made = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": call.params.get("addonVersion") or "v1.20.4-eksbuild.2",
        "addonArn": f"{base}/{name}/{cloud.ids.hex('addon', cluster.arn, name, length=32)}",
        "publisher": "eks",
        "owner": "aws",
    }
    if values := call.params.get("configurationValues"):
        made["configurationValues"] = values
    cluster.drill_addons[name] = made
    return {"addon": made}


@routes.op("eks", "DescribeAddon")
def describe_addon(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster, name = _cluster(call, call.params["clusterName"]), call.params["addonName"]
    if name not in cluster.drill_addons:
        raise AwsError("ResourceNotFoundException", f"No addon: {name} found in cluster: {cluster.name}", 404)
    return {"addon": cluster.drill_addons[name]}

"""Clusters of Amazon EKS, as the checks see them: their nodes, their API and their settings.

Facts: network policies are enforced where the VPC CNI add-on's configuration says ``enableNetworkPolicy`` (EKS User
Guide, "Restrict Pod network traffic with Kubernetes network policies"); EKS Auto Mode keeps that within Kubernetes
("Use Network Policies with EKS Auto Mode"). Botocore calls every member optional: we need what is indexed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from socconsole.collectors.egress_marks import Marks, accelerated
from socconsole.collectors.posture.asking import Asking
from socconsole.model.estate.containers import Cluster, Nodegroup
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.text import Untrusted, token

_ARN: Final = 1024
_CNI: Final = "vpc-cni"
_ACCELERATED_AMIS: Final = ("GPU", "NVIDIA", "NVIDIA_FIPS", "NEURON")


async def read(asking: Asking, marks: Marks) -> Read[tuple[Cluster, ...]]:
    """All clusters of the region. Raises ``AwsTrouble`` as :class:`Asking` does."""
    names = await asking.all("eks:ListClusters", {}, lambda page: [str(one) for one in page["clusters"]])
    if isinstance(names, Unread):
        return names

    async def one(name: str) -> Read[Cluster]:
        nodegroups, policy = await _nodegroups(asking, name), await _network_policy(asking, name)

        def understood(answer: dict[str, Any]) -> Cluster:
            return _cluster(answer["cluster"], marks, nodegroups, policy)

        return await asking.one("eks:DescribeCluster", {"name": name}, understood)

    return whole(await asking.each(names.value, one))


def _cluster(
    one: dict[str, Any], marks: Marks, nodegroups: Read[tuple[Nodegroup, ...]], policy: Read[bool | None]
) -> Cluster:
    network, name = one["resourcesVpcConfig"], token(one["name"])
    tags = [(str(key), str(value)) for key, value in (one.get("tags") or {}).items()]
    keys = [each["provider"]["keyArn"] for each in one.get("encryptionConfig") or () if "secrets" in each["resources"]]
    logs = [each for each in one["logging"]["clusterLogging"] if each["enabled"] is True]
    return Cluster(
        arn=token(one["arn"], _ARN),
        name=name,
        tags=tuple((Untrusted(key), Untrusted(value)) for key, value in tags),
        declared=marks.declares((name,), tags),
        role=token(one["roleArn"], _ARN),
        vpc=token(network["vpcId"]),
        subnets=_unique(network["subnetIds"]),
        groups=_unique([network.get("clusterSecurityGroupId"), *(network.get("securityGroupIds") or ())]),
        private_api=network["endpointPrivateAccess"] is True,
        public_api=network["endpointPublicAccess"] is not False,
        public_from=_unique(network.get("publicAccessCidrs") or ()),
        logs=frozenset(token(kind) for each in logs for kind in each["types"]),
        secrets_key=token(keys[0], _ARN) if keys else "",
        auto=(one.get("computeConfig") or {}).get("enabled") is True,
        nodegroups=nodegroups,
        network_policy=policy,
    )


async def _nodegroups(asking: Asking, cluster: str) -> Read[tuple[Nodegroup, ...]]:
    names = await asking.all(
        "eks:ListNodegroups", {"clusterName": cluster}, lambda page: [str(one) for one in page["nodegroups"]]
    )
    if isinstance(names, Unread):
        return names

    async def one(name: str) -> Read[Nodegroup]:
        params = {"clusterName": cluster, "nodegroupName": name}
        return await asking.one("eks:DescribeNodegroup", params, lambda answer: _nodegroup(answer["nodegroup"]))

    return whole(await asking.each(names.value, one))


def _nodegroup(one: dict[str, Any]) -> Nodegroup:
    types, ami = _unique(one.get("instanceTypes") or ()), token(one.get("amiType") or "")
    return Nodegroup(
        arn=token(one["nodegroupArn"], _ARN),
        name=token(one["nodegroupName"]),
        types=types,
        accelerated=any(accelerated(type_) for type_ in types) or ami.endswith(_ACCELERATED_AMIS),
        ami=ami,
        role=token(one.get("nodeRole") or "", _ARN),
        subnets=_unique(one.get("subnets") or ()),
    )


async def _network_policy(asking: Asking, cluster: str) -> Read[bool | None]:
    params = {"clusterName": cluster, "addonName": _CNI}
    return await asking.one("eks:DescribeAddon", params, _enforced, none=Known(None))


def _enforced(answer: dict[str, Any]) -> bool | None:
    said = answer["addon"].get("configurationValues")  # JSON or YAML text; absent where all is as it comes: off
    values = json.loads(said) if said else {}
    return str(values.get("enableNetworkPolicy")).lower() == "true"


def _unique(ids: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token(one, _ARN) for one in ids if one))

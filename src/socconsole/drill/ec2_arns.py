"""The resources on which IAM checks calls of EC2, Auto Scaling and load balancing.

Source: Service Authorization Reference. An operation is checked on every resource that it names, and on what it
makes, which has no id yet. Ids that only stand for others (an association) are looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from moto.backends import get_backend

# Parameters that name resources → the resources' names in ARNs.
_NAMED: Final[Mapping[str, str]] = {
    "RouteTableId": "route-table",
    "NetworkAclId": "network-acl",
    "VpcId": "vpc",
    "GroupId": "security-group",
    "Groups": "security-group",
    "InstanceId": "instance",
    "NetworkInterfaceId": "network-interface",
}
_MADE: Final[Mapping[str, str]] = {
    "CreateNetworkAcl": "network-acl",
    "CreateSecurityGroup": "security-group",
    "CreateFlowLogs": "vpc-flow-log",
}
# Prefix of an id → the resource's name, for parameters that take any resource.
_PREFIXES: Final[Mapping[str, str]] = {
    "i": "instance",
    "sg": "security-group",
    "acl": "network-acl",
    "fl": "vpc-flow-log",
    "vpc": "vpc",
    "subnet": "subnet",
}


def ec2(operation: str, params: Mapping[str, Any], account: str, region: str) -> str | tuple[str, ...]:
    if operation.startswith("Describe"):
        return "*"
    own = f"arn:aws:ec2:{region}:{account}"
    found: list[str] = []
    if operation in _MADE:
        found.append(f"{own}:{_MADE[operation]}/*")
    for key, kind in (("SnapshotId", "snapshot"), ("ImageId", "image")):
        if isinstance(params.get(key), str):  # these two have no account in their ARNs
            found.append(f"arn:aws:ec2:{region}::{kind}/{params[key]}")
    if operation == "CopySnapshot":  # on the copy to come, which lies where it was asked for
        found.append(f"arn:aws:ec2:{region}::snapshot/*")
    if operation == "CreateSnapshots":
        found += _snapshots(params["InstanceSpecification"]["InstanceId"], account, region)
    for key, kind in _NAMED.items():
        found += [f"{own}:{kind}/{one}" for one in _ids(params.get(key))]
    for key in ("Resources", "ResourceIds", "FlowLogIds"):
        found += [f"{own}:{_PREFIXES[one.partition('-')[0]]}/{one}" for one in _ids(params.get(key))]
    if "AssociationId" in params and operation == "DisassociateIamInstanceProfile":
        associations = get_backend("ec2")[account][region].iam_instance_profile_associations.values()
        found += [
            f"{own}:instance/{a.instance_id}" for a in associations if a.association_id == params["AssociationId"]
        ]
    return tuple(found) or "*"


def passed(operation: str, params: Mapping[str, Any], account: str) -> list[str]:
    """ARNs of the roles that a call hands to a service, which takes ``iam:PassRole`` on each."""
    if operation == "AssociateIamInstanceProfile":
        return _roles(account, params["IamInstanceProfile"])
    return [str(params["DeliverLogsPermissionArn"])] if "DeliverLogsPermissionArn" in params else []


def autoscaling(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    name = params.get("AutoScalingGroupName")
    group = get_backend("autoscaling")[account][region].autoscaling_groups.get(name) if name else None
    return str(group.arn) if group else "*"


def elbv2(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    return "*" if operation.startswith("Describe") else str(params.get("TargetGroupArn", "*"))


def _ids(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [one for one in value or () if isinstance(one, str)]


def _snapshots(instance: str, account: str, region: str) -> list[str]:
    """Checked on the instance, each of its volumes, and the snapshots to come."""
    own = f"arn:aws:ec2:{region}:{account}"
    found = [one for r in get_backend("ec2")[account][region].reservations.values() for one in r.instances]
    volumes = [each.volume_id for one in found if one.id == instance for each in one.block_device_mapping.values()]
    return [
        f"{own}:instance/{instance}",
        *(f"{own}:volume/{id_}" for id_ in volumes),
        f"arn:aws:ec2:{region}::snapshot/*",
    ]


def _roles(account: str, profile: Mapping[str, str]) -> list[str]:
    """A profile is given with its role."""
    profiles = get_backend("iam")[account]["aws"].instance_profiles.values()
    return [
        str(role.arn)
        for one in profiles
        if one.arn == profile.get("Arn") or one.name == profile.get("Name")
        for role in one.roles
    ]

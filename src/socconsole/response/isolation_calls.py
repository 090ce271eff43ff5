"""The calls that isolate an instance or release it: one part after the other, the network first or last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from socconsole.model.action import Call
from socconsole.response.calls import answer
from socconsole.response.change import State
from socconsole.response.ec2_instance import ISOLATION, Instance
from socconsole.response.security_group import permissions

ALL: Final = (
    "ec2:CreateSecurityGroup",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:ModifyInstanceMetadataOptions",
    "ec2:DisassociateIamInstanceProfile",
    "ec2:AssociateIamInstanceProfile",
    "ec2:ModifyInstanceAttribute",
    "autoscaling:EnterStandby",
    "autoscaling:ExitStandby",
    "elbv2:DeregisterTargets",
    "elbv2:RegisterTargets",
    "ec2:CreateTags",
    "ec2:DeleteTags",
)
# What a new group lets out: always, and in a VPC with IPv6 (EC2 User Guide, "Default security group rules").
_BORN_WITH: Final = (
    {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
)


def calls(seen: Instance, now: State, wanted: State, tag: str) -> tuple[Call, ...]:
    """From one state of ``ec2-isolate`` to another."""
    network = _network(seen, now, wanted)
    parts = (
        network,
        _metadata(seen, now, wanted),
        _profile(seen, now, wanted, tag),
        _protection(seen, now, wanted),
        _targets(now, wanted),
        _standby(seen, now, wanted),
        _tag(seen, now, wanted, tag),
    )
    # Isolating, the cut comes first. Releasing, the instance is in service only when all else is back.
    releasing = any(groups == [ISOLATION] for groups in now["Interfaces"].values()) and not _isolates(wanted)
    ordered = (network, *parts[1:]) if not releasing else (*parts[1:4], network, *parts[4:])
    return tuple(call for part in ordered for call in part)


def _isolates(state: State) -> bool:
    return any(groups == [ISOLATION] for groups in state["Interfaces"].values())


def _network(seen: Instance, now: State, wanted: State) -> list[Call]:
    changed = {
        id_: groups for id_, groups in wanted["Interfaces"].items() if groups != now["Interfaces"].get(id_, groups)
    }
    if not changed:
        return []
    group = seen.isolation
    before: list[Call] = []
    if any(groups == [ISOLATION] for groups in changed.values()):
        if group is None:
            before = _make_group(seen)
        elif not group.clean:
            before = _empty_group(group.id, group.egress, group.ingress)
    id_of: Any = group.id if group else answer(0, "GroupId")
    return [
        *before,
        *(
            Call(
                "ec2",
                "ModifyNetworkInterfaceAttribute",
                {"NetworkInterfaceId": id_, "Groups": [id_of if one == ISOLATION else one for one in groups]},
            )
            for id_, groups in changed.items()
        ),
    ]


def _make_group(seen: Instance) -> list[Call]:
    """The first call of all: others refer to its answer."""
    tags = [{"Key": "socconsole", "Value": "ec2-isolate"}]
    made = {
        "GroupName": ISOLATION,
        "Description": "No rule at all: isolates instances under investigation",
        "VpcId": seen.vpc,
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": tags}],
    }
    revoke = [
        Call("ec2", "RevokeSecurityGroupEgress", {"GroupId": answer(0, "GroupId"), "IpPermissions": [rule]})
        for rule in _BORN_WITH
    ]
    return [Call("ec2", "CreateSecurityGroup", made), *revoke]


def _empty_group(group: str, egress: Sequence[Mapping[str, Any]], ingress: Sequence[Mapping[str, Any]]) -> list[Call]:
    pairs = (("RevokeSecurityGroupEgress", egress), ("RevokeSecurityGroupIngress", ingress))
    return [
        Call("ec2", operation, {"GroupId": group, "IpPermissions": permissions(rules, described=False)})
        for operation, rules in pairs
        if rules
    ]


def _metadata(seen: Instance, now: State, wanted: State) -> list[Call]:
    if now["Metadata"] == wanted["Metadata"]:
        return []
    params = {"InstanceId": seen.id, "HttpEndpoint": wanted["Metadata"]}
    return [Call("ec2", "ModifyInstanceMetadataOptions", params)]


def _profile(seen: Instance, now: State, wanted: State, tag: str) -> list[Call]:
    if now["Profile"] == wanted["Profile"]:
        return []
    if wanted["Profile"] is not None:
        profile = {"InstanceId": seen.id, "IamInstanceProfile": {"Arn": wanted["Profile"]}}
        return [Call("ec2", "AssociateIamInstanceProfile", profile)]
    association: Any = seen.association
    if not association:  # asked what would come after an undo: the id is in the answer of the undo's own call
        made = [call.operation for call in calls(seen, wanted, now, tag)]
        association = answer(made.index("AssociateIamInstanceProfile"), "IamInstanceProfileAssociation.AssociationId")
    return [Call("ec2", "DisassociateIamInstanceProfile", {"AssociationId": association})]


def _protection(seen: Instance, now: State, wanted: State) -> list[Call]:
    """One attribute a call: EC2 takes no more."""
    found: list[Mapping[str, Any]] = []
    if now["TerminationProtection"] != wanted["TerminationProtection"]:
        found.append({"DisableApiTermination": {"Value": wanted["TerminationProtection"]}})
    if now["Shutdown"] != wanted["Shutdown"]:
        found.append({"InstanceInitiatedShutdownBehavior": {"Value": wanted["Shutdown"]}})
    volumes = {
        device: dies for device, dies in wanted["VolumesDie"].items() if dies != now["VolumesDie"].get(device, dies)
    }
    if volumes:
        mappings = [{"DeviceName": name, "Ebs": {"DeleteOnTermination": dies}} for name, dies in volumes.items()]
        found.append({"BlockDeviceMappings": mappings})
    return [Call("ec2", "ModifyInstanceAttribute", {"InstanceId": seen.id, **one}) for one in found]


def _targets(now: State, wanted: State) -> list[Call]:
    out = _by_group([one for one in now["Targets"] if one not in wanted["Targets"]])
    into = _by_group([one for one in wanted["Targets"] if one not in now["Targets"]])
    return [
        *(Call("elbv2", "DeregisterTargets", {"TargetGroupArn": arn, "Targets": some}) for arn, some in out.items()),
        *(Call("elbv2", "RegisterTargets", {"TargetGroupArn": arn, "Targets": some}) for arn, some in into.items()),
    ]


def _by_group(targets: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in targets:
        port = {"Port": one["Port"]} if one["Port"] else {}
        found.setdefault(one["Group"], []).append({"Id": one["Id"], **port})
    return found


def _standby(seen: Instance, now: State, wanted: State) -> list[Call]:
    if seen.scaling is None or now["Standby"] == wanted["Standby"]:
        return []
    which = {"InstanceIds": [seen.id], "AutoScalingGroupName": seen.scaling.group}
    if wanted["Standby"]:
        shrink = {"ShouldDecrementDesiredCapacity": seen.scaling.can_shrink}
        return [Call("autoscaling", "EnterStandby", {**which, **shrink})]
    return [Call("autoscaling", "ExitStandby", which)]


def _tag(seen: Instance, now: State, wanted: State, tag: str) -> list[Call]:
    if now["Tag"] == wanted["Tag"]:
        return []
    if wanted["Tag"] is None:
        return [Call("ec2", "DeleteTags", {"Resources": [seen.id], "Tags": [{"Key": tag}]})]
    return [Call("ec2", "CreateTags", {"Resources": [seen.id], "Tags": [{"Key": tag, "Value": wanted["Tag"]}]})]

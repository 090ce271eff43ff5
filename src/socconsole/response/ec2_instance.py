"""One instance read afresh: its interfaces, credentials and protection, and who would replace or route to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.world import Place
from socconsole.response import ec2, security_group, vpc_routes
from socconsole.response.base import Door, Target

ISOLATION: Final = "socconsole-isolation"
"""The name of our isolation group, one a VPC, without a single rule."""

_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class Isolation:
    """The VPC's group of that name, and the rules that somebody put into it: it isolates only without any."""

    id: str
    egress: tuple[security_group.Rule, ...]
    ingress: tuple[security_group.Rule, ...]

    @property
    def clean(self) -> bool:
        return not (self.egress or self.ingress)


@dataclass(frozen=True, slots=True)
class Scaling:
    """The instance's place in an Auto Scaling group."""

    group: str
    lifecycle: str
    """``InService``, ``Standby``, ``Terminating:Wait`` … (Auto Scaling API reference, ``LifecycleState``)."""
    least: int
    desired: int
    most: int

    @property
    def can_shrink(self) -> bool:
        return self.desired > self.least


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as AWS described it in one round of reads."""

    id: str
    place: Place
    raw: ec2.Item
    vpc: str
    groups: Mapping[str, tuple[str, ...]]
    """Interface → its groups, sorted."""
    isolation: Isolation | None
    profile: str
    """ARN of the instance profile; empty without one."""
    association: str
    """Id of the profile's association."""
    roles: tuple[str, ...]
    """ARNs of the profile's role; empty where there is none or reading it was denied."""
    protected: bool
    shutdown: str
    """``stop`` or ``terminate``: what a shutdown from inside does."""
    scaling: Scaling | None
    ways_out: Mapping[str, str]
    """Subnet → what its route to everywhere leads to; empty where it was not read."""
    registered: tuple[Mapping[str, Any], ...]
    """Targets of the instance: ``Group`` (ARN), ``Id`` and ``Port``; those that drain already left out."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    @property
    def state(self) -> str:
        return str(self.raw["State"]["Name"])

    @property
    def spot(self) -> bool:
        return self.raw.get("InstanceLifecycle") == "spot"

    @property
    def metadata(self) -> str:
        """``enabled`` or ``disabled``."""
        return str(self.raw.get("MetadataOptions", {}).get("HttpEndpoint", "enabled"))

    @property
    def interfaces(self) -> tuple[ec2.Item, ...]:
        return tuple(self.raw.get("NetworkInterfaces", ()))

    @property
    def dying_volumes(self) -> Mapping[str, bool]:
        """Device → is its volume deleted with the instance?"""
        mappings = self.raw.get("BlockDeviceMappings", [])
        return {one["DeviceName"]: bool(one["Ebs"].get("DeleteOnTermination")) for one in mappings if "Ebs" in one}


async def read(door: Door, target: Target) -> Instance:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read."""
    place = target.place
    found, protected, shutdown, associations, scaling = await asyncio.gather(
        ec2.instance(door, target),
        _attribute(door, target, "disableApiTermination", "DisableApiTermination"),
        _attribute(door, target, "instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior"),
        ec2.every(
            door,
            place,
            "DescribeIamInstanceProfileAssociations",
            "IamInstanceProfileAssociations",
            Filters=ec2.where("instance-id", target.id),
        ),
        ec2.if_allowed(_scaling(door, target)),
    )
    vpc = found.get("VpcId", "")
    held = [one for one in associations if one["State"] in ("associating", "associated")]
    profile = str(held[0]["IamInstanceProfile"]["Arn"]) if held else ""
    subnets = tuple(sorted({one["SubnetId"] for one in found.get("NetworkInterfaces", [])}))
    isolation, ways, registered, roles = await asyncio.gather(
        _isolation(door, place, vpc),
        ec2.if_allowed(vpc_routes.ways_out(door, place, vpc, subnets)),
        ec2.if_allowed(_registered(door, place, vpc, found)),
        ec2.if_allowed(_roles(door, place, profile)),
    )
    parts = {"route tables": ways, "Auto Scaling": scaling, "target groups": registered, "the profile's role": roles}
    group, asked = scaling or (None, {})
    return Instance(
        id=target.id,
        place=place,
        raw=found,
        vpc=vpc,
        groups={
            one["NetworkInterfaceId"]: tuple(sorted(group["GroupId"] for group in one.get("Groups", [])))
            for one in found.get("NetworkInterfaces", [])
        },
        isolation=isolation,
        profile=profile,
        association=str(held[0]["AssociationId"]) if held else "",
        roles=roles or (),
        protected=bool(protected),
        shutdown=str(shutdown),
        scaling=group,
        ways_out=ways or {},
        registered=registered or (),
        tags=ec2.tags(found),
        unread=tuple(part for part, answer in parts.items() if answer is None),
        evidence={
            "instance": found,
            "termination_protection": protected,
            "shutdown_behaviour": shutdown,
            "profile_associations": associations,
            "roles": roles,
            "ways_out": ways,
            "auto_scaling": asked,
            "targets": registered,
        },
    )


async def _attribute(door: Door, target: Target, name: str, key: str) -> Any:
    asked = {"InstanceId": target.id, "Attribute": name}
    answer = await door.call(target.place, "ec2:DescribeInstanceAttribute", asked)
    return answer.get(key, {}).get("Value")


async def _isolation(door: Door, place: Place, vpc: str) -> Isolation | None:
    filters = [*ec2.where("vpc-id", vpc), *ec2.where("group-name", ISOLATION)]
    groups = await ec2.every(door, place, "DescribeSecurityGroups", "SecurityGroups", Filters=filters)
    if not groups:
        return None
    id_ = str(groups[0]["GroupId"])
    egress, ingress, _ = await security_group.rules(door, place, id_)
    return Isolation(id_, egress, ingress)


async def _scaling(door: Door, target: Target) -> tuple[Scaling | None, Mapping[str, Any]]:
    asked = {"InstanceIds": [target.id]}
    answer = await door.call(target.place, "autoscaling:DescribeAutoScalingInstances", asked)
    if not answer["AutoScalingInstances"]:
        return None, {}
    one = answer["AutoScalingInstances"][0]
    names = {"AutoScalingGroupNames": [one["AutoScalingGroupName"]]}
    groups = (await door.call(target.place, "autoscaling:DescribeAutoScalingGroups", names))["AutoScalingGroups"]
    if not groups:
        return None, {"instance": one}
    group = groups[0]
    found = Scaling(
        one["AutoScalingGroupName"], one["LifecycleState"], group["MinSize"], group["DesiredCapacity"], group["MaxSize"]
    )
    return found, {"instance": one, "group": group}


async def _registered(door: Door, place: Place, vpc: str, found: ec2.Item) -> tuple[Mapping[str, Any], ...]:
    """Where the instance is a target, by its id or by an address of its."""
    interfaces = found.get("NetworkInterfaces", [])
    names = {
        "instance": {found["InstanceId"]},
        "ip": {one["PrivateIpAddress"] for each in interfaces for one in each.get("PrivateIpAddresses", [])},
    }
    groups = [
        one for one in await _target_groups(door, place) if one.get("VpcId") == vpc and one["TargetType"] in names
    ]
    answers = await asyncio.gather(
        *(door.call(place, "elbv2:DescribeTargetHealth", {"TargetGroupArn": one["TargetGroupArn"]}) for one in groups)
    )
    targets = [
        {"Group": group["TargetGroupArn"], "Id": one["Target"]["Id"], "Port": one["Target"].get("Port", 0)}
        for group, answer in zip(groups, answers, strict=True)
        for one in answer["TargetHealthDescriptions"]
        if one["Target"]["Id"] in names[group["TargetType"]] and one["TargetHealth"]["State"] != "draining"
    ]
    return tuple(sorted(targets, key=lambda one: (one["Group"], one["Id"], one["Port"])))


async def _target_groups(door: Door, place: Place) -> list[ec2.Item]:
    found: list[ec2.Item] = []
    asked: dict[str, Any] = {}
    for _ in range(_PAGES):
        answer = await door.call(place, "elbv2:DescribeTargetGroups", asked)
        found += answer["TargetGroups"]
        if not answer.get("NextMarker"):
            break
        asked = {"Marker": answer["NextMarker"]}
    return found


async def _roles(door: Door, place: Place, profile: str) -> tuple[str, ...]:
    if not profile:
        return ()
    asked = {"InstanceProfileName": profile.rsplit("/", 1)[-1]}
    answer = await door.call(place, "iam:GetInstanceProfile", asked)
    return tuple(str(role["Arn"]) for role in answer["InstanceProfile"]["Roles"])

"""The network ACLs of a VPC read afresh: which one each subnet follows, and what it lets out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import Door, Target

DENY: Final = "socconsole-deny"
"""The name of our own network ACL, one a VPC, without a single rule that allows anything."""


@dataclass(frozen=True, slots=True)
class Acl:
    """A network ACL: how many rules let something out, and who follows it."""

    id: str
    lets_out: int
    lets_in: int
    subnets: Mapping[str, str]
    """Subnet → id of its association, which is another one after every change."""
    tags: Mapping[str, str]

    @property
    def ours(self) -> bool:
        """By its name and by what it does: one that somebody put rules into is ours no longer."""
        return self.tags.get("Name") == DENY and not self.lets_out and not self.lets_in


@dataclass(frozen=True, slots=True)
class Acls:
    """The subnets that a target stands for, and the ACLs of their VPC."""

    place: Place
    vpc: str
    subnets: tuple[str, ...]
    acls: Mapping[str, Acl]
    interfaces: tuple[ec2.Item, ...] | None
    """Those in ``subnets``; None where reading them was denied."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    @property
    def deny(self) -> str:
        """The id of our own ACL, empty where the VPC has none yet."""
        return next((acl.id for acl in self.acls.values() if acl.ours), "")

    def followed(self, subnet: str) -> Acl | None:
        return next((acl for acl in self.acls.values() if subnet in acl.subnets), None)


async def read(door: Door, target: Target) -> Acls:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read."""
    place = target.place
    if ec2.kind(target.id) == "i":
        named = await ec2.instance(door, target)
        subnets = tuple(sorted({one["SubnetId"] for one in named["NetworkInterfaces"]}))
    else:
        named = await ec2.only(door, place, "DescribeSubnets", "Subnets", SubnetIds=[target.id])
        subnets = (target.id,)
    acls, interfaces = await asyncio.gather(
        ec2.every(door, place, "DescribeNetworkAcls", "NetworkAcls", Filters=ec2.where("vpc-id", named["VpcId"])),
        ec2.in_subnets(door, place, subnets),
    )
    return Acls(
        place=place,
        vpc=named["VpcId"],
        subnets=subnets,
        acls={item["NetworkAclId"]: _acl(item) for item in acls},
        interfaces=interfaces,
        tags=ec2.tags(named),
        unread=("network interfaces",) if interfaces is None else (),
        evidence={"target": named, "network_acls": acls, "interfaces": interfaces},
    )


def _acl(item: ec2.Item) -> Acl:
    allowing = [entry for entry in item.get("Entries", []) if entry.get("RuleAction") == "allow"]
    return Acl(
        id=item["NetworkAclId"],
        lets_out=sum(bool(entry.get("Egress")) for entry in allowing),
        lets_in=sum(not entry.get("Egress") for entry in allowing),
        subnets={one["SubnetId"]: one["NetworkAclAssociationId"] for one in item.get("Associations", [])},
        tags=ec2.tags(item),
    )

"""Who would miss a role: what may take it on, the instances that run with it, and how those reach AWS.

An instance carries its role in an instance profile. Its calls reach AWS from a public address of its own, from a
NAT gateway of its VPC, or through a VPC endpoint, where AWS sees the VPC instead of an address (IAM User Guide,
"aws:SourceIp", "aws:SourceVpc"). Which region runs a role is not written anywhere: asked are the region of the
finding and the one where IAM saw the role used last.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import Door, Target
from socconsole.response.iam_inline import InlineDeny
from socconsole.response.iam_principal import Principal, jsonable
from socconsole.response.wording import count, listed
from socconsole.text import token

_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance with the role."""

    id: str
    region: str
    vpc: str
    addresses: tuple[str, ...]
    """Public ones: IPv4 of its own, IPv6."""


@dataclass(frozen=True, slots=True)
class Role(Principal):
    """A role, with the instances that run with it."""

    instances: tuple[Instance, ...] | None = None
    """None when they could not be read."""
    regions: tuple[str, ...] = ()
    """Where instances were looked for."""
    exits: tuple[str, ...] = ()
    """Public addresses of the NAT gateways in the instances' VPCs."""

    @property
    def vpcs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.vpc for one in self.instances or () if one.vpc))

    def users(self) -> str:
        """Who uses the role, in numbers, as far as configuration tells."""
        parts = [f"1 role, {self.last_used}"]
        if self.instances is None:
            parts.append("instances with it: not known, reading them was denied")
        elif self.profiles:
            where = ", ".join(self.regions)
            running = count(len(self.instances), "running instance")
            parts.append(f"{running} with it in {where}{listed([one.id for one in self.instances])}")
        if self.services:
            parts.append(f"taken on by {count(len(self.services), 'AWS service')}{listed(self.services)}")
        if self.callers:
            parts.append(f"taken on by {count(len(self.callers), 'principal')}{listed(self.callers)}")
        parts.append("functions, tasks and sessions that hold it now: not known")
        return "; ".join(parts)


async def read_role(door: Door, principal: Principal, *, exits: bool = False) -> Role:
    """``principal`` with its instances, and with their ways out where ``exits`` is asked for.

    Raises ``AwsTrouble``. Where only a number depends on it, a denied listing is said to be unread, and so is any
    trouble with the region that is asked merely because the role was used there.
    """
    fields = {name: getattr(principal, name) for name in Principal.__slots__}
    role = Role(**fields)
    if not principal.profiles:
        return replace(role, instances=())
    found: list[Instance] = []
    read: list[str] = []
    unread: list[str] = []
    for region in _regions(principal):
        try:
            found += await _running(door, principal, region)
        except AwsTrouble as trouble:
            if exits or (region == principal.place.region and trouble.kind != "denied"):
                raise
            unread.append(f"instances in {region}")
        else:
            read.append(region)
    nats = await asyncio.gather(*(_nats(door, role, *of) for of in _networks(found))) if exits else []
    return replace(
        role,
        instances=tuple(found) if read else None,
        regions=tuple(read),
        exits=tuple(dict.fromkeys(address for addresses in nats for address in addresses)),
        unread=(*role.unread, *unread),
        evidence={**role.evidence, "instances": [jsonable(_plain(one)) for one in found]},
    )


def _regions(principal: Principal) -> tuple[str, ...]:
    used = str((principal.details.get("RoleLastUsed") or {}).get("Region") or "")
    regions = [principal.place.region, used] if _REGION.fullmatch(used) else [principal.place.region]
    return tuple(dict.fromkeys(regions))


async def _running(door: Door, principal: Principal, region: str) -> list[Instance]:
    filters = [
        {"Name": "iam-instance-profile.arn", "Values": list(principal.profiles)},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    place = Place(principal.place.account, region)
    found = await ec2.every(door, place, "DescribeInstances", "Reservations", Filters=filters)
    return [_instance(one, region) for reservation in found for one in reservation.get("Instances", ())]


def _instance(found: Mapping[str, Any], region: str) -> Instance:
    return Instance(str(found["InstanceId"]), region, str(found.get("VpcId", "")), tuple(_addresses(found)))


def _addresses(found: Mapping[str, Any]) -> Iterator[str]:
    for interface in found.get("NetworkInterfaces", ()):
        for private in interface.get("PrivateIpAddresses", ()):
            if public := (private.get("Association") or {}).get("PublicIp"):
                yield str(public)
        for address in interface.get("Ipv6Addresses", ()):
            yield str(address["Ipv6Address"])


def _networks(instances: list[Instance]) -> list[tuple[str, list[str]]]:
    """Region and its VPCs with instances."""
    by_region: dict[str, dict[str, None]] = {}
    for one in instances:
        if one.vpc:
            by_region.setdefault(one.region, {})[one.vpc] = None
    return [(region, list(vpcs)) for region, vpcs in by_region.items()]


async def _nats(door: Door, role: Role, region: str, vpcs: list[str]) -> list[str]:
    filters = [{"Name": "vpc-id", "Values": vpcs}, {"Name": "state", "Values": ["available"]}]
    place = Place(role.place.account, region)
    found = await ec2.every(door, place, "DescribeNatGateways", "NatGateways", Filter=filters)
    addresses = [one.get("PublicIp") for nat in found for one in nat.get("NatGatewayAddresses", ())]
    return [str(address) for address in addresses if address]


def _plain(one: Instance) -> dict[str, Any]:
    return {"id": one.id, "region": one.region, "vpc": one.vpc, "addresses": list(one.addresses)}


def stolen(finding: Finding | None) -> bool:
    """Does a finding say that an instance's credentials are used by somebody else?"""
    return finding is not None and any("InstanceCredentialExfiltration" in each for each in finding.types)


class RoleDeny(InlineDeny):
    """An inline Deny on a role that whatever runs with it will feel."""

    exits: bool = False
    """The ways out of its instances decide the plan."""

    async def look(self, door: Door, target: Target) -> Principal:
        found = await super().look(door, target)
        return await read_role(door, found, exits=self.exits) if found.exists else found


def outage(role: Role) -> tuple[str, ...]:
    """What goes down when the credentials that workloads hold stop working."""
    said = []
    if role.instances:
        said.append(
            f"{count(len(role.instances), 'running instance')} will hold on to dead credentials until new ones are "
            "fetched, at times for hours: expect an outage, restart the workload"
        )
    held = [service for service in role.services if not service.startswith("ec2.")]
    if held:
        said.append(f"what {', '.join(token(one) for one in held[:4])} runs with it holds on to old credentials too")
    return tuple(said)

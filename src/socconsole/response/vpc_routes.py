"""The route tables of a VPC read afresh: which of them lead out through a NAT gateway, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import Door, Target

Routes = Mapping[str, str]
"""Destination → what it leads to, of the routes that somebody made: ``0.0.0.0/0`` → ``nat-0a1b2c3d``."""

# What a route may lead to (EC2 API reference, Route).
_HOPS: Final = (
    "NatGatewayId",
    "GatewayId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)
_DESTINATIONS: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


@dataclass(frozen=True, slots=True)
class Table:
    """A route table and the subnets that follow it."""

    id: str
    routes: Routes
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """The tables that a target stands for."""

    place: Place
    vpc: str
    nat: str
    """The NAT gateway that is the target; empty where the target is a table, a subnet or an instance."""
    tables: Mapping[str, Table]
    interfaces: tuple[ec2.Item, ...] | None
    """Those in the subnets of ``tables``; None where reading them was denied."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    def through_nat(self) -> Mapping[str, Routes]:
        """Table → its routes through a NAT gateway: through the target where that is one."""
        found = {
            id_: {to: hop for to, hop in table.routes.items() if hop.startswith("nat-") and self.nat in ("", hop)}
            for id_, table in self.tables.items()
        }
        return {id_: routes for id_, routes in found.items() if routes}

    def served(self) -> tuple[str, ...]:
        """The subnets that reach a NAT gateway by these tables."""
        return tuple(subnet for id_ in self.through_nat() for subnet in self.tables[id_].subnets)


async def read(door: Door, target: Target) -> Paths:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read."""
    place = target.place
    named, vpc, wanted = await _named(door, target)
    tables, subnets = await asyncio.gather(
        ec2.every(door, place, "DescribeRouteTables", "RouteTables", Filters=ec2.where("vpc-id", vpc)),
        ec2.every(door, place, "DescribeSubnets", "Subnets", Filters=ec2.where("vpc-id", vpc)),
    )
    all_ = _tables(tables, [subnet["SubnetId"] for subnet in subnets])
    if ec2.kind(target.id) == "rtb":
        all_ = {target.id: all_[target.id]}
    elif wanted:
        all_ = {id_: table for id_, table in all_.items() if wanted.intersection(table.subnets)}
    within = [subnet for table in all_.values() for subnet in table.subnets]
    interfaces = await ec2.in_subnets(door, place, within)
    nat = target.id if ec2.kind(target.id) == "nat" else ""
    return Paths(
        place=place,
        vpc=vpc,
        nat=nat,
        tables=all_,
        interfaces=interfaces,
        tags=ec2.tags(named),
        unread=("network interfaces",) if interfaces is None else (),
        evidence={"target": named, "route_tables": tables, "subnets": subnets, "interfaces": interfaces},
    )


async def ways_out(door: Door, place: Place, vpc: str, subnets: Sequence[str]) -> dict[str, str]:
    """Subnet → what its route to everywhere (IPv4) leads to; without those that have none. Raises ``AwsTrouble``."""
    tables = await ec2.every(door, place, "DescribeRouteTables", "RouteTables", Filters=ec2.where("vpc-id", vpc))
    found = _tables(tables, list(subnets)).values()
    everywhere = "0.0.0.0/0"
    return {
        subnet: table.routes[everywhere]
        for table in found
        for subnet in table.subnets
        if subnet in subnets and everywhere in table.routes
    }


async def _named(door: Door, target: Target) -> tuple[ec2.Item, str, set[str]]:
    """What the id names, its VPC, and the subnets meant; none of them where all are."""
    place = target.place
    match ec2.kind(target.id):
        case "i":
            found = await ec2.instance(door, target)
            return found, found["VpcId"], {one["SubnetId"] for one in found["NetworkInterfaces"]}
        case "subnet":
            found = await ec2.only(door, place, "DescribeSubnets", "Subnets", SubnetIds=[target.id])
            return found, found["VpcId"], {target.id}
        case "rtb":
            found = await ec2.only(door, place, "DescribeRouteTables", "RouteTables", RouteTableIds=[target.id])
            return found, found["VpcId"], set()
        case _:
            found = await ec2.only(door, place, "DescribeNatGateways", "NatGateways", NatGatewayIds=[target.id])
            return found, found["VpcId"], set()


def _tables(items: list[ec2.Item], subnets: list[str]) -> dict[str, Table]:
    """A subnet without an association of its own follows the VPC's main table."""
    named: dict[str, list[str]] = {}
    main = ""
    for item in items:
        for association in item.get("Associations", []):
            if association.get("Main"):
                main = item["RouteTableId"]
            if "SubnetId" in association:
                named.setdefault(item["RouteTableId"], []).append(association["SubnetId"])
    own = {subnet for found in named.values() for subnet in found}
    if main:
        named.setdefault(main, []).extend(subnet for subnet in subnets if subnet not in own)
    return {
        item["RouteTableId"]: Table(
            item["RouteTableId"], _routes(item), tuple(sorted(named.get(item["RouteTableId"], [])))
        )
        for item in items
    }


def _routes(item: ec2.Item) -> Routes:
    """Those that ``CreateRoute`` made and that lead somewhere: neither the VPC's own, nor propagated ones, nor a
    gateway endpoint's, nor one whose gateway is gone (a black hole)."""
    found: dict[str, str] = {}
    for route in item.get("Routes", []):
        to = next((route[key] for key in _DESTINATIONS if route.get(key)), "")
        hop = next((route[key] for key in _HOPS if route.get(key)), "")
        made = route.get("Origin") == "CreateRoute" and not hop.startswith("vpce-")
        if to and hop and made and route.get("State") != "blackhole":
            found[to] = hop
    return dict(sorted(found.items()))

"""Ways out of a network: NAT gateways, instances that face the internet or serve a model, endpoints, load balancers.

Facts (EC2 API reference): a NAT gateway's traffic comes from every subnet whose route table leads to it, and a subnet
without an association follows its VPC's main table; metrics of interface endpoints have four dimensions together
(PrivateLink Guide, "CloudWatch metrics for AWS PrivateLink"); gateway endpoints have no metrics.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import Door
from socconsole.collectors.base import chunks
from socconsole.collectors.egress_marks import Marks, tags_of
from socconsole.model.egress import EgressPath, PathKind
from socconsole.model.world import Place

Item = Mapping[str, Any]

_GONE: Final = frozenset({"terminated", "shutting-down", "deleted", "deleting", "failed", "rejected", "expired"})
_GLOBAL: Final = re.compile(r"[23][0-9a-fA-F]{3}:")
"""IPv6 addresses that the internet routes (2000::/3); a VPC's own begin with fd."""

_ARNS_A_CALL: Final = 20
"""Load balancers whose tags ``DescribeTags`` tells at once."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the paths of one place hang together by."""

    instances: tuple[Item, ...]
    routes: tuple[Item, ...]
    logs: Mapping[str, tuple[str, ...]]
    """VPC, subnet or interface → names of the log groups that its flow logs go to."""

    def logged(self, *ids: str | None) -> Iterator[str]:
        for one in ids:
            yield from self.logs.get(one or "", ())

    def behind(self, nat: str, vpc: str) -> tuple[list[str], list[str]]:
        """(subnets, instances) whose traffic leaves through a NAT gateway."""
        tables = [table for table in self.routes if table.get("VpcId") == vpc]
        through = [
            table for table in tables if any(route.get("NatGatewayId") == nat for route in table.get("Routes", ()))
        ]
        subnets = {str(a["SubnetId"]) for table in through for a in _associations(table) if a.get("SubnetId")}
        spoken_for = {str(a["SubnetId"]) for table in tables for a in _associations(table) if a.get("SubnetId")}
        main = any(a.get("Main") for table in through for a in _associations(table))
        here = [one for one in self.instances if one.get("VpcId") == vpc]
        behind = [
            one for one in here if one.get("SubnetId") in subnets or (main and one.get("SubnetId") not in spoken_for)
        ]
        subnets |= {str(one["SubnetId"]) for one in behind}
        return sorted(subnets), sorted(str(one["InstanceId"]) for one in behind)


async def network(door: Door, place: Place) -> Network:
    """Raises ``AwsTrouble``."""
    instances = [
        one
        async for page in door.pages(place, "ec2:DescribeInstances", {})
        for reservation in page["Reservations"]
        for one in reservation.get("Instances", ())
        if one.get("State", {}).get("Name") not in _GONE
    ]
    routes = [one async for page in door.pages(place, "ec2:DescribeRouteTables", {}) for one in page["RouteTables"]]
    logs: dict[str, tuple[str, ...]] = {}
    async for page in door.pages(place, "ec2:DescribeFlowLogs", {}):
        for one in page["FlowLogs"]:
            if group := one.get("LogGroupName"):
                about = str(one.get("ResourceId", ""))
                logs[about] = (*logs.get(about, ()), str(group))
    return Network(tuple(instances), tuple(routes), logs)


async def nat_gateways(door: Door, place: Place, marks: Marks, net: Network) -> list[EgressPath]:
    """Raises ``AwsTrouble``."""
    found: list[EgressPath] = []
    async for page in door.pages(place, "ec2:DescribeNatGateways", {}):
        for one in page["NatGateways"]:
            if one.get("State") in _GONE:
                continue
            id_, vpc, subnet = str(one["NatGatewayId"]), str(one.get("VpcId", "")), str(one.get("SubnetId", ""))
            subnets, behind = net.behind(id_, vpc)
            addresses = one.get("NatGatewayAddresses") or ()
            links = [
                vpc,
                subnet,
                *subnets,
                *behind,
                *(str(each.get("NetworkInterfaceId", "")) for each in addresses),
                *(str(each.get("PublicIp", "")) for each in addresses),
                *net.logged(vpc, subnet, *subnets),
            ]
            dimensions = (("NatGatewayId", id_),)
            found.append(
                marks.path(PathKind.NAT, place, id_, tags_of(one.get("Tags")), links=links, dimensions=dimensions)
            )
    return found


async def instances(place: Place, marks: Marks, net: Network, roles: Mapping[str, str]) -> AsyncIterator[EgressPath]:
    """Those with an address on the internet, and those that serve a model. ``roles``: instance profile → role."""
    for one in net.instances:
        tags = tags_of(one.get("Tags"))
        id_ = str(one["InstanceId"])
        public = public_addresses(one)
        path = marks.path(
            PathKind.INSTANCE,
            place,
            id_,
            tags,
            instance_type=str(one.get("InstanceType", "")),
            links=_links(one, net, roles, public),
            dimensions=(("InstanceId", id_),),
        )
        if public or path.llm:
            yield path


def profiles(net: Network) -> set[str]:
    """Names of the instance profiles in use."""
    return {name for one in net.instances if (name := _profile(one))}


async def vpc_endpoints(door: Door, place: Place, marks: Marks, net: Network) -> list[EgressPath]:
    """Raises ``AwsTrouble``."""
    found: list[EgressPath] = []
    async for page in door.pages(place, "ec2:DescribeVpcEndpoints", {}):
        for one in page["VpcEndpoints"]:
            if str(one.get("State", "")).lower() in _GONE:
                continue
            id_, vpc, service = str(one["VpcEndpointId"]), str(one.get("VpcId", "")), str(one.get("ServiceName", ""))
            subnets = [str(subnet) for subnet in one.get("SubnetIds") or ()]
            kind = str(one.get("VpcEndpointType", "Gateway"))
            dimensions = (
                ("Endpoint Type", kind),
                ("Service Name", service),
                ("VPC Endpoint Id", id_),
                ("VPC Id", vpc),
            )
            found.append(
                marks.path(
                    PathKind.VPC_ENDPOINT,
                    place,
                    id_,
                    tags_of(one.get("Tags")),
                    name=next((value for key, value in tags_of(one.get("Tags")) if key == "Name"), "") or service,
                    llm=any(word in service for word in (".bedrock", ".sagemaker")),
                    links=[
                        vpc,
                        *subnets,
                        *(str(eni) for eni in one.get("NetworkInterfaceIds") or ()),
                        *net.logged(vpc, *subnets),
                    ],
                    dimensions=() if kind == "Gateway" else dimensions,
                )
            )
    return found


async def load_balancers(door: Door, place: Place, marks: Marks, net: Network) -> list[EgressPath]:
    """Those that face the internet. Raises ``AwsTrouble``."""
    facing = [
        one
        async for page in door.pages(place, "elbv2:DescribeLoadBalancers", {})
        for one in page["LoadBalancers"]
        if one.get("Scheme") == "internet-facing"
    ]
    tags = await _balancer_tags(door, place, (str(one["LoadBalancerArn"]) for one in facing))
    found: list[EgressPath] = []
    for one in facing:
        arn = str(one["LoadBalancerArn"])
        name = arn.partition(":loadbalancer/")[2]
        subnets = [str(zone.get("SubnetId", "")) for zone in one.get("AvailabilityZones") or ()]
        vpc = str(one.get("VpcId", ""))
        found.append(
            marks.path(
                PathKind.LOAD_BALANCER,
                place,
                name,
                tags.get(arn, []),
                name=str(one.get("LoadBalancerName", "")),
                links=[
                    str(one.get("LoadBalancerName", "")),
                    vpc,
                    *subnets,
                    *(str(group) for group in one.get("SecurityGroups") or ()),
                    *net.logged(vpc, *subnets),
                ],
                dimensions=() if name.startswith("gwy/") else (("LoadBalancer", name),),
            )
        )
    return found


async def _balancer_tags(door: Door, place: Place, arns: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for some in chunks(arns, _ARNS_A_CALL):
        answer = await door.call(place, "elbv2:DescribeTags", {"ResourceArns": list(some)})
        for one in answer["TagDescriptions"]:
            found[str(one.get("ResourceArn"))] = tags_of(one.get("Tags"))
    return found


def _associations(table: Item) -> Sequence[Item]:
    found: Sequence[Item] = table.get("Associations") or ()
    return found


def _profile(instance: Item) -> str:
    return str((instance.get("IamInstanceProfile") or {}).get("Arn", "")).rpartition("/")[2]


def public_addresses(instance: Item) -> list[str]:
    """Public addresses of every interface: elastic ones included, and those of IPv6, which need no translation."""
    found = [str(instance.get("PublicIpAddress") or "")]
    for eni in instance.get("NetworkInterfaces") or ():
        found.append(str((eni.get("Association") or {}).get("PublicIp", "")))
        found += [
            str((each.get("Association") or {}).get("PublicIp", "")) for each in eni.get("PrivateIpAddresses") or ()
        ]
        six = (str(each.get("Ipv6Address", "")) for each in eni.get("Ipv6Addresses") or ())
        found += [one for one in six if _GLOBAL.match(one)]
    return [one for one in dict.fromkeys(found) if one]


def _links(instance: Item, net: Network, roles: Mapping[str, str], public: Sequence[str]) -> list[str]:
    vpc, subnet = str(instance.get("VpcId") or ""), str(instance.get("SubnetId") or "")
    enis = [str(eni.get("NetworkInterfaceId", "")) for eni in instance.get("NetworkInterfaces") or ()]
    groups = [str(group.get("GroupId", "")) for group in instance.get("SecurityGroups") or ()]
    profile = _profile(instance)
    return [
        vpc,
        subnet,
        *enis,
        *groups,
        profile,
        roles.get(profile, ""),
        *public,
        *net.logged(vpc, subnet, *enis),
    ]

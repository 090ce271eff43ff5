"""VPCs, subnets, routes, security groups, flow logs and VPC endpoints, as the checks see them.

Facts (EC2 API reference): what a route leads to stands under a key of its own kind; a gateway endpoint's route names
it as ``GatewayId``; an ``IpPermission`` without ports (all protocols) is about every one; -1 as a port is every type
of ICMP; a flow log without a word on it has ten minutes and the default fields (``CreateFlowLogs``). Botocore's model
of EC2 calls every member optional: of these we need what is indexed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from socconsole.collectors.egress_marks import Marks, tags_of
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.policies import parse
from socconsole.config import Config
from socconsole.model.estate.network import (
    FlowLog,
    Network,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcEndpoint,
)
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Known, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.text import Untrusted, token
from socconsole.triage.flow_query import DEFAULT_FORMAT

_VIA: Final = (
    "GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId", "TransitGatewayId", "VpcPeeringConnectionId",
    "NetworkInterfaceId", "InstanceId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn", "OdbNetworkArn",
    "IpAddress",
)  # fmt: skip
_TO: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_FIELD: Final = re.compile(r"\$\{([a-z0-9-]+)\}")
_SERVICE: Final = re.compile(r"(?:[a-z]{2}\.)?com\.amazonaws\.[a-z]{2}(?:-[a-z]+)+-[0-9]\.(.+)")
_SERVICE_BY_KIND: Final = re.compile(r"aws\.([a-z]+)\.[a-z]{2}(?:-[a-z]+)+-[0-9]\.(.+)")
"""Names of AWS's own services: ``com.amazonaws.eu-central-1.s3``, ``aws.sagemaker.eu-central-1.notebook``."""


async def read(asking: Asking, config: Config) -> Network:
    """The whole network of the place. Raises ``AwsTrouble`` as :class:`Asking` does."""
    place, marks = asking.place, Marks((), config.egress.llm_tags)

    def arn(kind: str, id_: str) -> str:
        return f"arn:{partition_of(place.region)}:ec2:{place.region}:{place.account}:{kind}/{token(id_)}"

    def llm(one: dict[str, Any]) -> bool:
        return marks.is_llm((), tags_of(one.get("Tags")))

    def vpcs(page: dict[str, Any]) -> Iterator[Vpc]:
        for one in page["Vpcs"]:
            blocks = [each["CidrBlock"] for each in one.get("CidrBlockAssociationSet") or ()]
            blocks += [each["Ipv6CidrBlock"] for each in one.get("Ipv6CidrBlockAssociationSet") or ()]
            id_ = token(one["VpcId"])
            yield Vpc(arn("vpc", id_), id_, tuple(token(block) for block in blocks), llm(one))

    def subnets(page: dict[str, Any]) -> Iterator[Subnet]:
        for one in page["Subnets"]:
            id_, gives = token(one["SubnetId"]), one.get("MapPublicIpOnLaunch") is True
            cidr = token(one.get("CidrBlock") or "")
            yield Subnet(arn("subnet", id_), id_, token(one["VpcId"]), cidr, token(one["OwnerId"]), gives, llm(one))

    def tables(page: dict[str, Any]) -> Iterator[RouteTable]:
        for one in page["RouteTables"]:
            joined = one.get("Associations") or ()
            id_, named = (
                token(one["RouteTableId"]),
                tuple(token(each["SubnetId"]) for each in joined if each.get("SubnetId")),
            )
            main = any(each.get("Main") is True for each in joined)
            routes = tuple(_route(each) for each in one["Routes"])
            yield RouteTable(arn("route-table", id_), id_, token(one["VpcId"]), main, named, routes)

    def groups(page: dict[str, Any]) -> Iterator[SecurityGroup]:
        for one in page["SecurityGroups"]:
            id_ = token(one["GroupId"])
            ingress, egress = (
                tuple(rule for each in one[key] for rule in _rules(each))
                for key in ("IpPermissions", "IpPermissionsEgress")
            )
            yield SecurityGroup(arn("security-group", id_), id_, token(one.get("VpcId") or ""), ingress, egress)

    def flow_logs(page: dict[str, Any]) -> Iterator[FlowLog]:
        for one in page["FlowLogs"]:
            id_ = token(one["FlowLogId"])
            yield FlowLog(
                arn=arn("vpc-flow-log", id_),
                id=id_,
                about=token(one["ResourceId"]),
                traffic=token(one.get("TrafficType") or ""),
                status=token(one["FlowLogStatus"]),
                delivery=token(one.get("DeliverLogsStatus") or ""),
                error=Untrusted(str(one.get("DeliverLogsErrorMessage") or "")),
                interval=int(one.get("MaxAggregationInterval") or 600),
                fields=frozenset(_FIELD.findall(one.get("LogFormat") or DEFAULT_FORMAT)),
            )

    def endpoints(page: dict[str, Any]) -> Iterator[VpcEndpoint]:
        for one in page["VpcEndpoints"]:
            id_ = token(one["VpcEndpointId"])
            yield VpcEndpoint(
                arn=arn("vpc-endpoint", id_),
                id=id_,
                vpc=token(one["VpcId"]),
                service=_service(token(one["ServiceName"], 256)),
                kind=token(one["VpcEndpointType"]),
                state=token(one["State"]).lower(),
                policy=_policy(one.get("PolicyDocument")),
                private_dns=one.get("PrivateDnsEnabled") is True,
                subnets=tuple(token(each) for each in one.get("SubnetIds") or ()),
                tables=tuple(token(each) for each in one.get("RouteTableIds") or ()),
                groups=tuple(token(each["GroupId"]) for each in one.get("Groups") or ()),
            )

    return Network(
        vpcs=await asking.all("ec2:DescribeVpcs", {}, vpcs),
        subnets=await asking.all("ec2:DescribeSubnets", {}, subnets),
        tables=await asking.all("ec2:DescribeRouteTables", {}, tables),
        groups=await asking.all("ec2:DescribeSecurityGroups", {}, groups),
        flow_logs=await asking.all("ec2:DescribeFlowLogs", {}, flow_logs),
        endpoints=await asking.all("ec2:DescribeVpcEndpoints", {}, endpoints),
    )


def _service(name: str) -> str:
    if found := _SERVICE.fullmatch(name):
        return found[1]
    found = _SERVICE_BY_KIND.fullmatch(name)
    return ".".join(found.groups()) if found else name


def _policy(document: object) -> Read[Policy]:
    """Each by itself: one that is not understood says nothing of the others."""
    call = "ec2:DescribeVpcEndpoints"
    if not document:
        return Unread(call, Untrusted("AWS does not say its policy"))
    try:
        return Known(parse(str(document)))
    except ValueError as error:
        return Unread(call, Untrusted(f"its policy is not understood: {error}"))


def _route(one: dict[str, Any]) -> Route:
    return Route(token(_said(one, _TO)), token(_said(one, _VIA)), one.get("State") != "blackhole")


def _said(one: dict[str, Any], keys: Iterable[str]) -> str:
    """The value of the first of these that it has. ``KeyError`` where it has none: a route that is not understood."""
    for key in keys:
        if one.get(key):
            return str(one[key])
    raise KeyError(key)


def _rules(one: dict[str, Any]) -> Iterator[Rule]:
    protocol = token(one["IpProtocol"])
    first, last = one.get("FromPort"), one.get("ToPort")
    ports = (0, 65535) if first is None or last is None or -1 in (first, last) else (int(first), int(last))
    peers = [each["CidrIp"] for each in one.get("IpRanges") or ()]
    peers += [each["CidrIpv6"] for each in one.get("Ipv6Ranges") or ()]
    peers += [each["PrefixListId"] for each in one.get("PrefixListIds") or ()]
    peers += [each["GroupId"] for each in one.get("UserIdGroupPairs") or ()]
    for peer in peers:
        yield Rule(protocol, *ports, token(peer))

"""The network of a place: VPCs, subnets and where their routes lead, security groups, flow logs, VPC endpoints.

Groups, tables and endpoints of another account are not listed to us even where one of our own things stands in them
(a subnet that is shared with us): what is looked up by its id and is not here is *not read*, never "none".
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, TypeVar

from socconsole.model.estate.policy import Policy
from socconsole.model.known import Known, Read, Unread
from socconsole.text import Untrusted

ANYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})


@dataclass(frozen=True, slots=True)
class Vpc:
    arn: str
    id: str
    cidrs: tuple[str, ...] = ()
    """IPv4 and IPv6."""
    llm: bool = False
    """Its name or a tag says that it is an LLM's (``[egress] llm_tags``)."""


@dataclass(frozen=True, slots=True)
class Subnet:
    arn: str
    id: str
    vpc: str
    cidr: str = ""
    """IPv4; empty where it has IPv6 alone."""
    owner: str = ""
    """Account; another one's where it is shared with us: then we see neither its tables nor its flow logs."""
    gives_addresses: bool = False
    """What starts in it gets a public IPv4 address."""
    llm: bool = False
    """Its own name or a tag says that it is an LLM's."""


@dataclass(frozen=True, slots=True)
class Route:
    to: str
    """CIDR block, or id of a prefix list (``pl-…``)."""
    via: str
    """Id of what it leads to (``igw-…``, ``nat-…``, ``vpce-…``, ``tgw-…``, ``pcx-…``, ``eni-…``), or ``local``."""
    active: bool = True
    """False for a black hole."""


@dataclass(frozen=True, slots=True)
class RouteTable:
    arn: str
    id: str
    vpc: str
    main: bool
    """Serves every subnet of its VPC that names no other."""
    subnets: tuple[str, ...]
    """Those that name it."""
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a security group lets in or out, to or from one peer."""

    protocol: str
    """``tcp``, ``udp``, ``icmp``, a number, or ``-1`` for all."""
    first: int
    last: int
    """Ports, inclusive; 0 to 65535 where the rule has none to say."""
    peer: str
    """CIDR block, id of a prefix list, or id of a security group."""

    @property
    def anywhere(self) -> bool:
        """All addresses of IPv4 or IPv6."""
        return self.peer in ANYWHERE

    @property
    def everything(self) -> bool:
        """Every protocol on every port."""
        return self.protocol == "-1"

    @property
    def addresses(self) -> int | None:
        """How many addresses its CIDR block has; None where its peer is none."""
        try:
            return ipaddress.ip_network(self.peer, strict=False).num_addresses
        except ValueError:
            return None

    def covers(self, port: int, protocol: str = "tcp") -> bool:
        return self.everything or (self.protocol == protocol and self.first <= port <= self.last)

    @property
    def words(self) -> str:
        """``tcp 443 10.0.0.0/8``."""
        if self.everything:
            return f"everything {self.peer}"
        if (self.first, self.last) == (0, 65535):
            return f"{self.protocol} all ports {self.peer}"
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol} {ports} {self.peer}"


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    arn: str
    id: str
    vpc: str
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class FlowLog:
    arn: str
    id: str
    about: str
    """Id of a VPC, a subnet or an interface."""
    traffic: str
    """``ALL``, ``ACCEPT`` or ``REJECT``; empty where it says none (transit gateways)."""
    status: str
    """``ACTIVE`` where it records."""
    delivery: str
    """``SUCCESS`` or ``FAILED``."""
    error: Untrusted
    """Why delivery failed."""
    interval: int
    """Seconds of traffic in a record, at most."""
    fields: frozenset[str]
    """``srcaddr``, ``pkt-dstaddr`` …"""


@dataclass(frozen=True, slots=True)
class VpcEndpoint:
    arn: str
    id: str
    vpc: str
    service: str
    """Without what all share: ``s3``, ``bedrock-runtime``; whole where it is not AWS's."""
    kind: str
    """``Interface``, ``Gateway`` …"""
    state: str
    """``available`` where it works; lower case."""
    policy: Read[Policy]
    """What may be done through it, whatever else is allowed; gateway and interface endpoints have one."""
    private_dns: bool
    """The service's own name leads to it."""
    subnets: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    """Route tables of a gateway endpoint."""
    groups: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        return self.state == "available"


@dataclass(frozen=True, slots=True)
class Network:
    vpcs: Read[tuple[Vpc, ...]]
    subnets: Read[tuple[Subnet, ...]]
    tables: Read[tuple[RouteTable, ...]]
    groups: Read[tuple[SecurityGroup, ...]]
    flow_logs: Read[tuple[FlowLog, ...]]
    endpoints: Read[tuple[VpcEndpoint, ...]]

    def subnet(self, id_: str) -> Read[Subnet]:
        return _found(self.subnets, id_, "ec2:DescribeSubnets")

    def group(self, id_: str) -> Read[SecurityGroup]:
        return _found(self.groups, id_, "ec2:DescribeSecurityGroups")

    def table_of(self, subnet: Subnet) -> Read[RouteTable]:
        """The table that its traffic follows: the one that it names, else its VPC's main one."""
        if isinstance(self.tables, Unread):
            return self.tables
        here = [table for table in self.tables.value if table.vpc == subnet.vpc]
        named = [table for table in here if subnet.id in table.subnets]
        for table in named or [table for table in here if table.main]:
            return Known(table)
        return _not_listed("ec2:DescribeRouteTables", f"the route table of {subnet.id}")


Named = TypeVar("Named", Subnet, SecurityGroup)


def _found(listed: Read[tuple[Named, ...]], id_: str, call: str) -> Read[Named]:
    if isinstance(listed, Unread):
        return listed
    found = next((one for one in listed.value if one.id == id_), None)
    return _not_listed(call, id_) if found is None else Known(found)


def _not_listed(call: str, what: str) -> Unread:
    return Unread(call, Untrusted(f"{what} is not listed: another account's, or not of this region"))

"""Connections out of instances, as a VPC would carry them: begun once, alive until something really ends them.

A flow is allowed by the security groups when it begins. Later changes of groups or rules do not end one that is
tracked; network ACLs, routes and VPC Block Public Access decide about every packet. Sources: EC2 User Guide,
"Security group connection tracking" (through a NAT gateway every flow is tracked; one that goes straight to an
internet gateway is not where the rules let everything out and in again); VPC User Guide, "Network ACLs", "Route
priority", "Block public access to VPCs and subnets". TCP over IPv4 only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill.clock import stamp

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

_EPHEMERAL = 49152
"""A port to which answers come back."""


class Unreachable(Exception):
    """The network lets no such connection begin; the message says what stops it."""


@dataclass(slots=True)
class Flow:
    """One TCP connection from an instance to an address outside. Times are RFC 3339 scenario time."""

    account: str
    region: str
    instance: str
    to: str
    port: int
    bytes_per_second: int
    via: str
    """The NAT or internet gateway that its route named when it began."""
    tracked: bool
    bytes: int = 0
    last_byte: str = ""
    ended: str = ""
    """What ended it; empty while it runs."""
    began: float = 0.0
    until: float = 0.0
    """Where the story stood (seconds) when it began, and up to where it has sent."""


class Flows:
    """All flows of a cloud. The engine lets time pass in them; a test may do so by hand."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._position = 0.0
        self.all: list[Flow] = []

    def start(
        self, account: str, region: str, instance: str, to: str, *, port: int = 443, bytes_per_second: int = 65536
    ) -> Flow:
        """Begin a connection; raises :class:`Unreachable`, and ``KeyError`` for what does not exist."""
        ec2 = get_backend("ec2")[account][region]
        interface = ec2.get_instance(instance).nics[0]
        if not _lets(_egress(interface.group_set), to, port):
            raise Unreachable("no security group lets it out")
        via = _next_hop(ec2, interface.subnet.id, to)
        flow = Flow(account, region, instance, to, port, bytes_per_second, via, tracked=True)
        if stopped := self._stopped(flow):
            raise Unreachable(stopped)
        wide_open = _lets_all(_egress(interface.group_set)) and _lets_all(_ingress(interface.group_set))
        flow.tracked = via.startswith("nat-") or not wide_open
        self.look()
        self.pass_to(self._cloud.clock.position(self._cloud.clock.now()))
        flow.began = flow.until = self._position
        self.all.append(flow)
        return flow

    def pass_to(self, position: float) -> None:
        """Count what left up to ``position`` (seconds of scenario time) by the flows that ran at the last look."""
        passed = position - self._position
        if passed <= 0:
            return
        for flow in self.all:
            if not flow.ended:
                flow.bytes += int(flow.bytes_per_second * passed)
                flow.last_byte = stamp(self._cloud.clock.moment(position))
                flow.until = position
        self._position = position

    def look(self) -> None:
        """Which flows go on, after whatever was changed; one that has ended does not begin again."""
        for flow in self.all:
            if not flow.ended:
                flow.ended = self._stopped(flow)

    def judge(self, account: str, region: str, instance: str, to: str, port: int, *, knocks: bool) -> tuple[str, str]:
        """What happens to a connection that begins now: (``ACCEPT``, what carries it) or (``REJECT``, what denies
        it), as a flow log at the instance's interface records it; two empty words where no packet reaches one.

        ``knocks`` is one that the other side begins, to a port of the instance.
        """
        ec2 = get_backend("ec2")[account][region]
        host = ec2.get_instance_by_id(instance)
        if host is None or host._state.name != "running":
            return "", ""
        interface = host.nics[0]
        rules = _ingress(interface.group_set) if knocks else _egress(interface.group_set)
        if not _lets(rules, to, port):
            return "REJECT", "security group"
        probe = Flow(account, region, instance, to, port, 0, "", tracked=True)
        if acl := _acl_stops(ec2, interface.subnet.id, probe, knocks=knocks):
            return "REJECT", acl
        hop = _next_hop(ec2, interface.subnet.id, to)
        if knocks or hop == "local":
            return "ACCEPT", hop
        return ("", "") if self._stopped(probe) else ("ACCEPT", hop)

    def _stopped(self, flow: Flow) -> str:
        """What stops its packets now; empty where nothing does."""
        ec2 = get_backend("ec2")[flow.account][flow.region]
        instance = ec2.get_instance(flow.instance)
        if instance._state.name != "running":
            return f"the instance is {instance._state.name}"
        interface = instance.nics[0]
        if not flow.tracked and not _lets(_egress(interface.group_set), flow.to, flow.port):
            return "no security group lets it out, and it is not tracked"
        if acl := _acl_stops(ec2, interface.subnet.id, flow):
            return acl
        via = _next_hop(ec2, interface.subnet.id, flow.to)
        if not via.startswith(("nat-", "igw-")):
            return "no route leads to a NAT or internet gateway"
        if flow.via and via != flow.via:
            return f"its route leads elsewhere, to {via}"
        if via.startswith("nat-") and (behind := self._beyond_nat(ec2, via, flow)):
            return behind
        mode = self._cloud.vpc_blocks.mode(flow.account, flow.region)
        if mode == "block-bidirectional" or (mode == "block-ingress" and via.startswith("igw-")):
            return f"VPC Block Public Access: {mode}"
        return ""

    def _beyond_nat(self, ec2: Any, nat: str, flow: Flow) -> str:
        """The gateway's own subnet: its network ACL, and a route to an internet gateway."""
        gateway = ec2.nat_gateways.get(nat)
        if gateway is None or gateway.state != "available":
            return "the NAT gateway is gone"
        if acl := _acl_stops(ec2, gateway.subnet_id, flow):
            return acl
        return "" if _next_hop(ec2, gateway.subnet_id, flow.to).startswith("igw-") else "the NAT gateway has no way out"


def _next_hop(ec2: Any, subnet: str, to: str) -> str:
    """Where the subnet's route table sends a packet: the longest prefix wins. Empty for nowhere."""
    found = [table for table in ec2.route_tables.values() if subnet in table._associations.values()]
    vpc = ec2.get_subnet(subnet).vpc_id
    tables = found or [t for t in ec2.route_tables.values() if t.vpc_id == vpc and t.main_association_id]
    address, best, hop = ipaddress.ip_address(to), -1, ""
    for route in tables[0]._routes.values() if tables else ():
        if not route.destination_cidr_block:
            continue
        network = ipaddress.ip_network(route.destination_cidr_block, strict=False)
        if address in network and network.prefixlen > best:
            best = network.prefixlen
            hop = str(route.nat_gateway.id if route.nat_gateway else getattr(route.gateway, "id", "local"))
    return hop


def _acl_stops(ec2: Any, subnet: str, flow: Flow, *, knocks: bool = False) -> str:
    """A network ACL keeps no state: packets out and answers in are judged each by itself."""
    for acl in ec2.network_acls.values():
        if subnet not in {one.subnet_id for one in acl._associations.values()}:
            continue
        for egress, port in ((not knocks, flow.port), (knocks, _EPHEMERAL)):
            if _verdict(acl.network_acl_entries, egress, flow.to, port) != "allow":
                return f"the network ACL {acl.id} denies what goes {'out' if egress else 'in'}"
    return ""


def _verdict(entries: Iterable[Any], egress: bool, to: str, port: int) -> str:
    """The first rule that matches decides; without one it is denied."""
    for entry in sorted(entries, key=lambda one: int(one.rule_number)):
        if _is(entry.egress) != egress or not entry.cidr_block or str(entry.protocol) not in ("-1", "6"):
            continue
        if ipaddress.ip_address(to) not in ipaddress.ip_network(entry.cidr_block, strict=False):
            continue
        first, last = _ports(entry)
        if first <= port <= last:
            return str(entry.rule_action)
    return "deny"


def _ports(entry: Any) -> tuple[int, int]:
    if str(entry.protocol) == "-1" or entry.port_range_from is None:
        return 0, 65535
    return int(entry.port_range_from), int(entry.port_range_to)


def _is(flag: Any) -> bool:
    """moto keeps what the query said: a word, or a truth value."""
    return flag is True or str(flag).lower() == "true"


def _egress(groups: Iterable[Any]) -> Iterator[Any]:
    return (rule for group in groups for rule in group.egress_rules)


def _ingress(groups: Iterable[Any]) -> Iterator[Any]:
    return (rule for group in groups for rule in group.ingress_rules)


def _lets(rules: Iterable[Any], to: str, port: int) -> bool:
    address = ipaddress.ip_address(to)
    return any(
        rule.cidr_ipv4
        and address in ipaddress.ip_network(rule.cidr_ipv4, strict=False)
        and (rule.ip_protocol == "-1" or (rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port))
        for rule in rules
    )


def _lets_all(rules: Iterable[Any]) -> bool:
    """Everything, to or from everywhere, on all ports: the condition under which a flow is not tracked."""
    return any(
        rule.cidr_ipv4 == "0.0.0.0/0" and (rule.ip_protocol == "-1" or (rule.from_port, rule.to_port) == (0, 65535))
        for rule in rules
    )

"""Who uses a network: the interfaces behind a group, a subnet or a route, in numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from socconsole.response.ec2 import Item
from socconsole.response.wording import count

# What an interface belongs to where it is no instance's (EC2 API reference, NetworkInterface, InterfaceType).
_SERVICES: Final = {
    "nat_gateway": "NAT gateway",
    "vpc_endpoint": "PrivateLink endpoint",
    "network_load_balancer": "load balancer",
    "gateway_load_balancer": "load balancer",
    "load_balancer": "load balancer",
    "lambda": "Lambda interface",
    "transit_gateway": "transit gateway attachment",
}


def users(interfaces: Iterable[Item] | None, subnets: Collection[str] = ()) -> str:
    """``14 interfaces: 9 instances, 1 load balancer, 4 others``; those in ``subnets`` where any are given."""
    if interfaces is None:
        return "how many interfaces: not known, reading them was denied"
    instances: set[str] = set()
    others: dict[str, int] = {}
    total = 0
    for one in interfaces:
        if subnets and one.get("SubnetId") not in subnets:
            continue
        total += 1
        if id_ := one.get("Attachment", {}).get("InstanceId"):
            instances.add(id_)
            continue
        kind = _SERVICES.get(one.get("InterfaceType", ""), "other")
        others[kind] = others.get(kind, 0) + 1
    parts = [count(len(instances), "instance"), *(count(n, kind) for kind, n in sorted(others.items()))]
    return f"{count(total, 'interface')} ({', '.join(parts)})"

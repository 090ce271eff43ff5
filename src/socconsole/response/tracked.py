"""What a change of security groups does not end, in words; for every plan that changes groups or their rules.

EC2 User Guide, "Security group connection tracking": a connection that was allowed when it began goes on until it
ends or idles out, whatever the rules say since; flows through NAT gateways, egress-only internet gateways,
Network Firewall, Global Accelerator, Network Load Balancers, PrivateLink and Lambda are tracked in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from socconsole.response.ec2 import Item

_IDLE: Final = 432_000
"""Seconds an idle TCP connection is tracked by default; 350 on Nitro version 6 instances (EC2 User Guide)."""


def warnings(interfaces: Iterable[Item], ways: Mapping[str, str] | None = None) -> tuple[str, str]:
    """What goes on, for how long, and what would end it. ``ways``: subnet → the gateway it leads out by, if read."""
    set_ = sorted({seconds for one in interfaces if (seconds := _own(one))})
    idle = f"set to {', '.join(f'{s:,}' for s in set_)} s here" if set_ else "432,000 s, on Nitro v6 350 s"
    return (
        "connections that run now are tracked and survive this until they end or idle out "
        f"(TCP established, idle: {idle})",
        f"{_through(ways or {})} are tracked whatever the groups say: to end those that run, ec2-nacl-deny "
        "(the subnet) or ec2-nat-route (the NAT gateway)",
    )


def _through(ways: Mapping[str, str]) -> str:
    """Which flows: those of the NAT gateway that is known to be the way out, or of all such ways."""
    found = [f"{subnet} leads out by the NAT gateway {hop}" for subnet, hop in ways.items() if hop.startswith("nat-")]
    if found:
        return f"{'; '.join(found)}: flows through it, a Network Load Balancer, PrivateLink or a firewall"
    return "flows through a NAT gateway, a Network Load Balancer, PrivateLink or a firewall"


def _own(interface: Item) -> int | None:
    """The idle timeout that somebody set on an interface."""
    seconds = int(interface.get("ConnectionTrackingConfiguration", {}).get("TcpEstablishedTimeout") or _IDLE)
    return None if seconds == _IDLE else seconds

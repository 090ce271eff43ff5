"""By which ways traffic leaves a subnet, in words: what an endpoint in it can reach, as its routes say.

Security groups and network ACLs may still say no. Facts (VPC User Guide, "Route tables", "Gateway endpoints"): a
subnet follows the one table that it names, else its VPC's main one; a black hole leads nowhere; a gateway endpoint is
reached by a route to its service's prefix list, an interface endpoint from everywhere in its VPC.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from socconsole.model.estate.network import ANYWHERE, Network, Route, Subnet, VpcEndpoint
from socconsole.model.known import Known, NotRead, Read

NONE: Final = "none"
_OUTWARD: Final = ("igw-", "nat-", "eigw-", "cagw-")
"""Internet, NAT, egress-only and carrier gateways."""


def ways(subnet: str, network: Network) -> tuple[str, ...]:
    """Ways out of a subnet, those to the internet first; ``("none",)`` where there is none.

    Raises ``NotRead`` where subnets, routes or endpoints were not read.
    """
    here = network.subnet(subnet).get()
    endpoints = {one.id: one for one in network.endpoints.get() if one.vpc == here.vpc and one.available}
    routes = [one for one in network.table_of(here).get().routes if one.active and one.via != "local"]
    outward = [_words(one, endpoints) for one in routes if _to_internet(one)]
    inward = [_words(one, endpoints) for one in routes if not _to_internet(one)]
    inward += [f"{one.service} endpoint {one.id}" for one in endpoints.values() if one.kind == "Interface"]
    return tuple(dict.fromkeys([*outward, *inward])) or (NONE,)


def sends(subnets: Iterable[str], network: Network) -> Read[tuple[str, ...]]:
    """Ways out of all of these subnets together, as an endpoint's ``sends``."""
    try:
        found = [way for subnet in subnets for way in ways(subnet, network)]
    except NotRead as trouble:
        return trouble.unread
    return Known(tuple(dict.fromkeys(way for way in found if way != NONE)) or (NONE,))


def doors(subnet: Subnet, network: Network) -> tuple[str, ...]:
    """Internet gateways to which its routes lead: not empty for a *public* subnet. Raises ``NotRead``."""
    routes = network.table_of(subnet).get().routes
    return tuple(dict.fromkeys(one.via for one in routes if one.active and one.via.startswith("igw-")))


def _to_internet(route: Route) -> bool:
    return route.via.startswith(_OUTWARD)


def _words(route: Route, endpoints: dict[str, VpcEndpoint]) -> str:
    if _to_internet(route):
        where = {"0.0.0.0/0": "the internet", "::/0": "the internet by IPv6"}.get(route.to, f"{route.to} outside")
        return f"{route.via} to {where}"
    endpoint = endpoints.get(route.via)
    if endpoint is not None and endpoint.kind == "Gateway":
        return (
            f"{endpoint.service.upper() if endpoint.service == 's3' else endpoint.service} gateway endpoint {route.via}"
        )
    where = "everything else" if route.to in ANYWHERE else route.to
    return f"{route.via} to {where}"

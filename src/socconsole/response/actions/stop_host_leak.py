"""``stop-host-leak``: stop an instance sending data out, by the way that it is seen to have.

Behind a NAT gateway, or whatever else tracks its flows, a change of groups ends nothing that runs: there the cut is
the subnet's network ACL, or the route where that reaches no further. With a public address and a route to an internet
gateway the instance is isolated by its groups alone. In either case it is isolated too, so that nobody replaces or
terminates what is evidence, and its role's credentials are cut where they are not its own.

While data is leaving the cut comes first; else what keeps the evidence does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response import ec2_instance, vpc_routes
from socconsole.response.actions import (
    ec2_isolate,
    ec2_nacl_deny,
    ec2_nat_route,
    iam_role_off_path,
    iam_role_revoke_sessions,
)
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.compose import Choice, Composition, Way, calls_of
from socconsole.response.found import at_work
from socconsole.response.wording import listed

_ISOLATE: Final = ec2_isolate.ACTION
_NACL: Final = ec2_nacl_deny.ACTION
_ROUTE: Final = ec2_nat_route.ACTION
_OFF_PATH: Final = iam_role_off_path.ACTION
_REVOKE: Final = iam_role_revoke_sessions.ACTION
_MEMBERS: Final = (_NACL, _ROUTE, _ISOLATE, _OFF_PATH, _REVOKE)

_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


class StopHostLeak(Composition):
    """See the module's text."""

    members = _MEMBERS
    info = Info(
        id="stop-host-leak",
        title="Stop an instance leaking, by the way it goes out",
        target_type="instance",
        calls=calls_of(_MEMBERS),
        stops="what the instance sends out by the way that is seen: through NAT the flows that run already, else new "
        "connections; the use of its role by others",
        does_not_stop="DNS through the VPC's resolver; with a public address the connections that run; sessions of "
        "other roles that were taken on from its role; copies already taken",
        reversible=Reversible.YES,
        captures="what its parts capture; no snapshot (ec2-snapshot is a step of its own)",
        verifies="each part by itself; partial where they differ",
        undo_leaves="what its parts leave: empty groups and network ACLs of ours, other ids of associations",
        pitfalls=(
            "flows through NAT outlive any change of groups: the route, or the subnet's network ACL, ends them",
            "a route that other subnets follow is not taken: the network ACL of this subnet alone is narrower",
            "a network ACL cuts off the whole subnet: counted before, the whole id is typed",
            "what lost its network looks ill, and would be replaced: it is isolated with it (standby, protected)",
            "credentials taken from it work elsewhere: denied off its path, or its sessions revoked where that path "
            "is not known",
            "while data is leaving the network is cut first, else the instance is isolated first",
        ),
    )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return _ISOLATE.targets(finding)

    def name(self, target: str) -> str:
        return _ISOLATE.name(target)

    async def choose(self, door: Door, target: Target, finding: Finding | None) -> Choice:
        seen = await ec2_instance.read(door, target)
        if not seen.interfaces:
            return Choice((((_ISOLATE, target),),))  # terminated: it says so itself
        paths = await vpc_routes.read(door, target)
        cut, said = _network(seen, paths, target)
        isolate: Way = ((_ISOLATE, target),)
        leaving = finding is None or at_work(finding)
        network = [way for way in (cut, isolate) if way] if leaving else [way for way in (isolate, cut) if way]
        credentials, unknown = _credentials(seen, target)
        return Choice((*network, *credentials), (*said, *unknown))


def _network(seen: ec2_instance.Instance, paths: vpc_routes.Paths, target: Target) -> tuple[Way, list[str]]:
    """The cut of what a change of groups does not reach, narrowest first, and what to say of the way found."""
    ways_out = _ways_out(paths)
    nat = [to for to in ways_out if to.startswith("nat-")]
    others = [to for to in ways_out if not to.startswith(("nat-", "igw-"))]
    public = seen.raw.get("PublicIpAddress") or any(one.get("Ipv6Addresses") for one in seen.interfaces)
    gateways = [to for to in ways_out if to.startswith("igw-")]
    if nat or others:
        said = [f"it goes out by{listed([*nat, *others, *gateways])[1:]}: flows that run survive a change of groups"]
        own = {one["SubnetId"] for one in seen.interfaces}
        alone = own.issuperset(paths.served()) and not others and not (gateways and public)
        subnet = (_NACL, target)
        return (((_ROUTE, target), subnet) if nat and alone else (subnet,)), said
    if gateways and public:
        return (), [
            f"it goes out by{listed(gateways)[1:]} under an address of its own: its groups cut new connections; those "
            "that run go on until they end or idle out, ec2-nacl-deny on its subnet ends them"
        ]
    return (), [
        "no route of its subnets leads everywhere by which it could go out: peering, PrivateLink and gateway endpoints "
        "may; ec2-nacl-deny on its subnet ends all of it"
    ]


def _ways_out(paths: vpc_routes.Paths) -> list[str]:
    """What the routes to everywhere lead to: ``nat-…``, ``igw-…``, ``tgw-…``; each once."""
    hops: dict[str, None] = {}
    for table in paths.tables.values():
        routes: Mapping[str, str] = table.routes
        hops |= dict.fromkeys(hop for to, hop in routes.items() if to in _EVERYWHERE or hop.startswith("nat-"))
    return list(hops)


def _credentials(seen: ec2_instance.Instance, target: Target) -> tuple[Sequence[Way], list[str]]:
    """For each role of its profile: denied off its path, else its sessions revoked."""
    if not seen.profile:
        return (), ["it has no instance profile: credentials that it got otherwise are not known"]
    if not seen.roles:
        return (), ["the role of its profile could not be read: its credentials stay valid elsewhere"]
    ways: list[Way] = []
    for arn in seen.roles:
        try:
            role = Target(_REVOKE.name(arn), target.place)
        except BadTarget:
            return (), ["its profile's role has a name that no call takes: its credentials stay valid elsewhere"]
        ways.append(((_OFF_PATH, role), (_REVOKE, role)))
    return tuple(ways), []


ACTION: Final = StopHostLeak()

"""``ec2-nat-route``: take the routes to a NAT gateway out of the route tables.

What a change of security groups does not reach: flows through a NAT gateway are tracked, so that they outlive the
groups that allowed them (EC2 User Guide, "Security group connection tracking"). Without the route their next
packet goes nowhere. A subnet without an association of its own follows the VPC's main table (VPC User Guide,
"Subnet route tables").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import ec2
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.vpc_interfaces import users
from socconsole.response.vpc_routes import Paths, read
from socconsole.response.wording import count, listed

_PREFIXES: Final = ("nat", "rtb", "subnet", "i")


class Ec2NatRoute(Change[Paths]):
    """See the module's text."""

    info = Info(
        id="ec2-nat-route",
        title="Take the route to a NAT gateway out of route tables",
        target_type="NAT gateway, route table, subnet or instance",
        calls=("ec2:DeleteRoute", "ec2:CreateRoute"),
        stops="everything that these subnets send out through the NAT gateway, flows that run already included",
        does_not_stop="other ways out (internet gateway, egress-only gateway, transit gateway, peering, PrivateLink, "
        "gateway endpoints), traffic within the VPC, DNS through the VPC's resolver, credentials already taken",
        reversible=Reversible.YES,
        captures="all route tables and subnets of the VPC, the NAT gateway, the interfaces behind the routes",
        verifies="none of the tables has a route through the NAT gateway, and their other routes are as they were",
        undo_leaves="nothing",
        pitfalls=(
            "every subnet of a table loses the way out, not one host: they are counted before",
            "a subnet without an association follows the main table: it is counted with it",
            "tables have ways out beside NAT: they are named before",
            "what others routed meanwhile stays: an undo makes only the routes that were taken",
        ),
    )
    writes = ("CreateRoute", "ReplaceRoute", "DeleteRoute")
    types = ("AwsEc2Instance", "AwsEc2Subnet", "AwsEc2RouteTable", "AwsEc2NatGateway")

    def name(self, target: str) -> str:
        return ec2.name(target, _PREFIXES, "a NAT gateway, a route table, a subnet or an instance")

    def arns(self, target: Target) -> tuple[str, ...]:
        return tuple(dict.fromkeys((ec2.arn(target.place, target.id), ec2.arn(target.place, "rtb-*"))))

    def resources(self, plan: Plan) -> tuple[str, ...]:
        own = ec2.arn(plan.place, plan.target)
        return tuple(dict.fromkeys((own, *(ec2.arn(plan.place, table) for table in plan.after))))

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        return tuple(dict.fromkeys(Target(id_, plan.place) for id_ in (plan.target, *plan.after)))

    async def look(self, door: Door, target: Target) -> Paths:
        return await read(door, target)

    def state(self, seen: Paths) -> State:
        return {id_: dict(table.routes) for id_, table in seen.tables.items()}

    def cut(self, seen: Paths, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        through = seen.through_nat()
        served = seen.served()
        if not through:
            return Cut(
                None,
                "would change nothing here: no route leads to a NAT gateway" + _others(seen),
                instead=_instead(seen),
            )
        if not served:
            return Cut(None, "would change nothing here: no subnet follows the tables with a route to it")
        wanted = {
            id_: {to: hop for to, hop in seen.tables[id_].routes.items() if to not in routes}
            for id_, routes in through.items()
        }
        gone = sum(len(routes) for routes in through.values())
        warnings = ["DNS through the VPC's resolver goes on: data can leave in queries"]
        if others := _others(seen):
            warnings.append(f"not the only way out{others}")
        return Cut(
            wanted,
            why=f"{count(len(served), 'subnet')} lead out through NAT: "
            + "; ".join(f"{id_} {to} to {hop}" for id_, routes in through.items() for to, hop in routes.items()),
            blast_radius=f"{count(gone, 'route')} of {count(len(through), 'table')}; {count(len(served), 'subnet')} "
            f"lose{'s' if len(served) == 1 else ''} the way out through NAT{listed(served)}; "
            f"{users(seen.interfaces, served)}",
            fit=75,
            warnings=tuple(warnings),
            wide=len(served) > 1,
        )

    def steps(self, seen: Paths, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        """Only the tables that ``wanted`` speaks of."""
        calls: list[Call] = []
        for id_, routes in wanted.items():
            there: Mapping[str, str] = now.get(id_, {})
            for to in there:
                if to not in routes and there[to].startswith("nat-"):
                    calls.append(Call("ec2", "DeleteRoute", {"RouteTableId": id_, **_destination(to)}))
            for to, hop in routes.items():
                if to not in there and hop.startswith("nat-"):
                    via = {"NatGatewayId": hop}
                    calls.append(Call("ec2", "CreateRoute", {"RouteTableId": id_, **_destination(to), **via}))
        return tuple(calls)

    def restored(self, seen: Paths, done: Plan) -> State:
        """The tables as they are now, with the routes that were taken where nobody leads them elsewhere."""
        return {
            id_: dict(sorted({**_taken(done, id_), **seen.tables[id_].routes}.items()))
            for id_ in done.after
            if id_ in seen.tables
        }

    def words(self, state: State) -> str:
        return "; ".join(f"{id_}: {_said(routes)}" for id_, routes in state.items())

    def trail_name(self, target: Target) -> str:
        return target.id


def _taken(done: Plan, table: str) -> dict[str, Any]:
    kept = done.after[table]
    return {to: hop for to, hop in done.before[table].items() if to not in kept}


def _destination(to: str) -> dict[str, str]:
    if to.startswith("pl-"):
        return {"DestinationPrefixListId": to}
    return {"DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock": to}


def _said(routes: Mapping[str, str]) -> str:
    return ", ".join(f"{to} to {hop}" for to, hop in routes.items()) or "no route of anyone's"


def _others(seen: Paths) -> str:
    """``: 0.0.0.0/0 to igw-1, …``: what else leads to everywhere."""
    found = {
        f"{to} to {hop}"
        for table in seen.tables.values()
        if table.subnets
        for to, hop in table.routes.items()
        if to in ("0.0.0.0/0", "::/0") and not hop.startswith("nat-")
    }
    return listed(sorted(found))


def _instead(seen: Paths) -> str:
    if not _others(seen):
        return ""
    return "ec2-nacl-deny: a network ACL that lets nothing out ends every flow of a subnet"


ACTION: Final = Ec2NatRoute()

"""``ec2-nacl-deny``: put a subnet under a network ACL that lets nothing in or out.

A network ACL keeps no state: what it denies ends at once, flows that run included, whatever security groups
still track (EC2 User Guide, "Security group connection tracking"; VPC User Guide, "Network ACLs"). Deny rules in
the ACL that the subnet follows would hit every other subnet that follows it; an ACL of our own, which is made
without any rule and so denies all, is put in its place for the one subnet, and the old one put back by an undo.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import ec2
from socconsole.response.base import Door, Info, Target
from socconsole.response.calls import answer
from socconsole.response.change import Change, Cut, State
from socconsole.response.vpc_acls import DENY, Acls, read
from socconsole.response.vpc_interfaces import users
from socconsole.response.wording import count, listed


class Ec2NaclDeny(Change[Acls]):
    """See the module's text."""

    info = Info(
        id="ec2-nacl-deny",
        title="Put a subnet under a network ACL that denies all",
        target_type="subnet, or an instance for its subnets",
        calls=("ec2:CreateNetworkAcl", "ec2:ReplaceNetworkAclAssociation"),
        stops="all traffic into and out of the subnet at once, flows that run already included, by whatever way",
        does_not_stop="traffic within the subnet, DNS through the VPC's resolver, the metadata service, credentials "
        "already taken",
        reversible=Reversible.YES,
        captures="all network ACLs of the VPC with their rules and associations, the subnet, its interfaces",
        verifies="the subnet follows our network ACL, and that has no rule that allows anything",
        undo_leaves=f"the network ACL {DENY}, which no subnet follows; the association has another id",
        pitfalls=(
            "everything in the subnet loses the network, not one host: it is counted before",
            "rules in a shared ACL would hit other subnets: one of our own takes its place for this subnet alone",
            "a NAT gateway or load balancer in the subnet is cut with it: said before",
            "somebody may put rules into our ACL: then it no longer counts as ours, and reading back says so",
        ),
    )
    writes = ("ReplaceNetworkAclAssociation", "CreateNetworkAclEntry", "ReplaceNetworkAclEntry")
    types = ("AwsEc2Instance", "AwsEc2Subnet")

    def name(self, target: str) -> str:
        return ec2.name(target, ("subnet", "i"), "a subnet or an instance")

    def arns(self, target: Target) -> tuple[str, ...]:
        kinds = (ec2.arn(target.place, f"{kind}-*") for kind in ("acl", "subnet", "vpc"))
        return tuple(dict.fromkeys((ec2.arn(target.place, target.id), *kinds)))

    def resources(self, plan: Plan) -> tuple[str, ...]:
        subnets = (ec2.arn(plan.place, subnet) for subnet in plan.after)
        patterns = (ec2.arn(plan.place, f"{kind}-*") for kind in ("acl", "vpc"))
        return tuple(dict.fromkeys((ec2.arn(plan.place, plan.target), *subnets, *patterns)))

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        return tuple(dict.fromkeys(Target(id_, plan.place) for id_ in (plan.target, *plan.after)))

    async def look(self, door: Door, target: Target) -> Acls:
        return await read(door, target)

    def state(self, seen: Acls) -> State:
        return {subnet: _follows(seen, subnet) for subnet in seen.subnets}

    def cut(self, seen: Acls, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        now = self.state(seen)
        letting = [subnet for subnet in seen.subnets if (acl := seen.followed(subnet)) and acl.lets_out]
        if not letting:
            denied = any(follows == DENY for follows in now.values())
            why = "it follows our network ACL already" if denied else "its network ACL lets nothing out"
            return Cut(None, f"would change nothing here: {why}")
        inside = seen.interfaces or ()
        gateways = [one for one in inside if one.get("InterfaceType") == "nat_gateway"]
        warnings = [
            "health checks, remote administration and databases in other subnets are cut off from it as well",
            "DNS through the VPC's resolver goes on: data can leave in queries",
        ]
        if gateways:
            warnings.insert(0, f"{count(len(gateways), 'NAT gateway')} in it: every subnet behind loses the way out")
        return Cut(
            dict.fromkeys(letting, DENY),
            why="; ".join(f"{subnet} follows {now[subnet]}, which lets traffic out" for subnet in letting),
            blast_radius=f"{count(len(letting), 'subnet')}{listed(letting)}: {users(seen.interfaces, letting)}; "
            f"{count(_sharing(seen, letting), 'other subnet')} with the same ACL not touched",
            fit=70,
            warnings=tuple(warnings),
            wide=True,
        )

    def steps(self, seen: Acls, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        changing = [subnet for subnet in wanted if now.get(subnet) != wanted[subnet]]
        calls: list[Call] = []
        deny = seen.deny
        if not deny and any(wanted[subnet] == DENY for subnet in changing):
            calls.append(_make(seen))
        # Asked what would come after calls that were not made yet: their ids are in the answers of those calls.
        foretold = any(now.get(subnet) != _follows(seen, subnet) for subnet in changing)
        made_before = not deny and any(now.get(subnet) == DENY for subnet in changing)
        for number, subnet in enumerate(changing):
            acl = seen.followed(subnet)
            association = acl.subnets[subnet] if acl else ""
            calls.append(
                Call(
                    "ec2",
                    "ReplaceNetworkAclAssociation",
                    {
                        "AssociationId": answer(number + made_before, "NewAssociationId") if foretold else association,
                        "NetworkAclId": (deny or answer(0, "NetworkAcl.NetworkAclId"))
                        if wanted[subnet] == DENY
                        else wanted[subnet],
                    },
                )
            )
        return tuple(calls)

    def restored(self, seen: Acls, done: Plan) -> State:
        """What the subnets followed before, for those that still follow ours; others were moved since."""
        now = self.state(seen)
        return {subnet: done.before[subnet] if now.get(subnet) == DENY else now.get(subnet) for subnet in done.after}

    def words(self, state: State) -> str:
        return "; ".join(f"{subnet} follows {acl}" for subnet, acl in state.items())


def _follows(seen: Acls, subnet: str) -> str:
    acl = seen.followed(subnet)
    if acl is None:
        return ""
    return DENY if acl.ours else acl.id


def _make(seen: Acls) -> Call:
    tags = [{"Key": "Name", "Value": DENY}, {"Key": "socconsole", "Value": "ec2-nacl-deny"}]
    return Call(
        "ec2",
        "CreateNetworkAcl",
        {"VpcId": seen.vpc, "TagSpecifications": [{"ResourceType": "network-acl", "Tags": tags}]},
    )


def _sharing(seen: Acls, subnets: Collection[str]) -> int:
    followed = {acl.id: acl for subnet in subnets if (acl := seen.followed(subnet))}
    return len({other for acl in followed.values() for other in acl.subnets} - set(subnets))


ACTION: Final = Ec2NaclDeny()

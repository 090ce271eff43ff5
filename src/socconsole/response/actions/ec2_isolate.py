"""``ec2-isolate``: take an instance off the network and away from its credentials, alive and whole.

Every interface goes to a group of the VPC without any rule, the metadata service is turned off, the instance
profile taken away; then the instance is kept from being terminated, and from Auto Scaling and load balancers that
would. The cut comes first: a later call that is denied must not keep the network open. Interfaces are changed one
by one, because an instance with several cannot be changed as a whole (EC2 API reference,
``ModifyNetworkInterfaceAttribute``). A new group begins with a rule that lets everything out, in a VPC with IPv6
with two: they are revoked before any interface follows it. ``EnterStandby`` takes an instance out of service
without terminating it (Auto Scaling API reference).

What it does not end is in ``response.tracked``: connections that run. Credentials that were read from the metadata
service stay valid for about six hours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.response import ec2, isolation_calls, tracked
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.ec2_instance import ISOLATION, Instance, read
from socconsole.response.wording import count, listed
from socconsole.text import token

TAG: Final = "socconsole:contained"
"""Says to everybody who looks at the instance what was done to it."""

_GONE: Final = ("terminated", "shutting-down")


class Ec2Isolate(Change[Instance]):
    """See the module's text."""

    info = Info(
        id="ec2-isolate",
        title="Isolate an instance",
        target_type="instance",
        calls=isolation_calls.ALL,
        stops="new connections from and to the instance, its use of the metadata service and of its role from now on, "
        "its termination and replacement by an Auto Scaling group, traffic from load balancers",
        does_not_stop="connections that run already (above all through NAT, Network Load Balancers and PrivateLink), "
        "credentials already taken, DNS through the VPC's resolver",
        reversible=Reversible.YES,
        captures="the instance with its interfaces and volumes, termination protection, shutdown behaviour, profile "
        "and role, Auto Scaling group, targets; no snapshot",
        verifies="every interface is in the isolation group alone and that has no rule; metadata off, no profile, "
        "protected, standby, no target, tagged",
        undo_leaves=f"the empty group {ISOLATION} in the VPC; another association id of the profile; a desired "
        "capacity raised by one where the Auto Scaling group started a replacement",
        pitfalls=(
            "running connections survive a change of groups: said before, with the actions that end them",
            "credentials taken from the instance stay valid: its role is named, with the action that ends them",
            "a new group lets everything out: its rules are revoked before an interface follows it",
            "somebody may have put rules into the isolation group: they are revoked, and it counts only without any",
            "an Auto Scaling group replaces what looks ill: standby first, without shrinking below its minimum",
            "a shutdown from inside may terminate, and volumes die with the instance: both are turned off",
            "Spot instances take no termination protection: said before, not tried",
            "memory cannot be taken over the network afterwards: said before",
        ),
    )
    writes = (
        "ModifyNetworkInterfaceAttribute",
        "ModifyInstanceAttribute",
        "ModifyInstanceMetadataOptions",
        "AssociateIamInstanceProfile",
        "DisassociateIamInstanceProfile",
    )
    types = ("AwsEc2Instance",)

    def name(self, target: str) -> str:
        return ec2.name(target, ("i",), "an instance")

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        part, region, account = partition_of(place.region), place.region, place.account
        return (
            ec2.arn(place, target.id),
            ec2.arn(place, "eni-*"),
            ec2.arn(place, "sg-*"),
            ec2.arn(place, "vpc-*"),
            f"arn:{part}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*",
            f"arn:{part}:elasticloadbalancing:{region}:{account}:targetgroup/*/*",
        )

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        """The VPC as well: of two that make its isolation group at once one would fail."""
        vpc = plan.evidence.get("instance", {}).get("VpcId", "")
        mine = Target(plan.target, plan.place)
        return (mine, Target(f"{vpc} {ISOLATION}", plan.place)) if vpc else (mine,)

    async def look(self, door: Door, target: Target) -> Instance:
        return await read(door, target)

    def state(self, seen: Instance) -> State:
        return {
            "Interfaces": {id_: _named(seen, groups) for id_, groups in sorted(seen.groups.items())},
            "Metadata": seen.metadata,
            "Profile": seen.profile or None,
            "TerminationProtection": seen.protected,
            "Shutdown": seen.shutdown,
            "VolumesDie": dict(seen.dying_volumes),
            "Standby": None if seen.scaling is None else _standing_by(seen),
            "Targets": [dict(one) for one in seen.registered],
            "Tag": seen.tags.get(TAG),
        }

    def cut(self, seen: Instance, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.state in _GONE:
            return Cut(None, f"would change nothing here: the instance is {seen.state}")
        now = self.state(seen)
        in_service = seen.scaling is not None and seen.scaling.lifecycle == "InService"
        wanted = {
            **now,
            "Interfaces": {id_: [ISOLATION] for id_ in now["Interfaces"]},
            "Metadata": "disabled",
            "Profile": None,
            "VolumesDie": dict.fromkeys(now["VolumesDie"], False),
            "Standby": True if in_service else now["Standby"],
            "Targets": [],
            "Tag": self.info.id,
        }
        if not seen.spot:
            wanted |= {"TerminationProtection": True, "Shutdown": "stop"}
        open_ = [id_ for id_, groups in now["Interfaces"].items() if groups != [ISOLATION]]
        return Cut(
            wanted,
            why=f"{count(len(open_), 'interface')} of the instance {'is' if len(open_) == 1 else 'are'} on the network"
            f"{listed(open_)}" + (f"; it has the credentials of {_roles(seen)}" if seen.profile else ""),
            blast_radius=_blast_radius(seen),
            fit=80,
            warnings=_warnings(seen),
        )

    def steps(self, seen: Instance, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        return isolation_calls.calls(seen, now, wanted, TAG)

    def restored(self, seen: Instance, done: Plan) -> State:
        """Every part as it was before, unless somebody changed it since; an interface that is new stays as it is."""
        now = self.state(seen)
        parts = {key: done.before[key] if now[key] == done.after[key] else now[key] for key in now}
        parts["Interfaces"] = {
            id_: done.before["Interfaces"].get(id_, groups) if groups == [ISOLATION] else groups
            for id_, groups in now["Interfaces"].items()
        }
        return parts

    def exposes(self, seen: Instance, target: Target, restored: State) -> tuple[str, ...]:
        now, opened = self.state(seen), []
        back = [id_ for id_, groups in restored["Interfaces"].items() if groups != now["Interfaces"].get(id_)]
        if back:
            public = ", under a public address" if seen.raw.get("PublicIpAddress") else ""
            opened.append(f"an instance that was isolated gets {count(len(back), 'interface')} back{public}")
        if restored["Profile"] and restored["Profile"] != now["Profile"]:
            opened.append(f"it gets the credentials of {token(str(restored['Profile']))} back")
        return tuple(opened)

    def words(self, state: State) -> str:
        interfaces: Mapping[str, Any] = state["Interfaces"]
        isolated = sum(groups == [ISOLATION] for groups in interfaces.values())
        return (
            f"{isolated} of {count(len(interfaces), 'interface')} isolated, metadata {state['Metadata']}, "
            f"profile {state['Profile'] or 'none'}, termination {'' if state['TerminationProtection'] else 'not '}"
            f"protected, {'standby, ' if state['Standby'] else ''}{count(len(state['Targets']), 'target')}"
        )


def _named(seen: Instance, groups: tuple[str, ...]) -> list[str]:
    """Ids, the isolation group by its name: but only while it has no rule."""
    isolation = seen.isolation
    return [ISOLATION if isolation and isolation.clean and id_ == isolation.id else id_ for id_ in groups]


def _standing_by(seen: Instance) -> bool:
    return seen.scaling is not None and seen.scaling.lifecycle in ("Standby", "EnteringStandby")


def _roles(seen: Instance) -> str:
    return ", ".join(token(role.rpartition("/")[2]) for role in seen.roles) or token(seen.profile.rpartition("/")[2])


def _blast_radius(seen: Instance) -> str:
    parts = [f"1 instance, {count(len(seen.interfaces), 'interface')}"]
    if seen.scaling:
        size = f"desired capacity {seen.scaling.desired}, at least {seen.scaling.least}"
        left = "runs one instance fewer" if seen.scaling.can_shrink else "starts a replacement"
        parts.append(f"the Auto Scaling group {token(seen.scaling.group)} ({size}) {left}")
    groups = {one["Group"] for one in seen.registered}
    parts.append(f"leaves {count(len(groups), 'target group')}")
    parts.append("who talks to it now: not known (configuration does not say)")
    return "; ".join(parts)


def _warnings(seen: Instance) -> tuple[str, ...]:
    out = list(tracked.warnings(seen.interfaces, seen.ways_out))
    if seen.profile:
        out.append(
            f"credentials already taken from it stay valid for about 6 hours: iam-role-off-path or "
            f"iam-role-revoke-sessions on {_roles(seen)}"
        )
    out.append("DNS through the VPC's resolver goes on: data can leave in queries")
    out.append("no snapshot is made by this; memory cannot be taken over the network afterwards")
    if seen.scaling and not seen.scaling.can_shrink:
        out.append(
            f"the Auto Scaling group is at its minimum and starts a replacement; an undo raises its desired capacity "
            f"by one (at most {seen.scaling.most})"
        )
    if seen.scaling and seen.scaling.lifecycle.startswith("Terminating"):
        out.append("its Auto Scaling group is terminating it already: snapshots first")
    if seen.spot:
        out.append("a Spot instance: AWS takes no termination protection for it, and may reclaim it")
    return tuple(out)


ACTION: Final = Ec2Isolate()

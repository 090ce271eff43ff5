"""``sagemaker-isolate``: take every way out from the security groups that an endpoint's models run in.

The network interfaces of a hosted model belong to SageMaker: their groups cannot be exchanged, but the rules of the
groups that ``VpcConfig`` names can. Facts: SageMaker Developer Guide, "Give SageMaker AI hosted endpoints access to
resources in your Amazon VPC" (what has no way out reaches S3 by a VPC endpoint only); EC2 User Guide, "Security group
connection tracking".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import ec2, tracked
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.sagemaker_endpoint import Endpoint, arns, endpoints, name_of, read_endpoint
from socconsole.response.security_group import Group, ordered, permissions, read, said
from socconsole.response.vpc_interfaces import users
from socconsole.response.wording import count, listed

_REVOKE: Final = "RevokeSecurityGroupEgress"
_AUTHORIZE: Final = "AuthorizeSecurityGroupEgress"


@dataclass(frozen=True, slots=True)
class Network:
    """An endpoint with the groups that its models run in."""

    endpoint: Endpoint
    groups: tuple[Group, ...]

    @property
    def evidence(self) -> Mapping[str, Any]:
        return {**self.endpoint.evidence, **{f"group {group.id}": group.evidence for group in self.groups}}

    @property
    def tags(self) -> Mapping[str, str]:
        return self.endpoint.tags

    @property
    def unread(self) -> tuple[str, ...]:
        return (*self.endpoint.unread, *(f"{part} of {group.id}" for group in self.groups for part in group.unread))

    def interfaces(self) -> tuple[ec2.Item, ...] | None:
        """All that use any of the groups, each once; None where they could not be read."""
        found: dict[str, ec2.Item] = {}
        for group in self.groups:
            if group.interfaces is None:
                return None
            found |= {one["NetworkInterfaceId"]: one for one in group.interfaces}
        return tuple(found.values())


class SageMakerIsolate(Change[Network]):
    """See the module's text. ``groups`` are those of a plan: its endpoint may be gone by the time it is undone."""

    info = Info(
        id="sagemaker-isolate",
        title="Take the ways out from an endpoint's models",
        target_type="endpoint",
        calls=(f"ec2:{_REVOKE}", f"ec2:{_AUTHORIZE}"),
        stops="new connections out of the models' containers, to the internet, the VPC and AWS services alike",
        does_not_stop="connections that run already, the answers to requests, what SageMaker captures to S3, models "
        "without a VPC, the sessions of its role that were taken out of it",
        reversible=Reversible.YES,
        captures="endpoint, its configuration, models, tags; the groups with their rules, and the interfaces in them",
        verifies="none of the groups has an egress rule",
        undo_leaves="the rules have new ids, and no tags (the evidence holds both)",
        pitfalls=(
            "the interfaces belong to SageMaker, their groups cannot be exchanged: the groups' rules are changed",
            "the groups may be shared: the interfaces in them are counted before, and more than its own make it wide",
            "running connections survive the change: said before, with the action that ends them",
            "a model outside of any VPC keeps its way out: its variants are named",
            "new instances cannot fetch the model: said before",
        ),
    )
    writes = (_REVOKE, _AUTHORIZE, "ModifySecurityGroupRules")

    def __init__(self, groups: tuple[str, ...] = ()) -> None:
        self._groups = groups

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return endpoints(finding)

    def name(self, target: str) -> str:
        return name_of(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return (*arns("endpoint", target.id, target.place), ec2.arn(target.place, "sg-*"))

    def resources(self, plan: Plan) -> tuple[str, ...]:
        own = arns("endpoint", plan.target, plan.place)
        return (*own, *(ec2.arn(plan.place, group) for group in plan.before))

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        return tuple(Target(id_, plan.place) for id_ in (plan.target, *plan.before))

    def trail_name(self, target: Target) -> str:
        return next(iter(self._groups), target.id)

    async def look(self, door: Door, target: Target) -> Network:
        endpoint = await read_endpoint(door, target.id, target.place)
        ids = self._groups or endpoint.groups
        groups = await asyncio.gather(*(read(door, Target(id_, target.place)) for id_ in ids))
        return Network(endpoint, tuple(groups))

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        return await Change.verify(SageMakerIsolate(tuple(plan.before)), door, plan)

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        return await Change.plan_undo(SageMakerIsolate(tuple(done.before)), door, done)

    def state(self, seen: Network) -> State:
        return {group.id: list(group.egress) for group in seen.groups}

    def cut(self, seen: Network, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        endpoint = seen.endpoint
        if not endpoint.status:
            return Cut(None, "would change nothing here: there is no endpoint of that name")
        if not seen.groups:
            return _no_help(endpoint)
        if not any(group.egress for group in seen.groups):
            return Cut(None, "would change nothing here: the groups of its models let nothing out")
        rules = [said(rule) for group in seen.groups for rule in group.egress]
        using = seen.interfaces()
        instances = sum(variant.instances for variant in endpoint.variants)
        return Cut(
            wanted={group.id: [] for group in seen.groups},
            why=f"its models run in {count(len(seen.groups), 'group')} that let out{listed(rules)}",
            blast_radius=f"{count(len(rules), 'rule')} of {count(len(seen.groups), 'group')}"
            f"{listed([group.id for group in seen.groups])}; {users(using)} lose new connections out; the endpoint has "
            f"{count(instances, 'instance')}",
            fit=80,
            warnings=_warnings(seen, using or ()),
            wide=using is None or len(using) > instances,
        )

    def steps(self, seen: Network, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        calls: list[Call] = []
        for group in now.keys() & wanted.keys():
            gone = [rule for rule in now[group] if rule not in wanted[group]]
            new = [rule for rule in wanted[group] if rule not in now[group]]
            for operation, rules, described in ((_REVOKE, gone, False), (_AUTHORIZE, new, True)):
                if rules:
                    params = {"GroupId": group, "IpPermissions": permissions(rules, described=described)}
                    calls.append(Call("ec2", operation, params))
        return tuple(sorted(calls, key=lambda call: str(call.params["GroupId"])))

    def restored(self, seen: Network, done: Plan) -> State:
        """Rules that others added meanwhile stay."""
        return {group.id: list(ordered([*group.egress, *done.before[group.id]])) for group in seen.groups}

    def words(self, state: State) -> str:
        rules = [said(rule) for group in state.values() for rule in group]
        return ", ".join(rules) or "no egress rule"


def _no_help(endpoint: Endpoint) -> Cut:
    """None of its models is in a group that lets anything out."""
    if any(part.startswith(("config", "model")) for part in endpoint.unread):
        return Cut(None, "not known: the endpoint's models could not all be read")
    if endpoint.models and all(model.get("EnableNetworkIsolation") for model in endpoint.models.values()):
        return Cut(None, "would change nothing here: its containers have no network at all (network isolation)")
    return Cut(
        None,
        "would change nothing here: none of its models is in a VPC, they go out by SageMaker's own network",
        instead="sagemaker-weight-zero: one variant"
        if len(endpoint.variants) > 1
        else "sagemaker-take-down: all of it",
    )


def _warnings(seen: Network, using: Collection[ec2.Item]) -> tuple[str, ...]:
    out = list(tracked.warnings(using))
    outside = [
        variant.name
        for variant in seen.endpoint.variants
        if (model := seen.endpoint.models.get(variant.model)) is not None
        and not model.get("VpcConfig")
        and not model.get("EnableNetworkIsolation")
    ]
    if outside:
        out.append(f"{count(len(outside), 'variant')} outside of any VPC keep their way out{listed(outside)}")
    out.append("instances that scaling or repair adds meanwhile may not fetch the model: it may serve with fewer")
    return tuple(out)


ACTION: Final = SageMakerIsolate()

"""``ec2-sg-egress``: revoke every egress rule of a security group.

Facts: EC2 API reference, ``RevokeSecurityGroupEgress`` (rule properties without the description name a rule) and
``AuthorizeSecurityGroupEgress`` (a rule that is given back has a new id and no tags). Connections that run are
tracked and survive: see ``response.tracked``. An interface with several groups keeps what the others allow.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import ec2, tracked
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.security_group import Group, Rule, ordered, permissions, read, said
from socconsole.response.vpc_interfaces import users
from socconsole.response.wording import count, listed

_STATE: Final = "Egress"


class Ec2SgEgress(Change[Group]):
    """See the module's text."""

    info = Info(
        id="ec2-sg-egress",
        title="Revoke all egress rules of a security group",
        target_type="security group",
        calls=("ec2:RevokeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupEgress"),
        stops="new connections out of every interface whose groups are only this one",
        does_not_stop="connections that run already, answers to what comes in, what other groups of an interface "
        "allow, DNS through the VPC's resolver, the metadata service",
        reversible=Reversible.YES,
        captures="the group, its rules with ids and tags, the interfaces that use it",
        verifies="the group has no egress rule",
        undo_leaves="the rules have new ids, and no tags (the evidence holds both)",
        pitfalls=(
            "running connections survive the change: said before, with the action that ends them",
            "a group is shared: the interfaces that use it are counted before",
            "an interface may have further groups that let it out: counted before",
            "rules that others add meanwhile stay: an undo gives back only what was revoked",
        ),
    )
    writes = ("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules")
    types = ("AwsEc2SecurityGroup",)

    def name(self, target: str) -> str:
        return ec2.name(target, ("sg",), "a security group")

    def arns(self, target: Target) -> tuple[str, ...]:
        return (ec2.arn(target.place, target.id),)

    async def look(self, door: Door, target: Target) -> Group:
        return await read(door, target)

    def state(self, seen: Group) -> State:
        return {_STATE: list(seen.egress)}

    def cut(self, seen: Group, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.egress:
            return Cut(None, "would change nothing here: the group lets nothing out")
        if seen.interfaces == ():
            return Cut(None, "would change nothing here: no interface uses the group")
        using = seen.interfaces or ()
        others = [one for one in using if len(one.get("Groups", [])) > 1]
        warnings = list(tracked.warnings(using))
        if others:
            warnings.append(
                f"{count(len(others), 'interface')} of them have further groups, which may let them out: "
                "ec2-isolate takes an instance out of all its groups"
            )
        return Cut(
            {_STATE: []},
            why=f"the group {seen.id} lets out{listed([said(rule) for rule in seen.egress])}",
            blast_radius=f"{count(len(seen.egress), 'rule')}; {users(seen.interfaces)} lose new connections out",
            fit=55,
            warnings=tuple(warnings),
            wide=seen.interfaces is None or len(using) > 1,
        )

    def steps(self, seen: Group, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        there, aim = now[_STATE], wanted[_STATE]
        gone = [rule for rule in there if rule not in aim]
        new = [rule for rule in aim if rule not in there]
        return (
            *_call("RevokeSecurityGroupEgress", seen, gone, described=False),
            *_call("AuthorizeSecurityGroupEgress", seen, new, described=True),
        )

    def restored(self, seen: Group, done: Plan) -> State:
        return {_STATE: list(ordered([*seen.egress, *done.before[_STATE]]))}

    def words(self, state: State) -> str:
        rules: Sequence[Rule] = state[_STATE]
        return ", ".join(said(rule) for rule in rules) or "no egress rule"


def _call(operation: str, seen: Group, rules: Sequence[Rule], *, described: bool) -> tuple[Call, ...]:
    if not rules:
        return ()
    params: dict[str, Any] = {"GroupId": seen.id, "IpPermissions": permissions(rules, described=described)}
    return (Call("ec2", operation, params),)


ACTION: Final = Ec2SgEgress()

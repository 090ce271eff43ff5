"""A security group read afresh: its rules in the form the calls take them, and who uses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import Door, Target

Rule = Mapping[str, Any]
"""One rule: ``IpProtocol``, ``FromPort``, ``ToPort``, ``To`` (one end) and ``Description``; no id, no tags."""

# Ends of a rule as ``DescribeSecurityGroupRules`` names them → where ``IpPermissions`` has them, and by what key.
_ENDS: Final[Mapping[str, tuple[str, str]]] = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
    "GroupId": ("UserIdGroupPairs", "GroupId"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A security group as EC2 described it in one round of reads."""

    id: str
    name: str
    vpc: str
    egress: tuple[Rule, ...]
    """Sorted: their order in AWS means nothing."""
    interfaces: tuple[ec2.Item, ...] | None
    """Those that use the group; None where reading them was denied."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


async def read(door: Door, target: Target) -> Group:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read."""
    place, id_ = target.place, target.id
    group, (egress, _, raw), interfaces = await asyncio.gather(
        ec2.only(door, place, "DescribeSecurityGroups", "SecurityGroups", GroupIds=[id_]),
        rules(door, place, id_),
        ec2.if_allowed(
            ec2.every(door, place, "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=ec2.where("group-id", id_))
        ),
    )
    return Group(
        id=id_,
        name=group["GroupName"],
        vpc=group.get("VpcId", ""),
        egress=egress,
        interfaces=None if interfaces is None else tuple(interfaces),
        tags=ec2.tags(group),
        unread=("network interfaces",) if interfaces is None else (),
        evidence={"group": group, "rules": raw, "interfaces": interfaces},
    )


async def rules(door: Door, place: Place, group: str) -> tuple[tuple[Rule, ...], tuple[Rule, ...], list[ec2.Item]]:
    """A group's rules: what it lets out, what it lets in, and both as AWS returned them. Raises ``AwsTrouble``."""
    filters = ec2.where("group-id", group)
    raw = await ec2.every(door, place, "DescribeSecurityGroupRules", "SecurityGroupRules", Filters=filters)
    egress = ordered(_rule(rule) for rule in raw if rule["IsEgress"])
    return egress, ordered(_rule(rule) for rule in raw if not rule["IsEgress"]), raw


def ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """In an order of their own, each once."""
    return tuple(json.loads(text) for text in sorted({json.dumps(rule, sort_keys=True) for rule in rules}))


def permissions(rules: Sequence[Rule], *, described: bool) -> list[dict[str, Any]]:
    """``IpPermissions`` of the calls. A revocation goes without the descriptions: AWS matches all else alone."""
    return [_permission(rule, described=described) for rule in rules]


def said(rule: Rule) -> str:
    """``tcp 443 to 0.0.0.0/0``."""
    protocol = "all" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    first, last = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "" if first == -1 else f" {first}" if first == last else f" {first}-{last}"
    return f"{protocol}{ports} to {next(iter(rule['To'].values()))}"


def _rule(item: ec2.Item) -> Rule:
    end = {key: item[key] for key in _ENDS if key != "GroupId" and item.get(key)}
    if referenced := item.get("ReferencedGroupInfo"):
        pairs = ("GroupId", "UserId", "VpcId", "VpcPeeringConnectionId")
        end = {key: referenced[key] for key in pairs if referenced.get(key)}
    rule: dict[str, Any] = {"IpProtocol": item["IpProtocol"], "To": end}
    if item["IpProtocol"] != "-1":  # for all protocols the ports mean nothing, and are told as -1
        rule |= {"FromPort": item.get("FromPort", -1), "ToPort": item.get("ToPort", -1)}
    if item.get("Description"):
        rule["Description"] = item["Description"]
    return rule


def _permission(rule: Rule, *, described: bool) -> dict[str, Any]:
    end = dict(rule["To"])
    kind = next(key for key in _ENDS if key in end)
    where, key = _ENDS[kind]
    end[key] = end.pop(kind)
    if described and "Description" in rule:
        end["Description"] = rule["Description"]
    ports = {name: rule[name] for name in ("FromPort", "ToPort") if name in rule}
    return {"IpProtocol": rule["IpProtocol"], **ports, where: [end]}

"""How EC2 is asked and how its resources are named; for the actions on instances and networks."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from socconsole.aws import AwsTrouble, Kind
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Target
from socconsole.text import token

_PAGES: Final = 20
_VALUES: Final = 200
"""EC2 takes this many values in a filter."""
_ID: Final = re.compile(r"([a-z]+)-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_ARN: Final = re.compile(r"arn:[a-z-]+:ec2:[a-z0-9-]*:\d*:([a-z-]+)/([a-z]+-[0-9a-f]+)")

KINDS: Final[Mapping[str, str]] = {
    "i": "instance",
    "subnet": "subnet",
    "sg": "security-group",
    "rtb": "route-table",
    "nat": "natgateway",
    "vpc": "vpc",
    "eni": "network-interface",
    "acl": "network-acl",
}
"""Prefix of an id → the resource's name in an ARN (Service Authorization Reference, Amazon EC2)."""

T = TypeVar("T")
Item = Mapping[str, Any]
"""One resource as EC2 describes it."""


def name(typed: str, prefixes: Iterable[str], what: str) -> str:
    """The id that was typed or that an ARN names, of one of ``prefixes``. Raises ``BadTarget``."""
    arn = _ARN.fullmatch(typed)
    found = arn[2] if arn else typed
    shape = _ID.fullmatch(found)
    if shape is None or shape[1] not in prefixes or (arn and KINDS[shape[1]] != arn[1]):
        raise BadTarget(f"{token(typed)!r} is not the id of {what}")
    return found


def kind(id_: str) -> str:
    """The prefix of an id: ``subnet`` of ``subnet-0a1b2c3d``."""
    return id_.partition("-")[0]


def arn(place: Place, id_: str) -> str:
    """The ARN of a resource that has an id; ``subnet-*`` stands for all of a kind."""
    found = "*" if id_.endswith("-*") else id_
    return f"arn:{partition_of(place.region)}:ec2:{place.region}:{place.account}:{KINDS[kind(id_)]}/{found}"


async def every(door: Door, place: Place, operation: str, key: str, **params: Any) -> list[Item]:
    """All items of a listing, whatever pages they come in. Raises ``AwsTrouble``."""
    asked, found = dict(params), list[Item]()
    for _ in range(_PAGES):
        answer = await door.call(place, f"ec2:{operation}", asked)
        found += answer[key]
        following = answer.get("NextToken")
        if not following:
            return found
        asked["NextToken"] = following
    raise AwsTrouble(Kind.BAD_RESPONSE, f"ec2:{operation}", place, f"more than {_PAGES} pages, and still a token")


async def only(door: Door, place: Place, operation: str, key: str, **params: Any) -> Item:
    """The one item that an id names. Raises ``AwsTrouble``, ``not_found`` where there is none."""
    items = await every(door, place, operation, key, **params)
    if len(items) != 1:
        raise AwsTrouble(Kind.NOT_FOUND, f"ec2:{operation}", place, "AWS describes no such resource")
    return items[0]


async def instance(door: Door, target: Target) -> Item:
    """An instance by its id. Raises ``AwsTrouble``."""
    reservation = await only(door, target.place, "DescribeInstances", "Reservations", InstanceIds=[target.id])
    found: Item = reservation["Instances"][0]
    return found


async def if_allowed(reading: Awaitable[T]) -> T | None:
    """What was read, or None where AWS denied it: for what words a plan and does not decide it."""
    try:
        return await reading
    except AwsTrouble as trouble:
        if trouble.kind != Kind.DENIED:
            raise
        return None


async def in_subnets(door: Door, place: Place, subnets: Sequence[str]) -> tuple[Item, ...] | None:
    """The network interfaces in ``subnets``; None where reading them was denied. Raises ``AwsTrouble``."""
    found: list[Item] = []
    for start in range(0, len(subnets), _VALUES):
        asked = where("subnet-id", *subnets[start : start + _VALUES])
        some = await if_allowed(every(door, place, "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=asked))
        if some is None:
            return None
        found += some
    return tuple(found)


def where(key: str, *values: str) -> list[dict[str, Any]]:
    """A filter as the Describe operations take it."""
    return [{"Name": key, "Values": list(values)}]


def tags(item: Item, key: str = "Tags") -> dict[str, str]:
    """The tags of an item; network interfaces call them ``TagSet``."""
    return {tag["Key"]: tag["Value"] for tag in item.get(key, [])}

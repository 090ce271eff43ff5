"""A volume's snapshot: how it is named, described and shared; for the actions on snapshots.

Facts: EC2 API reference, ``ModifySnapshotAttribute`` and ``DescribeSnapshotAttribute``; EBS User Guide, "Share an
Amazon EBS snapshot": CloudTrail tells the owner ``SharedSnapshotCopyInitiated`` and ``SharedSnapshotVolumeCreated``
when another account takes it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socconsole.model.action import Call
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.sharing import PUBLIC, Shared, SharedChange
from socconsole.text import token

_ID: Final = re.compile(r"(?:arn:[a-z-]+:ec2:[a-z0-9-]*:\d*:snapshot/)?(snap-[0-9a-f]{8,17})")


def name(typed: str) -> str:
    """The id that was typed or that an ARN names. Raises ``BadTarget``."""
    found = _ID.fullmatch(typed)
    if found is None:
        raise BadTarget(f"{token(typed)!r} is not the id of a snapshot")
    return found[1]


def arn(place: Place, id_: str) -> str:
    """Snapshots have no account in their ARNs (Service Authorization Reference, Amazon EC2)."""
    return f"arn:{partition_of(place.region)}:ec2:{place.region}::snapshot/{id_}"


async def one(door: Door, target: Target) -> ec2.Item:
    """A snapshot as AWS describes it to the place's account. Raises ``AwsTrouble``."""
    return await ec2.only(door, target.place, "DescribeSnapshots", "Snapshots", SnapshotIds=[target.id])


class SnapshotList(SharedChange):
    """A change to the list of who may take a snapshot."""

    what = "snapshot"
    writes = ("ModifySnapshotAttribute", "ResetSnapshotAttribute")

    def name(self, target: str) -> str:
        return name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return (arn(target.place, target.id),)

    async def look(self, door: Door, target: Target) -> Shared:
        place, id_ = target.place, target.id
        asked = {"SnapshotId": id_, "Attribute": "createVolumePermission"}
        shared, about = await asyncio.gather(
            door.call(place, "ec2:DescribeSnapshotAttribute", asked),
            door.call(place, "ec2:DescribeSnapshots", {"SnapshotIds": [id_]}),
        )
        permissions = shared["CreateVolumePermissions"]
        found: Mapping[str, Any] = next(iter(about["Snapshots"]), {})
        encrypted = "encrypted" if found.get("Encrypted") else "not encrypted"
        return Shared(
            id=id_,
            place=place,
            owner=str(found.get("OwnerId", "")),
            names=tuple(sorted(str(each.get("Group") or each.get("UserId")) for each in permissions)),
            tags=ec2.tags(found),
            evidence={"shared": permissions, "snapshot": found},
            holds=f" of {token(str(found.get('VolumeId', '?')))}, {found.get('VolumeSize', '?')} GiB, {encrypted}",
        )

    def share(self, target: Target, add: Sequence[str], remove: Sequence[str]) -> tuple[Call, ...]:
        both = (("remove", remove), ("add", add))
        return tuple(_call(target.id, how, names) for how, names in both if names)


def _call(snapshot: str, how: str, names: Sequence[str]) -> Call:
    params: dict[str, Any] = {"SnapshotId": snapshot, "Attribute": "createVolumePermission", "OperationType": how}
    if PUBLIC in names:
        params["GroupNames"] = [PUBLIC]
    if accounts := [each for each in names if each != PUBLIC]:
        params["UserIds"] = accounts
    return Call("ec2", "ModifySnapshotAttribute", params)

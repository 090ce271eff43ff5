"""``ebs-snapshot-private``: stop sharing a volume's snapshot with the public and with strangers' accounts.

Facts: EC2 API reference, ``ModifySnapshotAttribute`` and ``DescribeSnapshotAttribute``; EBS User Guide, "Share an
Amazon EBS snapshot": CloudTrail tells the owner ``SharedSnapshotCopyInitiated`` and ``SharedSnapshotVolumeCreated``
when another account takes it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.s3_policy import partition
from socconsole.response.sharing import PUBLIC, Shared, SharedChange
from socconsole.text import token

_ID: Final = re.compile(r"(?:arn:[a-z-]+:ec2:[a-z0-9-]*:\d*:snapshot/)?(snap-[0-9a-f]{8,17})")


class EbsSnapshotPrivate(SharedChange):
    """See the module's text."""

    what = "snapshot"
    writes = ("ModifySnapshotAttribute", "ResetSnapshotAttribute")
    info = Info(
        id="ebs-snapshot-private",
        title="Stop sharing a volume's snapshot with outsiders",
        target_type="snapshot",
        calls=("ec2:ModifySnapshotAttribute",),
        stops="new copies and volumes of the snapshot by anyone outside your accounts",
        does_not_stop="copies and volumes that were made already: what is in it counts as taken",
        reversible=Reversible.YES,
        captures="who it is shared with, the snapshot's description and tags",
        verifies="neither the public nor a stranger's account is on the list any more",
        undo_leaves="nothing; accounts that others added meanwhile stay on the list",
        pitfalls=(
            "copies cannot be recalled: said before, with what the trail tells of who took it",
            "only the owner's account can change the list: refused elsewhere",
            "other snapshots of the same volume have lists of their own",
            "an undo shares it again: RE-EXPOSES",
        ),
    )
    types = ("AwsEc2Snapshot", "AWS::EC2::Snapshot", "EbsSnapshot")

    def name(self, target: str) -> str:
        found = _ID.fullmatch(target)
        if found is None:
            raise BadTarget(f"{token(target)!r} is not the id of a snapshot")
        return found[1]

    def arns(self, target: Target) -> tuple[str, ...]:
        # Snapshots have no account in their ARNs (Service Authorization Reference, Amazon EC2).
        return (f"arn:{partition(target.place.region)}:ec2:{target.place.region}::snapshot/{target.id}",)

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
            names=tuple(sorted(str(one.get("Group") or one.get("UserId")) for one in permissions)),
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
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
    if accounts := [name for name in names if name != PUBLIC]:
        params["UserIds"] = accounts
    return Call("ec2", "ModifySnapshotAttribute", params)


ACTION: Final = EbsSnapshotPrivate()

"""``ami-private``: stop sharing a machine image with the public and with strangers' accounts.

Facts: EC2 API reference, ``ModifyImageAttribute`` (``LaunchPermission``); EC2 User Guide, "Shared AMIs". The
snapshots behind an image have lists of their own, and sharing the image does not share them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.regions import partition_of
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.sharing import PUBLIC, Shared, SharedChange
from socconsole.response.wording import count
from socconsole.text import token

_ID: Final = re.compile(r"(?:arn:[a-z-]+:ec2:[a-z0-9-]*:\d*:image/)?(ami-[0-9a-f]{8,17})")
_KINDS: Final = ("Group", "UserId", "OrganizationArn", "OrganizationalUnitArn")


class AmiPrivate(SharedChange):
    """See the module's text."""

    what = "image"
    writes = ("ModifyImageAttribute", "ResetImageAttribute")
    info = Info(
        id="ami-private",
        title="Stop sharing a machine image with outsiders",
        target_type="image",
        calls=("ec2:ModifyImageAttribute",),
        stops="new instances and copies of the image by anyone outside your accounts",
        does_not_stop="instances and copies that were made already; the snapshots behind it, where they are shared "
        "by themselves: ebs-snapshot-private for each",
        reversible=Reversible.YES,
        captures="who it is shared with, the image's description, its snapshots and tags",
        verifies="neither the public nor a stranger's account is on the list any more",
        undo_leaves="nothing; accounts that others added meanwhile stay on the list",
        pitfalls=(
            "copies cannot be recalled: what is in it counts as taken",
            "organisations on the list are left there, and listed: whose they are no call tells",
            "only the owner's account can change the list: refused elsewhere",
            "an undo shares it again: RE-EXPOSES",
        ),
    )
    types = ("AwsEc2Image", "AWS::EC2::Image", "AwsEc2Ami")

    def name(self, target: str) -> str:
        found = _ID.fullmatch(target)
        if found is None:
            raise BadTarget(f"{token(target)!r} is not the id of a machine image")
        return found[1]

    def arns(self, target: Target) -> tuple[str, ...]:
        # Images have no account in their ARNs (Service Authorization Reference, Amazon EC2).
        return (f"arn:{partition_of(target.place.region)}:ec2:{target.place.region}::image/{target.id}",)

    async def look(self, door: Door, target: Target) -> Shared:
        place, id_ = target.place, target.id
        asked = {"ImageId": id_, "Attribute": "launchPermission"}
        shared, about = await asyncio.gather(
            door.call(place, "ec2:DescribeImageAttribute", asked),
            door.call(place, "ec2:DescribeImages", {"ImageIds": [id_]}),
        )
        permissions = shared["LaunchPermissions"]
        found: Mapping[str, Any] = next(iter(about["Images"]), {})
        disks = [disk["Ebs"] for disk in found.get("BlockDeviceMappings", ()) if disk.get("Ebs", {}).get("SnapshotId")]
        return Shared(
            id=id_,
            place=place,
            owner=str(found.get("OwnerId", "")),
            names=tuple(sorted(_name(one) for one in permissions)),
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
            evidence={"shared": permissions, "image": found},
            holds=f" on {count(len(disks), 'snapshot')}",
        )

    def share(self, target: Target, add: Sequence[str], remove: Sequence[str]) -> tuple[Call, ...]:
        change = {"Add": [_permission(name) for name in add], "Remove": [_permission(name) for name in remove]}
        said = {how: names for how, names in change.items() if names}
        return (Call("ec2", "ModifyImageAttribute", {"ImageId": target.id, "LaunchPermission": said}),)


def _name(permission: Mapping[str, Any]) -> str:
    return str(next((permission[kind] for kind in _KINDS if permission.get(kind)), "?"))


def _permission(name: str) -> dict[str, str]:
    if name == PUBLIC:
        return {"Group": name}
    if name.isdigit():
        return {"UserId": name}
    return {"OrganizationalUnitArn" if ":ou/" in name else "OrganizationArn": name}


ACTION: Final = AmiPrivate()

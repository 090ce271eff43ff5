"""The snapshots that we had made of an instance's volumes, found again by their tags.

A request is one round for the instance: its number is a tag of every snapshot of it, so that each stays told apart
from those before and after, and is found when the instance itself is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.response import ec2
from socconsole.response.base import Door, Target

OURS: Final = "ec2-snapshot"
"""Value of the tag ``socconsole`` on the snapshots that we had made; the id of the action."""

COPY: Final = "ebs-snapshot-copy"
"""The same for copies in the forensic account."""

SOURCE: Final = "socconsole:source"
INSTANCE: Final = "socconsole:instance"
ROUND: Final = "socconsole:round"
FINDING: Final = "socconsole:finding"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One of ours."""

    id: str
    volume: str
    round: int
    state: str
    """``pending``, ``completed`` or ``error`` (EC2 API reference, ``Snapshot``); others for archived ones."""
    began: datetime | None


async def of_instance(door: Door, target: Target) -> tuple[tuple[Snapshot, ...], list[ec2.Item]]:
    """Ours, by round and volume, and as AWS describes them. Raises ``AwsTrouble``."""
    filters = [*ec2.where("tag:socconsole", OURS), *ec2.where(f"tag:{INSTANCE}", target.id)]
    asked: dict[str, Any] = {"OwnerIds": ["self"], "Filters": filters}
    items = await ec2.every(door, target.place, "DescribeSnapshots", "Snapshots", **asked)
    found = (_snapshot(item) for item in items)
    return tuple(sorted(found, key=lambda one: (one.round, one.volume, one.id))), items


def rounds(taken: Iterable[Snapshot], volume: str) -> list[int]:
    """The rounds in which a volume was snapshotted, whatever became of it."""
    return sorted({one.round for one in taken if one.volume == volume})


def tags(instance: str, number: int, finding: str = "") -> list[Mapping[str, str]]:
    """What a snapshot is found again by."""
    named = {"socconsole": OURS, INSTANCE: instance, ROUND: str(number)} | ({FINDING: finding} if finding else {})
    return [{"Key": key, "Value": value} for key, value in named.items()]


async def copies(door: Door, target: Target) -> list[ec2.Item]:
    """Copies of a snapshot that we had made in the place's account, whatever became of them. Raises ``AwsTrouble``."""
    filters = [*ec2.where("tag:socconsole", COPY), *ec2.where(f"tag:{SOURCE}", target.id)]
    return await ec2.every(door, target.place, "DescribeSnapshots", "Snapshots", OwnerIds=["self"], Filters=filters)


def copy_tags(source: str) -> list[Mapping[str, str]]:
    """What a copy is found again by."""
    return [{"Key": "socconsole", "Value": COPY}, {"Key": SOURCE, "Value": source}]


def _snapshot(item: ec2.Item) -> Snapshot:
    number = ec2.tags(item).get(ROUND, "")
    began = item.get("StartTime")
    return Snapshot(
        id=str(item["SnapshotId"]),
        volume=str(item.get("VolumeId", "")),
        round=int(number) if number.isascii() and number.isdigit() else 0,
        state=str(item.get("State", "")),
        began=began.astimezone(UTC) if isinstance(began, datetime) else None,
    )

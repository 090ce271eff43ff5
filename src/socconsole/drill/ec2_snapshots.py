"""EBS snapshots between accounts, and locked ones: what moto does not know of them.

Source: EC2 API reference, ``DescribeSnapshots`` (those that are shared with an account are its to see, without their
tags), ``CopySnapshot`` and ``LockSnapshot``. For a call on a locked snapshot AWS documents no code of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import generic_filter, random_snapshot_id

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

COPY_SECONDS: Final = 300.0
"""Seconds of the story until a copy is completed; on AWS minutes to hours."""

_MODES: Final = ("governance", "compliance")
_NO_VOLUME: Final = "vol-ffffffff"
"""What a copy names as its volume (EBS User Guide, "Copy an Amazon EBS snapshot")."""


@routes.op("ec2", "DescribeSnapshots")
def describe(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The account's own, and by id those that others share with it."""
    asked = list(dict.fromkeys(call.params.get("SnapshotIds", ())))
    found = [_seen(call, id_) for id_ in asked] if asked else list(_own(call))
    if "self" in call.params.get("OwnerIds", ()):
        found = [one for one in found if one.owner_id == call.account]
    if "all" in call.params.get("RestorableByUserIds", ()):
        found = [one for one in found if "all" in one.create_volume_permission_groups]
    filters = {one["Name"]: list(one["Values"]) for one in call.params.get("Filters", ())}
    kept = generic_filter(filters, found) if filters else found
    return {"Snapshots": [_item(call, one) for one in kept]}


@routes.op("ec2", "EnableSnapshotBlockPublicAccess")
def block_public(cloud: Cloud, call: Call) -> dict[str, Any]:
    ec2: Any = get_backend("ec2")[call.account][call.region]
    ec2.drill_sharing = call.params["State"]
    return {"State": call.params["State"]}


@routes.op("ec2", "DisableSnapshotBlockPublicAccess")
def unblock_public(cloud: Cloud, call: Call) -> dict[str, Any]:
    ec2: Any = get_backend("ec2")[call.account][call.region]
    ec2.drill_sharing = "unblocked"
    return {"State": "unblocked"}


@routes.op("ec2", "GetSnapshotBlockPublicAccessState")
def public_block(cloud: Cloud, call: Call) -> dict[str, Any]:
    ec2 = get_backend("ec2")[call.account][call.region]
    owner = getattr(ec2, "drill_sharing_owner", "account")
    return {"State": getattr(ec2, "drill_sharing", "unblocked"), "ManagedBy": owner}


@routes.op("ec2", "CopySnapshot")
def copy(cloud: Cloud, call: Call) -> dict[str, Any]:
    source = _seen(call, call.params["SourceSnapshotId"], call.params["SourceRegion"])
    if source.status != "completed":
        raise AwsError("IncorrectState", f"The snapshot '{source.id}' is not completed.", 400)
    ec2 = get_backend("ec2")[call.account][call.region]
    made: Any = Snapshot(ec2, random_snapshot_id(), source.volume, call.params.get("Description", ""), source.encrypted)
    made.status, made.asked, made.copied = "pending", True, True
    ec2.snapshots[made.id] = made
    for specification in call.params.get("TagSpecifications", ()):
        ec2.create_tags([made.id], {tag["Key"]: tag["Value"] for tag in specification["Tags"]})

    def finish() -> None:
        if made.status == "pending":
            made.status = "completed"

    cloud.slow.begin(call, COPY_SECONDS, finish)
    return {"SnapshotId": made.id, "Tags": _tags(made)}


@routes.op("ec2", "LockSnapshot")
def lock(cloud: Cloud, call: Call) -> dict[str, Any]:
    snapshot = _of(call, call.params["SnapshotId"])
    mode, days = call.params["LockMode"], call.params.get("LockDuration")
    if mode not in _MODES:
        raise AwsError("InvalidParameterValue", f"Value ({mode}) for parameter LockMode is invalid.", 400)
    if not isinstance(days, int) or not 1 <= days <= 36_500:
        raise AwsError("InvalidParameterValue", "LockDuration takes 1 to 36500 days.", 400)
    now = host_now()
    snapshot.lock = {"mode": mode, "days": days, "since": now, "until": now + timedelta(days=days)}
    return {"SnapshotId": snapshot.id, **_lock(snapshot)}


@routes.op("ec2", "DescribeLockedSnapshots")
def describe_locked(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked = call.params.get("SnapshotIds") or [one.id for one in _own(call)]
    found = [_seen(call, id_) for id_ in asked]
    return {
        "Snapshots": [
            {"SnapshotId": one.id, "OwnerId": one.owner_id, **_lock(one)}
            for one in found
            if hasattr(one, "lock") and one.owner_id == call.account
        ]
    }


@routes.before("ec2", "DeleteSnapshot")
def delete(cloud: Cloud, call: Call) -> None:
    snapshot = _of(call, call.params["SnapshotId"])
    if hasattr(snapshot, "lock") and snapshot.lock["until"] > host_now():
        raise AwsError("OperationNotPermitted", f"The snapshot '{snapshot.id}' is locked.", 400)


def _own(call: Call) -> Iterator[Any]:
    yield from get_backend("ec2")[call.account][call.region].snapshots.values()


def _of(call: Call, id_: str) -> Any:
    """A snapshot of the caller's own account."""
    found = next((one for one in _own(call) if one.id == id_), None)
    if found is None:
        raise _missing(id_)
    return found


def _seen(call: Call, id_: str, region: str = "") -> Any:
    """A snapshot that the caller's account may see: its own, or one that is shared with it or with everybody."""
    for account, regions in get_backend("ec2").items():
        snapshot = regions[region or call.region].snapshots.get(id_)
        if snapshot is None:
            continue
        shared = call.account in snapshot.create_volume_permission_userids or snapshot.create_volume_permission_groups
        if account == call.account or shared:
            return snapshot
    raise _missing(id_)


def _missing(id_: str) -> AwsError:
    return AwsError("InvalidSnapshot.NotFound", f"The snapshot '{id_}' does not exist.", 400)


def _item(call: Call, one: Any) -> dict[str, Any]:
    item = {
        "SnapshotId": one.id,
        "VolumeId": _NO_VOLUME if hasattr(one, "copied") else one.volume.id,
        "VolumeSize": one.volume.size,
        "State": one.status,
        "Progress": "100%" if one.status == "completed" else "0%",
        "StartTime": one.start_time,
        "OwnerId": one.owner_id,
        "Description": one.description,
        "Encrypted": bool(one.encrypted),
        "StorageTier": one.storage_tier,
    }
    if one.encrypted and (key := one.kms_key_id or one.volume.kms_key_id):
        item["KmsKeyId"] = key
    if one.owner_id == call.account and (tags := _tags(one)):
        item["Tags"] = tags
    return item


def _tags(one: Any) -> list[dict[str, str]]:
    return [{"Key": tag["key"], "Value": tag["value"]} for tag in one.get_tags()]


def _lock(one: Any) -> dict[str, Any]:
    lock: dict[str, Any] = one.lock
    until: datetime = lock["until"]
    return {
        "LockState": lock["mode"] if until > host_now() else "expired",
        "LockDuration": lock["days"],
        "LockCreatedOn": lock["since"],
        "LockDurationStartTime": lock["since"],
        "LockExpiresOn": until,
    }

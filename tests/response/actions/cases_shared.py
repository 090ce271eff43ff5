"""Snapshots and images that the public or strangers may take, and who is put on their lists meanwhile."""

from __future__ import annotations

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.conftest import ML, STRANGER

LATER = "222233334444"
"""Another stranger."""


def snapshot(aws: Embedded, *more: str) -> str:
    """Of a volume; shared with a stranger, with the family's other account and with ``more``."""
    volume = do(aws, "ec2:CreateVolume", AvailabilityZone="eu-central-1a", Size=8)["VolumeId"]
    made = str(do(aws, "ec2:CreateSnapshot", VolumeId=volume)["SnapshotId"])
    share(aws, made, STRANGER, ML.account, *more)
    return made


def share(aws: Embedded, snapshot: str, *accounts: str) -> None:
    asked = {"Attribute": "createVolumePermission", "OperationType": "add"}
    groups = [one for one in accounts if one == "all"]
    users = [one for one in accounts if one != "all"]
    do(aws, "ec2:ModifySnapshotAttribute", SnapshotId=snapshot, UserIds=users, GroupNames=groups, **asked)


def image(aws: Embedded) -> str:
    made = str(do(aws, "ec2:RegisterImage", Name="llm-base")["ImageId"])
    add = [{"Group": "all"}, {"UserId": STRANGER}, {"UserId": ML.account}]
    do(aws, "ec2:ModifyImageAttribute", ImageId=made, LaunchPermission={"Add": add})
    return made


def _image_shared(aws: Embedded, image: str) -> None:
    do(aws, "ec2:ModifyImageAttribute", ImageId=image, LaunchPermission={"Add": [{"UserId": LATER}]})


def database(aws: Embedded) -> str:
    instance = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20}
    do(aws, "rds:CreateDBInstance", DBInstanceIdentifier="crm", **instance)
    do(aws, "rds:CreateDBSnapshot", DBInstanceIdentifier="crm", DBSnapshotIdentifier="crm-copy")
    _restorable(aws, "crm-copy", "all", STRANGER)
    return "crm-copy"


def _restorable(aws: Embedded, snapshot: str, *accounts: str) -> None:
    asked = {"AttributeName": "restore", "ValuesToAdd": list(accounts)}
    do(aws, "rds:ModifyDBSnapshotAttribute", DBSnapshotIdentifier=snapshot, **asked)


CASES = (
    Case("ebs-snapshot-private", lambda aws: snapshot(aws, "all"), lambda aws, made: share(aws, made, LATER)),
    Case("ami-private", image, _image_shared),
    Case("rds-snapshot-private", database, lambda aws, made: _restorable(aws, made, LATER)),
)

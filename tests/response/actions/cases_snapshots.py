"""Snapshots kept as evidence: locked, shared with the forensic account, and copied into it."""

from __future__ import annotations

from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.model.world import Place
from tests.response.actions.case import Case, do
from tests.response.actions.cases_shared import LATER, share
from tests.response.conftest import ML, PROD

FORENSIC = Config(share=1.0, forensic_account=ML.account)
"""The drill's other account, in which the console may act too."""
THERE = Place(ML.account, PROD.region)


def snapshot(aws: Embedded, **volume: object) -> str:
    made = do(aws, "ec2:CreateVolume", AvailabilityZone="eu-central-1a", Size=8, **volume)
    return str(do(aws, "ec2:CreateSnapshot", VolumeId=made["VolumeId"])["SnapshotId"])


def shared(aws: Embedded) -> str:
    made = snapshot(aws)
    share(aws, made, ML.account)
    return made


CASES = (
    Case("ebs-snapshot-lock", snapshot, lambda aws, made: None),
    Case("ebs-snapshot-share", snapshot, lambda aws, made: share(aws, made, LATER), config=FORENSIC),
    Case("ebs-snapshot-copy", shared, lambda aws, made: None, THERE, config=FORENSIC),
)

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


def _public(aws: Embedded) -> str:
    """A snapshot that everybody may copy, in a region that does not mind."""
    share(aws, snapshot(aws), "all")
    return PROD.region


def _new_ones_only(aws: Embedded, region: str) -> None:
    do(aws, "ec2:EnableSnapshotBlockPublicAccess", State="block-new-sharing")


CASES = (
    Case("ebs-block-public-snapshots", _public, _new_ones_only),
    Case("ebs-snapshot-lock", snapshot, lambda aws, made: None),
    Case("ebs-snapshot-share", snapshot, lambda aws, made: share(aws, made, LATER), config=FORENSIC),
    Case("ebs-snapshot-copy", shared, lambda aws, made: None, THERE, config=FORENSIC),
)

"""What is particular to what is shared: whose accounts stay, whose it is, and which kind of snapshot it is."""

from __future__ import annotations

import pytest

from socconsole.commands import Contain, PlanContain, PlanUndo
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.response import engine, planning
from socconsole.response.actions.ami_private import ACTION as IMAGE
from socconsole.response.actions.ebs_snapshot_private import ACTION as VOLUME
from socconsole.response.actions.rds_snapshot_private import ACTION as DATABASE
from socconsole.response.base import BadTarget, Target
from tests.response.actions.case import do
from tests.response.actions.cases_shared import LATER, image, share, snapshot
from tests.response.conftest import ML, PROD, STRANGER, Make

AT = {"account": PROD.account, "region": PROD.region}


async def plan(session: Make, action: str, target: str) -> Plan:
    return await planning.plan(session(Mode.TRIAGE), PlanContain(action=action, target=target, **AT))


async def contain(session: Make, action: str, target: str) -> str:
    done = await engine.contain(session(), Contain(action=action, target=target, confirm=target, reason="drill", **AT))
    assert done.state is ActionState.APPLIED, done.detail
    return done.action_id


async def test_ones_own_other_account_stays_on_the_list(aws: Embedded, session: Make) -> None:
    found = await plan(session, "ebs-snapshot-private", snapshot(aws))
    assert found.after == {"Shared": [ML.account]}
    assert STRANGER in found.why
    assert "everyone" not in found.why
    assert "8 GiB, not encrypted" in found.blast_radius
    assert any("taken" in warning for warning in found.warnings)


async def test_what_is_shared_within_the_house_alone_is_left_alone(aws: Embedded, session: Make) -> None:
    made = snapshot(aws)
    asked = {"Attribute": "createVolumePermission", "OperationType": "remove"}
    do(aws, "ec2:ModifySnapshotAttribute", SnapshotId=made, UserIds=[STRANGER], **asked)
    assert not (await plan(session, "ebs-snapshot-private", made)).helps


async def test_an_undo_puts_back_what_was_taken_and_keeps_what_came_later(aws: Embedded, session: Make) -> None:
    made = snapshot(aws, "all")
    done = await contain(session, "ebs-snapshot-private", made)
    share(aws, made, LATER)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    assert back.re_exposes
    assert back.after == {"Shared": sorted([ML.account, STRANGER, LATER, "all"])}
    (call,) = back.calls
    assert call.params["OperationType"] == "add"
    assert sorted(call.params["UserIds"]) == [STRANGER]
    assert call.params["GroupNames"] == ["all"]


async def test_an_organisation_on_an_images_list_is_left_there_and_said(aws: Embedded, session: Make) -> None:
    made = image(aws)
    organisation = f"arn:aws:organizations::{PROD.account}:organization/o-aa111bb222"
    do(aws, "ec2:ModifyImageAttribute", ImageId=made, LaunchPermission={"Add": [{"OrganizationArn": organisation}]})
    found = await plan(session, "ami-private", made)
    assert found.after == {"Shared": sorted([ML.account, organisation])}
    assert any("organisation" in warning for warning in found.warnings)


async def test_a_clusters_snapshot_is_written_with_a_clusters_calls(aws: Embedded, session: Make) -> None:
    do(aws, "rds:CreateDBCluster", DBClusterIdentifier="crm", Engine="aurora-postgresql", MasterUsername="root",
       MasterUserPassword="drill-drill-drill")  # fmt: skip
    do(aws, "rds:CreateDBClusterSnapshot", DBClusterIdentifier="crm", DBClusterSnapshotIdentifier="crm-copy")
    add = {"AttributeName": "restore", "ValuesToAdd": [STRANGER]}
    do(aws, "rds:ModifyDBClusterSnapshotAttribute", DBClusterSnapshotIdentifier="crm-copy", **add)
    done = await contain(session, "rds-snapshot-private", "cluster-snapshot:crm-copy")
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    (call,) = back.calls
    assert call.operation == "ModifyDBClusterSnapshotAttribute"
    assert call.params == {
        "DBClusterSnapshotIdentifier": "crm-copy",
        "AttributeName": "restore",
        "ValuesToAdd": [STRANGER],
    }


def test_ids_are_taken_from_arns_and_nothing_else_passes() -> None:
    assert VOLUME.name("arn:aws:ec2:eu-central-1::snapshot/snap-0123456789abcdef0") == "snap-0123456789abcdef0"
    assert IMAGE.name("ami-0123456789abcdef0") == "ami-0123456789abcdef0"
    start = f"arn:aws:rds:eu-central-1:{PROD.account}"
    assert DATABASE.name(f"{start}:snapshot:crm-copy") == "crm-copy"
    assert DATABASE.name(f"{start}:cluster-snapshot:crm-copy") == "cluster-snapshot:crm-copy"
    assert DATABASE.arns(Target("cluster-snapshot:crm-copy", PROD)) == (f"{start}:cluster-snapshot:crm-copy",)
    assert DATABASE.arns(Target("crm-copy", PROD)) == (f"{start}:snapshot:crm-copy",)
    for action, bad in ((VOLUME, "vol-0123456789abcdef0"), (IMAGE, "ami-"), (DATABASE, "rds:crm-2026-11-23")):
        with pytest.raises(BadTarget):
            action.name(bad)

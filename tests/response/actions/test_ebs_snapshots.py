"""Snapshots as evidence: who may take them, what keeps them, and what has to come first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from moto.backends import get_backend

from socconsole.aws.operations import table
from socconsole.commands import Contain, PlanContain
from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.drill.clock import host_now
from socconsole.drill.ec2 import backend
from socconsole.drill.errors import AwsError
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.model.world import Place
from socconsole.response import engine, planning
from socconsole.response.registry import ACTIONS
from tests.response.actions.case import do
from tests.response.actions.cases_snapshots import FORENSIC, THERE, shared, snapshot
from tests.response.conftest import ML, PROD, Make


async def plan(session: Make, action: str, target: str, place: Place = PROD, config: Config = FORENSIC) -> Plan:
    asked = PlanContain(action, target, account=place.account, region=place.region)
    return await planning.plan(session(Mode.TRIAGE, config=config), asked)


@pytest.mark.parametrize("manager", ["AWS", "CUSTOMER"])
async def test_only_what_a_key_of_ones_own_encrypts_can_be_shared(aws: Embedded, session: Make, manager: str) -> None:
    key = do(aws, "kms:CreateKey")["KeyMetadata"]["KeyId"]
    get_backend("kms")[PROD.account][PROD.region].keys[key].key_manager = manager
    found = await plan(session, "ebs-snapshot-share", snapshot(aws, Encrypted=True, KmsKeyId=key))
    if manager == "AWS":
        assert not found.calls
        assert "aws/ebs" in found.refusals[0]
        assert "--kms-key-id" in found.refusals[0]
    else:
        assert found.helps
        assert any("needs the use of its key" in warning for warning in found.warnings)


async def test_a_copy_needs_the_share_the_right_account_and_a_configuration(aws: Embedded, session: Make) -> None:
    made = snapshot(aws)
    unshared = await plan(session, "ebs-snapshot-copy", made, THERE)
    assert (unshared.helps, unshared.instead.partition(",")[0]) == (False, "ebs-snapshot-share")
    here = await plan(session, "ebs-snapshot-copy", made)
    assert f"--account {ML.account}" in here.refusals[0]
    for action in ("ebs-snapshot-copy", "ebs-snapshot-share"):
        assert "forensic_account" in (await plan(session, action, made, config=Config(share=1.0))).why


async def test_what_is_locked_cannot_be_deleted_nor_unlocked_from_here_and_a_lock_that_ran_out_held(
    aws: Embedded, session: Make
) -> None:
    made = snapshot(aws)
    config = Config(share=1.0, evidence_lock_days=90)
    assert (await plan(session, "ebs-snapshot-lock", made, config=config)).calls[0].params["LockDuration"] == 90
    order = Contain("ebs-snapshot-lock", made, made, account=PROD.account, region=PROD.region)
    done = await engine.contain(session(), order)
    assert done.state is ActionState.APPLIED, done.detail
    assert "ec2:UnlockSnapshot" not in table()
    with pytest.raises(AwsError, match="locked"):
        do(aws, "ec2:DeleteSnapshot", SnapshotId=made)

    backend(PROD.account, PROD.region).snapshots[made].lock["until"] = host_now() - timedelta(seconds=1)
    async with session().door(session(), "reader") as door:
        assert await ACTIONS["ebs-snapshot-lock"].verify(door, done.plan) is ActionState.APPLIED, "for its time"
    again = await plan(session, "ebs-snapshot-lock", made)
    assert again.helps
    assert "earlier lock is over" in again.why


async def test_evidence_of_others_is_theirs_to_lock(aws: Embedded, session: Make) -> None:
    found = await plan(session, "ebs-snapshot-lock", shared(aws), THERE)
    assert "only that account can lock it" in found.refusals[0]

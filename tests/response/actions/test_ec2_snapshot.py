"""Snapshots as evidence: what they are found again by, when another one is worth it, and that none is ever deleted."""

from __future__ import annotations

from socconsole.commands import Contain, PlanUndo
from socconsole.drill import Embedded
from socconsole.drill.ec2 import backend
from socconsole.model.action import ActionState, Mode
from socconsole.response import engine, planning
from tests.response.actions.case import do
from tests.response.actions.cases_ec2 import network
from tests.response.actions.test_compositions import about, plan, plan_for
from tests.response.conftest import PROD, Make

SNAPSHOT = "ec2-snapshot"


async def test_they_carry_the_action_the_instance_the_request_and_the_finding(aws: Embedded, session: Make) -> None:
    made = network(aws)
    found = await plan_for(session, SNAPSHOT, made.instance, about(PROD, ("AwsEc2Instance", made.instance)))
    (call,) = found.calls
    (specification,) = call.params["TagSpecifications"]
    assert {tag["Key"]: tag["Value"] for tag in specification["Tags"]} == {
        "socconsole": SNAPSHOT,
        "socconsole:instance": made.instance,
        "socconsole:round": "1",
        "socconsole:finding": "f-1",
    }
    assert any("not awaited" in warning for warning in found.warnings)


async def test_a_second_within_the_hour_is_not_offered_and_the_first_stays_whatever_happens(
    aws: Embedded, session: Make
) -> None:
    made = network(aws)
    order = Contain(SNAPSHOT, made.instance, made.instance, account=PROD.account, region=PROD.region)
    done = await engine.contain(session(), order)
    assert done.state is ActionState.APPLIED, done.detail
    (snapshot,) = do(aws, "ec2:DescribeSnapshots", Filters=[{"Name": "tag:socconsole", "Values": [SNAPSHOT]}])[
        "Snapshots"
    ]
    again = await plan(session, SNAPSHOT, made.instance)
    assert not again.helps
    assert f"{snapshot['SnapshotId']} pending" in again.why
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert (back.helps, back.calls) == (False, ())


async def test_an_instance_without_a_volume_has_nothing_to_keep(aws: Embedded, session: Make) -> None:
    made = network(aws)
    backend(PROD.account, PROD.region).get_instance(made.instance).block_device_mapping.clear()
    found = await plan(session, SNAPSHOT, made.instance)
    assert not found.helps
    assert "no EBS volume attached" in found.why

"""Isolation: what stands in its way, what it leaves to others, and what an undo gives back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from socconsole.aws import Door
from socconsole.commands import Contain, Undo
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.response import engine
from socconsole.response.actions.ec2_isolate import ACTION
from socconsole.response.base import Target
from socconsole.response.ec2_instance import ISOLATION, Scaling, read
from socconsole.response.session import Refusal
from tests.response.actions.case import do
from tests.response.actions.cases_ec2 import CASES, network
from tests.response.actions.test_ec2_network import carry_out, plan, undoing
from tests.response.conftest import PROD, Make, Setting

AT = {"account": PROD.account, "region": PROD.region}
SERVED = next(case.prepare for case in CASES if case.action == "ec2-isolate")


def _described(aws: Embedded, instance: str) -> dict[str, Any]:
    return dict(do(aws, "ec2:DescribeInstances", InstanceIds=[instance])["Reservations"][0]["Instances"][0])


def _interface(aws: Embedded, instance: str, subnet: str, group: str) -> str:
    """A second interface of the instance."""
    made = do(aws, "ec2:CreateNetworkInterface", SubnetId=subnet, Groups=[group])["NetworkInterface"]
    id_ = str(made["NetworkInterfaceId"])
    do(aws, "ec2:AttachNetworkInterface", NetworkInterfaceId=id_, InstanceId=instance, DeviceIndex=1)
    return id_


async def test_the_cut_comes_before_everything_that_may_be_denied(aws: Embedded, session: Make) -> None:
    target = SERVED(aws)
    aws.faults.add(kind="denied", service="autoscaling", op="EnterStandby", times=None)
    asked = Contain(action="ec2-isolate", target=target, confirm=target, reason="drill", **AT)
    done = await engine.contain(session(), asked)
    assert done.state is ActionState.PARTIAL
    found = _described(aws, target)
    groups = [group["GroupName"] for one in found["NetworkInterfaces"] for group in one["Groups"]]
    assert groups == [ISOLATION]
    assert found["MetadataOptions"]["HttpEndpoint"] == "disabled"
    assert [call.operation for call in done.calls if not call.answered] == ["autoscaling:EnterStandby"]


async def test_every_interface_is_changed_by_itself(aws: Embedded) -> None:
    made = network(aws)
    second = _interface(aws, made.instance, made.public, made.group)
    done = await plan(aws, "ec2-isolate", made.instance)
    changed = [call for call in done.calls if call.operation == "ModifyNetworkInterfaceAttribute"]
    assert second in {call.params["NetworkInterfaceId"] for call in changed}
    assert len(changed) == 2
    assert all(call.params["Groups"] == [{"$answer": [0, "GroupId"]}] for call in changed)
    assert [call.operation for call in done.calls[:3]] == [
        "CreateSecurityGroup",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupEgress",
    ], "nothing follows the group while it lets something out"


async def test_a_group_of_that_name_isolates_only_without_rules(aws: Embedded) -> None:
    made = network(aws)
    group = do(aws, "ec2:CreateSecurityGroup", GroupName=ISOLATION, Description="-", VpcId=made.vpc)["GroupId"]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.9/32"}]}
    do(aws, "ec2:AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[ssh])
    (own,) = _described(aws, made.instance)["NetworkInterfaces"]
    do(aws, "ec2:ModifyNetworkInterfaceAttribute", NetworkInterfaceId=own["NetworkInterfaceId"], Groups=[group])
    done = await plan(aws, "ec2-isolate", made.instance)
    assert done.before["Interfaces"] == {own["NetworkInterfaceId"]: [group]}, "by its id: it is not isolated"
    assert [call.operation for call in done.calls[:2]] == ["RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"]
    carry_out(aws, done)
    rules = do(aws, "ec2:DescribeSecurityGroupRules", Filters=[{"Name": "group-id", "Values": [group]}])
    assert rules["SecurityGroupRules"] == []
    assert not (await plan(aws, "ec2-isolate", made.instance)).helps


async def test_the_role_and_what_ends_its_sessions_are_named(aws: Embedded) -> None:
    found = await plan(aws, "ec2-isolate", network(aws).instance)
    said = next(warning for warning in found.warnings if "credentials already taken" in warning)
    assert "vllm-recs" in said
    assert "iam-role-revoke-sessions" in said
    assert "iam-role-off-path" in said


async def test_an_undo_is_re_exposing_and_keeps_what_others_changed(aws: Embedded, session: Make) -> None:
    made = network(aws)
    asked = Contain(action="ec2-isolate", target=made.instance, confirm=made.instance, reason="drill", **AT)
    done = await engine.contain(session(), asked)
    assert done.state is ActionState.APPLIED, done.detail
    do(aws, "ec2:ModifyInstanceMetadataOptions", InstanceId=made.instance, HttpEndpoint="enabled")
    second = _interface(aws, made.instance, made.public, made.group)
    back = await undoing(aws, done.plan)
    assert back.re_exposes
    assert back.warnings[0].startswith("RE-EXPOSES: an instance that was isolated gets 1 interface back")
    assert any(warning.startswith("DRIFT") for warning in back.warnings)
    assert back.after["Interfaces"][second] == [made.group], "an interface that is new stays as it is"
    assert all(call.operation != "ModifyInstanceMetadataOptions" for call in back.calls)
    with pytest.raises(Refusal, match="RE-EXPOSES"):
        await engine.undo(session(), Undo(action_id=done.action_id, confirm=made.instance, reason="drill"))


async def test_a_new_interface_is_a_way_round_and_reading_back_says_so(aws: Embedded, session: Make) -> None:
    made = network(aws)
    asked = Contain(action="ec2-isolate", target=made.instance, confirm=made.instance, reason="drill", **AT)
    done = await engine.contain(session(), asked)
    _interface(aws, made.instance, made.public, made.group)
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        assert await ACTION.verify(door, done.plan) is ActionState.PARTIAL
    assert (await plan(aws, "ec2-isolate", made.instance)).helps


async def test_a_terminated_instance_has_nothing_to_isolate(aws: Embedded) -> None:
    made = network(aws)
    do(aws, "ec2:TerminateInstances", InstanceIds=[made.instance])
    found = await plan(aws, "ec2-isolate", made.instance)
    assert not found.helps
    assert "terminated" in found.why


async def test_what_cannot_be_read_is_left_out_and_said(aws: Embedded) -> None:
    target = SERVED(aws)
    for service, operation in (("autoscaling", "DescribeAutoScalingInstances"), ("elbv2", "DescribeTargetGroups")):
        aws.faults.add(kind="denied", service=service, op=operation, times=None)
    found = await plan(aws, "ec2-isolate", target)
    assert found.helps
    assert "not read, denied: Auto Scaling" in found.warnings
    assert "not read, denied: target groups" in found.warnings
    assert {call.service for call in found.calls} == {"ec2"}


async def test_a_spot_instance_and_a_group_at_its_minimum(aws: Embedded) -> None:
    made = network(aws)
    aim = Target(made.instance, PROD)
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        seen = await read(door, aim)
    spot = replace(
        seen,
        raw={**seen.raw, "InstanceLifecycle": "spot"},
        scaling=Scaling("web", "InService", least=2, desired=2, most=4),
    )
    cut = ACTION.cut(spot, aim, None, ())
    assert cut.wanted is not None
    calls = ACTION.steps(spot, aim, ACTION.state(spot), cut.wanted)
    changed = [set(call.params) for call in calls if call.operation == "ModifyInstanceAttribute"]
    assert changed == [{"InstanceId", "BlockDeviceMappings"}], "AWS takes no termination protection for it"
    standby = next(call for call in calls if call.operation == "EnterStandby")
    assert standby.params["ShouldDecrementDesiredCapacity"] is False
    assert any("starts a replacement" in warning for warning in cut.warnings)
    assert any("Spot" in warning for warning in cut.warnings)


async def test_a_tracking_timeout_of_its_own_is_told(aws: Embedded) -> None:
    made = network(aws)
    aim = Target(made.instance, PROD)
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        seen = await read(door, aim)
    own = {"ConnectionTrackingConfiguration": {"TcpEstablishedTimeout": 900}}
    interfaces = [{**one, **own} for one in seen.raw["NetworkInterfaces"]]
    cut = ACTION.cut(replace(seen, raw={**seen.raw, "NetworkInterfaces": interfaces}), aim, None, ())
    assert "set to 900 s here" in cut.warnings[0]

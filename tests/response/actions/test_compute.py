"""What is particular to endpoints, notebooks, functions, services and tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.backends import get_backend

from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.drill import Embedded
from socconsole.drill.sagemaker import ENDPOINT_SECONDS
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.model.world import Place
from socconsole.response import afterwards, engine, planning
from socconsole.response.base import BadTarget
from socconsole.response.outcome import Outcome
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Refusal, Session
from socconsole.store.state import StateFolder
from tests.response.actions import cases_compute as estate
from tests.response.actions.case import do
from tests.response.conftest import ML, PROD, Make, record


async def plan(session: Make, action: str, target: str, place: Place = ML) -> Plan:
    asked = PlanContain(action=action, target=target, account=place.account, region=place.region)
    return await planning.plan(session(Mode.TRIAGE), asked)


async def contain(session: Session, action: str, target: str, place: Place = ML) -> Outcome:
    asked = Contain(
        action=action, target=target, account=place.account, region=place.region, confirm=target, reason="drill"
    )
    return await engine.contain(session, asked)


async def resolve(session: Make, folder: StateFolder) -> dict[str, ActionState]:
    async with session().door(session(), "reader") as door:
        return dict(await afterwards.resolve(folder, door, "oncall1", in_flight=0.0))


# --- endpoints --------------------------------------------------------------------------------------------


async def test_a_variant_is_named_and_weighed_before_its_traffic_goes_elsewhere(aws: Embedded, session: Make) -> None:
    name = estate.endpoint(aws)
    which = await plan(session, "sagemaker-weight-zero", name)
    assert not which.helps
    assert f"{name}/a, {name}/b" in which.why

    found = await plan(session, "sagemaker-weight-zero", f"{name}/b")
    assert "25% of the endpoint's traffic goes to b" in found.why
    assert "a on 3 instances" in found.blast_radius
    assert any("TargetVariant" in warning for warning in found.warnings)

    do(aws, "sagemaker:UpdateEndpoint", ML, EndpointName=name, EndpointConfigName="answers-1")
    alone = await plan(session, "sagemaker-weight-zero", f"{name}/a")
    assert not alone.helps
    assert alone.instead.startswith("sagemaker-take-down")


async def test_nothing_else_is_done_and_nothing_undone_while_aws_is_at_it(
    aws: Embedded, session: Make, folder: StateFolder
) -> None:
    target = estate.variant(aws)
    done = await contain(session(), "sagemaker-weight-zero", target)
    assert done.state is ActionState.IN_DOUBT
    later = await afterwards.later(session(), done)
    assert later.state is ActionState.IN_DOUBT
    assert "AWS is at it still" in later.detail
    assert await resolve(session, folder) == {}
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome"], "looking changes nothing on record"

    other = await plan(session, "sagemaker-take-down", estate.ENDPOINT)
    assert any("Updating" in refusal for refusal in other.refusals)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert any("Updating" in refusal for refusal in back.refusals)
    with pytest.raises(Refusal, match="Updating"):
        await engine.undo(session(), Undo(action_id=done.action_id, confirm=target, reason="drill"))

    aws.clock.skip(ENDPOINT_SECONDS)
    assert await resolve(session, folder) == {done.action_id: ActionState.APPLIED}
    assert (await plan(session, "sagemaker-take-down", estate.ENDPOINT)).refusals == ()


async def test_a_take_down_says_what_is_lost_and_gives_back_configuration_and_tags(
    aws: Embedded, session: Make, folder: StateFolder
) -> None:
    name = estate.endpoint(aws)
    found = await plan(session, "sagemaker-take-down", name)
    assert found.second_person
    said = " ".join(found.warnings)
    assert "lost as evidence" in said
    assert "KMS grants are retired" in said
    assert "sagemaker-eval" in said, "the role that AWS needs to clean up"

    done = await contain(session(), "sagemaker-take-down", name)
    aws.clock.skip(ENDPOINT_SECONDS)
    assert (await resolve(session, folder))[done.action_id] is ActionState.APPLIED
    assert not (await plan(session, "sagemaker-take-down", name)).helps

    back = await engine.undo(session(), _undo(done.action_id, name))
    assert back.state is ActionState.IN_DOUBT, "created is not yet serving"
    get_backend("sagemaker")[ML.account][ML.region].endpoints[name].endpoint_status = "Failed"
    assert (await resolve(session, folder))[back.action_id] is ActionState.PARTIAL, "there again, and not serving"
    made = do(aws, "sagemaker:DescribeEndpoint", ML, EndpointName=name)
    assert made["EndpointConfigName"] == "answers-2"
    assert do(aws, "sagemaker:ListTags", ML, ResourceArn=made["EndpointArn"])["Tags"] == [
        {"Key": "team", "Value": "support"}
    ]


async def test_what_could_not_be_restored_is_not_taken_down(aws: Embedded, session: Make) -> None:
    name = estate.endpoint(aws)
    blind = {"Effect": "Deny", "Action": ["sagemaker:DescribeEndpointConfig"], "Resource": "*"}
    _reader(aws, blind)
    found = await plan(session, "sagemaker-take-down", name)
    assert any("could not be restored" in refusal for refusal in found.refusals)


async def test_models_without_a_vpc_or_without_a_network_are_not_isolated(aws: Embedded, session: Make) -> None:
    name = estate.endpoint(aws)
    found = await plan(session, "sagemaker-isolate", name)
    assert not found.helps
    assert "none of its models is in a VPC" in found.why
    assert found.instead.startswith("sagemaker-weight-zero")

    models = get_backend("sagemaker")[ML.account][ML.region]._models
    for model in models.values():
        model.enable_network_isolation = True
    assert "network isolation" in (await plan(session, "sagemaker-isolate", name)).why
    assert "no endpoint" in (await plan(session, "sagemaker-isolate", "another")).why


async def test_the_ways_out_are_given_back_also_when_the_endpoint_is_gone(aws: Embedded, session: Make) -> None:
    name = estate.networked(aws)
    found = await plan(session, "sagemaker-isolate", name)
    assert "1 interface" in found.blast_radius
    assert not found.wide, "no more interfaces than instances: they may all be its own"
    assert any("tracked" in warning for warning in found.warnings)
    (group,) = found.before
    done = await contain(session(), "sagemaker-isolate", name)
    assert _egress(aws, group) == []

    estate.let_out(aws, name)
    do(aws, "sagemaker:DeleteEndpoint", ML, EndpointName=name)
    assert (await engine.undo(session(), _undo(done.action_id, name))).state is ActionState.APPLIED
    assert len(_egress(aws, group)) == 2, "what was there before, and what somebody added"


async def test_a_group_that_others_use_too_makes_it_wide(aws: Embedded, session: Make) -> None:
    name = estate.networked(aws)
    config = do(aws, "sagemaker:DescribeModel", ML, ModelName="answers-a")["VpcConfig"]
    for _ in range(5):
        subnet, groups = config["Subnets"][0], config["SecurityGroupIds"]
        do(aws, "ec2:CreateNetworkInterface", ML, SubnetId=subnet, Groups=groups)
    found = await plan(session, "sagemaker-isolate", name)
    assert found.wide
    assert "6 interfaces" in found.blast_radius
    assert "the endpoint has 4 instances" in found.blast_radius


# --- notebooks, functions ---------------------------------------------------------------------------------


async def test_what_would_run_at_the_next_start_of_a_notebook_is_named(aws: Embedded, session: Make) -> None:
    name = estate.notebook(aws)
    found = await plan(session, "sagemaker-stop-notebook", name)
    assert any("on-start may run as root" in warning for warning in found.warnings)
    assert "direct internet access" in found.why
    do(aws, "sagemaker:StopNotebookInstance", ML, NotebookInstanceName=name)
    assert "does not run" in (await plan(session, "sagemaker-stop-notebook", name)).why
    assert "no notebook" in (await plan(session, "sagemaker-stop-notebook", "another")).why


async def test_secrets_of_a_function_are_not_kept_and_an_open_one_re_exposes(
    aws: Embedded, session: Make, folder: StateFolder
) -> None:
    name = estate.function(aws)
    found = await plan(session, "lambda-stop", name, PROD)
    assert found.evidence["configuration"]["EnvironmentNames"] == ["DB_PASSWORD"]
    assert any("60 s" in warning for warning in found.warnings), "how long what runs may go on"

    done = await contain(session(), "lambda-stop", name, PROD)
    assert done.state is ActionState.APPLIED
    kept = b"".join(path.read_bytes() for path in folder.root.rglob("*") if path.is_file())
    assert b"EnvironmentNames" in kept
    assert b"hunter2" not in kept

    anyone: dict[str, Any] = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    do(aws, "lambda:AddPermission", FunctionName=name, StatementId="url", **anyone)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert back.re_exposes
    assert any("anyone invoke it" in warning for warning in back.warnings)


# --- ECS --------------------------------------------------------------------------------------------------


async def test_a_service_that_scales_by_itself_is_said_to(aws: Embedded, session: Make) -> None:
    name = estate.service(aws)
    scale: dict[str, Any] = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{name}",
        "MinCapacity": 2,
        "MaxCapacity": 9,
    }
    do(aws, "application-autoscaling:RegisterScalableTarget", ScalableDimension="ecs:service:DesiredCount", **scale)
    found = await plan(session, "ecs-service-stop", name, PROD)
    assert any("sets the count to 2 to 9" in warning for warning in found.warnings)

    get_backend("ecs")[PROD.account][PROD.region].services["web:chat"].scheduling_strategy = "DAEMON"
    daemon = await plan(session, "ecs-service-stop", name, PROD)
    assert not daemon.helps
    assert daemon.instead.startswith("ecs-task-stop")


async def test_a_task_is_kept_in_evidence_without_its_secrets(
    aws: Embedded, session: Make, folder: StateFolder
) -> None:
    name = estate.task(aws)
    found = await plan(session, "ecs-task-stop", name, PROD)
    assert found.second_person
    assert "started by i-0a5b" in found.why
    assert found.tags == {"team": "web"}, "AWS deletes them"
    (override,) = found.evidence["task"]["overrides"]["containerOverrides"]
    assert override["environmentNames"] == ["TOKEN"]
    await contain(session(), "ecs-task-stop", name, PROD)
    assert all(b"hunter2" not in path.read_bytes() for path in folder.root.rglob("*") if path.is_file())

    task = get_backend("ecs")[PROD.account][PROD.region].tasks[estate.CLUSTER]
    another = estate.task(aws)
    next(one for one in task.values() if another.endswith(one.id)).group = "service:chat"
    again = await plan(session, "ecs-task-stop", another, PROD)
    assert any("chat starts another task" in warning for warning in again.warnings)


# --- targets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "typed", "id_"),
    [
        ("sagemaker-take-down", "arn:aws:sagemaker:eu-west-1:444455556666:endpoint/answers", "answers"),
        ("sagemaker-isolate", "Answers-2", "Answers-2"),
        ("sagemaker-weight-zero", "arn:aws:sagemaker:eu-west-1:444455556666:endpoint/answers/b", "answers/b"),
        ("sagemaker-stop-notebook", "arn:aws:sagemaker:eu-west-1:444455556666:notebook-instance/nb", "nb"),
        ("lambda-stop", "arn:aws:lambda:eu-central-1:111122223333:function:send:live", "send"),
        ("ecs-service-stop", "arn:aws:ecs:eu-central-1:111122223333:service/web/chat", "web/chat"),
        ("ecs-task-stop", "web/0123456789abcdef0123456789abcdef", "web/0123456789abcdef0123456789abcdef"),
    ],
)
def test_an_id_or_an_arn_names_a_target(action: str, typed: str, id_: str) -> None:
    assert ACTIONS[action].name(typed) == id_


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("sagemaker-take-down", "a/b"),
        ("sagemaker-take-down", "-a"),
        ("sagemaker-weight-zero", "a/b/c"),
        ("sagemaker-stop-notebook", "n" * 64),
        ("lambda-stop", "send digest"),
        ("ecs-service-stop", "arn:aws:ecs:eu-central-1:111122223333:service/chat"),
        ("ecs-service-stop", "arn:aws:ecs:eu-central-1:111122223333:task/web/chat"),
        ("ecs-task-stop", "chat"),
    ],
)
def test_what_names_no_target_is_refused(action: str, typed: str) -> None:
    with pytest.raises(BadTarget):
        ACTIONS[action].name(typed)


def _undo(action_id: str, target: str) -> Undo:
    return Undo(action_id=action_id, confirm=target, reason="drill", accept_exposure=True)


def _egress(aws: Embedded, group: str) -> list[Any]:
    found = do(aws, "ec2:DescribeSecurityGroups", ML, GroupIds=[group])["SecurityGroups"][0]
    return [(one["IpProtocol"], end) for one in found["IpPermissionsEgress"] for end in one["IpRanges"]]


def _reader(aws: Embedded, statement: dict[str, Any]) -> None:
    """A further statement in the reader's policy."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    do(aws, "iam:PutRolePolicy", ML, RoleName="socconsole-reader", PolicyName="more", PolicyDocument=document)

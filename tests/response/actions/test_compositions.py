"""Several containments as one: what is chosen by the way that is found, what is left out, and what is said of it."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from socconsole.commands import Contain, PlanContain, Undo
from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.drill.clock import host_now, stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.principals import Principal
from socconsole.drill.resolver import ASSOCIATION_SECONDS
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.model.finding import Actor, Finding, Kind, Priority, Resource, Severity, Workflow
from socconsole.model.world import Place
from socconsole.response import afterwards, awscli, engine, planning
from socconsole.response.base import Target
from socconsole.response.ec2 import arn
from socconsole.response.registry import ACTIONS
from socconsole.store import db, reading
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.drill.test_flows import moves, reachable, start
from tests.response.actions.case import do
from tests.response.actions.cases_bedrock import alias, switched_off
from tests.response.actions.cases_compositions import arn_of, takes_on
from tests.response.actions.cases_compute import endpoint, networked
from tests.response.actions.cases_ec2 import network, unrecorded
from tests.response.actions.cases_iam import IN_A_PATH, ROLE
from tests.response.actions.test_iam import lists
from tests.response.conftest import CORPUS, ML, PROD, STRANGER, TRANSCRIPTS, Make, open_ids, take_in


async def plan(session: Make, action: str, target: str, place: Place = PROD, **more: Any) -> Plan:
    asked = PlanContain(action=action, target=target, account=place.account, region=place.region)
    return await planning.plan(session(Mode.TRIAGE, **more), asked)


async def plan_for(session: Make, action: str, target: str, finding: Finding, place: Place = PROD) -> Plan:
    """For a finding that no store holds."""
    made = session(Mode.TRIAGE)
    async with made.door(made, "reader") as door:
        return await ACTIONS[action].plan(door, Target(target, place), finding, ())


def about(place: Place, *resources: tuple[str, str]) -> Finding:
    """A threat with somebody at work, about ``resources`` by type and id."""
    return Finding(
        id="f-1",
        title=Untrusted("data is leaving"),
        description=Untrusted(""),
        kind=Kind.THREAT,
        severity=Severity.HIGH,
        priority=Priority(50, ()),
        sources=("guardduty",),
        product="GuardDuty",
        types=("Exfiltration:S3/AnomalousBehavior",),
        account=place.account,
        region=place.region,
        resources=tuple(Resource(kind, Untrusted(id_), None, place.account, place.region) for kind, id_ in resources),
        actors=(Actor("ip", Untrusted("203.0.113.9")),),
        occurred=None,
        published=None,
        seen=None,
        updated=None,
        workflow=Workflow.NEW,
        verdict=None,
        active=True,
        sample=False,
        note=None,
        note_by=None,
        compliance=None,
    )


def parts(plan: Plan) -> list[tuple[str, str]]:
    return [(part.action, part.target) for part in plan.parts]


def said(plan: Plan) -> str:
    return "\n".join(plan.warnings)


# --- cut-role ------------------------------------------------------------------------------------------------


async def test_roles_that_were_taken_on_lose_their_sessions_and_those_of_others_are_named(
    aws: Embedded, session: Make
) -> None:
    foreign = f"arn:aws:iam::{STRANGER}:role/landing"
    takes_on(aws, ROLE, "night-shift", arn_of(aws, IN_A_PATH))
    with pytest.raises(AwsError):
        takes_on(aws, ROLE, "night-shift", foreign)
    made = await plan(session, "cut-role", ROLE)
    assert parts(made) == [("iam-role-deny", ROLE), ("iam-role-revoke-sessions", IN_A_PATH)]
    assert made.wide
    assert made.second_person
    assert "trail of eu-central-1 and us-east-1: " in said(made)
    assert "of 1 session: night-shift" in said(made)
    assert "not seen: other regions" in said(made)
    assert foreign not in said(made), "it was refused: nothing was taken on"


async def test_another_roles_session_of_the_same_name_is_not_this_roles(aws: Embedded, session: Make) -> None:
    takes_on(aws, ROLE, "app")
    takes_on(aws, "socconsole-watch", "app", arn_of(aws, IN_A_PATH))
    assert parts(await plan(session, "cut-role", ROLE)) == [("iam-role-deny", ROLE)]


async def test_a_trail_that_cannot_be_read_is_said_and_the_role_is_denied_all_the_same(
    aws: Embedded, session: Make
) -> None:
    takes_on(aws, ROLE, "night-shift", arn_of(aws, IN_A_PATH))
    aws.faults.add(service="cloudtrail", op="LookupEvents", kind="error", code="InternalError", status=500, times=None)
    made = await plan(session, "cut-role", ROLE)
    assert parts(made) == [("iam-role-deny", ROLE)]
    assert "which roles it took on is not known" in said(made)


async def test_what_must_never_be_touched_is_not_touched_by_way_of_another_target(aws: Embedded, session: Make) -> None:
    takes_on(aws, ROLE, "night-shift", arn_of(aws, IN_A_PATH))
    made = await plan(session, "cut-role", ROLE, config=Config(share=1.0, never_touch=(f"*role/*{IN_A_PATH}",)))
    assert [each for each in made.refusals if "never-touch" in each] == [
        f"{IN_A_PATH} is on the never-touch list (*role/*{IN_A_PATH})"
    ]


async def test_each_part_is_done_with_a_session_that_may_do_no_more(aws: Embedded, session: Make) -> None:
    takes_on(aws, ROLE, "night-shift", arn_of(aws, IN_A_PATH))
    before = len(aws.journal.calls("sts", "AssumeRole"))
    asked = Contain("cut-role", ROLE, ROLE, reason="drill", account=PROD.account, region=PROD.region)
    assert (await engine.contain(session(), asked)).state is ActionState.APPLIED
    sessions = [call.params for call in aws.journal.calls("sts", "AssumeRole")[before:]]
    policies = [json.loads(one["Policy"]) for one in sessions if one["RoleArn"].endswith("socconsole-responder")]
    allowed = [policy["Statement"][0]["Resource"] for policy in policies]
    assert allowed == [[arn_of(aws, ROLE)], [arn_of(aws, IN_A_PATH)]]


async def test_a_session_that_was_taken_on_ends_with_the_role(aws: Embedded, session: Make) -> None:
    takes_on(aws, ROLE, "night-shift", arn_of(aws, IN_A_PATH))
    allow = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    do(aws, "iam:PutRolePolicy", RoleName=IN_A_PATH, PolicyName="list", PolicyDocument=policy)
    issued = host_now() - timedelta(minutes=1)
    arn, role = arn_of(aws, IN_A_PATH), IN_A_PATH
    taken = Principal(PROD.account, arn, role, "AROA:next", role, "next", issued=issued, held=True)
    aws.cloud.directory.register("ASIANEXTNEXTNEXTNEXT", taken)
    assert lists(aws, "ASIANEXTNEXTNEXTNEXT")
    asked = Contain("cut-role", ROLE, ROLE, account=PROD.account, region=PROD.region)
    assert (await engine.contain(session(), asked)).state is ActionState.APPLIED
    assert not lists(aws, "ASIANEXTNEXTNEXTNEXT")


# --- stop-host-leak ------------------------------------------------------------------------------------------


async def test_behind_a_nat_gateway_of_its_own_the_route_is_taken_then_the_rest(aws: Embedded, session: Make) -> None:
    made = network(aws)
    found = await plan(session, "stop-host-leak", made.instance)
    assert parts(found) == [
        ("ec2-nat-route", made.instance),
        ("ec2-isolate", made.instance),
        ("iam-role-off-path", ROLE),
    ]
    assert f"it goes out by {made.nat}: flows that run survive a change of groups" in said(found)
    lines = awscli.lines(found)
    assert [n for n, line in enumerate(lines, 1) if "create-security-group" in line] == [2]
    assert any("<GroupId of call 2>" in line for line in lines), "counted over all of the plan"


@pytest.mark.parametrize("shared", [False, True], ids=["its-own-route", "a-shared-route"])
async def test_a_running_flow_through_nat_ends(aws: Embedded, session: Make, shared: bool) -> None:
    made = reachable(aws)
    if shared:
        do(aws, "ec2:AssociateRouteTable", RouteTableId=made.table, SubnetId=made.public)
    flow = start(aws, made.instance)
    assert moves(aws, flow) > 0
    asked = Contain("stop-host-leak", made.instance, made.instance, account=PROD.account, region=PROD.region)
    done = await engine.contain(session(), asked)
    assert done.state is ActionState.APPLIED, done.detail
    assert moves(aws, flow) == 0
    assert flow.ended


async def test_where_others_follow_the_route_the_subnet_alone_is_cut(aws: Embedded, session: Make) -> None:
    made = network(aws)
    do(aws, "ec2:AssociateRouteTable", RouteTableId=made.table, SubnetId=made.public)
    found = await plan(session, "stop-host-leak", made.instance)
    assert parts(found)[:2] == [("ec2-nacl-deny", made.instance), ("ec2-isolate", made.instance)]
    assert found.wide


async def test_with_a_public_address_its_groups_are_the_cut_and_what_goes_on_is_said(
    aws: Embedded, session: Make
) -> None:
    made = network(aws)
    gateway = do(aws, "ec2:CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    do(aws, "ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=made.vpc)
    do(aws, "ec2:DeleteRoute", RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0")
    do(aws, "ec2:CreateRoute", RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = do(aws, "ec2:AllocateAddress", Domain="vpc")["AllocationId"]
    do(aws, "ec2:AssociateAddress", InstanceId=made.instance, AllocationId=address)
    found = await plan(session, "stop-host-leak", made.instance)
    assert parts(found)[0] == ("ec2-isolate", made.instance)
    assert [part.target for part in found.parts[1:]] == [ROLE]
    assert f"it goes out by {gateway} under an address of its own" in said(found)
    assert "ec2-nacl-deny on its subnet ends them" in said(found)


async def test_what_keeps_the_evidence_comes_first_where_nobody_is_at_work(aws: Embedded, session: Make) -> None:
    made = network(aws)
    finding = about(PROD, ("AwsEc2Instance", made.instance))
    leaving = await plan_for(session, "stop-host-leak", made.instance, finding)
    weak = await plan_for(session, "stop-host-leak", made.instance, replace(finding, actors=()))
    assert [part.action for part in leaving.parts][:2] == ["ec2-nat-route", "ec2-isolate"]
    assert [part.action for part in weak.parts][:2] == ["ec2-isolate", "ec2-nat-route"]


# --- stop-endpoint-leak --------------------------------------------------------------------------------------


async def test_an_endpoint_loses_its_network_its_roles_sessions_and_the_alias_that_is_named(
    aws: Embedded, session: Make
) -> None:
    name, here, elsewhere = networked(aws), alias(aws, ML), alias(aws)
    finding = about(ML, ("AwsSageMakerEndpoint", name), ("AwsBedrockAgentAlias", here), ("AwsIamRole", "bystander"))
    foreign = Resource("AwsBedrockAgentAlias", Untrusted(elsewhere), None, PROD.account, PROD.region)
    finding = replace(finding, resources=(*finding.resources, foreign))
    made = await plan_for(session, "stop-endpoint-leak", name, finding, ML)
    assert parts(made) == [
        ("sagemaker-isolate", name),
        ("iam-role-revoke-sessions", "sagemaker-eval"),
        ("bedrock-agent-reject", here),
    ]
    assert "goes on answering requests: sagemaker-take-down" in said(made)


async def test_models_outside_of_any_vpc_are_left_out_and_what_would_stop_them_is_said(
    aws: Embedded, session: Make
) -> None:
    made = await plan(session, "stop-endpoint-leak", endpoint(aws), ML)
    assert [part.action for part in made.parts] == ["iam-role-revoke-sessions"]
    assert "left out, sagemaker-isolate" in said(made)
    assert "instead: sagemaker-weight-zero" in said(made)


# --- what is offered -----------------------------------------------------------------------------------------


async def test_an_offer_puts_the_smaller_cut_before_the_wide_one_and_sight_after_what_stops(
    aws: Embedded, session: Make
) -> None:
    switched_off(aws)
    deny, cut = await plan(session, "iam-role-deny", ROLE), await plan(session, "cut-role", ROLE)
    assert cut.fit <= deny.fit < (await plan(session, "iam-role-revoke-sessions", ROLE)).fit
    assert (await plan(session, "start-evidence", PROD.account)).fit < cut.fit


# --- start-evidence ------------------------------------------------------------------------------------------


async def test_all_that_a_finding_is_about_is_recorded_and_it_is_said_that_nothing_stops(
    aws: Embedded, session: Make
) -> None:
    switched_off(aws)
    unrecorded(aws)
    do(aws, "logs:CreateLogGroup", logGroupName="/aws/route53resolver/all")
    made = network(aws)
    finding = about(
        PROD,
        ("AwsS3Bucket", f"arn:aws:s3:::{CORPUS}"),
        ("AwsS3Bucket", f"arn:aws:s3:::{TRANSCRIPTS}"),
        ("AwsEc2Instance", made.instance),
    )
    (target,) = ACTIONS["start-evidence"].targets(finding)
    assert target == Target(PROD.account, PROD)
    found = await plan_for(session, "start-evidence", target.id, finding)
    assert parts(found) == [
        ("s3-data-events", CORPUS),
        ("resolver-query-logs", made.vpc),
        ("bedrock-logging", PROD.account),
    ]
    assert f"left out, s3-data-events on {TRANSCRIPTS}: writes the same as a part before it" in said(found)
    assert f"left out, ec2-flow-logs on {made.private}" in said(found), "no flow log shows where to write"
    assert "stops nothing" in said(found)
    assert found.stops.startswith("nothing")


async def test_what_takes_its_time_leaves_the_whole_in_doubt_and_the_undo_gives_all_of_it_back(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    unrecorded(aws)
    do(aws, "logs:CreateLogGroup", logGroupName="/aws/route53resolver/all")
    made = network(aws)
    finding = await reported(
        aws, folder, ("AwsS3Bucket", f"arn:aws:s3:::{CORPUS}"), ("AwsEc2Instance", arn(PROD, made.instance))
    )
    asked = Contain("start-evidence", PROD.account, PROD.account, finding=finding)
    done = await engine.contain(session(), asked)
    assert [call.operation for call in done.calls if call.answered] == [
        "cloudtrail:PutEventSelectors",
        "route53resolver:CreateResolverQueryLogConfig",
        "route53resolver:AssociateResolverQueryLogConfig",
    ]
    assert done.state is ActionState.IN_DOUBT
    assert await settled(aws, folder, session, done.action_id) is ActionState.APPLIED
    back = await engine.undo(
        session(), Undo(done.action_id, confirm=PROD.account, reason="drill", accept_exposure=True)
    )
    assert [call.operation for call in back.calls if call.answered] == [
        "route53resolver:DisassociateResolverQueryLogConfig",
        "cloudtrail:PutEventSelectors",
    ]
    assert await settled(aws, folder, session, back.action_id) is ActionState.APPLIED


async def reported(aws: Embedded, folder: StateFolder, *resources: tuple[str, str]) -> str:
    """A finding that Security Hub told of, about ``resources`` by type and id; ours."""
    title, at = "data is leaving", stamp(host_now())
    told = {
        "SchemaVersion": "2018-10-08",
        "Id": "leaving-1",
        "ProductArn": f"arn:aws:securityhub:{PROD.region}:{PROD.account}:product/{PROD.account}/default",
        "GeneratorId": "team",
        "AwsAccountId": PROD.account,
        "Types": ["Effects/Data Exfiltration"],
        "CreatedAt": at,
        "UpdatedAt": at,
        "Severity": {"Label": "HIGH"},
        "Title": title,
        "Description": title,
        "Resources": [{"Type": kind, "Id": id_, "Region": PROD.region} for kind, id_ in resources],
    }
    do(aws, "securityhub:BatchImportFindings", Findings=[told])
    await take_in(aws, folder)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        found = [each.finding for each in reading.each(conn, open_ids(folder))]
    return next(one.id for one in found if one.title.raw() == title)


async def settled(aws: Embedded, folder: StateFolder, session: Make, id_: str) -> ActionState:
    aws.clock.skip(ASSOCIATION_SECONDS)
    made = session()
    async with made.door(made, "reader") as door:
        return dict(await afterwards.resolve(folder, door, "oncall1", in_flight=0.0))[id_]

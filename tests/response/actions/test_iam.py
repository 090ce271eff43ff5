"""Keys, users and roles: what an intruder can do afterwards, who is missed, and what is refused."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from socconsole.aws import AwsTrouble, Door
from socconsole.commands import Contain, PlanContain, PlanUndo
from socconsole.drill import Embedded
from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.estate import cast_key
from socconsole.drill.principals import Principal
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response import book, engine, offering, planning, rails
from socconsole.response.actions import iam_role_revoke_sessions
from socconsole.response.base import BadTarget, Target
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Refusal, Session
from socconsole.store import db, reading
from socconsole.store.state import StateFolder
from tests.response.actions.case import do
from tests.response.actions.cases_iam import IN_A_PATH, ROLE, USER, behind_nat, key_of
from tests.response.conftest import ML, PROD, Make, Setting, open_ids, take_in

REVOKE = "iam-role-revoke-sessions"
OFF_PATH = "iam-role-off-path"


async def plan(session: Session, action: str, target: str, place: Place = PROD, finding: str = "") -> Plan:
    asked = PlanContain(action=action, target=target, account=place.account, region=place.region, finding=finding)
    return await planning.plan(session, asked)


async def contain(session: Session, action: str, target: str, place: Place = PROD) -> str:
    """Done and read back as applied; the action's id."""
    at = {"account": place.account, "region": place.region}
    done = await engine.contain(session, Contain(action=action, target=target, confirm=target, reason="drill", **at))
    assert done.state is ActionState.APPLIED, done.detail
    return done.action_id


def as_cast(aws: Embedded, name: str, operation: str, region: str = PROD.region, **params: Any) -> Any:
    one = aws.engine.scenario.cast[name]
    return aws.cloud.hands.call(cast_key(aws.cloud, one), region, operation, params)


def refused(aws: Embedded, name: str, operation: str = "s3:ListBuckets") -> str:
    """The error with which AWS turns somebody of the cast away."""
    with pytest.raises(AwsError) as caught:
        as_cast(aws, name, operation)
    return f"{caught.value.code}: {caught.value}"


def as_role(aws: Embedded, access_key: str, address: str, role: str = ROLE) -> None:
    """A fresh session of a role, used from ``address``."""
    arn = f"arn:aws:iam::{PROD.account}:role/{role}"
    who = Principal(PROD.account, arn, role, "AROA:fresh", role, "fresh", issued=host_now(), held=True, address=address)
    aws.cloud.directory.register(access_key, who)


def lists(aws: Embedded, access_key: str) -> bool:
    try:
        aws.cloud.hands.call(access_key, PROD.region, "s3:ListBuckets", {})
    except AwsError as error:
        if error.code != "AccessDenied":
            raise
        return False
    return True


async def finding_of(aws: Embedded, folder: StateFolder, kind: str, place: Place = PROD) -> Finding:
    await take_in(aws, folder, place)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        found = [each.finding for each in reading.each(conn, open_ids(folder))]
    return next(one for one in found if any(kind in each for each in one.types))


# --- by effect -----------------------------------------------------------------------------------------------


async def test_a_key_made_inactive_signs_nothing_any_more(aws: Embedded, session: Make) -> None:
    as_cast(aws, "courier", "s3:ListBuckets")
    await contain(session(), "iam-disable-key", key_of(aws), ML)
    assert "security token included in the request is invalid" in refused(aws, "courier")


async def test_a_quarantined_user_is_denied_everything_and_the_story_ends(aws: Embedded, session: Make) -> None:
    assert aws.engine.holds("can courier bedrock:InvokeModel *")
    await contain(session(), "iam-user-quarantine", USER, ML)
    assert "explicit deny" in refused(aws, "courier")
    assert not aws.engine.holds("can courier bedrock:InvokeModel *")


async def test_revoked_sessions_end_and_new_ones_work(aws: Embedded, session: Make) -> None:
    as_cast(aws, "intruder", "s3:ListBuckets")
    await contain(session(), REVOKE, ROLE)
    assert "explicit deny" in refused(aws, "intruder")
    as_role(aws, "ASIAFRESHFRESHFRESH1", "10.20.4.17")
    assert lists(aws, "ASIAFRESHFRESHFRESH1"), "a session issued since is not touched"


async def test_off_the_path_is_denied_and_on_it_is_not(aws: Embedded, session: Make) -> None:
    out = behind_nat(aws)
    as_role(aws, "ASIAWORKLOADWORKLOA1", out)
    await contain(session(), OFF_PATH, ROLE)
    assert "explicit deny" in refused(aws, "intruder")
    assert not aws.engine.holds("can intruder s3:ListAllMyBuckets *")
    assert lists(aws, "ASIAWORKLOADWORKLOA1"), "the workload goes on"


async def test_a_denied_role_is_denied_from_now_on(aws: Embedded, session: Make) -> None:
    await contain(session(), "iam-role-deny", ROLE)
    as_role(aws, "ASIAFRESHFRESHFRESH1", "10.20.4.17")
    assert not lists(aws, "ASIAFRESHFRESHFRESH1")


# --- what is offered -----------------------------------------------------------------------------------------


async def test_for_stolen_instance_credentials_the_cut_without_an_outage_comes_first(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    behind_nat(aws)
    aws.advance(30)
    stolen = await finding_of(aws, folder, "InstanceCredentialExfiltration")
    found = await offering.offer(session(Mode.TRIAGE), [stolen.id])
    offered = [one.plan for one in found.offers if one.plan.action.startswith("iam-")]
    assert [one.action for one in offered if one.helps][:2] == [OFF_PATH, REVOKE]
    assert {one.target for one in offered} == {ROLE}, "a temporary key cannot be switched off, its role can"


async def test_a_user_behind_a_leaked_key_is_offered_with_it(aws: Embedded, folder: StateFolder, session: Make) -> None:
    aws.advance(280)
    tor = await finding_of(aws, folder, "TorIPCaller", ML)
    targets = {(id_, target.id) for id_, action in ACTIONS.items() for target in action.targets(tor)}
    assert ("iam-disable-key", key_of(aws)) in targets
    assert ("iam-user-quarantine", USER) in targets
    assert not any(id_.startswith(("iam-role", "bedrock-")) for id_, _ in targets)


async def test_somebody_elses_user_and_the_root_user_are_not_ours(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-user-quarantine", "bulk-reader", ML)
    assert not found.helps
    assert "has no user of this name" in found.why
    foreign = await plan(session(Mode.TRIAGE), "iam-disable-key", "AKIAQSTRANGER7EXAMPL", ML)
    assert "another account's" in foreign.refusals[0]
    root = await finding_of(aws, folder, "RootCredentialUsage", Place(PROD.account, "eu-west-1"))
    assert ACTIONS["iam-user-quarantine"].targets(root) == ()
    found_for_root = await offering.offer(session(Mode.TRIAGE), [root.id])
    (offered,) = [one.plan for one in found_for_root.offers if one.plan.action == "iam-disable-key"]
    assert "only he can switch it off" in offered.refusals[0]


# --- what is said and refused --------------------------------------------------------------------------------


async def test_who_would_miss_a_role_is_counted(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), REVOKE, ROLE)
    reservations = do(aws, "ec2:DescribeInstances")["Reservations"]
    instances = [one for each in reservations for one in each["Instances"]]
    (with_it,) = [one["InstanceId"] for one in instances if "IamInstanceProfile" in one]
    assert f"1 running instance with it in eu-central-1: {with_it}" in found.blast_radius
    assert "ec2.amazonaws.com" in found.blast_radius
    assert any("expect an outage" in each for each in found.warnings)
    assert any("isolate it first" in each for each in found.warnings)


async def test_who_may_not_be_asked_for_is_not_known(aws: Embedded, session: Make) -> None:
    aws.faults.add(kind="denied", service="ec2", op="DescribeInstances", times=None)
    found = await plan(session(Mode.TRIAGE), REVOKE, ROLE)
    assert found.helps
    assert "instances with it: not known" in found.blast_radius
    assert "not read, denied: instances in eu-central-1" in found.warnings
    with pytest.raises(AwsTrouble):  # here they decide
        await plan(session(Mode.TRIAGE), OFF_PATH, ROLE)


async def test_where_a_key_was_used_from_is_told_apart(aws: Embedded, folder: StateFolder, session: Make) -> None:
    aws.advance(280)
    tor = await finding_of(aws, folder, "TorIPCaller", ML)
    found = await plan(session(Mode.TRIAGE), "iam-disable-key", key_of(aws), ML, tor.id)
    assert "1 management event by it in eu-west-1 in the last day, all from where the finding says" in (
        found.blast_radius
    )
    aws.cloud.directory.register(key_of(aws), replace(aws.cloud.directory.lookup(key_of(aws), ""), address="10.9.8.7"))
    aws.cloud.hands.call(key_of(aws), ML.region, "s3:ListBuckets", {})
    for action, target in (("iam-disable-key", key_of(aws)), ("iam-user-quarantine", USER)):
        found = await plan(session(Mode.TRIAGE), action, target, ML, tor.id)
        assert "from 1 address but 1 address of the finding: 10.9.8.7" in found.blast_radius
    aws.faults.add(kind="denied", service="cloudtrail", op="LookupEvents", times=None)
    found = await plan(session(Mode.TRIAGE), "iam-disable-key", key_of(aws), ML)
    assert found.helps
    assert "its use in the last day: not known (the trail could not be read: denied)" in found.blast_radius


async def test_other_keys_and_outliving_sessions_are_said(aws: Embedded, session: Make) -> None:
    other = do(aws, "iam:CreateAccessKey", ML, UserName=USER)["AccessKey"]["AccessKeyId"]
    found = await plan(session(Mode.TRIAGE), "iam-disable-key", f"AWS::IAM::AccessKey:{key_of(aws)}", ML)
    assert f"1 other active key: {other}" in found.blast_radius
    assert any("36 hours" in each for each in found.warnings)


def _make_role(aws: Embedded, name: str, path: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    do(aws, "iam:CreateRole", RoleName=name, Path=path, AssumeRolePolicyDocument=document)


@pytest.mark.parametrize(
    ("role", "path", "because"),
    [
        ("AWSServiceRoleForX", "/aws-service-role/x.amazonaws.com/", "service-linked"),
        ("AWSReservedSSO_Admin_1", "/aws-reserved/sso.amazonaws.com/", "Identity Center"),
        ("socconsole-responder", "", "lock itself out"),
        ("socconsole-watch", "", "lock itself out"),
    ],
)
async def test_roles_that_must_not_be_touched(aws: Embedded, session: Make, role: str, path: str, because: str) -> None:
    if path:
        _make_role(aws, role, path)
    for action in (REVOKE, "iam-role-deny"):
        found = await plan(session(Mode.TRIAGE), action, role)
        assert any(because in each for each in found.refusals), found.refusals


async def test_whoever_the_consoles_roles_trust_is_not_shut_out(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-user-quarantine", "oncall1")
    assert any("lock itself out" in each for each in found.refusals)
    key = do(aws, "iam:CreateAccessKey", UserName="oncall1")["AccessKey"]["AccessKeyId"]
    found = await plan(session(Mode.TRIAGE), "iam-disable-key", key)
    assert any("lock itself out" in each for each in found.refusals)


@pytest.mark.parametrize("session_arn", [False, True], ids=["role", "session"])
async def test_whoever_only_the_responder_trusts_is_not_shut_out_either(
    aws: Embedded, session: Make, session_arn: bool
) -> None:
    """Plans are made by the reader, whom others may trust; and a trust may name a session, whose ARN has no path."""
    _make_role(aws, "commander", "/ir/")
    named = (
        f"sts::{PROD.account}:assumed-role/commander/jane" if session_arn else f"iam::{PROD.account}:role/ir/commander"
    )
    trust = {"Effect": "Allow", "Principal": {"AWS": [f"arn:aws:{named}"]}, "Action": "sts:AssumeRole"}
    told = do(aws, "iam:GetRole", RoleName="socconsole-responder")["Role"]["AssumeRolePolicyDocument"]
    kept = json.loads(unquote(told))["Statement"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [*kept, trust]})
    do(aws, "iam:UpdateAssumeRolePolicy", RoleName="socconsole-responder", PolicyDocument=document)
    found = await plan(session(Mode.TRIAGE), "iam-role-deny", "commander")
    assert any("lock itself out" in each for each in found.refusals)


async def test_when_our_own_roles_cannot_be_read_a_lock_out_cannot_be_ruled_out(aws: Embedded, session: Make) -> None:
    deny = {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "arn:aws:iam::*:role/socconsole-*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    do(aws, "iam:PutRolePolicy", RoleName="socconsole-reader", PolicyName="blind", PolicyDocument=document)
    found = await plan(session(Mode.TRIAGE), "iam-role-deny", ROLE)
    assert any("cannot be ruled out" in each for each in found.refusals)


async def test_a_user_whose_policies_leave_no_room_is_refused(aws: Embedded, session: Make) -> None:
    long = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::{'b' * 50}{n}" for n in range(26)]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [long]})
    do(aws, "iam:PutUserPolicy", ML, UserName=USER, PolicyName="long", PolicyDocument=document)
    found = await plan(session(Mode.TRIAGE), "iam-user-quarantine", USER, ML)
    assert any("2048" in each for each in found.refusals), found.refusals


async def test_a_role_deny_takes_the_whole_name_and_a_second_person(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-role-deny", IN_A_PATH)
    assert found.wide
    assert found.second_person
    assert ACTIONS[found.action].resources(found) == (f"arn:aws:iam::{PROD.account}:role/service/{IN_A_PATH}",)


# --- off path ------------------------------------------------------------------------------------------------


async def test_without_a_known_way_out_it_is_not_offered(aws: Embedded, session: Make) -> None:
    for gateway in do(aws, "ec2:DescribeNatGateways")["NatGateways"]:
        do(aws, "ec2:DeleteNatGateway", NatGatewayId=gateway["NatGatewayId"])
    found = await plan(session(Mode.TRIAGE), OFF_PATH, ROLE)
    assert not found.helps
    assert "not known" in found.why
    assert found.instead.startswith(REVOKE)


async def test_an_intruder_behind_the_same_nat_gateway_is_on_the_instance(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    do_out = behind_nat(aws)
    aws.advance(30)
    stolen = await finding_of(aws, folder, "InstanceCredentialExfiltration")
    actors = tuple(replace(a, value=type(a.value)(do_out)) if a.kind == "ip" else a for a in stolen.actors)
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        same = replace(stolen, actors=actors)
        found = await ACTIONS[OFF_PATH].plan(door, Target(ROLE, PROD), same, (PROD.account,))
    assert not found.helps
    assert found.instead.startswith("ec2-isolate")


async def test_a_role_that_no_instance_runs_with_has_no_path(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), OFF_PATH, IN_A_PATH)
    assert not found.helps
    assert "no instance runs with it" in found.why


# --- the moment ----------------------------------------------------------------------------------------------


async def test_the_plan_that_was_read_is_the_plan_that_is_done(
    aws: Embedded, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: dict[tuple[str, str], datetime] = {}
    monkeypatch.setattr(iam_role_revoke_sessions.ACTION, "_moments", moments)
    first = await plan(session(Mode.TRIAGE), REVOKE, ROLE)
    ((key, at),) = moments.items()
    moments[key] = at - timedelta(minutes=4)
    shown = await plan(session(Mode.TRIAGE), REVOKE, ROLE)
    assert shown.calls != first.calls, "made four minutes ago"
    assert rails.moved(shown, await plan(session(Mode.TRIAGE), REVOKE, ROLE)) == ""
    await contain(session(), REVOKE, ROLE)
    moments[key] = at - timedelta(minutes=6)
    later = await plan(session(Mode.TRIAGE), REVOKE, ROLE)
    assert later.helps, "sessions issued since the last revocation are not touched by it"
    assert "issued since are not" in later.why


async def test_what_somebody_revoked_later_stays_revoked(
    aws: Embedded, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan's moment stands for minutes; another analyst's revocation of meanwhile must not be moved back by it."""
    moments: dict[tuple[str, str], datetime] = {}
    monkeypatch.setattr(iam_role_revoke_sessions.ACTION, "_moments", moments)
    await contain(session(), REVOKE, ROLE)
    ((key, theirs),) = moments.items()
    moments[key] = theirs - timedelta(minutes=4)  # ours, planned before theirs was done
    found = await plan(session(Mode.TRIAGE), REVOKE, ROLE)
    assert moments[key] >= theirs
    for call in found.calls:
        denied = json.loads(call.params["PolicyDocument"])["Statement"][0]["Condition"]["DateLessThan"]
        assert datetime.fromisoformat(denied["aws:TokenIssueTime"]) >= theirs


async def test_undone_after_the_longest_session_it_gives_nothing_back(aws: Embedded, session: Make) -> None:
    action = iam_role_revoke_sessions.ACTION
    id_ = await contain(session(), REVOKE, ROLE)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=id_))
    assert back.re_exposes
    assert any("up to 6 hours" in each for each in back.warnings), "an instance's credentials live that long"
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        seen = await action.look(door, Target(ROLE, PROD))
    assert action.exposes(seen, Target(ROLE, PROD), {"Policy": None})
    assert not action.exposes(replace(seen, at=seen.at + timedelta(hours=7)), Target(ROLE, PROD), {"Policy": None})


async def test_the_trail_of_iam_is_read_where_it_is(aws: Embedded, session: Make) -> None:
    do(aws, "iam:UpdateAccessKey", ML, UserName=USER, AccessKeyId=key_of(aws), Status="Active")
    id_ = await contain(session(), "iam-disable-key", key_of(aws), ML)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=id_))
    assert any("who wrote it last: UpdateAccessKey by" in each for each in back.warnings), back.warnings


async def test_two_regions_are_one_role(aws: Embedded, folder: StateFolder, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-role-deny", IN_A_PATH, Place(PROD.account, "eu-west-1"))
    (_, held) = ACTIONS["iam-role-deny"].holds(found)
    with folder.lock(book.lock_name(held)), pytest.raises(Refusal) as caught:
        await contain(session(), "bedrock-deny-invoke", IN_A_PATH)
    assert "another process" in caught.value.why


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "typed", "name"),
    [
        (REVOKE, "vllm-recs", "vllm-recs"),
        (REVOKE, "arn:aws:iam::111122223333:role/service/checkout-api", "checkout-api"),
        (REVOKE, "arn:aws:sts::111122223333:assumed-role/vllm-recs/i-0abc", "vllm-recs"),
        ("iam-user-quarantine", "arn:aws:iam::111122223333:user/team/eva.lang", "eva.lang"),
        ("bedrock-deny-bearer", "vllm-recs", "vllm-recs"),
        ("bedrock-deny-bearer", "user/ci-deploy", "user/ci-deploy"),
        ("bedrock-deny-bearer", "arn:aws:iam::111122223333:user/x/ci-deploy", "user/ci-deploy"),
        ("bedrock-deny-bearer", "role/vllm-recs", "vllm-recs"),
        ("iam-disable-key", "AKIAOGF6IZWHKCZF3TRR", "AKIAOGF6IZWHKCZF3TRR"),
    ],
)
def test_names_and_arns_name_them(action: str, typed: str, name: str) -> None:
    assert ACTIONS[action].name(typed) == name


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        (REVOKE, ""),
        (REVOKE, "a b"),
        (REVOKE, "user/ci-deploy"),
        (REVOKE, "arn:aws:iam::111122223333:user/ci-deploy"),
        (REVOKE, "r" * 65),
        (REVOKE, "röle"),
        ("iam-user-quarantine", "arn:aws:iam::111122223333:role/vllm-recs"),
        ("iam-user-quarantine", "arn:aws:iam::111122223333:root"),
        ("bedrock-deny-bearer", "group/admins"),
        ("iam-disable-key", "ASIAHBRHB2WHPCIVLI4P"),
        ("iam-disable-key", "AKIA"),
        ("iam-disable-key", "akiaogf6izwhkczf3trr"),
    ],
)
def test_what_names_none(action: str, typed: str) -> None:
    with pytest.raises(BadTarget):
        ACTIONS[action].name(typed)


# --- what was deleted since ----------------------------------------------------------------------------------


async def _holds(aws: Embedded, found: Plan) -> ActionState:
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        return await ACTIONS[found.action].verify(door, found)


async def test_a_key_that_was_deleted_since_is_no_key_that_works(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-disable-key", key_of(aws), ML)
    assert await _holds(aws, found) is ActionState.NOT_APPLIED
    do(aws, "iam:DeleteAccessKey", ML, UserName=USER, AccessKeyId=key_of(aws))
    assert await _holds(aws, found) is ActionState.APPLIED


async def test_a_role_that_was_deleted_since_can_do_nothing(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-role-deny", IN_A_PATH)
    assert await _holds(aws, found) is ActionState.NOT_APPLIED
    do(aws, "iam:DeleteRolePolicy", RoleName=IN_A_PATH, PolicyName="main")
    do(aws, "iam:DeleteRole", RoleName=IN_A_PATH)
    assert await _holds(aws, found) is ActionState.APPLIED

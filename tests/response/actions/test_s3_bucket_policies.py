"""What is particular to the Denies in bucket policies: who is spared, what was there already, what they cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.drill import Embedded
from socconsole.drill.errors import AwsError
from socconsole.drill.ids import Ids
from socconsole.drill.policy import Decision, evaluate
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.response import engine, planning
from tests.response.actions.case import do
from tests.response.conftest import CORPUS, PROD, STRANGER, Make, leaking

BUCKET = f"arn:aws:s3:::{CORPUS}"
AT = {"account": PROD.account, "region": PROD.region}


async def plan(session: Make, action: str, bucket: str = CORPUS) -> Plan:
    return await planning.plan(session(Mode.TRIAGE), PlanContain(action=action, target=bucket, **AT))


async def contain(session: Make, action: str, bucket: str = CORPUS) -> str:
    order = Contain(action=action, target=bucket, confirm=bucket, reason="drill", **AT)
    done = await engine.contain(session(), order)
    assert done.state is ActionState.APPLIED, done.detail
    return done.action_id


async def undo(session: Make, action_id: str, bucket: str = CORPUS) -> ActionState:
    order = Undo(action_id=action_id, confirm=bucket, reason="drill", accept_exposure=True)
    return (await engine.undo(session(), order)).state


def read_as(aws: Embedded, access_key: str) -> Any:
    return aws.cloud.hands.call(access_key, PROD.region, "s3:ListObjectsV2", {"Bucket": CORPUS})


ROLE = f"arn:aws:iam::{PROD.account}:role"
SERVICE = "aws:principalisawsservice"


WHO = {
    "the public": ("", "", True),
    "a role": (f"{ROLE}/training", "false", True),
    "our name on another path": (f"{ROLE}/x/socconsole-responder", "false", True),
    "our name in another account": (f"arn:aws:iam::{STRANGER}:role/socconsole-responder", "false", True),
    "us": (f"{ROLE}/socconsole-responder", "false", False),
    "log delivery": ("", "true", False),
}


async def test_a_lockdown_denies_everyone_but_us_and_aws_itself(aws: Embedded, session: Make) -> None:
    (call,) = (await plan(session, "s3-lockdown")).calls
    policy = [("bucket", json.loads(call.params["Policy"]))]
    for who, (principal, service, denied) in WHO.items():
        said = {"aws:principalarn": principal, SERVICE: service}
        context = {key: (value,) for key, value in said.items() if value}
        for action, resource in (("s3:GetObject", f"{BUCKET}/a"), ("s3:ListBucket", BUCKET)):
            decision = evaluate(policy, action, resource, context).decision
            assert (decision is Decision.EXPLICIT_DENY) is denied, who


async def test_a_lockdown_ends_what_an_intruder_inside_reads_and_we_can_still_undo_it(
    aws: Embedded, session: Make
) -> None:
    leaking(aws)
    intruder = Ids(1).access_key("ASIA", "session", "vllm-recs")
    assert read_as(aws, intruder)["KeyCount"]
    found = await plan(session, "s3-lockdown")
    assert found.wide
    assert found.second_person
    assert f"all of account {PROD.account}" in found.blast_radius
    done = await contain(session, "s3-lockdown")
    with pytest.raises(AwsError):
        read_as(aws, intruder)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    assert back.re_exposes, "the policy that it gives back is public"
    assert await undo(session, done) is ActionState.APPLIED
    assert read_as(aws, intruder)["KeyCount"]


async def test_a_lockdown_is_refused_when_one_of_our_roles_cannot_be_read(aws: Embedded, session: Make) -> None:
    do(aws, "iam:DeleteRolePolicy", RoleName="socconsole-watch", PolicyName="socconsole")
    do(aws, "iam:DeleteRole", RoleName="socconsole-watch")
    found = await plan(session, "s3-lockdown")
    assert not found.helps
    assert any("lock us out" in sentence for sentence in found.refusals)


async def test_a_lockdown_of_a_private_bucket_gives_nothing_back_to_the_public(aws: Embedded, session: Make) -> None:
    do(aws, "s3:DeleteBucketPolicy", Bucket=CORPUS)
    done = await contain(session, "s3-lockdown")
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    assert "opens nothing" in back.blast_radius or "within the day" in back.blast_radius
    assert [call.operation for call in back.calls] == ["DeleteBucketPolicy"]


def flags(aws: Embedded) -> Any:
    return do(aws, "s3:GetPublicAccessBlock", Bucket=CORPUS)["PublicAccessBlockConfiguration"]


async def test_a_public_policy_under_a_block_takes_a_deny_by_one_switch_lowered_for_a_moment(
    aws: Embedded, session: Make
) -> None:
    leaking(aws)
    await contain(session, "s3-block-public")
    found = await plan(session, "s3-lockdown")
    assert [call.operation for call in found.calls] == [
        "PutPublicAccessBlock",
        "PutBucketPolicy",
        "PutPublicAccessBlock",
    ]
    assert found.calls[0].params["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"], "the public stays out"
    done = await contain(session, "s3-lockdown")
    assert all(flags(aws).values())
    assert await undo(session, done) is ActionState.APPLIED
    assert all(flags(aws).values())
    assert (await plan(session, "s3-lockdown")).before == found.before


async def test_a_put_that_s3_refuses_does_not_leave_the_bucket_weaker(aws: Embedded, session: Make) -> None:
    leaking(aws)
    await contain(session, "s3-block-public")
    aws.faults.add(service="s3", op="PutBucketPolicy", kind="denied", times=None)
    order = Contain(action="s3-lockdown", target=CORPUS, confirm=CORPUS, reason="drill", **AT)
    done = await engine.contain(session(), order)
    assert done.state is ActionState.NOT_APPLIED
    assert [call.answered for call in done.calls] == [True, False, True]
    assert all(flags(aws).values())


async def test_a_switch_left_lowered_is_partial_and_an_undo_raises_it(aws: Embedded, session: Make) -> None:
    leaking(aws)
    await contain(session, "s3-block-public")
    aws.faults.add(service="s3", op="PutBucketPolicy", kind="denied", times=None)
    aws.faults.add(service="s3", op="PutPublicAccessBlock", kind="slow", times=1)  # the lowering passes
    aws.faults.add(service="s3", op="PutPublicAccessBlock", kind="denied", times=None)
    order = Contain(action="s3-lockdown", target=CORPUS, confirm=CORPUS, reason="drill", **AT)
    done = await engine.contain(session(), order)
    aws.faults.clear()
    assert done.state is ActionState.PARTIAL
    assert not flags(aws)["BlockPublicPolicy"]
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert [call.operation for call in back.calls] == ["PutPublicAccessBlock"]
    assert await undo(session, done.action_id) is ActionState.APPLIED
    assert all(flags(aws).values())


async def test_a_block_turned_on_later_is_no_drift_and_an_undo_says_what_it_needs(aws: Embedded, session: Make) -> None:
    leaking(aws)
    done = await contain(session, "s3-lockdown")
    on = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    do(aws, "s3:PutPublicAccessBlock", Bucket=CORPUS, PublicAccessBlockConfiguration=on)
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    assert not any(warning.startswith("DRIFT") for warning in back.warnings)
    assert any("BlockPublicPolicy" in warning for warning in back.warnings)
    assert await undo(session, done) is ActionState.NOT_APPLIED, "S3 refuses to write a public policy"


async def test_presigned_urls_are_denied_and_signed_headers_are_not(aws: Embedded, session: Make) -> None:
    (call,) = (await plan(session, "s3-deny-presigned")).calls
    policy = [("bucket", json.loads(call.params["Policy"]))]
    denied = {
        how: evaluate(policy, "s3:GetObject", f"arn:aws:s3:::{CORPUS}/a", {"s3:authtype": (how,)}).decision
        for how in ("REST-QUERY-STRING", "REST-HEADER", "POST")
    }
    assert [how for how, said in denied.items() if said is Decision.EXPLICIT_DENY] == ["REST-QUERY-STRING"]


async def test_two_denies_stand_side_by_side_and_come_out_one_by_one(aws: Embedded, session: Make) -> None:
    before = (await plan(session, "s3-require-tls")).before
    first = await contain(session, "s3-deny-presigned")
    second = await contain(session, "s3-require-tls")
    assert await undo(session, first) is ActionState.APPLIED
    kept = (await plan(session, "s3-deny-presigned")).before["Policy"]["Statement"]
    assert "SocconsoleRequireTls" in [one.get("Sid") for one in kept]
    assert await undo(session, second) is ActionState.APPLIED
    assert (await plan(session, "s3-require-tls")).before == before


PLAIN = {"aws:SecureTransport": "false"}


TLS = {
    "usual": ({}, True),
    "spelled out": ({"Principal": {"AWS": "*"}, "Action": ["s3:*"]}, True),
    "boolean": ({"Condition": {"Bool": {"aws:SecureTransport": False}}}, True),
    "writes only": ({"Action": "s3:PutObject"}, False),
    "bucket only": ({"Resource": BUCKET}, False),
    "a stranger": ({"Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"}}, False),
    "from one net": ({"Condition": {"Bool": PLAIN, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, False),
    "another key": ({"Condition": {"Bool": {"aws:ViaAWSService": "true"}}}, False),
}


async def test_a_bucket_that_requires_tls_already_is_left_alone(aws: Embedded, session: Make) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": PLAIN},
    }
    for name, (change, required) in TLS.items():
        policy = {"Version": "2012-10-17", "Statement": [{**deny, **change}]}
        do(aws, "s3:PutBucketPolicy", Bucket=CORPUS, Policy=json.dumps(policy))
        assert (await plan(session, "s3-require-tls")).helps is not required, name

"""What is particular to keys and secrets: grants beside the policy, keys that are AWS's, and what cannot be undone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.backends import get_backend

from socconsole.commands import Contain, PlanContain, PlanUndo
from socconsole.drill import Embedded
from socconsole.drill.errors import AwsError
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.response import engine, planning
from socconsole.response.actions.kms_deny_outsiders import ACTION as DENY
from socconsole.response.actions.secret_deny_outsiders import ACTION as SECRET
from socconsole.response.awscli import lines
from socconsole.response.base import BadTarget
from tests.response.actions.case import do
from tests.response.actions.cases_kms import OUTSIDER, allow, granted, key, lent, policy, secret
from tests.response.conftest import ML, PROD, STRANGER, Make

AT = {"account": PROD.account, "region": PROD.region}


async def plan(session: Make, action: str, target: str) -> Plan:
    return await planning.plan(session(Mode.TRIAGE), PlanContain(action=action, target=target, **AT))


async def contain(session: Make, action: str, target: str) -> str:
    done = await engine.contain(session(), Contain(action=action, target=target, confirm=target, reason="drill", **AT))
    assert done.state is ActionState.APPLIED, done.detail
    return done.action_id


def condition(plan: Plan, said: str = "Policy") -> Any:
    """Of the Deny that the plan's one call writes."""
    (call,) = plan.calls
    return json.loads(call.params[said])["Statement"][-1]["Condition"]


async def test_a_grantee_is_denied_like_whom_the_policy_names(aws: Embedded, session: Make) -> None:
    found = await plan(session, "kms-deny-outsiders", granted(aws))
    assert condition(found) == {"ArnLike": {"aws:PrincipalArn": [OUTSIDER, f"arn:aws:iam::{STRANGER}:*"]}}
    assert "2 grants" in found.blast_radius
    assert "CreateGrant" not in found.blast_radius
    assert "used lately by" in found.blast_radius


async def test_a_key_for_everyone_is_denied_to_all_who_are_not_of_the_house(aws: Embedded, session: Make) -> None:
    found = await plan(session, "kms-deny-outsiders", key(aws, allow("*", "kms:Decrypt")))
    assert condition(found) == {
        "StringNotEquals": {"aws:PrincipalAccount": sorted([PROD.account, ML.account])},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    assert "everyone" in found.why


async def test_ones_own_other_account_and_its_grants_are_no_strangers(aws: Embedded, session: Make) -> None:
    made = key(aws, allow(f"arn:aws:iam::{ML.account}:root", "kms:Decrypt"))
    family = f"arn:aws:iam::{ML.account}:role/training"
    do(aws, "kms:CreateGrant", KeyId=made, GranteePrincipal=family, Operations=["Decrypt"])
    for action in ("kms-deny-outsiders", "kms-revoke-grants"):
        found = await plan(session, action, made)
        assert not found.helps, action
        assert found.calls == ()


async def test_only_a_strangers_grants_are_revoked_and_the_record_says_what_they_were(
    aws: Embedded, session: Make
) -> None:
    made = granted(aws)
    found = await plan(session, "kms-revoke-grants", made)
    assert len(found.calls) == 2
    assert found.undo_calls == ()
    assert found.second_person
    done = await contain(session, "kms-revoke-grants", made)
    (kept,) = do(aws, "kms:ListGrants", KeyId=made)["Grants"]
    assert kept["GranteePrincipal"] == f"arn:aws:iam::{PROD.account}:role/training"
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    assert not back.helps
    assert any("aws kms create-grant" in line and OUTSIDER in line for line in lines(back))


async def test_a_key_of_awss_own_is_never_written_to(aws: Embedded, session: Make) -> None:
    made = lent(aws)
    get_backend("kms")[PROD.account][PROD.region].keys[made].key_manager = "AWS"
    for action in ("kms-deny-outsiders", "kms-revoke-grants", "kms-disable-key"):
        found = await plan(session, action, made)
        assert not found.helps
        assert any("AWS managed" in sentence for sentence in found.refusals), action


async def test_a_disabled_key_is_said_to_be_and_a_narrower_cut_is_named_for_one_that_is_not(
    aws: Embedded, session: Make
) -> None:
    made = lent(aws)
    found = await plan(session, "kms-disable-key", made)
    assert found.wide
    assert found.instead.startswith("kms-deny-outsiders")
    do(aws, "kms:DisableKey", KeyId=made)
    found = await plan(session, "kms-disable-key", made)
    assert not found.helps
    assert "Disabled already" in found.why


async def test_the_drills_kms_refuses_a_policy_that_locks_its_writer_out(aws: Embedded) -> None:
    made = lent(aws)
    deny = {**allow("*", "kms:*"), "Effect": "Deny"}
    with pytest.raises(AwsError, match="update the key policy in the future"):
        do(aws, "kms:PutKeyPolicy", KeyId=made, PolicyName="default", Policy=policy(deny))


async def test_a_secret_for_everyone_and_one_for_nobody(aws: Embedded, session: Make) -> None:
    made = secret(aws, "*")
    found = await plan(session, "secret-deny-outsiders", made)
    assert condition(found, "ResourcePolicy")["StringNotEquals"] == {
        "aws:PrincipalAccount": sorted([PROD.account, ML.account])
    }
    assert "BlockPublicPolicy" not in found.calls[0].params, "it would refuse our Deny beside what lets everyone in"
    do(aws, "secretsmanager:DeleteResourcePolicy", SecretId=made)
    assert not (await plan(session, "secret-deny-outsiders", made)).helps
    read = {entry.op for entry in aws.journal.calls("secretsmanager")}
    assert "GetSecretValue" not in read, "a value is never asked for"


async def test_a_secret_by_its_name_and_by_its_arn_is_one_secret(aws: Embedded, session: Make) -> None:
    made = secret(aws, f"arn:aws:iam::{STRANGER}:root")
    about = do(aws, "secretsmanager:DescribeSecret", SecretId=made)
    held = [SECRET.holds(await plan(session, "secret-deny-outsiders", name)) for name in (about["Name"], about["ARN"])]
    assert set(held[0]) & set(held[1]), "who acts on one holds what who acts on the other needs"


async def test_a_policy_that_names_who_was_deleted_is_warned_of(aws: Embedded, session: Make) -> None:
    made = secret(aws, "*")
    odd = allow("AROAJQABLZS4A3QDU576Q", "secretsmanager:GetSecretValue")
    document = json.dumps({"Version": "2012-10-17", "Statement": [odd, allow("*", "secretsmanager:GetSecretValue")]})
    do(aws, "secretsmanager:PutResourcePolicy", SecretId=made, ResourcePolicy=document)
    found = await plan(session, "secret-deny-outsiders", made)
    assert any("AROAJQABLZS4A3QDU576Q" in each and "take out first" in each for each in found.warnings)


async def test_a_secret_on_its_way_out_is_refused(aws: Embedded, session: Make) -> None:
    made = secret(aws)
    do(aws, "secretsmanager:DeleteSecret", SecretId=made)
    found = await plan(session, "secret-deny-outsiders", made)
    assert any("scheduled for deletion" in sentence for sentence in found.refusals)


def test_only_what_names_a_key_or_a_secret_for_sure_is_taken() -> None:
    ident = "1234abcd-12ab-34cd-56ef-1234567890ab"
    assert DENY.name(f"arn:aws:kms:eu-central-1:{PROD.account}:key/{ident}") == ident
    assert DENY.name(f"mrk-{'0' * 32}") == f"mrk-{'0' * 32}"
    for bad in ("alias/crm", "", ident.upper(), f"{ident}/x", f"arn:aws:kms:eu-central-1:{PROD.account}:alias/crm"):
        with pytest.raises(BadTarget):
            DENY.name(bad)
    assert SECRET.name("kaufhaus/crm") == "kaufhaus/crm"
    for bad in ("", "a secret", "arn:aws:kms:eu-central-1:111122223333:key/x", "x" * 513):
        with pytest.raises(BadTarget):
            SECRET.name(bad)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"Origin": "EXTERNAL"}, "EXTERNAL"),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, "ECC_NIST_P256"),
    ],
    ids=["imported", "asymmetric"],
)
async def test_a_key_that_kms_cannot_rotate_is_refused_with_the_reason(
    aws: Embedded, session: Make, made: dict[str, str], why: str
) -> None:
    found = await plan(session, "kms-rotate", do(aws, "kms:CreateKey", **made)["KeyMetadata"]["KeyId"])
    assert not found.helps
    assert why in found.refusals[0]


async def test_a_rotation_that_is_there_stays_and_a_disabled_key_is_left_alone(aws: Embedded, session: Make) -> None:
    often, off = key(aws), key(aws)
    do(aws, "kms:EnableKeyRotation", KeyId=often, RotationPeriodInDays=90)
    assert "every 90 days" in (await plan(session, "kms-rotate", often)).why
    do(aws, "kms:DisableKey", KeyId=off)
    assert "the key is Disabled" in (await plan(session, "kms-rotate", off)).why

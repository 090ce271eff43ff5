"""The first containment, against the embedded AWS: what it reads, whether it would help, what it does."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest

from socconsole.aws import AwsTrouble, Door
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Call, Mode, Plan
from socconsole.model.world import Place
from socconsole.response.actions.s3_block_public import S3BlockPublic
from socconsole.response.base import BadTarget, Noted, Target
from tests.response.conftest import ASSETS, CORPUS, EXPORTS, ML, PROD, STRANGER, TRANSCRIPTS, Setting, changes, leaking

ACTION = S3BlockPublic()
OWN = ("111122223333", "444455556666")
BLOCK = "PublicAccessBlock"


def door(aws: Embedded, role: str = "reader", mode: Mode = Mode.TRIAGE) -> AbstractAsyncContextManager[Door]:
    return Door.open(Setting(), aws.world, role, mode, "oncall1")  # type: ignore[arg-type]


async def plan(aws: Embedded, bucket: str, place: Place = PROD) -> Plan:
    async with door(aws) as reader:
        return await ACTION.plan(reader, Target(bucket, place), None, OWN)


async def carry_out(aws: Embedded, plan: Plan) -> tuple[list[Noted], ActionState]:
    noted: list[Noted] = []

    async def note(call: Noted) -> None:
        noted.append(call)

    async with door(aws, "responder", Mode.RESPOND) as responder:
        await ACTION.apply(responder, plan, note)
        return noted, await ACTION.verify(responder, plan)


async def test_the_public_bucket_is_seen_and_closed_and_reopened(aws: Embedded) -> None:
    leaking(aws)
    found = await plan(aws, CORPUS)
    assert changes(aws) == [], "a plan changes nothing"
    assert found.helps
    assert found.before == {BLOCK: None}, "the intruder removed it"
    assert found.after[BLOCK] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    assert found.calls == (
        Call(
            "s3",
            "PutPublicAccessBlock",
            {
                "Bucket": CORPUS,
                "PublicAccessBlockConfiguration": found.after[BLOCK],
                "ExpectedBucketOwner": PROD.account,
            },
        ),
    )
    assert found.undo_calls[0].operation == "DeletePublicAccessBlock"
    assert "role/sagemaker-eval" in found.blast_radius, "who else loses access is named"
    assert found.evidence["policy"]["Policy"]

    noted, state = await carry_out(aws, found)
    assert state is ActionState.APPLIED
    assert noted[0].answered
    assert noted[0].request_id
    assert changes(aws) == [("s3:PutPublicAccessBlock", "socconsole-responder")]
    assert not (await plan(aws, CORPUS)).helps

    async with door(aws) as reader:
        undo = await ACTION.plan_undo(reader, found)
    assert undo.re_exposes
    assert undo.wide
    assert any(w.startswith("RE-EXPOSES") for w in undo.warnings)
    assert undo.instead.startswith("keep")
    (writer,) = [w for w in undo.warnings if w.startswith("who wrote it last")]
    assert "PutBucketPolicy by i-" in writer, "the intruder's session, and not our own put"
    _, state = await carry_out(aws, undo)
    assert state is ActionState.APPLIED
    assert (await plan(aws, CORPUS)).before == {BLOCK: None}


async def test_a_named_account_is_no_public_path_and_the_cut_that_would_help_is_named(aws: Embedded) -> None:
    leaking(aws)
    found = await plan(aws, EXPORTS, ML)
    assert not found.helps
    assert found.calls == ()
    assert found.undo_calls == ()
    assert "would change nothing" in found.why
    assert STRANGER in found.why
    assert found.instead.startswith("s3-deny-outsiders")
    assert changes(aws) == []


async def test_other_accounts_of_ones_own_are_no_leak(aws: Embedded) -> None:
    found = await plan(aws, CORPUS)  # before the intruder: only the training role of the second account reads it
    assert not found.helps
    assert found.instead == ""
    assert found.instead_calls == ()


async def test_what_is_blocked_already_is_said_to_be(aws: Embedded) -> None:
    found = await plan(aws, TRANSCRIPTS)
    assert not found.helps
    assert found.before == found.after


async def test_an_account_wide_block_counts(aws: Embedded) -> None:
    leaking(aws)
    aws.cloud.hands.call(
        "AKIB111122223333BLDR",
        "us-east-1",
        "s3control:PutPublicAccessBlock",
        {
            "AccountId": PROD.account,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        },
    )
    found = await plan(aws, CORPUS)
    assert not found.helps
    assert "blocked already" in found.why


async def test_undo_says_when_someone_else_changed_it_since(aws: Embedded) -> None:
    found = await plan(aws, ASSETS)
    await carry_out(aws, found)
    half = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    aws.cloud.hands.call(
        "AKIB111122223333BLDR",
        "eu-central-1",
        "s3:PutPublicAccessBlock",
        {"Bucket": ASSETS, "PublicAccessBlockConfiguration": half},
    )
    async with door(aws) as reader:
        undo = await ACTION.plan_undo(reader, found)
        assert await ACTION.verify(reader, found) is ActionState.PARTIAL
    drift = next(w for w in undo.warnings if w.startswith("DRIFT"))
    assert "Now: only BlockPublicAcls, IgnorePublicAcls" in drift
    assert undo.wide, "writing over a stranger's change takes the whole id"
    assert undo.before == {BLOCK: half}


async def test_undoing_what_is_undone_would_change_nothing(aws: Embedded) -> None:
    found = await plan(aws, ASSETS)
    async with door(aws) as reader:
        undo = await ACTION.plan_undo(reader, found)
    assert not undo.helps
    assert undo.calls == ()


@pytest.mark.parametrize("operation", ["GetPublicAccessBlock", "GetBucketPolicyStatus"])
async def test_what_decides_has_to_be_readable(aws: Embedded, operation: str) -> None:
    aws.faults.add(kind="denied", service="s3", op=operation, times=None)
    with pytest.raises(AwsTrouble) as caught:
        await plan(aws, CORPUS)
    assert caught.value.kind == "denied"


async def test_a_denied_detail_is_told_and_counts_against_reopening(aws: Embedded) -> None:
    aws.advance(120)  # the block is off, the policy not yet public
    found = await plan(aws, CORPUS)
    aws.faults.add(kind="denied", service="s3", op="GetBucketAcl", times=None)
    assert "not read, denied: acl" in (await plan(aws, CORPUS)).warnings
    aws.cloud.hands.call(
        "AKIB111122223333BLDR",
        "eu-central-1",
        "s3:PutPublicAccessBlock",
        {"Bucket": CORPUS, "PublicAccessBlockConfiguration": dict.fromkeys(_FLAGS, True)},
    )
    async with door(aws) as reader:
        undo = await ACTION.plan_undo(reader, found)
    assert undo.re_exposes, "what cannot be read is not called safe"


_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


async def test_a_bucket_that_does_not_exist_is_no_bucket_without_a_policy(aws: Embedded) -> None:
    with pytest.raises(AwsTrouble) as caught:
        await plan(aws, "no-such-bucket-here")
    assert caught.value.kind == "not_found"


async def test_a_bucket_of_someone_else_is_refused_by_its_owner_check(aws: Embedded) -> None:
    with pytest.raises(AwsTrouble) as caught:
        await plan(aws, EXPORTS, PROD)
    assert caught.value.kind == "denied"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("b-1", None),
        (CORPUS, CORPUS),
        (f"arn:aws:s3:::{CORPUS}", CORPUS),
        (f"arn:aws:s3:::{CORPUS}/a/b", CORPUS),
    ],
)
def test_names_and_arns_name_buckets(typed: str, name: str | None) -> None:
    assert ACTION.name(typed) == (name or typed)


ODD = ["", "a", "a b", "-abc", "x" * 256, "b\x1b[0m", "arn:aws:s3:::", "a/b", "bück", "corpus--euc1-az1--x-s3"]


@pytest.mark.parametrize("typed", ODD)
def test_what_is_no_name_names_none(typed: str) -> None:
    with pytest.raises(BadTarget):
        ACTION.name(typed)

"""An account's block, a bucket's evidence and encryption: what is looked at first, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from socconsole.commands import Contain, PlanContain, PlanUndo
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.response import engine, planning
from socconsole.response.actions import s3_account_block_public
from tests.response.actions.case import do
from tests.response.actions.cases_s3 import logged
from tests.response.conftest import ASSETS, CORPUS, PROD, Make, leaking

AT = {"account": PROD.account, "region": PROD.region}
TRAIL = "org-trail"
ARN = f"arn:aws:cloudtrail:{PROD.region}:{PROD.account}:trail/{TRAIL}"
DATA = {"Field": "eventCategory", "Equals": ["Data"]}
OBJECTS = {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}


async def plan(session: Make, action: str, target: str = CORPUS) -> Plan:
    return await planning.plan(session(Mode.TRIAGE), PlanContain(action=action, target=target, **AT))


async def contain(session: Make, action: str, target: str = CORPUS) -> str:
    done = await engine.contain(session(), Contain(action=action, target=target, confirm=target, reason="drill", **AT))
    assert done.state is ActionState.APPLIED, done.detail
    return done.action_id


def selectors(aws: Embedded) -> dict[str, Any]:
    found = do(aws, "cloudtrail:GetEventSelectors", TrailName=TRAIL)
    return {kind: found[kind] for kind in ("EventSelectors", "AdvancedEventSelectors") if found.get(kind)}


# --- the account's block -------------------------------------------------------------------------------------


async def test_the_account_is_worth_blocking_only_while_a_bucket_of_it_is_public(aws: Embedded, session: Make) -> None:
    do(aws, "s3:DeleteBucketPolicy", Bucket=ASSETS)  # a web site of theirs
    quiet = await plan(session, "s3-account-block-public", PROD.account)
    assert not quiet.helps
    assert quiet.calls == quiet.undo_calls == ()
    assert "none of the account's" in quiet.why
    leaking(aws)
    found = await plan(session, "s3-account-block-public", PROD.account)
    assert found.helps
    assert CORPUS in found.why
    assert "1 bucket" in found.blast_radius
    assert list(found.evidence["buckets"]["open"]) == [CORPUS], "what was public is kept as evidence"
    assert found.wide
    assert found.second_person


async def test_buckets_that_were_not_reached_in_time_are_counted_as_not_known(
    aws: Embedded, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_account_block_public, "SECONDS", 0.0)
    found = await plan(session, "s3-account-block-public", PROD.account)
    assert found.helps, "what is not known is not clean"
    assert "could not be read in time" in found.blast_radius


async def test_another_account_than_the_place_is_refused(aws: Embedded, session: Make) -> None:
    found = await plan(session, "s3-account-block-public", "444455556666")
    assert not found.helps
    assert found.refusals


# --- data events ---------------------------------------------------------------------------------------------


async def test_advanced_selectors_are_added_to_and_the_others_come_back_untouched(aws: Embedded, session: Make) -> None:
    other = {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    do(aws, "cloudtrail:PutEventSelectors", TrailName=TRAIL, AdvancedEventSelectors=[other])
    done = await contain(session, "s3-data-events")
    ours = selectors(aws)["AdvancedEventSelectors"]
    assert ours[0] == other
    assert {"Field": "resources.ARN", "StartsWith": [f"arn:aws:s3:::{CORPUS}/"]} in ours[1]["FieldSelectors"]
    later = {"Name": "later", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Insight"]}]}
    do(aws, "cloudtrail:PutEventSelectors", TrailName=TRAIL, AdvancedEventSelectors=[*ours, later])
    back = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done))
    assert back.calls[0].params == {"TrailName": ARN, "AdvancedEventSelectors": [other, later]}


def where(prefix: str) -> dict[str, Any]:
    return {"Field": "resources.ARN", "StartsWith": [f"arn:aws:s3:::{prefix}"]}


def basic(reads: str, kind: str, value: str) -> dict[str, Any]:
    return {"ReadWriteType": reads, "DataResources": [{"Type": kind, "Values": [value]}]}


SELECTORS = {
    "all objects": ({"FieldSelectors": [DATA, OBJECTS]}, True),
    "ours": ({"FieldSelectors": [DATA, OBJECTS, where(f"{CORPUS}/")]}, True),
    "writes": ({"FieldSelectors": [DATA, OBJECTS, {"Field": "readOnly", "Equals": ["false"]}]}, False),
    "one event": ({"FieldSelectors": [DATA, OBJECTS, {"Field": "eventName", "Equals": ["PutObject"]}]}, False),
    "a prefix": ({"FieldSelectors": [DATA, OBJECTS, where(f"{CORPUS}/a")]}, False),
    "basic, all": (basic("All", "AWS::S3::Object", "arn:aws:s3"), True),
    "basic, writes": (basic("WriteOnly", "AWS::S3::Object", "arn:aws:s3"), False),
    "basic, functions": (basic("All", "AWS::Lambda::Function", "arn:aws:lambda"), False),
}


async def test_what_a_trail_records_already_is_seen(aws: Embedded, session: Make) -> None:
    for name, (selector, recorded) in SELECTORS.items():
        kind = "AdvancedEventSelectors" if "FieldSelectors" in selector else "EventSelectors"
        do(aws, "cloudtrail:PutEventSelectors", TrailName=TRAIL, **{kind: [selector]})
        assert (await plan(session, "s3-data-events")).helps is not recorded, name


async def test_a_trail_that_is_full_or_stopped_cannot_take_another_selector(aws: Embedded, session: Make) -> None:
    full = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": n == 0} for n in range(5)]
    do(aws, "cloudtrail:PutEventSelectors", TrailName=TRAIL, EventSelectors=full)
    found = await plan(session, "s3-data-events")
    assert not found.helps
    assert "takes no more" in found.why
    do(aws, "cloudtrail:StopLogging", Name=TRAIL)
    found = await plan(session, "s3-data-events")
    assert not found.helps
    assert found.instead.startswith("cloudtrail-logging")


async def test_a_trail_of_another_region_is_named_with_its_home(aws: Embedded, session: Make) -> None:
    asked = PlanContain(action="s3-data-events", target=CORPUS, account=PROD.account, region="eu-west-1")
    found = await planning.plan(session(Mode.TRIAGE), asked)
    assert not found.helps
    assert f"{TRAIL} in {PROD.region}" in found.why
    assert "--region" in found.instead


# --- access logs and encryption ------------------------------------------------------------------------------


async def test_no_log_bucket_is_made_up(aws: Embedded, session: Make) -> None:
    found = await plan(session, "s3-access-logging")
    assert not found.helps
    assert found.instead.startswith("s3-data-events")


async def test_the_log_bucket_is_the_one_that_neighbours_use_and_never_logs_to_itself(
    aws: Embedded, session: Make
) -> None:
    logged(aws)
    found = await plan(session, "s3-access-logging")
    assert found.after["LoggingEnabled"] == {"TargetBucket": "kaufhaus-access-logs", "TargetPrefix": f"{CORPUS}/"}
    assert not (await plan(session, "s3-access-logging", "kaufhaus-access-logs")).helps


async def test_a_bucket_under_kms_already_is_left_alone(aws: Embedded, session: Make) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    do(aws, "s3:PutBucketEncryption", Bucket=CORPUS, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert not (await plan(session, "s3-encrypt")).helps

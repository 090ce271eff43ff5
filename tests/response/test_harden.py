"""A failing check is mended where nothing leaks: asked for by the check, with every rail, and it passes afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from socconsole import posture
from socconsole.collectors.posture import governance, snapshot, storage
from socconsole.commands import Contain, PlanContain, PlanUndo, RecordByHand
from socconsole.config import AccountConfig, Config
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode, Plan, Purpose
from socconsole.model.finding import Format, Kind
from socconsole.model.posture import Result, Verdict
from socconsole.posture.catalogue import catalogue
from socconsole.response import by_hand, engine, locate, offering, planning
from socconsole.response.change import Change
from socconsole.response.locate import told_by
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Refusal
from socconsole.store import db, posture_finding, reading
from socconsole.store.state import StateFolder
from tests.embedded import client
from tests.response.actions.case import do
from tests.response.actions.cases_ec2 import flow_log, network
from tests.response.actions.test_contract import CASES
from tests.response.conftest import (
    CORPUS,
    FLAGS,
    ML,
    PROD,
    TRANSCRIPTS,
    Make,
    changes,
    leaking,
    open_ids,
    owner,
    record,
    take_in,
)

AT = {"account": PROD.account, "region": PROD.region}
CONFIG = Config(accounts=(AccountConfig(account=PROD.account, regions=(PROD.region,)),), share=1.0)


async def judged(session: Make, check: str, subject: str) -> Result:
    """What a check of S3 says of a subject now, read through the door that plans are read through."""
    reader = session(Mode.TRIAGE)
    async with reader.door(reader, "reader") as door:
        estate = await snapshot(door, PROD, CONFIG, datetime.now(UTC), (), (governance.read, storage.read))
    checks = [one for one in posture.CHECKS if one.id == check]
    results = posture.evaluate(posture.Context(estate, CONFIG), checks).results
    return next(one for one in results if one.subject.endswith(subject))


def unblocked(aws: Embedded) -> None:
    """A bucket that nobody but its account reads, and that one mistake would open."""
    owner(aws, "DeletePublicAccessBlock", TRANSCRIPTS)


async def plan(session: Make, action: str, target: str, **more: str) -> Plan:
    return await planning.plan(session(Mode.TRIAGE), PlanContain(action=action, target=target, **AT, **more))


async def test_a_bucket_that_leaks_nothing_is_blocked_because_a_check_asks(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    unblocked(aws)
    assert (await judged(session, "S3-01", TRANSCRIPTS)).verdict is Verdict.FAIL

    found = await plan(session, "s3-block-public", TRANSCRIPTS, check="S3-01")
    assert (found.check, found.purpose, found.helps) == ("S3-01", Purpose.HARDEN, True)
    assert found.why.startswith("nothing is open to the public now")
    assert found.stops.startswith("nothing that leaks now")
    assert "uploads that ask for one fail" in found.blast_radius, "what could break is said"
    assert found.after["PublicAccessBlock"] == dict.fromkeys(FLAGS, True)
    assert changes(aws) == []

    for action, target in (("s3-block-public", TRANSCRIPTS), ("s3-account-block-public", PROD.account)):
        asked = Contain(action=action, target=target, confirm=target, check="S3-01", **AT)
        done = await engine.contain(session(), asked)
        assert done.state is ActionState.APPLIED
        intent = record(folder, "intent")[-1].entry.data
        assert (intent["check"], intent["purpose"]) == ("S3-01", "harden" if target == TRANSCRIPTS else "contain")
        assert (intent["cuts"], intent["closes"]) == (False, []), "no finding is blocked by it"
    assert (await judged(session, "S3-01", TRANSCRIPTS)).verdict is Verdict.PASS

    first = record(folder, "intent")[0].entry.data["id"]
    undo = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=first))
    assert undo.helps
    assert undo.warnings[0] == "RE-EXPOSES: what it restores was written within the day before the action"


async def test_an_account_without_a_public_bucket_is_blocked_too(aws: Embedded, session: Make) -> None:
    asked = PlanContain(action="s3-account-block-public", target=ML.account, account=ML.account, region=ML.region)
    assert not (await planning.plan(session(Mode.TRIAGE), asked)).helps
    found = await planning.plan(session(Mode.TRIAGE), msgspec.structs.replace(asked, check="S3-01"))
    assert (found.helps, found.purpose) == (True, Purpose.HARDEN)
    assert found.why.startswith("none of the account's 2 buckets is open to the public now")
    assert found.second_person, "the rails are the same"
    assert not any("go dark" in each for each in found.warnings), "none is public"


async def test_a_log_of_ten_minutes_does_for_a_finding_and_not_for_the_check(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    subnet = network(aws).private
    do(aws, "logs:CreateLogGroup", logGroupName="vpc-flows")
    flow_log(aws, subnet)
    assert not (await plan(session, "ec2-flow-logs", subnet)).helps
    found = await plan(session, "ec2-flow-logs", subnet, check="NET-01")
    assert (found.helps, found.purpose) == (True, Purpose.HARDEN)
    asked = Contain(action="ec2-flow-logs", target=subnet, confirm=subnet, check="NET-01", **AT)
    assert (await engine.contain(session(), asked)).state is ActionState.APPLIED
    assert not (await plan(session, "ec2-flow-logs", subnet, check="NET-01")).helps, "once is enough"


@pytest.mark.parametrize(
    ("action", "check", "prepare"),
    [
        ("s3-data-events", "LOG-02", "reads"),
        ("s3-require-tls", "S3-05", "objects"),
        ("s3-encrypt", "S3-03", "kms"),
    ],
)
async def test_what_does_for_a_finding_is_not_all_that_a_check_asks(
    aws: Embedded, session: Make, action: str, check: str, prepare: str
) -> None:
    PREPARE[prepare](aws)
    assert not (await plan(session, action, TRANSCRIPTS)).helps
    found = await plan(session, action, TRANSCRIPTS, check=check)
    assert found.helps, found.why
    assert found.purpose is Purpose.HARDEN
    asked = Contain(action=action, target=TRANSCRIPTS, confirm=TRANSCRIPTS, check=check, **AT)
    assert (await engine.contain(session(), asked)).state is ActionState.APPLIED
    assert not (await plan(session, action, TRANSCRIPTS, check=check)).helps, "once is enough"
    if check.startswith("S3"):
        assert (await judged(session, check, TRANSCRIPTS)).verdict is Verdict.PASS


def _reads(aws: Embedded) -> None:
    data = {"Field": "eventCategory", "Equals": ["Data"]}
    objects = {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}
    reads = {"Field": "readOnly", "Equals": ["true"]}
    selectors = [{"FieldSelectors": [data, objects, reads]}]
    do(aws, "cloudtrail:PutEventSelectors", TrailName="org-trail", AdvancedEventSelectors=selectors)


def _objects(aws: Embedded) -> None:
    denied: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{TRANSCRIPTS}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [denied]}
    owner(aws, "PutBucketPolicy", TRANSCRIPTS, Policy=json.dumps(policy))


def _kms(aws: Embedded) -> None:
    """AWS's own key for S3 on the bucket, a key of the account's own on its neighbour."""
    key = do(aws, "kms:CreateKey")["KeyMetadata"]["Arn"]
    do(aws, "kms:EnableKeyRotation", KeyId=key)
    for bucket, named in ((TRANSCRIPTS, {}), (CORPUS, {"KMSMasterKeyID": key})):
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", **named}}
        owner(aws, "PutBucketEncryption", bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


PREPARE = {"reads": _reads, "objects": _objects, "kms": _kms}


def _asks_for_more(action: str) -> bool:
    """Whether a check is another reason than a finding; else it is planned alike, and the contract says how."""
    made = type(ACTIONS[action])
    assert issubclass(made, Change), "what is made of several hardens nothing"
    return made.hardened is not Change.hardened or made.harden is not Change.harden


async def test_every_fix_can_be_planned_because_its_check_asks(aws: Embedded, session: Make) -> None:
    fixes = {action: about.id for about in catalogue().values() for action in about.actions}
    more = {action for action in fixes if _asks_for_more(action)}
    assert "s3-block-public" in more
    assert "iam-role-deny" not in more
    for case in CASES:
        if case.action in more:
            aws.reset()
            target, place, check = case.prepare(aws), case.place, fixes[case.action]
            asked = PlanContain(
                action=case.action, target=target, account=place.account, region=place.region, check=check
            )
            found = await planning.plan(session(Mode.TRIAGE, config=case.config), asked)
            assert (found.helps, found.check) == (True, check), f"{case.action}: {found.why}"


async def test_a_bucket_that_leaks_is_contained_whatever_the_check_asks(aws: Embedded, session: Make) -> None:
    leaking(aws)
    found = await plan(session, "s3-block-public", CORPUS, check="S3-01")
    assert (found.helps, found.purpose) == (True, Purpose.CONTAIN)
    assert found.why.startswith("the bucket policy is public")


async def test_without_a_check_it_still_has_to_help(aws: Embedded, folder: StateFolder, session: Make) -> None:
    unblocked(aws)
    asked = Contain(action="s3-block-public", target=TRANSCRIPTS, confirm=TRANSCRIPTS, **AT)
    with pytest.raises(Refusal) as refusal:
        await engine.contain(session(), asked)
    assert refusal.value.kind == "refused"
    assert "would change nothing here" in refusal.value.why
    assert record(folder) == []
    assert changes(aws) == []


async def test_a_check_that_it_does_not_mend_is_bad_input(session: Make) -> None:
    for check, why in (
        ("S3-99", "no check is called"),
        ("NET-01", "what does: ec2-flow-logs"),
        ("DET-02", "no action does"),
    ):
        with pytest.raises(Refusal) as refusal:
            await plan(session, "s3-block-public", TRANSCRIPTS, check=check)
        assert refusal.value.kind == "input"
        assert why in refusal.value.why


async def test_a_finding_of_posture_is_reason_enough_and_no_other_says_so(
    aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking(aws)
    await take_in(aws, folder)
    with db.reading(folder) as conn:
        threat = next(one.finding for one in reading.each(conn, open_ids(folder)) if CORPUS in repr(one.finding))
    assert told_by(threat, "s3-block-public") == ""
    assert told_by(replace(threat, types=("Posture:S3-01",)), "s3-block-public") == "", "a type is anybody's to write"
    control = replace(threat, kind=Kind.CONTROL, sources=(Format.POSTURE.value,), types=("Posture:S3-01",))
    assert told_by(control, "s3-block-public") == "S3-01"
    assert told_by(control, "ec2-isolate") == "", "nor does it make other actions help"
    tls = replace(control, types=("Posture:S3-05",))

    async def finding_of(*_: object) -> object:
        return tls

    monkeypatch.setattr(offering, "finding_of", finding_of)
    first = (await offering.offer(session(Mode.TRIAGE), [tls.id])).offers[0].plan
    assert (first.action, first.check) == ("s3-require-tls", "S3-05"), "what mends it comes first"

    async def s3_01(*_: object) -> object:
        return control

    monkeypatch.setattr(locate, "finding_of", s3_01)
    unblocked(aws)
    gone = {"AttributeKey": "EventName", "AttributeValue": "DeleteBucketPublicAccessBlock"}
    event = client(aws, "cloudtrail").lookup_events(LookupAttributes=[gone])["Events"][0]["EventId"]
    bound = RecordByHand(action="s3-block-public", target=TRANSCRIPTS, events=(event,), finding=control.id, **AT)
    done = await by_hand.record(session(), bound)
    assert done["still_needed"] is True, "nothing leaks by it, and the check that it was done for fails"

    result = await judged(session, "S3-01", TRANSCRIPTS)
    assert posture_finding.observation(result, datetime.now(UTC)).types == ("Posture:S3-01",)

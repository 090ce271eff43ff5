"""SageMaker: SM-01 to SM-08."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socconsole.collectors.posture.policies import parse
from socconsole.collectors.posture.sagemaker import _configured
from socconsole.model.estate.roles import Permissions, RolePolicy
from socconsole.model.estate.sagemaker import Capture, TrainingJob
from socconsole.model.posture import Verdict
from socconsole.posture.access import narrow, not_everywhere, readable
from socconsole.posture.sagemaker import _volumes
from tests.posture.estate import SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("SM-01", "order-answers", "prompt-lab"),
        ("SM-02", "order-answers", "prompt-lab"),
        ("SM-03", "order-answers", "prompt-lab"),
        ("SM-04", "order-answers", "prompt-lab"),
        ("SM-05", "evaluation", "playground"),
        ("SM-06", "tune-orders", "tune-quick"),
        ("SM-07", "order-answers", "prompt-lab"),
        ("SM-08", "order-answers", "prompt-lab"),
    ],
)
async def test_what_passes_what_fails_and_what_cannot_be_read(
    reviewed: Reviewed, check: str, good: str, bad: str
) -> None:
    found = await reviewed.verdicts(check)
    assert (found[good], found[bad]) == (PASS, FAIL)
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


# ---- what a role may do


def allow(action: object, resource: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def role(*statements: dict[str, object], boundary: dict[str, object] | None = None, arn: str = "") -> Permissions:
    policy = parse({"Version": "2012-10-17", "Statement": list(statements)})
    limit = parse({"Version": "2012-10-17", "Statement": [boundary]}) if boundary else None
    name = arn.rpartition("/")[2] or "main"
    return Permissions("arn:aws:iam::111122223333:role/r", (RolePolicy(name, arn, policy),), limit)


CORPUS = "arn:aws:s3:::corpus/*"
NETWORK = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


@pytest.mark.parametrize(
    ("permissions", "met"),
    [
        (role(allow("s3:GetObject", CORPUS)), True),
        (role(allow("*", "*")), False),
        (role(allow("s3:*", CORPUS)), True),
        (role(allow("s3:*", "arn:aws:s3:::*")), False),
        (role(allow("S*:*", "*")), False),
        (role({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), False),
        (role({"Effect": "Allow", "Action": "s3:*", "NotResource": CORPUS}), False),
        (role(allow("s3:*", "*", Condition=NETWORK)), None),
        (role(allow("*", "*"), boundary=allow("s3:GetObject", CORPUS)), True),
        (role(allow("*", "*"), boundary=allow("s3:*", "*")), False),
        (role(allow("sagemaker:List*", "*"), arn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"), False),
    ],
    ids=[
        "one-bucket", "everything", "all-of-one-bucket", "all-of-s3", "by-wildcards", "all-but-iam", "all-but-a-bucket",
        "under-a-condition", "bounded", "bounded-too-wide", "by-name",
    ],
)  # fmt: skip
def test_a_role_is_narrow_only_where_that_is_sure(permissions: Permissions, met: bool | None) -> None:
    assert narrow(permissions).met is met


def test_one_action_on_everything_is_too_much_however_it_is_written() -> None:
    for action in ("s3:GetObject", "s3:Get*", "*"):
        assert not_everywhere(role(allow(action, "*")), "s3:GetObject").met is False
    endpoints = "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/*"
    for everything in ("arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:*", "arn:*:s3:*:*:?*"):
        assert not_everywhere(role(allow("s3:GetObject", everything)), "s3:GetObject").met is False
    assert not_everywhere(role(allow("*", [CORPUS, endpoints])), "sagemaker:InvokeEndpoint").met is False
    assert not_everywhere(role(allow("*", [CORPUS, endpoints])), "s3:GetObject").met is True
    assert not_everywhere(role(allow("s3:GetObject", CORPUS)), "s3:GetObject").met is True
    assert not_everywhere(role(allow("s3:Put*", "*")), "s3:GetObject").met is True


def test_what_a_role_may_read_says_what_narrows_it() -> None:
    deny: dict[str, object] = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::corpus/secret/*"}
    assert readable(role(allow("s3:Get*", CORPUS), deny)) == (f"{CORPUS} but not arn:aws:s3:::corpus/secret/*",)
    assert readable(role(allow("s3:Get*", CORPUS), {**deny, "Resource": "*"})) == ()
    assert readable(role(allow("s3:Get*", CORPUS), {**deny, "Resource": "*", "Condition": NETWORK})) == (
        f"{CORPUS} but not * if aws:sourcevpc StringEquals vpc-1",
    )
    assert readable(role(allow("s3:GetObject", CORPUS, Condition=NETWORK))) == (
        f"{CORPUS} if aws:sourcevpc StringEquals vpc-1",
    )
    assert readable(role(allow("*", "*"), boundary=allow("kms:Decrypt", "*"))) == ("arn:aws:kms:*:*:key/*",)
    assert readable(role(allow(["s3:PutObject", "kms:Encrypt"], "*"))) == ()


# ---- what answers say


def test_a_model_that_only_some_instances_serve_counts_too() -> None:
    pools = [{"InstanceType": "ml.g5.xlarge", "Priority": 1, "ModelNameOverride": "smaller"}]
    config, _, _ = _configured(
        {
            "EndpointConfigArn": "arn:aws:sagemaker:eu-central-1:111122223333:endpoint-config/c",
            "EndpointConfigName": "c",
            "ProductionVariants": [{"VariantName": "main", "ModelName": "bigger", "InstancePools": pools}],
            "DataCaptureConfig": {"DestinationS3Uri": "s3://kept/here", "InitialSamplingPercentage": 5},
        }
    )
    assert (config.variants[0].model, config.variants[0].overrides) == ("bigger", ("smaller",))
    assert config.capture == Capture("kept", None)  # it captures unless it says that it does not


# ---- training


def test_only_instances_with_storage_of_their_own_need_no_volume_key() -> None:
    job = TrainingJob(True, True, 8, ("ml.p5.48xlarge",), None, None, "", None)
    assert _volumes(job).met is True
    assert _volumes(replace(job, types=("ml.p5.48xlarge", "ml.m5.4xlarge"))).met is False
    assert _volumes(replace(job, types=())).met is False

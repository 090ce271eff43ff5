"""SageMaker: SM-01 to SM-08."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.collectors.posture.policies import parse
from socconsole.collectors.posture.sagemaker import _configured
from socconsole.model.estate import Estate
from socconsole.model.estate.roles import Permissions, RolePolicy
from socconsole.model.estate.sagemaker import Capture
from socconsole.model.posture import Verdict
from socconsole.posture import Context
from socconsole.posture.access import narrow, not_everywhere, readable
from socconsole.posture.sagemaker import _volumes
from tests.posture.estate import CONFIG, HOME, SEALED, Reviewed

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
    here = Context(Estate(HOME, datetime.now(UTC), (), 0, ()), CONFIG)
    assert _volumes(["ml.p5.48xlarge"], None, here).met is True
    assert _volumes(["ml.p5.48xlarge", "ml.m5.4xlarge"], None, here).met is False
    assert _volumes([], None, here).met is False


async def test_a_key_of_somebody_else_is_none_of_our_own(reviewed: Reviewed) -> None:
    def strange(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "KeyMetadata": {**answer["KeyMetadata"], "AWSAccountId": "999988887777"}}

    told = {key: strange(said) for key, said in reviewed.answers.items() if key[:2] == (HOME, "kms:DescribeKey")}
    elsewhere = Reviewed({**reviewed.answers, **told})
    for check in ("SM-03", "SM-05", "BR-02", "BR-06"):
        assert Verdict.PASS in (await reviewed.verdicts(check)).values()
        assert set((await elsewhere.verdicts(check)).values()) == {Verdict.FAIL}


async def test_an_endpoint_on_instances_that_take_no_key_can_pass(reviewed: Reviewed) -> None:
    """SageMaker refuses a key for ``ml.g5``; what is captured needs one all the same."""

    def on_gpus(answer: dict[str, Any]) -> dict[str, Any]:
        variants = [{**one, "InstanceType": "ml.g5.12xlarge"} for one in answer["ProductionVariants"]]
        return {**{key: said for key, said in answer.items() if key != "KmsKeyId"}, "ProductionVariants": variants}

    operation = "sagemaker:DescribeEndpointConfig"
    told = {key: on_gpus(said) for key, said in reviewed.answers.items() if key[:2] == (HOME, operation)}
    found = await Reviewed({**reviewed.answers, **told}).verdicts("SM-03")
    assert (found["order-answers"], found["prompt-lab"]) == (Verdict.PASS, Verdict.FAIL)

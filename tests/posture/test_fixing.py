"""Which thing a fix acts on: the check's subject, else what its evidence names, else what the endpoint is made of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure
from socconsole.model.posture import OWN, Result, Verdict
from socconsole.model.world import Place
from socconsole.posture.catalogue import catalogue
from socconsole.posture.fixing import _TAKES, targets
from socconsole.text import Untrusted

PLACE = Place("111122223333", "eu-central-1")
HOST = "arn:aws:ec2:eu-central-1:111122223333:instance/i-1d6eda0a547df5333"
SERVED = "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/prompt-lab"
ROLE = "arn:aws:iam::111122223333:role/ml-lab"
ENDPOINT = Endpoint(
    "e-1", EndpointKind.SAGEMAKER, PLACE, SERVED, Untrusted("prompt-lab"), Exposure.ACCOUNT,
    parts=(SERVED, ROLE, "arn:aws:s3:::one", "arn:aws:s3:::two"),
)  # fmt: skip


def failed(check: str, subject: str, *evidence: str) -> Result:
    return Result(check, subject, PLACE, Verdict.FAIL, evidence, OWN, datetime(2026, 11, 23, tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (failed("S3-01", "arn:aws:s3:::corpus"), ("corpus",)),
        (failed("SHS-02", HOST, "sg-1a72d2a5f7b695e30 lets in tcp 8000 ::/0"), ("i-1d6eda0a547df5333",)),
        (failed("SHS-03", HOST, "sg-1a72d2a5f7b695e30 lets out everything"), ("sg-1a72d2a5f7b695e30",)),
        (failed("SM-01", SERVED), (SERVED,)),
        (failed("SM-07", SERVED, "its role ml-lab has AmazonSageMakerFullAccess"), (ROLE,)),
        (failed("SM-08", SERVED, "main writes its memory to s3://cores/now when it crashes"), ("cores",)),
        (failed("SM-08", SERVED, "its captures are kept openly"), ("one", "two")),
        (failed("BR-01", "111122223333/eu-central-1", "invocation logging is off"), ("111122223333",)),
        (failed("LOG-01", "111122223333/eu-central-1", "no trail records"), ()),
    ],
    ids=["subject", "host", "group", "endpoint", "role", "evidence", "choose", "account", "nothing"],
)  # fmt: skip
def test_the_right_thing_is_named(result: Result, wanted: tuple[str, ...]) -> None:
    assert targets(catalogue()[result.check].action, result, ENDPOINT) == wanted


def test_every_action_of_the_catalogue_has_a_target_that_is_known_by_sight() -> None:
    assert {about.action for about in catalogue().values() if about.action} <= set(_TAKES)

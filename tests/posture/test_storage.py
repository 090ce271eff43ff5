"""Buckets: S3-01 to S3-07."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.collectors.posture.policies import parse
from socconsole.model.estate import Estate
from socconsole.model.estate.logs import ObjectLock
from socconsole.model.estate.policy import Policy
from socconsole.model.estate.storage import Bucket, Replica, Storage
from socconsole.model.known import Known, Unread
from socconsole.model.posture import Verdict
from socconsole.posture import CHECKS, Context
from socconsole.text import Untrusted
from tests.posture.estate import ACCOUNTS, CONFIG, HOME, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
CORPUS, SCRATCH = "kaufhaus-llm-corpus", "kaufhaus-prompt-scratch"


@pytest.mark.parametrize("check", ["S3-01", "S3-02", "S3-03", "S3-04", "S3-05", "S3-06", "S3-07"])
async def test_what_passes_what_fails_and_what_cannot_be_read(reviewed: Reviewed, check: str) -> None:
    found = await reviewed.verdicts(check)
    assert (found[CORPUS], found[SCRATCH]) == (PASS, FAIL)
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


UNASKED = Unread("s3:Anything", Untrusted("not part of this test"))
BUCKET = Bucket(
    arn="arn:aws:s3:::b", name="b", tags=UNASKED, holds=Known(""), block=UNASKED, policy=UNASKED, public=UNASKED,
    ownership=UNASKED, encryption=UNASKED, versioning=UNASKED, logged_to=UNASKED, evidence=UNASKED, lock=None,
    replicas=UNASKED,
)  # fmt: skip

LOGS = replace(BUCKET, arn="arn:aws:s3:::logs", name="logs", logged_to=Known(""))


def verdict(check: str, **read: Any) -> Verdict:
    """Of the check on one bucket of which only ``read`` was read."""
    bucket = replace(BUCKET, **{name: Known(value) for name, value in read.items()})
    storage = Storage(UNASKED, Known((bucket, LOGS)))
    context = Context(Estate(HOME, datetime(2026, 11, 23, tzinfo=UTC), (storage,), 0, ()), CONFIG)
    return next(one for one in CHECKS if one.id == check).judge(bucket, context).verdict


def denied(resource: Any, action: str = "s3:*", condition: Any = None) -> Policy:
    plain = {"Bool": {"aws:SecureTransport": "false"}} if condition is None else condition
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": plain}
    return parse({"Statement": statement})


def test_plain_http_has_to_be_denied_to_all_on_all() -> None:
    whole = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]
    assert verdict("S3-05", policy=denied(whole)) is verdict("S3-05", policy=denied("arn:aws:s3:::b*")) is PASS
    for policy in (
        None,
        denied(whole[1]),
        denied(whole, "s3:GetObject"),
        denied(whole, condition={"Bool": {"aws:SecureTransport": "true"}}),
        denied(
            whole, condition={"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
        ),
    ):
        assert verdict("S3-05", policy=policy) is FAIL


def test_evidence_has_to_be_locked_by_default() -> None:
    kept = {"logged_to": "logs", "versioning": "Enabled", "evidence": True}
    assert verdict("S3-04", **kept, lock=ObjectLock(True, "COMPLIANCE")) is PASS
    assert verdict("S3-04", **kept, lock=ObjectLock(True)) is verdict("S3-04", **kept, lock=ObjectLock(False)) is FAIL
    assert verdict("S3-04", logged_to="logs", versioning="Enabled") is UNKNOWN, "whether it is evidence was not read"
    assert verdict("S3-04", logged_to="", versioning="Enabled") is FAIL
    assert verdict("S3-04", **{**kept, "evidence": False}) is PASS
    assert verdict("S3-04", **{**kept, "evidence": False, "logged_to": "gone"}) is FAIL


def test_a_replica_is_no_stranger_only_where_somebody_says_whose_it_is() -> None:
    here = Known(HOME.region)
    assert verdict("S3-07", replicas=(Replica("copy", ACCOUNTS["ml-platform"], here),)) is PASS
    assert verdict("S3-07", replicas=(Replica("copy", "", here),)) is UNKNOWN
    assert verdict("S3-07", replicas=(Replica("copy", ACCOUNTS["ml-platform"], UNASKED),)) is UNKNOWN
    assert verdict("S3-07", replicas=(Replica("copy", ACCOUNTS["ml-platform"], Known("us-east-1")),)) is FAIL
    assert verdict("S3-07", replicas=(Replica("copy", "999988887777", UNASKED),)) is FAIL


@pytest.mark.parametrize(
    ("residency", "expected"),
    [("eu", PASS), ("EU-central-1", PASS), ("Germany", PASS), ("us", FAIL), ("eu-west-1", FAIL), ("", FAIL)],
)
def test_what_a_tag_says_of_residency_has_to_fit_the_region(residency: str, expected: Verdict) -> None:
    tags = {"dataclassification": "Confidential", "owner": "ml", "residency": residency}
    read = tuple((Untrusted(key), Untrusted(value)) for key, value in tags.items())
    assert verdict("S3-06", tags=read) is expected

"""Buckets, masking, policies, and what importing costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.aws import AwsTrouble, Kind, iam
from socconsole.aws.buckets import Bucket, Buckets, TooSlow
from socconsole.aws.classify import Origin, classify
from socconsole.aws.mask import mask
from socconsole.aws.operations import ROLES, Role, table
from socconsole.model.world import Place

from .conftest import PLACE, Opener
from .fakeaws import FakeAws, ok


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@given(
    takes=st.lists(st.tuples(st.floats(0, 3), st.sampled_from([1.0, 2.0, 5.0])), min_size=1, max_size=60),
    rate=st.floats(0.2, 5),
    burst=st.floats(1, 6),
)
def test_a_bucket_never_gives_more_than_its_rate(takes: list[tuple[float, float]], rate: float, burst: float) -> None:
    clock = Clock()
    bucket = Bucket(rate, burst, clock)
    due: list[tuple[float, float]] = []
    for pause, cost in takes:
        clock.at += pause
        wait = bucket.take(cost, 1e9)
        assert wait >= 0
        due.append((clock.at + wait, cost))
    assert [at for at, _ in due] == sorted(at for at, _ in due)
    for first in range(len(due)):
        for last in range(first, len(due)):
            # All but the last are paid for when it is due; the last may leave the bucket in debt.
            spent = sum(cost for _, cost in due[first:last])
            assert spent <= burst + rate * (due[last][0] - due[first][0]) + max(0.0, 5.0) + 1e-6


def test_a_bucket_says_at_once_that_it_is_too_slow() -> None:
    clock = Clock()
    bucket = Bucket(1.0, 1.0, clock)
    assert bucket.take(1.0, 0.0) == 0.0
    with pytest.raises(TooSlow):
        bucket.take(1.0, 0.5)
    assert bucket.take(1.0, 2.0) == pytest.approx(1.0)
    clock.at = 10.0
    assert bucket.take(1.0, 0.0) == 0.0


async def test_our_own_share_ends_before_aws_throttles(fake: FakeAws, opened: Opener) -> None:
    fake.always("securityhub:GetFindings", ok({"Findings": []}))
    burst = int(table()["securityhub:GetFindings"].burst)
    async with opened() as door:
        for _ in range(burst):
            await door.call(PLACE, "securityhub:GetFindings", {})

        async def ask_on() -> None:
            for _ in range(10 * burst):  # a slow machine earns some calls more meanwhile
                await door.call(PLACE, "securityhub:GetFindings", {}, deadline=0.05)

        with pytest.raises(AwsTrouble) as caught:
            await ask_on()
        other = Place(PLACE.account, "eu-west-1")
        await door.call(other, "securityhub:GetFindings", {})
    assert caught.value.kind is Kind.THROTTLED
    assert burst + 1 <= len(fake.seen("securityhub:GetFindings")) < 10 * burst


async def test_buckets_are_kept_by_operation_and_place() -> None:
    clock = Clock()
    buckets = Buckets(0.1, clock)
    row = table()["cloudtrail:LookupEvents"]
    await buckets.take(row, PLACE, 1.0, 0.0)
    await buckets.take(row, Place(PLACE.account, "eu-west-1"), 1.0, 0.0)
    with pytest.raises(TooSlow) as slow:
        await buckets.take(row, PLACE, 1.0, 1.0)
    assert slow.value.wait == pytest.approx(1 / (row.rate * 0.1))


SECRETS = {
    "token": "IQoJb3JpZ2luX2VjEBoaCXVzLWVhc3QtMSJHMEUCIQ" + "x" * 60,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


@pytest.mark.parametrize(
    "text",
    [
        "{token}",
        "x-amz-security-token: {token}",
        "SessionToken={token}&x=1",
        '{{"SessionToken": "{token}", "a": 1}}',
        "<SecretAccessKey>{secret}</SecretAccessKey>",
        "aws_secret_access_key = {secret}",
        '{{"secretAccessKey":"{secret}"}}',
        "Authorization: Bearer {jwt}",
        "token {jwt} expired",
        "https://x/?X-Amz-Signature={secret}&X-Amz-Security-Token={token}",
        "accessToken={jwt}",
        "proxy http://user:{secret}@proxy:8080 refused",
    ],
)
def test_secrets_leave_no_trace(text: str) -> None:
    masked = mask(text.format(**SECRETS))
    for secret in SECRETS.values():
        assert secret not in masked
        assert secret[8:24] not in masked
    assert mask(masked) == masked


def test_what_is_no_secret_stays() -> None:
    said = "User: arn:aws:iam::111122223333:user/ana is not authorized to perform: securityhub:GetFindings"
    assert mask(said) == said
    assert mask("key AKIAIOSFODNN7EXAMPLE") == "key AKIA…MPLE"


QUEUE = f"arn:aws:sqs:eu-central-1:{PLACE.account}:socconsole-push"
PUSH = iam.Push(QUEUE, ("trails-a", "trails-b"))


def test_a_watch_receives_from_its_own_queue_and_reads_its_own_trails() -> None:
    statements = iam.push_statements(PUSH, account=PLACE.account)
    allowed = {action: one["Resource"] for one in statements for action in one["Action"]}
    assert allowed == {
        "sqs:ReceiveMessage": QUEUE,
        "sqs:DeleteMessage": QUEUE,
        "sqs:ChangeMessageVisibility": QUEUE,
        "sqs:GetQueueAttributes": [QUEUE, f"{QUEUE}-dead"],
        "s3:GetObject": ["arn:aws:s3:::trails-a/*", "arn:aws:s3:::trails-b/*"],
    }
    without = json.dumps(iam.policy("watch", account=PLACE.account))
    assert "sqs:" not in without
    assert '"s3:GetObject"' not in without, "without a queue nothing is granted"
    for role in ("reader", "triage", "responder"):
        assert "sqs:" not in json.dumps(iam.policy(role, account=PLACE.account, push=PUSH)), role


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_allows_what_its_role_calls_and_no_more(role: Role) -> None:
    document = iam.policy(role, account=PLACE.account, push=PUSH)
    allows = [one for one in document["Statement"] if one["Effect"] == "Allow" and one["Action"] != ["iam:PassRole"]]
    allowed = {action for one in allows for action in one["Action"]}
    assert allowed == {action for row in table().values() if role in row.roles for action in row.iam}
    assert all("*" not in action for action in allowed)
    changing = {"s3:PutBucketPublicAccessBlock", "securityhub:BatchUpdateFindings"} & allowed
    assert changing == {
        "responder": {"s3:PutBucketPublicAccessBlock"},
        "triage": {"securityhub:BatchUpdateFindings"},
    }.get(role, set())
    assert "${" not in json.dumps(document)
    split = iam.policies(role, account=PLACE.account, push=PUSH)
    assert [one for part in split for one in part["Statement"]] == document["Statement"]
    assert len(split) <= 10  # IAM: managed policies on a role
    for part in split:
        assert len(json.dumps(part, separators=(",", ":"))) <= 6144  # IAM: characters of a managed policy


def test_a_role_is_passed_only_to_the_services_that_a_call_hands_one_to() -> None:
    row = "ssm:StartAutomationExecution"
    session = json.loads(iam.session_policy(iam.Grant((row,), ()), "aws", PLACE.account))["Statement"]
    (passing,) = [one for one in session if one["Action"] == ["iam:PassRole"]]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": ["ssm.amazonaws.com"]}}
    grant = iam.Grant(("s3:PutPublicAccessBlock",), ("arn:aws:s3:::leaky",))
    assert "PassRole" not in iam.session_policy(grant, "aws", PLACE.account)


def test_a_responder_is_denied_the_consoles_own_roles() -> None:
    never = iam.policy("responder", account=PLACE.account)["Statement"][-1]
    assert never["Effect"] == "Deny"
    assert never["Resource"] == f"arn:aws:iam::{PLACE.account}:role/socconsole-*"
    assert "iam:Put*" in never["Action"]


def test_the_session_of_one_action_reaches_its_calls_on_its_resources() -> None:
    bucket = "arn:aws:s3:::leaky"
    grant = iam.Grant(("s3:PutPublicAccessBlock", "s3:DeletePublicAccessBlock"), (bucket,))
    (statement,) = json.loads(iam.session_policy(grant, "aws", PLACE.account))["Statement"]
    assert statement == {"Effect": "Allow", "Action": ["s3:PutBucketPublicAccessBlock"], "Resource": [bucket]}
    with pytest.raises(ValueError, match="none of the action's resources"):
        iam.session_policy(iam.Grant(("s3:PutPublicAccessBlock",), ("arn:aws:iam::1:role/x",)), "aws", PLACE.account)


def test_a_session_policy_too_long_names_the_kind_instead_of_each_resource() -> None:
    many = tuple(f"arn:aws:s3:::{'b' * 50}{n}" for n in range(60))
    text = iam.session_policy(iam.Grant(("s3:PutPublicAccessBlock",), many), "aws", PLACE.account)
    assert len(text) <= 2048
    assert json.loads(text)["Statement"][0]["Resource"] == ["arn:aws:s3:::*"]


def test_our_roles_are_only_assumed_by_name() -> None:
    statement = iam.trust("arn:aws:iam::111122223333:user/ana")["Statement"][0]
    assert statement["Condition"] == {"StringLike": {"sts:SourceIdentity": "*"}}
    assert "sts:SetSourceIdentity" in statement["Action"]


def _botocore_errors() -> list[type[Exception]]:
    from botocore import exceptions as boto

    return sorted(
        {
            one
            for one in vars(boto).values()
            if isinstance(one, type) and issubclass(one, boto.BotoCoreError) and one is not boto.BotoCoreError
        },
        key=lambda one: one.__name__,
    )


@pytest.mark.parametrize("kind", _botocore_errors(), ids=lambda one: one.__name__)
def test_every_error_of_botocore_has_a_kind(kind: type[Exception]) -> None:
    from collections import defaultdict
    from string import Formatter

    names = {name: "x" for _, name, _, _ in Formatter().parse(getattr(kind, "fmt", "")) if name}
    try:
        error = kind(**defaultdict(lambda: "x", names))
    except TypeError:
        error = kind.__new__(kind)
    trouble = classify(error, "securityhub:GetFindings", PLACE, Origin("sso", "corp"))
    assert isinstance(trouble.kind, Kind)
    assert trouble.kind not in (Kind.DENIED, Kind.OFF, Kind.REFUSED, Kind.NOT_FOUND)
    if trouble.kind in (Kind.EXPIRED, Kind.NO_CREDENTIALS):
        assert "--profile corp" in trouble.remedy


def test_importing_the_rooms_loads_no_aws_library() -> None:
    program = (
        "import sys, socconsole.aws, socconsole.aws.identity, socconsole.aws.iam, socconsole.collectors.securityhub\n"
        "print([name for name in ('aiobotocore', 'botocore', 'boto3', 'aiohttp') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_watch_may_read_back_whatever_a_reader_may() -> None:
    rows = table().values()
    assert {row.id for row in rows if "reader" in row.roles} <= {row.id for row in rows if "watch" in row.roles}

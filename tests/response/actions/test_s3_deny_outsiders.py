"""Who is denied, and how: the statement, and what it leaves alone."""

from __future__ import annotations

import json

import pytest

from socconsole.commands import PlanContain
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.response import planning
from tests.response.actions.case import do
from tests.response.conftest import EXPORTS, ML, Make, leaking

STRANGER = "999988887777"
ROLE = f"arn:aws:iam::{STRANGER}:role/path/reader"
ASKED = PlanContain(action="s3-deny-outsiders", target=EXPORTS, account=ML.account, region=ML.region)


def _write(aws: Embedded, *principals: object) -> None:
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{EXPORTS}/*"}
    statements = [{**allow, "Sid": f"S{n}", "Principal": one} for n, one in enumerate(principals)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    do(aws, "s3:PutBucketPolicy", ML, Bucket=EXPORTS, Policy=policy)


async def test_the_rest_of_the_policy_stays_and_a_path_is_matched(aws: Embedded, session: Make) -> None:
    _write(aws, {"AWS": [f"arn:aws:iam::{STRANGER}:root", ROLE]}, {"AWS": f"arn:aws:iam::{ML.account}:root"})
    plan = await planning.plan(session(Mode.TRIAGE), ASKED)
    *kept, deny = plan.after["Policy"]["Statement"]
    assert [one["Sid"] for one in kept] == ["S0", "S1"]
    assert deny["Principal"] == "*"
    assert deny["Resource"] == [f"arn:aws:s3:::{EXPORTS}", f"arn:aws:s3:::{EXPORTS}/*"]
    assert deny["Condition"] == {"ArnLike": {"aws:PrincipalArn": [ROLE, f"arn:aws:iam::{STRANGER}:*"]}}


async def test_a_principal_that_no_arn_matches_gets_no_invented_statement(aws: Embedded, session: Make) -> None:
    _write(aws, {"CanonicalUser": "79a5"})
    plan = await planning.plan(session(Mode.TRIAGE), ASKED)
    assert not plan.helps
    assert plan.calls == ()
    assert plan.instead.startswith("s3-lockdown")


async def test_who_cannot_be_named_keeps_nobody_else_in(aws: Embedded, session: Make) -> None:
    """A bucket behind CloudFront names an identity that no ARN matches; the stranger beside it is denied."""
    origin = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2QWRUHEXAMPLE"
    _write(aws, {"AWS": origin}, {"AWS": f"arn:aws:iam::{STRANGER}:root"})
    plan = await planning.plan(session(Mode.TRIAGE), ASKED)
    assert plan.helps
    deny = plan.after["Policy"]["Statement"][-1]
    assert deny["Condition"] == {"ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{STRANGER}:*"]}}
    assert any("not denied" in each and "E2QWRUHEXAMPLE" in each for each in plan.warnings)


@pytest.mark.parametrize("own", [f"arn:aws:iam::{ML.account}:root", "arn:aws:iam::111122223333:role/x"])
async def test_own_accounts_are_not_outsiders(aws: Embedded, session: Make, own: str) -> None:
    _write(aws, {"AWS": own})
    assert not (await planning.plan(session(Mode.TRIAGE), ASKED)).helps


async def test_a_policy_too_long_for_another_statement_is_refused(aws: Embedded, session: Make) -> None:
    leaking(aws)
    _write(aws, *({"AWS": f"arn:aws:iam::{STRANGER}:role/{'r' * 40}{n}"} for n in range(93)))
    plan = await planning.plan(session(Mode.TRIAGE), ASKED)
    assert any("20480" in sentence for sentence in plan.refusals)

"""What the organisation enforces: GOV-01, 02, 04, 05."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.aws import AwsTrouble, Kind
from socconsole.collectors.posture import governance
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.policies import parse
from socconsole.model.estate import Estate
from socconsole.model.estate.governance import Governed
from socconsole.model.known import Known, NotRead
from socconsole.model.posture import Verdict
from socconsole.model.world import Place
from socconsole.posture import Context
from socconsole.posture.governance import encryption_required, guarded, opted_out
from tests.posture.estate import ACCOUNTS, CONFIG, HOME, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
MEMBER = Place(ACCOUNTS["ml-platform"], HOME.region)


@pytest.mark.parametrize("check", ["GOV-01", "GOV-04"])
async def test_service_control_policies_are_judged_from_the_management_account(reviewed: Reviewed, check: str) -> None:
    found = await reviewed.verdicts(check)
    assert found == {
        ACCOUNTS["prod-eu"]: FAIL,  # no such policy applies to the one that manages
        ACCOUNTS["ml-platform"]: PASS,
        ACCOUNTS["acquired-shop"]: FAIL,
    }
    assert await reviewed.verdicts(check, MEMBER) == {}
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


@pytest.mark.parametrize("check", ["GOV-02", "GOV-05"])
async def test_merged_policies_are_judged_in_each_account(reviewed: Reviewed, check: str) -> None:
    assert await reviewed.verdicts(check) == {ACCOUNTS["prod-eu"]: PASS}
    assert await reviewed.verdicts(check, MEMBER) == {ACCOUNTS["ml-platform"]: FAIL}
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


class Member:
    """A door to an account whose organisation is managed from one that we do not read."""

    async def call(self, place: Place, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "organizations:DescribeOrganization":
            return {"Organization": {"Id": "o-theirs", "MasterAccountId": "123456789012"}}
        if operation == "organizations:DescribeEffectivePolicy":
            return {}  # no such policy
        raise AwsTrouble(Kind.DENIED, operation, place, "not the management account")

    async def pages(self, place: Place, operation: str, params: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield await self.call(place, operation, params)


async def test_what_only_the_management_account_may_ask_leaves_a_member_unknown_and_wholly_read() -> None:
    asking = Asking(Member(), HOME)
    found = await governance.read(asking, CONFIG)
    context = Context(Estate(HOME, datetime(2026, 11, 23, tzinfo=UTC), (found,), 0, ()), CONFIG)
    (member,) = found.governed.get()
    assert member.account == HOME.account
    with pytest.raises(NotRead):
        guarded(member, context)
    assert opted_out(found.inherited[0], context).verdict is FAIL
    assert asking.unanswered == []


CONTEXT = Context(Estate(HOME, datetime(2026, 11, 23, tzinfo=UTC), (), 0, ()), CONFIG)
REGIONS = ["eu-central-1", "eu-west-1"]
WATCHERS = [
    {"Action": ["guardduty:*", "config:*"]},  # two Denies may share the work
    {"Action": ["cloudtrail:*", "s3:PutAccountPublicAccessBlock"]},
]


def governed(*denies: dict[str, Any]) -> Governed:
    controls = parse({"Statement": [{"Effect": "Deny", "Resource": "*", **one} for one in denies]})
    return Governed("AWS::::Account:1", "1", False, Known(controls))


def by_region(regions: list[str], operator: str = "StringNotEquals", **more: Any) -> dict[str, Any]:
    condition = {operator: {"aws:RequestedRegion": regions}, **more.pop("condition", {})}
    return {"Action": "*", "Condition": condition, **more}


def test_a_trail_that_may_be_emptied_is_not_kept_on() -> None:
    """What it takes in, and where it delivers, can be changed without ever stopping it."""
    kept = {"Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "s3:PutAccountPublicAccessBlock"]}
    found = guarded(governed(by_region(REGIONS), WATCHERS[0], kept), CONTEXT)
    assert found.verdict is FAIL
    assert "cloudtrail:PutEventSelectors is not denied" in found.evidence[0]


SCPS: list[tuple[dict[str, Any], Verdict]] = [
    (by_region(REGIONS), PASS),
    (by_region(REGIONS[:1]), PASS),
    (by_region([*REGIONS, "us-east-1"]), FAIL),
    (by_region(["eu-*"], "StringNotLike"), UNKNOWN),
    (by_region(REGIONS, Resource="arn:aws:ec2:*:*:instance/*"), FAIL),
    (by_region(REGIONS, Action=None, NotAction=["iam:*", "s3:*"]), FAIL),
    (by_region(REGIONS, condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/pipeline"}}), PASS),
    (by_region(REGIONS, condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}), UNKNOWN),
    (by_region(REGIONS, condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}), UNKNOWN),
]


@pytest.mark.parametrize(("deny", "verdict"), SCPS, ids=range(len(SCPS)))
def test_a_deny_by_region_is_judged_by_what_it_says(deny: dict[str, Any], verdict: Verdict) -> None:
    said = {key: value for key, value in deny.items() if value is not None}
    assert guarded(governed(said, *WATCHERS), CONTEXT).verdict is verdict


def test_watchers_have_to_be_denied_each_and_without_a_way_around() -> None:
    assert guarded(governed(by_region(REGIONS), WATCHERS[0]), CONTEXT).verdict is FAIL
    to_root = {"Action": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}
    assert guarded(governed(by_region(REGIONS), WATCHERS[0], to_root), CONTEXT).verdict is FAIL
    only_some = {**WATCHERS[1], "Condition": {"StringEquals": {"aws:PrincipalTag/team": "dev"}}}
    assert guarded(governed(by_region(REGIONS), WATCHERS[0], only_some), CONTEXT).verdict is UNKNOWN


def test_encryption_that_is_only_asked_of_some_is_not_required() -> None:
    volumes = {"Action": ["ec2:CreateVolume", "ec2:RunInstances"], "Condition": {"Bool": {"ec2:Encrypted": "false"}}}
    databases = {"Action": "rds:*", "Condition": {"Bool": {"rds:StorageEncrypted": "false"}}}
    header = "s3:x-amz-server-side-encryption"
    objects = {"Action": "s3:PutObject", "Condition": {"StringNotEquals": {header: "aws:kms"}}}
    assert encryption_required(governed(volumes, databases, objects), CONTEXT).verdict is PASS
    assert encryption_required(governed(volumes, databases), CONTEXT).verdict is FAIL
    # Whoever sends no header is let through, and gets whatever the bucket does by default.
    if_sent = {"Action": "s3:PutObject", "Condition": {**objects["Condition"], "Null": {header: "false"}}}
    assert encryption_required(governed(volumes, databases, if_sent), CONTEXT).verdict is UNKNOWN

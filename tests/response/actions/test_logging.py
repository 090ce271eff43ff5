"""What is particular to actions that stop nobody, and give sight."""

from __future__ import annotations

from typing import Any

import pytest
from moto.backends import get_backend

from socconsole.aws.iam import policy
from socconsole.aws.operations import ROLES, table
from socconsole.commands import PlanContain
from socconsole.drill import Embedded
from socconsole.model.action import Mode, Plan
from socconsole.response import planning
from socconsole.response.base import BadTarget
from socconsole.response.registry import ACTIONS
from tests.response.actions.case import do
from tests.response.actions.cases_logging import TRAIL, vpc
from tests.response.conftest import PROD, STRANGER, Make


async def plan(session: Make, action: str, target: str, region: str = PROD.region) -> Plan:
    asked = PlanContain(action=action, target=target, account=PROD.account, region=region)
    return await planning.plan(session(Mode.TRIAGE), asked)


# --- trails -----------------------------------------------------------------------------------------------


def test_no_role_of_ours_can_stop_a_trail() -> None:
    assert "cloudtrail:StopLogging" not in table()
    for role in ROLES:
        actions = [action for one in policy(role)["Statement"] for action in one["Action"]]
        assert "cloudtrail:StopLogging" not in actions


async def test_a_trail_that_would_miss_what_is_written_is_said_to(aws: Embedded, session: Make) -> None:
    assert "is recording" in (await plan(session, "cloudtrail-logging", TRAIL)).why
    do(aws, "cloudtrail:StopLogging", Name=TRAIL)
    assert (await plan(session, "cloudtrail-logging", TRAIL)).warnings == ()

    for blind in (
        {"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]},
        {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]},
        {"AdvancedEventSelectors": [_fields(eventCategory="Data", resources_type="AWS::S3::Object")]},
        {"AdvancedEventSelectors": [_fields(eventCategory="Management", readOnly="true")]},
    ):
        do(aws, "cloudtrail:PutEventSelectors", TrailName=TRAIL, **blind)
        found = await plan(session, "cloudtrail-logging", TRAIL)
        assert found.helps
        assert any("leave out management events" in warning for warning in found.warnings), blind
    do(
        aws,
        "cloudtrail:PutEventSelectors",
        TrailName=TRAIL,
        AdvancedEventSelectors=[_fields(eventCategory="Management")],
    )
    assert (await plan(session, "cloudtrail-logging", TRAIL)).warnings == ()


def _fields(**equals: str) -> dict[str, Any]:
    return {"FieldSelectors": [{"Field": key.replace("_", "."), "Equals": [value]} for key, value in equals.items()]}


async def test_a_shadow_and_a_trail_of_another_account_are_refused(
    aws: Embedded, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(aws, "cloudtrail:StopLogging", Name=TRAIL)
    trail = get_backend("cloudtrail")[PROD.account][PROD.region].trails[TRAIL]
    described = type(trail).description

    def answers(**more: str) -> None:
        monkeypatch.setattr(type(trail), "description", lambda self, **_: {**described(self), **more})

    answers(HomeRegion="us-east-1")
    shadow = await plan(session, "cloudtrail-logging", TRAIL)
    assert any("us-east-1: start it there" in refusal for refusal in shadow.refusals)
    answers(TrailARN=f"arn:aws:cloudtrail:eu-central-1:{STRANGER}:trail/{TRAIL}")
    organisation = await plan(session, "cloudtrail-logging", TRAIL)
    assert any(STRANGER in refusal for refusal in organisation.refusals)


# --- GuardDuty --------------------------------------------------------------------------------------------


async def test_a_detector_that_is_off_tells_nothing_at_any_frequency(aws: Embedded, session: Make) -> None:
    detector = do(aws, "guardduty:ListDetectors")["DetectorIds"][0]
    do(aws, "guardduty:UpdateDetector", DetectorId=detector, Enable=False)
    found = await plan(session, "guardduty-frequency", detector)
    assert not found.helps
    assert "detector is off" in found.why


async def test_an_administrator_decides_for_its_members(aws: Embedded, session: Make) -> None:
    detector = do(aws, "guardduty:ListDetectors")["DetectorIds"][0]
    above = {"AccountId": STRANGER, "RelationshipStatus": "Enabled"}
    routes = aws.cloud.gateway.routes
    routes.ops["guardduty", "GetAdministratorAccount"] = lambda cloud, call: {"Administrator": above}
    found = await plan(session, "guardduty-frequency", detector)
    assert any(f"account {STRANGER} administers" in refusal for refusal in found.refusals)


# --- DNS --------------------------------------------------------------------------------------------------


async def test_without_a_log_group_the_line_that_makes_one_is_given(aws: Embedded, session: Make) -> None:
    made = do(aws, "ec2:CreateVpc", CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    found = await plan(session, "resolver-query-logs", made)
    assert not found.helps
    assert [call.operation for call in found.instead_calls] == ["CreateLogGroup"]


async def test_queries_go_to_a_log_group_of_this_account_and_nowhere_else(aws: Embedded, session: Make) -> None:
    target = vpc(aws)
    _config(aws, f"arn:aws:logs:{PROD.region}:{STRANGER}:log-group:/aws/route53resolver/all:*")
    _config(aws, "arn:aws:s3:::kaufhaus-siem-intake")
    found = await plan(session, "resolver-query-logs", target)
    assert [call.operation for call in found.calls] == [
        "CreateResolverQueryLogConfig",
        "AssociateResolverQueryLogConfig",
    ]
    assert found.calls[0].params["DestinationArn"].startswith(f"arn:aws:logs:{PROD.region}:{PROD.account}:")

    own = _config(aws, f"arn:aws:logs:{PROD.region}:{PROD.account}:log-group:/central/dns:*")
    there = await plan(session, "resolver-query-logs", target)
    assert [call.params for call in there.calls] == [{"ResolverQueryLogConfigId": own, "ResourceId": target}]

    do(aws, "route53resolver:AssociateResolverQueryLogConfig", ResolverQueryLogConfigId=own, ResourceId=target)
    already = await plan(session, "resolver-query-logs", target)
    assert not already.helps
    assert "/central/dns" in already.why


def _config(aws: Embedded, destination: str) -> str:
    given: dict[str, Any] = {"Name": "c", "DestinationArn": destination, "CreatorRequestId": destination}
    made = do(aws, "route53resolver:CreateResolverQueryLogConfig", **given)
    return str(made["ResolverQueryLogConfig"]["Id"])


# --- targets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "typed", "id_"),
    [
        ("cloudtrail-logging", "arn:aws:cloudtrail:eu-central-1:111122223333:trail/org-trail", "org-trail"),
        ("guardduty-frequency", f"arn:aws:guardduty:eu-central-1:111122223333:detector/{'0a' * 16}", "0a" * 16),
        ("resolver-query-logs", "vpc-0a1b2c3d4e5f60718", "vpc-0a1b2c3d4e5f60718"),
    ],
)
def test_an_id_or_an_arn_names_a_target(action: str, typed: str, id_: str) -> None:
    assert ACTIONS[action].name(typed) == id_


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("cloudtrail-logging", "org trail"),
        ("guardduty-frequency", "detector"),
        ("resolver-query-logs", "subnet-0a1b2c3d4e5f60718"),
    ],
)
def test_what_names_no_target_is_refused(action: str, typed: str) -> None:
    with pytest.raises(BadTarget):
        ACTIONS[action].name(typed)

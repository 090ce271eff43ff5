"""Alarms for ways out: the threshold in numbers, whom they tell, and what cannot be watched."""

from __future__ import annotations

from typing import Any

import pytest

from socconsole.commands import Contain, PlanContain, Undo
from socconsole.config import Config, EgressConfig
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Plan
from socconsole.response import engine, planning
from socconsole.response.session import Session
from tests.response.actions.case import do
from tests.response.actions.cases_egress import CONFIG, alarm, nat
from tests.response.conftest import PROD, TRANSCRIPTS, Make

HERE = {"account": PROD.account, "region": PROD.region}


async def plan(session: Session, target: str) -> Plan:
    return await planning.plan(session, PlanContain(action="alarm-create", target=target, **HERE))


async def test_the_threshold_is_a_gibibyte_or_three_times_what_is_usual(aws: Embedded, session: Make) -> None:
    found = await plan(session(config=CONFIG), nat(aws))
    (call,) = found.calls
    assert call.params["Threshold"] == round(max(2**30, 3 * found.evidence["usual"]["p99"]))
    assert call.params["AlarmActions"] == ["arn:aws:sns:eu-central-1:111122223333:secops-alerts"]
    assert "p99" in found.why
    assert not found.cuts


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        (None, "set [egress] alarm_topic"),
        ("arn:aws:sns:eu-west-1:111122223333:secops-alerts", "topics of its own Region only"),
        ("arn:aws:sns:eu-central-1:111122223333:nobody", "is not there"),
    ],
    ids=["none", "elsewhere", "missing"],
)
async def test_an_alarm_that_would_tell_nobody_is_refused(
    aws: Embedded, session: Make, topic: str | None, why: str
) -> None:
    found = await plan(session(config=Config(share=1.0, egress=EgressConfig(alarm_topic=topic))), nat(aws))
    assert not found.helps
    assert why in found.why


async def test_a_bucket_that_nobody_measures_says_what_to_switch_on(aws: Embedded, session: Make) -> None:
    found = await plan(session(config=CONFIG), TRANSCRIPTS)
    assert not found.helps
    assert [call.operation for call in found.instead_calls] == ["PutBucketMetricsConfiguration"]


async def test_an_alarm_of_the_same_name_is_replaced_and_given_back(aws: Embedded, session: Make) -> None:
    target = nat(aws)
    name = f"socconsole-egress-{target}"
    given: dict[str, Any] = {
        "AlarmName": name,
        "Namespace": "AWS/NATGateway",
        "MetricName": "BytesOutToDestination",
        "Dimensions": [{"Name": "NatGatewayId", "Value": target}],
        "Statistic": "Maximum",
        "Period": 3600,
        "EvaluationPeriods": 6,
        "Threshold": 7e12,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "OKActions": ["arn:aws:sns:eu-central-1:111122223333:secops-alerts"],
    }
    do(aws, "cloudwatch:PutMetricAlarm", **given)
    where = session(config=CONFIG)
    planned = await plan(where, target)
    assert any("replaces an alarm of the same name" in each for each in planned.warnings)
    done = await engine.contain(
        where, Contain(action="alarm-create", target=target, confirm=target, reason="drill", **HERE)
    )
    assert done.state is ActionState.APPLIED
    assert (alarm(aws, name)["Period"], alarm(aws, name)["Statistic"]) == (300, "Sum")
    back = await engine.undo(where, Undo(action_id=done.action_id, confirm=target, reason="drill"))
    assert back.state is ActionState.APPLIED
    assert {key: alarm(aws, name)[key] for key in given} == given

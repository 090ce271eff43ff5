"""Ways out that no alarm looks at, and how somebody blunts the alarm that was made."""

from __future__ import annotations

from typing import Any

from socconsole.config import Config, EgressConfig
from socconsole.drill import Embedded
from socconsole.response.egress_alarm import configuration
from tests.response.actions.case import Case, do
from tests.response.conftest import CORPUS

TOPIC = "secops-alerts"
CONFIG = Config(share=1.0, egress=EgressConfig(alarm_topic="arn:aws:sns:${region}:${account}:" + TOPIC))


def nat(aws: Embedded) -> str:
    """The gateway through which the model's hosts go out."""
    return str(do(aws, "ec2:DescribeNatGateways")["NatGateways"][0]["NatGatewayId"])


def bucket(aws: Embedded) -> str:
    return CORPUS


def alarm(aws: Embedded, name: str) -> dict[str, Any]:
    (found,) = do(aws, "cloudwatch:DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def _raise_threshold(aws: Embedded, target: str) -> None:
    given = configuration(alarm(aws, f"socconsole-egress-{target}"))
    do(aws, "cloudwatch:PutMetricAlarm", **{**given, "Threshold": 1e15})


def _mute(aws: Embedded, target: str) -> None:
    given = configuration(alarm(aws, f"socconsole-egress-{target}-band"))
    do(aws, "cloudwatch:PutMetricAlarm", **{**given, "ActionsEnabled": False})


CASES = (
    Case("alarm-create", nat, _raise_threshold, config=CONFIG),
    Case("alarm-create-band", bucket, _mute, config=CONFIG),
)

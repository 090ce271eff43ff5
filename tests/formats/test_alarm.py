"""Alarms as CloudWatch lists them, as its history tells them, and as events carry them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from socconsole.formats import Deferred, alarm, read_object
from socconsole.model.egress import AlarmChange, AlarmState
from socconsole.model.world import Place
from socconsole.text import Untrusted

from . import records

ARN = f"arn:aws:cloudwatch:{records.REGION}:{records.ACCOUNT}:alarm:egress"
NAT = (("NatGatewayId", "nat-0a1b2c3d4e5f60718"),)


def change(obj: dict[str, Any]) -> AlarmChange:
    (found,) = read_object(obj, 1)
    assert isinstance(found, AlarmChange)
    return found


def test_an_event_says_what_the_alarm_looks_at_and_what_it_came_to() -> None:
    found = change(records.alarm())
    assert (found.alarm.arn.raw(), found.alarm.place) == (ARN, Place(records.ACCOUNT, records.REGION))
    assert (found.alarm.state, found.at) == (AlarmState.ALARM, datetime(2026, 11, 23, 3, 14, 7, 431000, UTC))
    assert (found.alarm.namespace, found.alarm.metric, found.alarm.dimensions) == (
        "AWS/NATGateway",
        "BytesOutToDestination",
        NAT,
    )
    assert (found.alarm.statistic, found.alarm.period_s, found.alarm.threshold) == ("Sum", 300, 1e6)


def test_a_notification_and_an_event_are_the_same_alarm() -> None:
    message = {
        "AlarmName": "egress",
        "AlarmArn": ARN,
        "AWSAccountId": records.ACCOUNT,
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "Threshold Crossed: 1 datapoint was greater than the threshold (1000000.0).",
        "StateChangeTime": "2026-11-23T03:14:07.431+0000",
        "Region": "EU (Frankfurt)",
        "Trigger": {
            "MetricName": "BytesOutToDestination",
            "Namespace": "AWS/NATGateway",
            "Statistic": "SUM",
            "Dimensions": [{"name": NAT[0][0], "value": NAT[0][1]}],
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1e6,
            "TreatMissingData": "- TreatMissingData:                    notBreaching",
        },
    }
    queued = {"Records": [{"eventSource": "aws:sqs", "body": json.dumps({"Message": json.dumps(message)})}]}
    told, event = change(queued), change(records.alarm())
    assert (told.at, told.kind, told.alarm.arn) == (event.at, event.kind, event.alarm.arn)
    assert (told.alarm.statistic, told.alarm.dimensions) == (event.alarm.statistic, event.alarm.dimensions)
    assert told.alarm.missing_data == "notBreaching"


def test_an_anomaly_band_has_no_threshold_and_compares_one_metric() -> None:
    metric = {
        "Namespace": "AWS/EC2",
        "MetricName": "NetworkOut",
        "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
    }
    listed: dict[str, Any] = {
        "AlarmName": "egress",
        "AlarmArn": ARN,
        "StateValue": "OK",
        "StateTransitionedTimestamp": datetime(2026, 11, 23, 3, tzinfo=UTC),
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:eu-central-1:111122223333:soc"],
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "ComparisonOperator": "GreaterThanUpperThreshold",
        "ThresholdMetricId": "ad1",
        "Metrics": [
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
            {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)"},
        ],
    }
    found = alarm.described(listed)
    assert (found.threshold, found.band, found.period_s, found.datapoints) == (None, 3.0, 60, 3)
    assert found.dimensions == (("InstanceId", "i-1"),)
    math = {**listed, "Metrics": [*listed["Metrics"][:1], {"Id": "e1", "Expression": "m1 * 8"}], "Threshold": 1.0}
    assert (alarm.described(math).period_s, alarm.described(math).dimensions) == (0, (("InstanceId", "i-1"),))


def test_a_composite_alarm_says_what_may_silence_it() -> None:
    listed = {
        "AlarmName": "egress",
        "AlarmArn": ARN,
        "StateValue": "OK",
        "AlarmRule": "ALARM(a)",
        "ActionsSuppressor": "maintenance",
    }
    found = alarm.described(listed)
    assert found.composite
    assert found.suppressor == Untrusted("maintenance")


def test_history_says_a_state_only_where_it_names_one() -> None:
    entry = {
        "AlarmName": "egress",
        "Timestamp": datetime(2026, 11, 23, 3, tzinfo=UTC),
        "HistoryItemType": "StateUpdate",
    }
    data = json.dumps({"newState": {"stateValue": "ALARM", "stateReason": "crossed"}})
    assert alarm.history({**entry, "HistoryData": data}, ARN).alarm.state is AlarmState.ALARM
    assert alarm.history(entry, ARN).kind == "Unknown"


def test_other_events_of_cloudwatch_are_kept() -> None:
    (found,) = read_object(records.event({"x": 1}, "CloudWatch Dashboard", "aws.cloudwatch"), 1)
    assert isinstance(found, Deferred)
    assert found.what == "alarm"

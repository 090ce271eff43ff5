"""What CloudWatch writes and sends about an alarm: history entries, EventBridge events, SNS messages.

Sources: CloudWatch User Guide, "Alarm events and EventBridge"; the AWS CLI's example of describe-alarm-history; SNS's
message of an alarm action as field tools read it (``Trigger``).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill import events, messages
from socconsole.drill.alarmstate import compact, dated
from socconsole.drill.messages import Sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from socconsole.drill.alarms import Alarm
    from socconsole.drill.cloud import Cloud

_REGIONS: Final = {
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "us-east-1": "US East (N. Virginia)",
}
_DONE: Final = {"Create": "createdAlarm", "Update": "updatedAlarm", "Delete": "deletedAlarm"}


def _small(value: Any) -> Any:
    """Names that begin with a small letter, as CloudWatch's JSON has them."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _small(item) for key, item in value.items()}
    return [_small(item) for item in value] if isinstance(value, list | tuple) else value


def state(alarm: Alarm) -> dict[str, Any]:
    """An alarm's state as an event tells it."""
    told: dict[str, Any] = {"value": alarm.state, "reason": alarm.reason, "timestamp": dated(alarm.updated)}
    return told | ({"reasonData": compact(alarm.data)} if alarm.data else {})


def triggers(children: Sequence[Alarm]) -> dict[str, Any]:
    """Data of a composite alarm's reason: the states of its children."""
    return {
        "triggeringAlarms": [
            {"arn": one.arn, "state": {"value": one.state, "timestamp": dated(one.transitioned)}} for one in children
        ]
    }


# --- history ------------------------------------------------------------------------------------------------


def transition(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """HistoryData of a StateUpdate, out of two :func:`state`."""

    def told(one: dict[str, Any]) -> dict[str, Any]:
        data = {"stateReasonData": json.loads(one["reasonData"])} if "reasonData" in one else {}
        return {"stateValue": one["value"], "stateReason": one["reason"], **data}

    return {"version": "1.0", "oldState": told(before), "newState": told(after)}


def configuration(alarm: Alarm, what: str) -> dict[str, Any]:
    """HistoryData of a ConfigurationUpdate; ``what`` is Create, Update or Delete."""
    told = {
        **_small(alarm.given),
        "alarmName": alarm.name,
        "alarmArn": alarm.arn,
        "stateValue": alarm.state,
        "stateUpdatedTimestamp": dated(alarm.updated),
        "alarmConfigurationUpdatedTimestamp": dated(alarm.configured),
    }
    return {"version": "1.0", "type": what, _DONE[what]: told}


def action(alarm: Alarm, arn: str, trouble: str) -> dict[str, Any]:
    """HistoryData of an Action."""
    told = {
        "actionState": "Failed" if trouble else "Succeeded",
        "stateUpdateTimestamp": int(alarm.updated.timestamp() * 1000),
        "notificationResource": arn,
    }
    return told | ({"error": trouble} if trouble else {})


# --- events -------------------------------------------------------------------------------------------------


def _metrics(alarm: Alarm) -> list[dict[str, Any]]:
    told = []
    for query in alarm.queries:
        one: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
        if "Expression" in query:
            one["expression"] = query["Expression"]
            one |= {"label": query["Label"]} if "Label" in query else {}
        else:
            stat = query["MetricStat"]
            metric = stat["Metric"]
            one["metricStat"] = {
                "metric": {
                    "namespace": metric.get("Namespace", ""),
                    "name": metric.get("MetricName", ""),
                    "dimensions": {d["Name"]: d["Value"] for d in metric.get("Dimensions") or ()},
                },
                "period": stat["Period"],
                "stat": stat["Stat"],
            }
        told.append(one)
    return told


def _configuration(alarm: Alarm) -> dict[str, Any]:
    described = {"description": alarm.given["AlarmDescription"]} if "AlarmDescription" in alarm.given else {}
    if alarm.composite:
        return {**described, "alarmRule": alarm.given["AlarmRule"]}
    return {**described, "metrics": _metrics(alarm)}


def moved(alarm: Alarm, before: dict[str, Any]) -> dict[str, Any]:
    """Detail of "CloudWatch Alarm State Change"."""
    return {
        "alarmName": alarm.name,
        "configuration": _configuration(alarm),
        "previousState": before,
        "state": state(alarm),
    }


def changed(alarm: Alarm, what: str) -> dict[str, Any]:
    """Detail of "CloudWatch Alarm Configuration Change"."""
    left = {key: value for key, value in _small(alarm.given).items() if key not in ("metrics", "alarmDescription")}
    told = {**left, **_configuration(alarm), "alarmName": alarm.name, "timestamp": dated(alarm.configured)}
    return {
        "alarmName": alarm.name,
        "operation": what.lower(),
        "configuration": told,
        "state": state(alarm),
    }


def send(cloud: Cloud, alarm: Alarm, kind: str, detail: dict[str, Any]) -> None:
    """To the event bus of the alarm's place."""
    events.put(cloud, *alarm.place, "aws.cloudwatch", kind, detail, [alarm.arn])


# --- SNS ----------------------------------------------------------------------------------------------------


def publish(cloud: Cloud, alarm: Alarm, arn: str, before: str, now: datetime) -> str:
    """Tell an action's target; returns what went wrong. Only SNS topics listen in the drill."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        return f"the drill's AWS carries out no action {arn}"
    region = _REGIONS.get(alarm.place[1], alarm.place[1])
    subject = f'{alarm.state}: "{alarm.name}" in {region}'[:100]
    text = compact(message(alarm, before, now, region))
    sender = Sender(messages.CLOUDWATCH, alarm.arn, alarm.place[0])
    if messages.to_topic(arn, text, sender, now, subject):
        return ""
    return f"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: {arn}"


def message(alarm: Alarm, before: str, now: datetime, region: str) -> dict[str, Any]:
    """The body of an alarm's notification."""
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.given.get("AlarmDescription"),
        "AWSAccountId": alarm.place[0],
        "AlarmConfigurationUpdatedTimestamp": dated(alarm.configured),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": dated(now),
        "Region": region,
        "AlarmArn": alarm.arn,
        "OldStateValue": before,
        "OKActions": alarm.given.get("OKActions") or [],
        "AlarmActions": alarm.given.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.given.get("InsufficientDataActions") or [],
    }
    if alarm.composite:
        return told | {"AlarmRule": alarm.given["AlarmRule"], "TriggeringChildren": alarm.data.get("triggeringAlarms")}
    return told | {"Trigger": _trigger(alarm)}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    given = alarm.given
    told: dict[str, Any] = {
        "Period": alarm.period,
        "EvaluationPeriods": given["EvaluationPeriods"],
        "DatapointsToAlarm": given.get("DatapointsToAlarm", given["EvaluationPeriods"]),
        "ComparisonOperator": given["ComparisonOperator"],
        "Threshold": given.get("Threshold", 0.0),
        "TreatMissingData": given.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": given.get("EvaluateLowSampleCountPercentile", ""),
    }
    if "Metrics" in given:
        return told | {key: given[key] for key in ("Metrics", "ThresholdMetricId") if key in given}
    kind = "ExtendedStatistic" if "ExtendedStatistic" in given else "Statistic"
    return told | {
        "MetricName": given["MetricName"],
        "Namespace": given["Namespace"],
        "StatisticType": kind,
        kind: given[kind] if kind == "ExtendedStatistic" else given[kind].upper(),
        "Unit": given.get("Unit"),
        "Dimensions": [{"value": one["Value"], "name": one["Name"]} for one in given.get("Dimensions") or ()],
    }

"""CloudWatch alarms: as ``DescribeAlarms`` lists them, as its history tells them, and as events carry them.

Events: EventBridge's "CloudWatch Alarm State Change" and "… Configuration Change" (CloudWatch User Guide, "Alarm events
and EventBridge"), SNS messages of an alarm's action (``NewStateValue``, ``Trigger``), and what a Lambda action is given
(``alarmData``). Each describes the alarm only in part; what it does not say stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from socconsole.formats.fields import body, elements, embedded, first_instant, mapping, number, plain, token, truth
from socconsole.formats.record import Unreadable
from socconsole.model.egress import Alarm, AlarmChange, AlarmState
from socconsole.model.world import Place
from socconsole.text import Untrusted

STATE_UPDATE: Final = "StateUpdate"
CONFIGURATION_UPDATE: Final = "ConfigurationUpdate"

_ARN: Final = re.compile(r"arn:[a-z-]+:cloudwatch:([a-z0-9-]+):([0-9]{12}):alarm:.+", re.DOTALL)
_BAND: Final = re.compile(r"ANOMALY_DETECTION_BAND\s*\(\s*\w+\s*(?:,\s*([0-9.]+))?\s*\)")
_BAND_DEFAULT: Final = 2.0
"""Standard deviations of a band that names none (CloudWatch User Guide, "Using metric math")."""
_STATISTICS: Final = {
    "SUM": "Sum", "AVERAGE": "Average", "MAXIMUM": "Maximum", "MINIMUM": "Minimum", "SAMPLECOUNT": "SampleCount",
    "SAMPLE_COUNT": "SampleCount",
}  # fmt: skip
_DIMENSIONS: Final = 30
_METRICS: Final = 100


def is_alarm(obj: Mapping[str, Any]) -> bool:
    """An event about an alarm, in an EventBridge envelope or without."""
    detail = obj.get("detail")
    if isinstance(detail, dict) and "alarmName" in detail and "state" in detail:
        return True
    return "alarmData" in obj or ("AlarmName" in obj and "NewStateValue" in obj)


def read(obj: Mapping[str, Any]) -> AlarmChange:
    """An event as a change of its alarm. Raises :class:`Unreadable` where it does not say which, or to what state."""
    if "AlarmName" in obj and "NewStateValue" in obj:
        return _notified(obj)
    detail = mapping(obj.get("alarmData")) or mapping(obj.get("detail"))
    arn = plain(obj.get("alarmArn"), 2_048) or next((plain(one, 2_048) for one in elements(obj.get("resources"))), "")
    configuration = mapping(detail.get("configuration"))
    said = mapping(detail.get("state"))
    operation = plain(detail.get("operation"), 32)
    reasons = mapping(embedded(said.get("reasonData")))
    alarm = _alarm(
        arn,
        detail.get("alarmName"),
        said.get("value"),
        first_instant(said.get("timestamp"), obj.get("time")),
        reason=said.get("reason"),
        composite="alarmRule" in configuration,
        configuration={
            "Threshold": reasons.get("threshold"),
            "ComparisonOperator": configuration.get("comparisonOperator"),
            "EvaluationPeriods": configuration.get("evaluationPeriods"),
            "DatapointsToAlarm": configuration.get("datapointsToAlarm"),
            "TreatMissingData": configuration.get("treatMissingData"),
            "ActionsEnabled": configuration.get("actionsEnabled", True),
            "AlarmActions": configuration.get("alarmActions"),
            "AlarmRule": configuration.get("alarmRule"),
            "ActionsSuppressor": configuration.get("actionsSuppressor"),
            "Metrics": [_described_metric(one) for one in elements(configuration.get("metrics"))[:_METRICS]],
            **({"Threshold": configuration["threshold"]} if "threshold" in configuration else {}),
        },
    )
    at = first_instant(obj.get("time"), said.get("timestamp"))
    if at is None:
        raise Unreadable("event about an alarm without a time")
    state_at = alarm.since or at
    kind = CONFIGURATION_UPDATE if operation else STATE_UPDATE
    summary = f"Alarm {operation}d" if operation else f"Alarm is {alarm.state.value}"
    return AlarmChange(
        alarm, at if operation else state_at, kind, Untrusted(summary), body(obj), deleted=operation == "delete"
    )


def _notified(obj: Mapping[str, Any]) -> AlarmChange:
    trigger = mapping(obj.get("Trigger"))
    at = first_instant(obj.get("StateChangeTime"))
    if at is None:
        raise Unreadable("message of an alarm without StateChangeTime")
    missing = plain(trigger.get("TreatMissingData"), 64).replace("- TreatMissingData:", "").strip()
    alarm = _alarm(
        plain(obj.get("AlarmArn"), 2_048),
        obj.get("AlarmName"),
        obj.get("NewStateValue"),
        at,
        reason=obj.get("NewStateReason"),
        composite="AlarmRule" in obj,
        configuration={
            **trigger,
            "TreatMissingData": missing,
            "AlarmRule": obj.get("AlarmRule"),
            "ActionsEnabled": True,
        }
        | ({"AlarmActions": obj["AlarmActions"]} if "AlarmActions" in obj else {}),
    )
    summary = f"Alarm went from {token(obj.get('OldStateValue')) or '?'} to {alarm.state.value}"
    return AlarmChange(alarm, at, STATE_UPDATE, Untrusted(summary), body(obj))


def described(obj: Mapping[str, Any]) -> Alarm:
    """An entry of ``DescribeAlarms``, metric or composite. Raises :class:`Unreadable`."""
    return _alarm(
        plain(obj.get("AlarmArn"), 2_048),
        obj.get("AlarmName"),
        obj.get("StateValue"),
        first_instant(obj.get("StateTransitionedTimestamp"), obj.get("StateUpdatedTimestamp")),
        reason=obj.get("StateReason"),
        composite="AlarmRule" in obj,
        configuration=obj,
    )


def history(obj: Mapping[str, Any], arn: str) -> AlarmChange:
    """An entry of ``DescribeAlarmHistory`` of the alarm with this ARN. Raises :class:`Unreadable`.

    It says nothing of what the alarm looks at, so that the alarm it holds has neither metric nor rule.
    """
    at = first_instant(obj.get("Timestamp"))
    if at is None:
        raise Unreadable("entry of an alarm's history without a time")
    said = mapping(mapping(embedded(obj.get("HistoryData"))).get("newState"))
    kind = token(obj.get("HistoryItemType")) or "Unknown"
    alarm = _alarm(
        arn,
        obj.get("AlarmName"),
        said.get("stateValue") or AlarmState.INSUFFICIENT_DATA.value,
        at,
        reason=said.get("stateReason"),
        composite=plain(obj.get("AlarmType"), 32) == "CompositeAlarm",
        configuration={},
    )
    if kind == STATE_UPDATE and not said:
        kind = "Unknown"  # a state that it does not name is none that may be applied
    summary = Untrusted(plain(obj.get("HistorySummary"), 2_000))
    whole = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in obj.items()}
    return AlarmChange(alarm, at, kind, summary, body(whole))


def _alarm(
    arn: str,
    name: object,
    state: object,
    since: datetime | None,
    *,
    reason: object,
    composite: bool,
    configuration: Mapping[str, Any],
) -> Alarm:
    match = _ARN.fullmatch(arn)
    if match is None:
        raise Unreadable("alarm without an ARN: neither its account nor its Region can be told")
    try:
        came_to = AlarmState(plain(state, 32))
    except ValueError:
        raise Unreadable(f"alarm in the unknown state {token(state) or 'of no name'}") from None
    rule = plain(configuration.get("AlarmRule"), 10_240)
    suppressor = plain(configuration.get("ActionsSuppressor"), 1_600)
    stat, period, metric, band = _compared(configuration)
    return Alarm(
        arn=Untrusted(arn),
        name=Untrusted(plain(name, 255)),
        place=Place(match[2], match[1]),
        composite=composite,
        state=came_to,
        since=since,
        reason=Untrusted(plain(reason, 1_023)),
        actions_enabled=truth(configuration.get("ActionsEnabled", False)),
        actions=tuple(Untrusted(plain(one, 1_024)) for one in elements(configuration.get("AlarmActions"))),
        namespace=plain(metric.get("Namespace"), 255),
        metric=plain(metric.get("MetricName"), 255),
        dimensions=tuple(_dimensions(metric.get("Dimensions"))),
        statistic=stat,
        period_s=period,
        evaluation_periods=_whole(configuration.get("EvaluationPeriods")),
        datapoints=_whole(configuration.get("DatapointsToAlarm")),
        comparison=plain(configuration.get("ComparisonOperator"), 64),
        threshold=None if band is not None else number(configuration.get("Threshold")),
        band=band,
        missing_data=plain(configuration.get("TreatMissingData"), 32),
        rule=Untrusted(rule) if rule else None,
        suppressor=Untrusted(suppressor) if suppressor else None,
        configured=first_instant(configuration.get("AlarmConfigurationUpdatedTimestamp")),
    )


def _compared(configuration: Mapping[str, Any]) -> tuple[str, int, Mapping[str, Any], float | None]:
    """(statistic, period, metric, band): what is compared with the threshold.

    Of metric math one metric gives the dimensions, one that goes out before others, and there is neither statistic nor
    period: no stored series is what the alarm compares. A band compares the one metric that it is made of.
    """
    queries = [mapping(one) for one in elements(configuration.get("Metrics"))[:_METRICS]]
    if not queries:
        stat = plain(configuration.get("Statistic") or configuration.get("ExtendedStatistic"), 64)
        return _STATISTICS.get(stat.upper(), stat), _whole(configuration.get("Period")), configuration, None
    expressions = [plain(query.get("Expression"), 1_024) for query in queries if query.get("Expression")]
    stats = [mapping(query["MetricStat"]) for query in queries if isinstance(query.get("MetricStat"), dict)]
    if not stats:
        return "", 0, {}, None
    first = next((one for one in stats if "Out" in plain(mapping(one.get("Metric")).get("MetricName"))), stats[0])
    bands = [_BAND.search(expression) for expression in expressions]
    band = next((float(found[1] or _BAND_DEFAULT) for found in bands if found), None)
    metric = mapping(first.get("Metric"))
    simple = len(stats) == 1 and (not expressions or (band is not None and len(expressions) == 1))
    stat = plain(first.get("Stat"), 64)
    if not simple:
        return "", 0, metric, band
    return _STATISTICS.get(stat.upper(), stat), _whole(first.get("Period")), metric, band


def _described_metric(obj: object) -> Mapping[str, Any]:
    """A metric of an EventBridge event, in the words of ``DescribeAlarms``."""
    held = mapping(obj)
    stat = mapping(held.get("metricStat"))
    if not stat:
        return {"Id": held.get("id"), "Expression": held.get("expression")}
    metric = mapping(stat.get("metric"))
    return {
        "Id": held.get("id"),
        "MetricStat": {
            "Metric": {
                "Namespace": metric.get("namespace"),
                "MetricName": metric.get("name"),
                "Dimensions": metric.get("dimensions"),
            },
            "Period": stat.get("period"),
            "Stat": stat.get("stat"),
        },
    }


def _dimensions(value: object) -> Iterator[tuple[str, str]]:
    """``[{Name, Value}]``, ``[{name, value}]`` as SNS has it, or ``{name: value}`` as EventBridge does."""
    if isinstance(value, dict) and not {"Name", "name"} & value.keys():
        for name, each in list(value.items())[:_DIMENSIONS]:
            yield plain(name, 255), plain(each, 1_024)
        return
    for one in elements(value)[:_DIMENSIONS]:
        held = mapping(one)
        yield plain(held.get("Name", held.get("name")), 255), plain(held.get("Value", held.get("value")), 1_024)


def _whole(value: object) -> int:
    found = number(value)
    return 0 if found is None or not 0 <= found <= 10_000_000 else int(found)

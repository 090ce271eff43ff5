"""CloudWatch's alarm operations. Source: CloudWatch API reference, the operations named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from socconsole.drill import alarmrule, anomaly
from socconsole.drill.alarms import ACTIONS, Alarm
from socconsole.drill.alarmstate import ALARM, BANDS, COMPARISONS, MISSING, OK, UNKNOWN
from socconsole.drill.cloudwatch import utc
from socconsole.drill.errors import AwsError
from socconsole.drill.metricquery import Answers, check, check_period, invalid
from socconsole.drill.metrics import Place
from socconsole.drill.metricstats import known
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()
T = TypeVar("T")

_PAGE: Final = 50
_MOST: Final = 100
_MOST_ACTIONS: Final = 5
_DAY: Final = 86400
_TYPES: Final = ("MetricAlarm", "CompositeAlarm")
_STATISTICS: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def _place(call: Call) -> Place:
    return call.account, call.region


# --- configuration ------------------------------------------------------------------------------------------


@routes.op("cloudwatch", "PutMetricAlarm")
def put_metric_alarm(cloud: Cloud, call: Call) -> dict[str, Any]:
    given = _given(call)
    _check_actions(given)
    if given["ComparisonOperator"] not in COMPARISONS:
        raise invalid("Value at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set")
    if given.get("TreatMissingData", "missing") not in MISSING:
        raise invalid(f"The value {given['TreatMissingData']} for parameter TreatMissingData is not supported.")
    periods = int(given["EvaluationPeriods"])
    if not 1 <= int(given.get("DatapointsToAlarm") or periods) <= periods:
        raise invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    if ("MetricName" in given) == ("Metrics" in given):
        raise invalid("Exactly one of MetricName and Metrics must be provided.")
    if ("Threshold" in given) == ("ThresholdMetricId" in given):
        raise invalid("Exactly one of Threshold and ThresholdMetricId must be provided.")
    if (given["ComparisonOperator"] in BANDS) != ("ThresholdMetricId" in given):
        raise invalid("The comparison operator does not fit the threshold: a band has an upper and a lower one.")
    if "Metrics" in given:
        _check_metrics(given)
    else:
        _check_metric(given)
    alarm = Alarm(_place(call), call.params["AlarmName"], False, given, cloud.clock.now())
    longest = 7 * _DAY if alarm.period >= 3600 else _DAY
    if alarm.period * periods > longest:
        raise invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), "
            "or seven days for periods of an hour and more."
        )
    _check_expressions(cloud, alarm)
    made = _put(cloud, call, given, composite=False)
    anomaly.learn(cloud, made)
    return {}


def _given(call: Call) -> dict[str, Any]:
    """Its configuration: what was given, with the defaults that DescribeAlarms tells."""
    own = {key: value for key, value in call.params.items() if key not in ("AlarmName", "Tags") and value is not None}
    empty: dict[str, Any] = {name: [] for name in ACTIONS.values()}
    return {
        "ActionsEnabled": True,
        **empty,
        **({} if "AlarmRule" in own or "Metrics" in own else {"Dimensions": []}),
        **own,
    }


def _check_actions(given: Mapping[str, Any]) -> None:
    for name in ACTIONS.values():
        actions = given[name]
        if len(actions) > _MOST_ACTIONS:
            raise invalid(f"The collection {name} must not have a size greater than {_MOST_ACTIONS}.")
        if bad := [one for one in actions if not one.startswith("arn:") or one.count(":") < 5]:
            raise invalid(f"Invalid arn syntax: {bad[0]}")


def _check_metric(given: Mapping[str, Any]) -> None:
    if ("Statistic" in given) == ("ExtendedStatistic" in given):
        raise invalid("Exactly one of Statistic and ExtendedStatistic must be provided.")
    stat = given.get("Statistic") or given.get("ExtendedStatistic")
    if not known(str(stat)) or ("Statistic" in given) != (stat in _STATISTICS):
        raise invalid(f"The value {stat} for parameter Statistic is not supported.")
    if "Period" not in given or "Namespace" not in given:
        raise AwsError("MissingParameter", "The parameters Namespace and Period are required.")
    check_period(int(given["Period"]))


def _check_metrics(given: Mapping[str, Any]) -> None:
    queries: Sequence[Mapping[str, Any]] = given["Metrics"]
    if any(name in given for name in ("Namespace", "Dimensions", "Period", "Statistic", "ExtendedStatistic")):
        raise invalid("With Metrics, the metric, its statistic and its period belong there.")
    check(queries)
    limit = given.get("ThresholdMetricId")
    if limit is not None and all(one["Id"] != limit for one in queries):
        raise invalid(f"ThresholdMetricId {limit} is none of the Metrics.")
    shown = [one for one in queries if one.get("ReturnData") is not False and one["Id"] != limit]
    if len(shown) != 1:
        raise invalid("Exactly one element of the metrics list should return data.")


def _check_expressions(cloud: Cloud, alarm: Alarm) -> None:
    """Raises ``ValidationError`` for metric math that does not compute, and a band that is none."""
    now = int(cloud.clock.now().timestamp())
    answers = Answers(cloud, alarm.place, alarm.queries, now - 2 * alarm.period, now, odd=True)
    answers.of(alarm.watched)
    limit = alarm.given.get("ThresholdMetricId")
    if limit is not None:
        answers.of(limit)
        if answers.band(limit) is None:
            raise invalid(f"ThresholdMetricId {limit} is no ANOMALY_DETECTION_BAND.")


@routes.op("cloudwatch", "PutCompositeAlarm")
def put_composite_alarm(cloud: Cloud, call: Call) -> dict[str, Any]:
    given = _given(call)
    _check_actions(given)
    try:
        children = alarmrule.names(given["AlarmRule"])
    except alarmrule.BadRule as error:
        raise invalid(f"AlarmRule is not valid: {error}") from error
    place = _place(call)
    missing = [one for one in children if cloud.alarms.named(place, one) is None and one != call.params["AlarmName"]]
    if missing:
        raise invalid(
            f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        )
    if cloud.alarms.named(place, call.params["AlarmName"]) in [cloud.alarms.named(place, one) for one in children] or (
        call.params["AlarmName"] in children
    ):
        raise invalid("A composite alarm cannot be in its own rule")
    _put(cloud, call, given, composite=True)
    return {}


def _put(cloud: Cloud, call: Call, given: dict[str, Any], *, composite: bool) -> Alarm:
    name, place = str(call.params["AlarmName"]), _place(call)
    found = cloud.alarms.named(place, name)
    if found is not None and found.composite != composite:
        raise invalid(f"An alarm of another type with the name {name} exists.")
    alarm = cloud.alarms.put(place, name, given, composite=composite, quiet=call.principal.by != "client")
    if found is None:
        cloud.alarms.tags[alarm.arn] = {one["Key"]: one["Value"] for one in call.params.get("Tags") or ()}
    return alarm


@routes.op("cloudwatch", "DeleteAlarms")
def delete_alarms(cloud: Cloud, call: Call) -> dict[str, Any]:
    place, names = _place(call), list(call.params["AlarmNames"])
    found = {name: cloud.alarms.named(place, name) for name in names}
    if len(names) > _MOST or sum(one is not None and one.composite for one in found.values()) > 1:
        raise invalid("A request deletes up to 100 alarms, and no more than one composite alarm.")
    if missing := [name for name, one in found.items() if one is None]:
        raise AwsError("ResourceNotFound", f"Unknown alarms: {', '.join(missing)}", 404)
    for one in cloud.alarms.at(place):
        if one.composite and one.name not in found:
            held = {child.name for child in _children(cloud, one)}
            if depended := sorted(held.intersection(found)):
                raise invalid(f"Cannot delete {depended[0]} as there are composite alarm(s) depending on it.")
    for alarm in found.values():
        if alarm is not None:
            cloud.alarms.delete(alarm)
    return {}


def _children(cloud: Cloud, alarm: Alarm) -> list[Alarm]:
    if not alarm.composite:
        return []
    named = (cloud.alarms.named(alarm.place, one) for one in alarmrule.names(alarm.given["AlarmRule"]))
    return [one for one in named if one is not None]


@routes.op("cloudwatch", "EnableAlarmActions", "DisableAlarmActions")
def switch_actions(cloud: Cloud, call: Call) -> dict[str, Any]:
    for name in call.params["AlarmNames"]:
        alarm = cloud.alarms.named(_place(call), name)
        if alarm is not None:  # AWS says nothing of one that is not there
            given = {**alarm.given, "ActionsEnabled": call.operation == "EnableAlarmActions"}
            cloud.alarms.put(alarm.place, alarm.name, given, composite=alarm.composite, quiet=False)
    return {}


@routes.op("cloudwatch", "SetAlarmState")
def set_alarm_state(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Actions are carried out as for any transition; the next evaluation puts the true state back."""
    alarm = cloud.alarms.named(_place(call), str(call.params["AlarmName"]))
    if alarm is None:
        raise AwsError("ResourceNotFound", "Alarm with given name does not exist", 404)
    if call.params["StateValue"] not in (OK, ALARM, UNKNOWN):
        raise invalid("Value at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set")
    try:
        data = json.loads(call.params.get("StateReasonData") or "{}")
    except ValueError:
        raise AwsError("InvalidFormat", "StateReasonData is not valid JSON.") from None
    data = data if isinstance(data, dict) else {"data": data}
    cloud.alarms.change(alarm, call.params["StateValue"], call.params["StateReason"], data, cloud.clock.now())
    return {}


# --- reading ------------------------------------------------------------------------------------------------


def _page(call: Call, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
    most = int(call.params.get("MaxRecords") or _PAGE)
    if not 1 <= most <= _MOST:
        raise invalid("Value at 'maxRecords' failed to satisfy constraint: Member must be from 1 to 100")
    token = str(call.params.get("NextToken") or "0")
    if not token.isdigit() or int(token) > len(items):
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    end = int(token) + most
    return items[int(token) : end], ({"NextToken": str(end)} if end < len(items) else {})


def _types(call: Call) -> Sequence[str]:
    """Metric alarms only, unless composite ones are asked for by name."""
    return call.params.get("AlarmTypes") or _TYPES[:1]


@routes.op("cloudwatch", "DescribeAlarms")
def describe_alarms(cloud: Cloud, call: Call) -> dict[str, Any]:
    params, place = call.params, _place(call)
    if params.get("AlarmNames") and params.get("AlarmNamePrefix"):
        raise invalid("AlarmNames and AlarmNamePrefix cannot be used together.")
    if len(params.get("AlarmNames") or ()) > _MOST:
        raise invalid("The collection AlarmNames must not have a size greater than 100.")
    found: Iterable[Alarm] = cloud.alarms.at(place)
    if of := params.get("ChildrenOfAlarmName"):
        parent = cloud.alarms.named(place, of)
        found = [] if parent is None else _children(cloud, parent)
    elif of := params.get("ParentsOfAlarmName"):
        found = [one for one in found if of in {child.name for child in _children(cloud, one)}]
    else:
        found = [one for one in found if one.kind in _types(call) and _wanted(one, params)]
    page, more = _page(call, list(found))
    return {
        "MetricAlarms": [one.told() for one in page if not one.composite],
        "CompositeAlarms": [one.told() for one in page if one.composite],
        **more,
    }


def _wanted(alarm: Alarm, params: Mapping[str, Any]) -> bool:
    actions = [arn for name in ACTIONS.values() for arn in alarm.given.get(name) or ()]
    return (
        (not params.get("AlarmNames") or alarm.name in params["AlarmNames"])
        and alarm.name.startswith(params.get("AlarmNamePrefix") or "")
        and params.get("StateValue") in (None, alarm.state)
        and (not params.get("ActionPrefix") or any(one.startswith(params["ActionPrefix"]) for one in actions))
    )


@routes.op("cloudwatch", "DescribeAlarmsForMetric")
def describe_alarms_for_metric(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Those on one plain metric; dimensions match exactly."""
    asked = call.params

    def same(given: Mapping[str, Any]) -> bool:
        keys = ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Unit")
        dimensions = [sorted((d["Name"], d["Value"]) for d in one.get("Dimensions") or ()) for one in (given, asked)]
        return dimensions[0] == dimensions[1] and all(asked.get(key) in (None, given.get(key)) for key in keys)

    return {"MetricAlarms": [one.told() for one in cloud.alarms.at(_place(call)) if same(one.given)]}


@routes.op("cloudwatch", "DescribeAlarmHistory")
def describe_alarm_history(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Newest first unless asked otherwise; what a deleted alarm did is still there."""
    params = call.params
    start, end = _bound(params.get("StartDate")), _bound(params.get("EndDate"))
    found = [
        one
        for one in cloud.alarms.history
        if one.place == _place(call)
        and one.kind in _types(call)
        and params.get("AlarmName") in (None, one.alarm)
        and params.get("HistoryItemType") in (None, one.type)
        and (start is None or one.at >= start)
        and (end is None or one.at <= end)
    ]
    found.sort(key=lambda one: one.at)
    if params.get("ScanBy") != "TimestampAscending":
        found.reverse()
    page, more = _page(call, found)
    items = [
        {
            "AlarmName": one.alarm,
            "AlarmType": one.kind,
            "Timestamp": one.at,
            "HistoryItemType": one.type,
            "HistorySummary": one.summary,
            "HistoryData": one.data,
        }
        for one in page
    ]
    return {"AlarmHistoryItems": items, **more}


def _bound(moment: datetime | None) -> datetime | None:
    return None if moment is None else utc(moment)


# --- tags ---------------------------------------------------------------------------------------------------


def _tagged(cloud: Cloud, call: Call) -> dict[str, str]:
    arn = str(call.params["ResourceARN"])
    if arn not in cloud.alarms.tags:
        raise AwsError("ResourceNotFoundException", "Unknown", 404, {"ResourceType": "alarm", "ResourceId": arn})
    return cloud.alarms.tags[arn]


@routes.op("cloudwatch", "ListTagsForResource")
def list_tags(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tagged(cloud, call).items()]}


@routes.op("cloudwatch", "TagResource")
def tag(cloud: Cloud, call: Call) -> dict[str, Any]:
    _tagged(cloud, call).update({one["Key"]: one["Value"] for one in call.params["Tags"]})
    return {}


@routes.op("cloudwatch", "UntagResource")
def untag(cloud: Cloud, call: Call) -> dict[str, Any]:
    tags = _tagged(cloud, call)
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}

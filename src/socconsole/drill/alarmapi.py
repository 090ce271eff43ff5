"""CloudWatch's operations that change alarms. Source: CloudWatch API reference, the operations named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill import alarmrule, anomaly
from socconsole.drill.alarms import ACTIONS, Alarm
from socconsole.drill.alarmstate import ALARM, BANDS, COMPARISONS, MISSING, OK, UNKNOWN
from socconsole.drill.errors import AwsError
from socconsole.drill.metricquery import Answers, check, check_period, invalid
from socconsole.drill.metrics import Place
from socconsole.drill.metricstats import known
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()
_MOST: Final = 100
_MOST_ACTIONS: Final = 5
_DAY: Final = 86400
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
            held = {child.name for child in cloud.alarms.children(one)}
            if depended := sorted(held.intersection(found)):
                raise invalid(f"Cannot delete {depended[0]} as there are composite alarm(s) depending on it.")
    for alarm in found.values():
        if alarm is not None:
            cloud.alarms.delete(alarm)
    return {}


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

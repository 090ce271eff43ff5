"""CloudWatch's operations that read alarms, their history and tags. Source: CloudWatch API reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from socconsole.drill.alarms import ACTIONS, Alarm
from socconsole.drill.cloudwatch import utc
from socconsole.drill.errors import AwsError
from socconsole.drill.metricquery import invalid
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()
T = TypeVar("T")

_PAGE: Final = 50
_MOST: Final = 100
_TYPES: Final = ("MetricAlarm", "CompositeAlarm")


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
    params, place = call.params, (call.account, call.region)
    if params.get("AlarmNames") and params.get("AlarmNamePrefix"):
        raise invalid("AlarmNames and AlarmNamePrefix cannot be used together.")
    if len(params.get("AlarmNames") or ()) > _MOST:
        raise invalid("The collection AlarmNames must not have a size greater than 100.")
    found: Iterable[Alarm] = cloud.alarms.at(place)
    if of := params.get("ChildrenOfAlarmName"):
        parent = cloud.alarms.named(place, of)
        found = [] if parent is None else cloud.alarms.children(parent)
    elif of := params.get("ParentsOfAlarmName"):
        found = [one for one in found if of in {child.name for child in cloud.alarms.children(one)}]
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

    return {"MetricAlarms": [one.told() for one in cloud.alarms.at((call.account, call.region)) if same(one.given)]}


@routes.op("cloudwatch", "DescribeAlarmHistory")
def describe_alarm_history(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Newest first unless asked otherwise; what a deleted alarm did is still there."""
    params = call.params
    start, end = _bound(params.get("StartDate")), _bound(params.get("EndDate"))
    found = [
        one
        for one in cloud.alarms.history
        if one.place == (call.account, call.region)
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

"""CloudWatch's metric operations: GetMetricData, GetMetricStatistics, ListMetrics, PutMetricData.

Sources: CloudWatch API reference, the operations named; "Metrics retention" in its User Guide. Here everything is
kept for fifteen days at one minute and older data is not; AWS keeps coarser points for longer.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.errors import AwsError
from socconsole.drill.metricquery import Answers, check, check_period, invalid
from socconsole.drill.metrics import Metric, Sample, metric_of, told, unit_of
from socconsole.drill.metricstats import known, periods, statistic
from socconsole.drill.paging import Pages
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()
_pages: Pages[dict[str, Any]] = Pages()

MOST_POINTS: Final = 100_800
MOST_STATISTICS: Final = 1_440
_LISTED: Final = 500


def utc(moment: datetime) -> datetime:
    """A time of a request: the wire has seconds since the epoch, the parser gives them without a zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def begin_of(moment: datetime, now: datetime) -> int:
    """A request's StartTime as CloudWatch rounds it, in seconds since 1970: the older, the coarser."""
    age = now - utc(moment)
    step = 60 if age <= timedelta(days=15) else 300 if age <= timedelta(days=63) else 3600
    return int(utc(moment).timestamp()) // step * step


def fingerprint(call: Call) -> bytes:
    """Of a request without its token: a token belongs to the request that was answered with it."""
    asked = {key: value for key, value in call.params.items() if key != "NextToken"}
    text = json.dumps([call.account, call.region, call.operation, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


@routes.op("cloudwatch", "GetMetricData")
def get_metric_data(cloud: Cloud, call: Call) -> dict[str, Any]:
    params = call.params
    check(params.get("MetricDataQueries") or [])
    began = begin_of(params["StartTime"], cloud.clock.now())
    until = int(utc(params["EndTime"]).timestamp())
    if began >= until:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    most = int(params.get("MaxDatapoints") or MOST_POINTS)
    if not 1 <= most <= MOST_POINTS:
        raise invalid(f"MaxDatapoints must be from 1 to {MOST_POINTS}.")
    if token := params.get("NextToken"):
        results = _pages.resume(str(token), fingerprint(call))
        if results is None:
            raise AwsError("InvalidNextToken", "The next token specified is invalid.")
        return _page(cloud, call, list(results), most)
    answers = Answers(cloud, (call.account, call.region), params["MetricDataQueries"], began, until)
    ascending = params.get("ScanBy") == "TimestampAscending"
    results = []
    for query in params["MetricDataQueries"]:
        # An expression that nobody wants to see still has to be one.
        for series in answers.of(str(query["Id"])):
            if query.get("ReturnData") is False:
                continue
            points = sorted(series.values.items(), reverse=not ascending)
            results.append({"Id": query["Id"], "Label": query.get("Label") or series.label, "points": points})
    return _page(cloud, call, results, most)


def _page(cloud: Cloud, call: Call, results: list[dict[str, Any]], most: int) -> dict[str, Any]:
    told, rest, room = [], [], most
    for number, result in enumerate(results):
        points = result["points"]
        if room == 0 and points:
            rest = results[number:]
            break
        now, later = points[:room], points[room:]
        room -= len(now)
        told.append(
            {
                "Id": result["Id"],
                "Label": result["Label"],
                "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in now],
                "Values": [value for _, value in now],
                "StatusCode": "PartialData" if later else "Complete",
            }
        )
        if later:
            rest = [{**result, "points": later}, *results[number + 1 :]]
            break
    answer: dict[str, Any] = {"MetricDataResults": told, "Messages": []}
    if rest:
        answer["NextToken"] = cloud.ids.uuid("metric data page", call.n)
        _pages.keep(answer["NextToken"], fingerprint(call), rest)
    return answer


@routes.op("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(cloud: Cloud, call: Call) -> dict[str, Any]:
    params = call.params
    plain, extended = params.get("Statistics") or [], params.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise AwsError("InvalidParameterCombination", "At least one of Statistics and ExtendedStatistics is needed.")
    period = int(params["Period"])
    check_period(period)
    if any(not known(stat) for stat in (*plain, *extended)):
        raise AwsError("InvalidParameterValue", "The statistic is not supported.")
    began = begin_of(params["StartTime"], cloud.clock.now())
    until = int(utc(params["EndTime"]).timestamp())
    if began >= until:
        raise AwsError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
    if (until - began) / period > MOST_STATISTICS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {(until - began) // period:,} datapoints, which exceeds the limit of 1,440.",
        )
    metric = metric_of(params)
    samples = cloud.metrics.samples((call.account, call.region), metric, began, until)
    points = []
    for at, some in periods(samples, began, period).items():
        point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": unit_of(metric)}
        point |= {stat: value for stat in plain if (value := statistic(stat, some)) is not None}
        if percentiles := {stat: v for stat in extended if (v := statistic(stat, some)) is not None}:
            point["ExtendedStatistics"] = percentiles
        points.append(point)
    return {"Label": metric.name, "Datapoints": points}


@routes.op("cloudwatch", "ListMetrics")
def list_metrics(cloud: Cloud, call: Call) -> dict[str, Any]:
    """500 a page. With ``RecentlyActive`` only those that had a sample within three hours."""
    params = call.params
    found = [one for one in cloud.metrics.listed((call.account, call.region)) if _wanted(one, params)]
    if params.get("RecentlyActive"):
        now = int(cloud.clock.now().timestamp())
        found = [one for one in found if cloud.metrics.samples((call.account, call.region), one, now - 10800, now)]
    at = 0
    if token := params.get("NextToken"):
        if not str(token).isdigit():
            raise AwsError("InvalidParameterValue", "The next token specified is invalid.")
        at = int(token)
    answer: dict[str, Any] = {"Metrics": [told(one) for one in found[at : at + _LISTED]]}
    if at + _LISTED < len(found):
        answer["NextToken"] = str(at + _LISTED)
    return answer


def _wanted(metric: Metric, params: dict[str, Any]) -> bool:
    if params.get("Namespace") not in (None, metric.namespace) or params.get("MetricName") not in (None, metric.name):
        return False
    dimensions = dict(metric.dimensions)
    return all(
        one["Name"] in dimensions and one.get("Value") in (None, dimensions[one["Name"]])
        for one in params.get("Dimensions") or ()
    )


@routes.op("cloudwatch", "PutMetricData")
def put_metric_data(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Dated by the caller, or by the drill's clock; up to two weeks back and two hours ahead."""
    namespace = str(call.params["Namespace"])
    if namespace.startswith("AWS/"):
        raise AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
    now = cloud.clock.now()
    for number, datum in enumerate(call.params.get("MetricData") or [], 1):
        when = utc(datum["Timestamp"]) if datum.get("Timestamp") else now
        if not now - timedelta(days=14) <= when <= now + timedelta(hours=2):
            raise AwsError(
                "InvalidParameterValue",
                f"The parameter MetricData.member.{number}.Timestamp must specify a time within the past two weeks.",
            )
        metric = metric_of({**datum, "Namespace": namespace})
        for sample in _put(int(when.timestamp()), datum, number):
            cloud.metrics.put((call.account, call.region), metric, sample)
    return {}


def _put(at: int, datum: dict[str, Any], number: int) -> list[Sample]:
    if statistics := datum.get("StatisticValues"):
        total, count = float(statistics["Sum"]), float(statistics["SampleCount"])
        return [Sample(at, total, count, float(statistics["Minimum"]), float(statistics["Maximum"]))]
    if values := datum.get("Values"):
        counts = datum.get("Counts") or [1.0] * len(values)
        if len(counts) != len(values):
            raise AwsError("InvalidParameterValue", f"MetricData.member.{number} has not as many Counts as Values.")
        return [
            Sample(at, float(v) * float(n), float(n), float(v), float(v)) for v, n in zip(values, counts, strict=True)
        ]
    if "Value" not in datum:
        raise AwsError("MissingParameter", f"MetricData.member.{number} has no Value, Values or StatisticValues.")
    value = float(datum["Value"])
    return [Sample(at, value, 1.0, value, value)]

"""CloudWatch's anomaly detectors: what a band is learnt from. The band itself is in ``drill/metricquery.py``.

Detectors of one metric and statistic; those over metric math are refused here. Source: CloudWatch API reference,
``PutAnomalyDetector`` and its siblings: an alarm over a band makes its detector by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.errors import AwsError
from socconsole.drill.metrics import Metric, Place, metric_of, told
from socconsole.drill.metricstats import known
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.alarms import Alarm
    from socconsole.drill.cloud import Cloud

routes = Routes()
_BAND: Final = re.compile(r"\s*ANOMALY_DETECTION_BAND\(\s*(\w+)")
_LEARNS: Final = 3 * 86400
"""Seconds of data from which on a detector counts as trained."""

Key = tuple[Place, Metric, str]


@dataclass(slots=True)
class Detector:
    key: Key
    configuration: dict[str, Any]


def learn(cloud: Cloud, alarm: Alarm) -> None:
    """The detectors that an alarm's bands need."""
    queries = {one["Id"]: one for one in alarm.queries}
    for query in queries.values():
        found = _BAND.match(query.get("Expression") or "")
        source = queries.get(found[1]) if found else None
        if source is not None and "MetricStat" in source:
            key = (alarm.place, metric_of(source["MetricStat"]["Metric"]), str(source["MetricStat"]["Stat"]))
            cloud.metrics.detectors.setdefault(key, Detector(key, {}))


def _asked(call: Call) -> Key:
    params: Mapping[str, Any] = call.params.get("SingleMetricAnomalyDetector") or call.params
    if "MetricMathAnomalyDetector" in call.params:
        raise AwsError("InvalidParameterValue", "The drill's AWS has no anomaly detectors over metric math.")
    if not params.get("MetricName") or not params.get("Namespace") or not params.get("Stat"):
        raise AwsError("MissingParameter", "The parameters Namespace, MetricName and Stat are required.")
    if not known(params["Stat"]):
        raise AwsError("InvalidParameterValue", f"The value {params['Stat']} for parameter Stat is not supported.")
    return (call.account, call.region), metric_of(dict(params)), str(params["Stat"])


@routes.op("cloudwatch", "PutAnomalyDetector")
def put(cloud: Cloud, call: Call) -> dict[str, Any]:
    key = _asked(call)
    cloud.metrics.detectors[key] = Detector(key, dict(call.params.get("Configuration") or {}))
    return {}


@routes.op("cloudwatch", "DeleteAnomalyDetector")
def delete(cloud: Cloud, call: Call) -> dict[str, Any]:
    key = _asked(call)
    if key not in cloud.metrics.detectors:
        fields = {"ResourceType": "AnomalyDetector", "ResourceId": key[1].name}
        raise AwsError("ResourceNotFoundException", "The anomaly detector does not exist.", 404, fields)
    del cloud.metrics.detectors[key]
    return {}


@routes.op("cloudwatch", "DescribeAnomalyDetectors")
def describe(cloud: Cloud, call: Call) -> dict[str, Any]:
    params = call.params
    wanted = dict(sorted((one["Name"], one["Value"]) for one in params.get("Dimensions") or ()))
    found = [
        one
        for (place, metric, _), one in sorted(cloud.metrics.detectors.items())
        if place == (call.account, call.region)
        and params.get("Namespace") in (None, metric.namespace)
        and params.get("MetricName") in (None, metric.name)
        and wanted.items() <= dict(metric.dimensions).items()
    ]
    token = str(params.get("NextToken") or "0")
    if not token.isdigit():
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    end = int(token) + int(params.get("MaxResults") or 10)
    answer: dict[str, Any] = {"AnomalyDetectors": [_told(cloud, one) for one in found[int(token) : end]]}
    return answer | ({"NextToken": str(end)} if end < len(found) else {})


def _told(cloud: Cloud, detector: Detector) -> dict[str, Any]:
    place, metric, stat = detector.key
    now = int(cloud.clock.now().timestamp())
    samples = cloud.metrics.samples(place, metric, now - 15 * 86400, now)
    trained = bool(samples) and samples[-1].at - samples[0].at >= _LEARNS
    one = {**told(metric), "Stat": stat}
    return {
        **one,
        "SingleMetricAnomalyDetector": one,
        "Configuration": detector.configuration,
        "StateValue": "TRAINED" if trained else "TRAINED_INSUFFICIENT_DATA" if samples else "PENDING_TRAINING",
    }

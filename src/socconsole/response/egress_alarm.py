"""A way out read afresh for the alarm that it should have: its meter, what is usual there, the alarms there are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.aws import AwsTrouble, Kind
from socconsole.model.egress import EgressPath, PathKind, path_id
from socconsole.response import ec2
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.parts import Part, read
from socconsole.response.s3_bucket import bucket_name
from socconsole.text import Untrusted
from socconsole.triage import alarm_proposal
from socconsole.triage.alarm_proposal import PERIOD_S, Proposal
from socconsole.triage.baseline import SPAN, Baseline, baseline

KEPT: Final = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile",
    "Metrics", "ThresholdMetricId",
)  # fmt: skip
"""What of an alarm is its configuration: what ``PutMetricAlarm`` takes and ``DescribeAlarms`` gives."""

_PAGES: Final = 50

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """A way out, its meter, the alarm of ours there may be, and the others that look at it."""

    proposal: Proposal | None
    """None where CloudWatch has no meter for it."""
    usual: Baseline | None
    alarm: Config | None
    """The alarm of that name as configured now."""
    detector: bool
    """An anomaly detector for the meter is there."""
    others: tuple[str, ...]
    """Names of other alarms on the same metric and dimensions that tell somebody."""
    subscribed: int | None
    """Confirmed subscriptions of the topic; None where that was not read."""
    topic_gone: bool
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


def kind_of(target: str) -> PathKind:
    """By the form of an id."""
    prefix = ec2.kind(target)
    return {"nat": PathKind.NAT, "i": PathKind.INSTANCE}.get(prefix, PathKind.BUCKET)


def name(target: str) -> str:
    """The id of a NAT gateway or instance, or a bucket's name, also out of an ARN. Raises ``BadTarget``."""
    try:
        return ec2.name(target, ("nat", "i"), "a NAT gateway or an instance")
    except BadTarget:
        return bucket_name(target)


async def look(door: Door, target: Target, topic: str, *, band: bool) -> Watched:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read."""
    path, tags, item = await _path(door, target)
    plain = alarm_proposal.propose(path, None)
    if plain is None:
        alarms = await _alarms(door, target)
        own = _named(alarms, alarm_name(target.id, band))
        kept = None if own is None else configuration(own)
        return Watched(None, None, kept, False, (), None, False, tags, (), {"target": item, "alarm": own})
    points, alarms, rest = await asyncio.gather(
        _points(door, target, plain), _alarms(door, target), read(door, target.place, _parts(plain, topic, band))
    )
    usual = baseline(points)
    proposal = alarm_proposal.propose(path, usual) or plain
    own = _named(alarms, alarm_name(target.id, band))
    attributes = rest.known("topic").get("Attributes", {}) if topic else {}
    confirmed = attributes.get("SubscriptionsConfirmed")
    return Watched(
        proposal=proposal,
        usual=usual,
        alarm=None if own is None else configuration(own),
        detector=any(
            _same_metric(_metric_of(one), proposal) for one in rest.known("detectors").get("AnomalyDetectors", ())
        )
        if band
        else False,
        others=tuple(
            sorted(
                str(each["AlarmName"])
                for each in alarms
                if each is not own and each.get("ActionsEnabled") and _looks_at(each, proposal)
            )
        ),
        subscribed=int(confirmed) if confirmed is not None else None,
        topic_gone=bool(topic) and rest.evidence["topic"] is None,
        tags=tags,
        unread=rest.unread,
        evidence={
            "target": item,
            "alarm": own,
            "usual": None if usual is None else {"p99": usual.p99, "points": usual.count},
            **rest.evidence,
        },
    )


def alarm_name(target: str, band: bool) -> str:
    """What our alarm on a way out is called."""
    return f"socconsole-egress-{target}-band" if band else f"socconsole-egress-{target}"


def configuration(described: Mapping[str, Any]) -> Config:
    """An alarm's configuration alone, in one form whatever AWS filled in."""
    found: dict[str, Any] = {}
    for key in KEPT:
        value = described.get(key)
        if value in (None, [], ""):
            continue
        found[key] = _sorted(value) if key == "Dimensions" else value
    return found


def _parts(proposal: Proposal, topic: str, band: bool) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    if topic:
        parts["topic"] = Part("sns:GetTopicAttributes", {"TopicArn": topic}, optional=True)
    if band:
        one = proposal.series
        parts["detectors"] = Part(
            "cloudwatch:DescribeAnomalyDetectors", {"Namespace": one.namespace, "MetricName": one.metric}
        )
    return parts


async def _path(door: Door, target: Target) -> tuple[EgressPath, Mapping[str, str], Mapping[str, Any]]:
    """What CloudWatch calls it, and its tags. Raises ``AwsTrouble`` ``not_found`` where there is none."""
    place, kind = target.place, kind_of(target.id)
    dimensions: tuple[tuple[str, str], ...]
    if kind is PathKind.BUCKET:
        answer, told = await asyncio.gather(
            door.call(place, "s3:ListBucketMetricsConfigurations", {"Bucket": target.id}),
            door.call(place, "s3:GetBucketTagging", {"Bucket": target.id}),
        )
        whole = [one for one in answer.get("MetricsConfigurationList") or () if not one.get("Filter")]
        dimensions = (("BucketName", target.id), ("FilterId", str(whole[0]["Id"]))) if whole else ()
        item: Mapping[str, Any] = {"metrics": list(answer.get("MetricsConfigurationList") or ())}
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in told.get("TagSet", ())}
    else:
        if kind is PathKind.NAT:
            item = await ec2.only(door, place, "DescribeNatGateways", "NatGateways", NatGatewayIds=[target.id])
            dimensions = (("NatGatewayId", target.id),)
        else:
            item = await ec2.instance(door, target)
            dimensions = (("InstanceId", target.id),)
        tags = dict(ec2.tags(item))
    path = EgressPath(
        path_id(kind, place, target.id), kind, place, target.id, Untrusted(target.id), dimensions=dimensions
    )
    return path, tags, item


async def _points(door: Door, target: Target, proposal: Proposal) -> list[tuple[datetime, float]]:
    """The last 14 days of its meter: 4,032 points, so that one answer holds them."""
    now = datetime.now(UTC)
    end = datetime.fromtimestamp(int(now.timestamp()) // PERIOD_S * PERIOD_S, UTC)
    one = proposal.series
    query = {
        "Id": "usual",
        "MetricStat": {"Metric": _metric(proposal), "Period": one.period_s, "Stat": one.statistic},
    }
    answer = await door.call(
        target.place,
        "cloudwatch:GetMetricData",
        {"MetricDataQueries": [query], "StartTime": end - SPAN, "EndTime": end, "ScanBy": "TimestampAscending"},
    )
    return [
        (at, float(value))
        for result in answer["MetricDataResults"]
        for at, value in zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
    ]


async def _alarms(door: Door, target: Target) -> list[Mapping[str, Any]]:
    asked: dict[str, Any] = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100}
    found: list[Mapping[str, Any]] = []
    for _ in range(_PAGES):
        answer = await door.call(target.place, "cloudwatch:DescribeAlarms", asked)
        found += answer["MetricAlarms"]
        if not answer.get("NextToken"):
            return found
        asked["NextToken"] = answer["NextToken"]
    raise AwsTrouble(
        Kind.BAD_RESPONSE, "cloudwatch:DescribeAlarms", target.place, f"more than {_PAGES} pages, and still a token"
    )


def _named(alarms: Sequence[Mapping[str, Any]], wanted: str) -> Mapping[str, Any] | None:
    return next((each for each in alarms if each["AlarmName"] == wanted), None)


def _metric(proposal: Proposal) -> dict[str, Any]:
    one = proposal.series
    return {
        "Namespace": one.namespace,
        "MetricName": one.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(one.dimensions)],
    }


def single_metric(proposal: Proposal) -> dict[str, Any]:
    """The detector's parameters: a metric and its statistic."""
    return {**_metric(proposal), "Stat": proposal.series.statistic}


def _metric_of(detector: Mapping[str, Any]) -> Mapping[str, Any]:
    return detector.get("SingleMetricAnomalyDetector") or detector


def _same_metric(found: Mapping[str, Any], proposal: Proposal) -> bool:
    wanted = single_metric(proposal)
    return bool(
        found.get("MetricName") == wanted["MetricName"]
        and found.get("Namespace") == wanted["Namespace"]
        and found.get("Stat", wanted["Stat"]) == wanted["Stat"]
        and _sorted(found.get("Dimensions") or ()) == wanted["Dimensions"]
    )


def _looks_at(alarm: Mapping[str, Any], proposal: Proposal) -> bool:
    held = [alarm, *((each.get("MetricStat") or {}).get("Metric") or {} for each in alarm.get("Metrics") or ())]
    stat = proposal.series.statistic
    return any(_same_metric({**one, "Stat": stat}, proposal) for one in held)


def _sorted(dimensions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return sorted(
        ({"Name": one["Name"], "Value": one["Value"]} for one in dimensions), key=lambda one: str(one["Name"])
    )

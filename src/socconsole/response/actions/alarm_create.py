"""``alarm-create`` and ``alarm-create-band``: an alarm for a way out that none looks at, or none that would tell.

Detection, and no cut. Facts: CloudWatch API reference, ``PutMetricAlarm`` (an alarm of the same name is replaced as a
whole; an alarm and its topic are of one Region), ``PutAnomalyDetector``; User Guide, "Using CloudWatch anomaly
detection": a new model learns from up to two weeks of what the metric has, and is of use within hours. The static
threshold is the larger of 1 GiB in five minutes and three times the p99 of 14 days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from socconsole.config import Config
from socconsole.model.action import Call, Reversible
from socconsole.model.egress import PathKind
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.response import ec2, egress_alarm
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.egress_alarm import Watched, alarm_name, configuration, kind_of, name, single_metric
from socconsole.response.wording import listed
from socconsole.text import token
from socconsole.triage.alarm_proposal import BAND
from socconsole.triage.amounts import amount

_ALARM: Final = "Alarm"
_DETECTOR: Final = "Detector"

_INFO: Final = Info(
    id="alarm-create",
    title="Create an egress alarm with a static threshold",
    target_type="NAT gateway, instance or bucket",
    calls=("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
    stops="nothing: from now on somebody is told when unusually much leaves here",
    does_not_stop="everything goes on; what leaves slowly stays below any threshold",
    cuts=False,
    does=Does.RECORDS,
    reversible=Reversible.YES,
    captures="the target, an alarm of the same name, its metric's p99 of 14 days, the topic",
    verifies="the alarm is there, configured so",
    undo_leaves="the alarm's history, which CloudWatch keeps for 30 days",
    pitfalls=(
        "an alarm of the same name is replaced as a whole: it is captured, and given back by the undo",
        "an alarm that tells nobody is none: the topic is [egress] alarm_topic, and its subscriptions are counted",
        "a bucket without request metrics has nothing to compare: the line that switches them on is printed",
        "during a leak the p99 may have the leak in it: the threshold is shown before it is confirmed",
    ),
)


class AlarmCreate(Change[Watched]):
    """See the module's text."""

    writes = ("PutMetricAlarm", "DeleteAlarms")
    types = ("AwsEc2NatGateway", "AwsEc2Instance", "AwsS3Bucket")

    def __init__(self, info: Info = _INFO, topic: str = "", *, band: bool = False) -> None:
        self.info = info
        self._topic = topic
        self._band = band

    def configured(self, config: Config) -> AlarmCreate:
        """As ``registry.Configured`` says."""
        return AlarmCreate(self.info, config.egress.alarm_topic or "", band=self._band)

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """None where it would tell nobody, and none for a band: it is asked for by name, static ones are offered."""
        return super().targets(finding) if self._topic and not self._band else ()

    def name(self, target: str) -> str:
        return name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        part = partition_of(place.region)
        bucket = kind_of(target.id) is PathKind.BUCKET
        own = f"arn:{part}:s3:::{target.id}" if bucket else ec2.arn(place, target.id)
        return own, f"arn:{part}:cloudwatch:{place.region}:{place.account}:alarm:{alarm_name(target.id, self._band)}"

    async def look(self, door: Door, target: Target) -> Watched:
        return await egress_alarm.look(door, target, self._told(target), band=self._band)

    def state(self, seen: Watched) -> State:
        alarm = {_ALARM: None if seen.alarm is None else dict(seen.alarm)}
        return {_DETECTOR: seen.detector, **alarm} if self._band else alarm

    def cut(self, seen: Watched, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        topic = self._told(target)
        if seen.proposal is None:
            return Cut(
                None,
                "CloudWatch has nothing to compare: S3 counts the requests of a bucket only where it is asked to",
                instead="aws s3api put-bucket-metrics-configuration, then this",
                instead_calls=(
                    Call(
                        "s3",
                        "PutBucketMetricsConfiguration",
                        {"Bucket": target.id, "Id": "EntireBucket", "MetricsConfiguration": {"Id": "EntireBucket"}},
                    ),
                ),
            )
        if not topic:
            return Cut(None, "an alarm that tells nobody is none: set [egress] alarm_topic in the configuration")
        if f":{target.place.region}:" not in topic:
            return Cut(None, f"an alarm tells topics of its own Region only, and {token(topic)} is of another")
        if seen.topic_gone:
            return Cut(None, f"{token(topic)} is not there: [egress] alarm_topic has to name a topic that is")
        wanted = self._wanted(seen, target)
        usual = "nothing is known of what is usual" if seen.usual is None else f"p99 {amount(seen.usual.p99)}"
        warnings = ["stops nothing: cut first where data is leaving"]
        if seen.alarm is not None and seen.alarm != wanted:
            warnings.append(f"replaces an alarm of the same name: {self.words({_ALARM: seen.alarm})}")
        if seen.subscribed == 0:
            warnings.append(f"nobody has confirmed a subscription to {token(topic)}: it would tell nobody")
        if seen.others:
            warnings.append(f"looked at already{listed(seen.others)}")
        return Cut(
            {_DETECTOR: True, _ALARM: wanted} if self._band else {_ALARM: wanted},
            why=f"tells {token(topic)} when {self._says(seen)}; over 14 days: {usual}",
            blast_radius="nobody loses anything; one alarm more, paid by the month",
            fit=20 if seen.others else 35,
            warnings=tuple(warnings),
        )

    def steps(self, seen: Watched, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        calls: list[Call] = []
        begins = bool(wanted.get(_DETECTOR)) and not now.get(_DETECTOR)
        ends = bool(now.get(_DETECTOR)) and not wanted.get(_DETECTOR)
        if begins and seen.proposal is not None:
            calls.append(
                Call("cloudwatch", "PutAnomalyDetector", {"SingleMetricAnomalyDetector": single_metric(seen.proposal)})
            )
        before, after = now.get(_ALARM), wanted.get(_ALARM)
        if after is not None and before != after:
            calls.append(Call("cloudwatch", "PutMetricAlarm", dict(after)))
        elif after is None and before is not None:
            calls.append(Call("cloudwatch", "DeleteAlarms", {"AlarmNames": [before["AlarmName"]]}))
        if ends and seen.proposal is not None:  # last: an alarm without its model would be without data
            calls.append(
                Call(
                    "cloudwatch", "DeleteAnomalyDetector", {"SingleMetricAnomalyDetector": single_metric(seen.proposal)}
                )
            )
        return tuple(calls)

    def words(self, state: State) -> str:
        alarm = state.get(_ALARM)
        if alarm is None:
            return "no alarm of that name"
        limit = alarm.get("Threshold")
        said = "an anomaly band" if limit is None else amount(float(limit))
        to = alarm.get("AlarmActions") or ["nobody"]
        return f"{token(alarm['AlarmName'])}: {said}, tells {token(to[0])}"

    def trail_name(self, target: Target) -> str:
        return alarm_name(target.id, self._band)

    def _told(self, target: Target) -> str:
        place = target.place
        return self._topic.replace("${region}", place.region).replace("${account}", place.account)

    def _says(self, seen: Watched) -> str:
        if seen.proposal is None:
            return ""
        if self._band:
            return replace(seen.proposal, threshold=None, band=BAND).says + ", 3 of 5 times"
        return seen.proposal.says

    def _wanted(self, seen: Watched, target: Target) -> Mapping[str, Any]:
        """The alarm as ``PutMetricAlarm`` takes it."""
        proposal = seen.proposal
        if proposal is None:
            return {}
        one = proposal.series
        metric = {key: value for key, value in single_metric(proposal).items() if key != "Stat"}
        common: dict[str, Any] = {
            "AlarmName": alarm_name(target.id, self._band),
            "AlarmDescription": f"More leaves by {target.id} than is usual. Made by socconsole.",
            "ActionsEnabled": True,
            "AlarmActions": [self._told(target)],
            "TreatMissingData": proposal.missing_data,
        }
        if self._band:
            stat = {"Metric": metric, "Period": one.period_s, "Stat": one.statistic}
            return configuration(
                common
                | {
                    "EvaluationPeriods": 5,
                    "DatapointsToAlarm": 3,
                    "ComparisonOperator": "GreaterThanUpperThreshold",
                    "ThresholdMetricId": "band",
                    "Metrics": [
                        {"Id": "out", "MetricStat": stat, "ReturnData": True},
                        {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(out, {BAND:g})", "ReturnData": True},
                    ],
                }
            )
        return configuration(
            common
            | metric
            | {
                "Statistic": one.statistic,
                "Period": one.period_s,
                "EvaluationPeriods": 1,
                "DatapointsToAlarm": 1,
                "Threshold": proposal.threshold,
                "ComparisonOperator": "GreaterThanThreshold",
            }
        )


_BAND_INFO: Final = replace(
    _INFO,
    id="alarm-create-band",
    title="Create an egress alarm with an anomaly band",
    calls=(
        "cloudwatch:PutAnomalyDetector",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DeleteAnomalyDetector",
    ),
    does_not_stop="everything goes on; the model learns what is usual, and a leak that goes on becomes usual",
    captures="the target, an alarm of the same name, the metric's detector, its p99 of 14 days, the topic",
    verifies="the alarm and its detector are there, configured so",
    pitfalls=(
        *_INFO.pitfalls[:3],
        "a model learns from what it has: a leak that runs already is part of it",
        "3 of 5 periods of five minutes: it tells after 15 minutes at the earliest",
    ),
)

ACTIONS: Final = (AlarmCreate(), AlarmCreate(_BAND_INFO, band=True))

"""CloudWatch's metrics of a drill: derived from what the world does, sample by sample, whenever somebody asks.

Nothing is stored but what PutMetricData brings. A metric of AWS has one sample a minute of the date, at the minute's
begin, and has it as soon as the minute has ended:

==============  ==========================================================  ==========================================
namespace       dimensions                                                  from
==============  ==========================================================  ==========================================
AWS/NATGateway  NatGatewayId                                                conversations by the gateway they go through
AWS/EC2         InstanceId (every five minutes without detailed monitoring) conversations by instance
AWS/S3          BucketName, FilterId (only with a metrics configuration)    what is read every day, and the open paths
AWS/S3          BucketName, StorageType (one sample a day)                  what a bucket holds
AWS/Bedrock     ModelId                                                     ``invokes`` of the scenario, and the journal
==============  ==========================================================  ==========================================

Sources: "NAT gateway metrics and dimensions" (VPC User Guide), "List the available CloudWatch metrics for your
instances" (EC2 User Guide), "Metrics and dimensions" (S3 User Guide), "Monitoring the performance of Amazon Bedrock".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from moto.backends import get_backend

from socconsole.drill.traffic import DAY, PACKET, Conversation, weights

if TYPE_CHECKING:
    from socconsole.drill.anomaly import Detector
    from socconsole.drill.cloud import Cloud

NAT: Final = (
    "ActiveConnectionCount",
    "BytesInFromDestination",
    "BytesInFromSource",
    "BytesOutToDestination",
    "BytesOutToSource",
    "ConnectionAttemptCount",
    "PacketsOutToDestination",
)
EC2: Final = ("NetworkIn", "NetworkOut")
REQUESTS: Final = ("AllRequests", "BytesDownloaded", "GetRequests")
BEDROCK: Final = ("InputTokenCount", "Invocations", "OutputTokenCount")
_KEPT_DAYS: Final = 15
"""Metrics of one minute are kept that long; coarser ones, which AWS keeps longer, are made of these here."""

Place = tuple[str, str]
"""Account and region."""


class Sample(NamedTuple):
    """What was put for one moment (seconds since 1970): ``number`` values, of which sum and extremes are known."""

    at: int
    total: float
    number: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, order=True)
class Metric:
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """Sorted by name."""


def metric_of(given: dict[str, Any]) -> Metric:
    """From a request's ``Namespace``, ``MetricName`` and ``Dimensions``."""
    dimensions = sorted((one["Name"], one["Value"]) for one in given.get("Dimensions") or ())
    return Metric(given.get("Namespace", ""), given.get("MetricName", ""), tuple(dimensions))


def told(metric: Metric) -> dict[str, Any]:
    """The other way round."""
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def unit_of(metric: Metric) -> str:
    """What AWS counts it in."""
    return "Bytes" if "Bytes" in metric.name or metric.name in EC2 else "Count"


@dataclass(slots=True)
class Requests:
    """A request metrics configuration of a bucket. One with a filter is kept and told, and counts nothing here."""

    given: dict[str, Any]
    since: int
    """Minute of the date from which on it counts."""


class Metrics:
    """All metrics of a cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.custom: dict[Place, dict[Metric, list[Sample]]] = {}
        self.requests: dict[str, dict[str, Requests]] = {}
        """Bucket → id → its request metrics configuration."""
        self.detectors: dict[tuple[Place, Metric, str], Detector] = {}
        """(place, metric, statistic) → its anomaly detector."""

    def put(self, place: Place, metric: Metric, sample: Sample) -> None:
        self.custom.setdefault(place, {}).setdefault(metric, []).append(sample)

    def listed(self, place: Place) -> list[Metric]:
        """Every metric that has had a sample within two weeks, in the order of its names."""
        found = set(self.custom.get(place, ()))
        for account, region, name in list(self._cloud.traffic.up):
            if (account, region) == place:
                nat = name.startswith("nat-")
                namespace, dimension = ("AWS/NATGateway", "NatGatewayId") if nat else ("AWS/EC2", "InstanceId")
                found |= {Metric(namespace, one, ((dimension, name),)) for one in (NAT if nat else EC2)}
        for bucket in self._buckets(place):
            for id_ in self.requests.get(bucket, ()):
                found |= {Metric("AWS/S3", one, (("BucketName", bucket), ("FilterId", id_))) for one in REQUESTS}
            if self._holds(bucket):
                kind = ("StorageType", "StandardStorage")
                found.add(Metric("AWS/S3", "BucketSizeBytes", (("BucketName", bucket), kind)))
        for model in self._models(place):
            found |= {Metric("AWS/Bedrock", one, (("ModelId", model),)) for one in BEDROCK}
        return sorted(found)

    def samples(self, place: Place, metric: Metric, began: int, until: int) -> list[Sample]:
        """Its samples from ``began`` to ``until`` (exclusive; seconds since 1970) in the order of time.

        A metric that does not exist has none; AWS knows no other answer for one either.
        """
        own = [one for one in self.custom.get(place, {}).get(metric, ()) if began <= one.at < until]
        counted = self._cloud.traffic.counted
        first = max(-(-began // 60), counted - _KEPT_DAYS * DAY)
        last = min(-(-until // 60), counted)
        dimensions = dict(metric.dimensions)
        match metric.namespace, sorted(dimensions):
            case "AWS/NATGateway", ["NatGatewayId"] if metric.name in NAT:
                own += self._nat(place, dimensions["NatGatewayId"], metric.name, first, last)
            case "AWS/EC2", ["InstanceId"] if metric.name in EC2:
                own += self._instance(place, dimensions["InstanceId"], metric.name, first, last)
            case "AWS/S3", ["BucketName", "FilterId"] if metric.name in REQUESTS:
                own += self._read(place, dimensions["BucketName"], dimensions["FilterId"], metric.name, first, last)
            case "AWS/S3", ["BucketName", "StorageType"] if metric.name == "BucketSizeBytes":
                own += self._size(place, dimensions["BucketName"], dimensions["StorageType"], first, last)
            case "AWS/Bedrock", ["ModelId"] if metric.name in BEDROCK:
                own += self._invoked(place, dimensions["ModelId"], metric.name, first, last)
        own.sort(key=lambda one: one.at)
        return own

    # --- the network ---------------------------------------------------------------------------------------

    def _up(self, place: Place, name: str, first: int, last: int) -> dict[int, float]:
        """A zero for every minute in which a gateway or an instance ran: nothing sent is a sample too."""
        spans = self._cloud.traffic.up.get((*place, name))
        runs = spans.runs(self._cloud.clock, first, last) if spans is not None else ()
        return {minute: 0.0 for run in runs for minute in range(run.first, run.last)}

    def _talks(
        self, place: Place, first: int, last: int, mine: Callable[[Conversation, str], bool]
    ) -> Iterator[tuple[Conversation, int, int, int]]:
        """(who, minute, bytes out, bytes back) of the conversations that are ``mine``, given what carried them."""
        clock, seed = self._cloud.clock, self._cloud.ids.seed
        for one in self._cloud.traffic.conversations:
            if (one.account, one.region) != place:
                continue
            for run in one.spans.runs(clock, first, last):
                if mine(one, run.how):
                    for minute, out, back in one.volume(clock, seed, run):
                        yield one, minute, out, back

    def _nat(self, place: Place, nat: str, name: str, first: int, last: int) -> Iterable[Sample]:
        values = self._up(place, nat, first, last)
        for one, minute, out, back in self._talks(place, first, last, lambda _, how: how == nat):
            open_ = one.talker.connections if one.talker else 1
            match name:
                case "BytesOutToDestination" | "BytesInFromSource":
                    much = out
                case "BytesOutToSource" | "BytesInFromDestination":
                    much = back
                case "PacketsOutToDestination":
                    much = out // PACKET + 1
                case "ActiveConnectionCount":
                    much = open_
                case _:  # ConnectionAttemptCount: a stream is one; a talker renews a third of its own
                    much = -(-open_ // 3) if one.talker else int(self._begins(one, minute))
            values[minute] = values.get(minute, 0.0) + much
        return (Sample(minute * 60, value, 1, value, value) for minute, value in sorted(values.items()))

    def _begins(self, one: Conversation, minute: int) -> bool:
        return one.stream is not None and int(self._date(one.stream.began) // 60) == minute

    def _date(self, position: float) -> float:
        return self._cloud.clock.moment(position).timestamp()

    def _instance(self, place: Place, name: str, metric: str, first: int, last: int) -> Iterable[Sample]:
        host = get_backend("ec2")[place[0]][place[1]].get_instance_by_id(name)
        detailed = host is not None and host.monitoring_state != "disabled"
        begin = first if detailed else first - first % 5
        end = last if detailed else min(last + -last % 5, self._cloud.traffic.counted)
        values = self._up(place, name, begin, end)
        for _, minute, out, back in self._talks(place, begin, end, lambda one, _: one.instance == name):
            values[minute] = values.get(minute, 0.0) + (out if metric == "NetworkOut" else back)
        if not detailed:
            fives: dict[int, float] = {}
            for minute, value in values.items():
                if minute - minute % 5 + 5 <= end:
                    fives[minute - minute % 5] = fives.get(minute - minute % 5, 0.0) + value
            values = fives
        return (
            Sample(minute * 60, value, 1, value, value) for minute, value in sorted(values.items()) if minute >= first
        )

    # --- buckets -------------------------------------------------------------------------------------------

    def _buckets(self, place: Place) -> list[str]:
        buckets = get_backend("s3")[place[0]]["aws"].buckets
        return [name for name, one in list(buckets.items()) if one.region_name == place[1]]

    def _holds(self, bucket: str) -> int:
        return next((one.holds for one in self._cloud.traffic.reads if one.bucket == bucket), 0)

    def _size(self, place: Place, bucket: str, kind: str, first: int, last: int) -> Iterable[Sample]:
        if kind != "StandardStorage" or bucket not in self._buckets(place) or not self._holds(bucket):
            return []
        days = range(-(-first // DAY), -(-last // DAY))
        today = self._cloud.traffic.counted // DAY
        grown = ((day, float(round(self._holds(bucket) * (1 - 0.0015 * (today - day))))) for day in days)
        return [Sample(day * DAY * 60, size, 1, size, size) for day, size in grown]

    def _read(self, place: Place, bucket: str, id_: str, name: str, first: int, last: int) -> Iterable[Sample]:
        counts = self.requests.get(bucket, {}).get(id_)
        if counts is None or counts.given.get("Filter") or bucket not in self._buckets(place):
            return []
        first = max(first, counts.since)
        if first >= last:
            return []
        read: dict[int, tuple[float, float]] = {}
        for one in self._cloud.traffic.reads:
            if one.bucket == bucket and one.gets:
                for minute, much in enumerate(weights(self._cloud.ids.seed, f"reads/{bucket}", first, last), first):
                    if gets := round(one.gets * much):
                        read[minute] = (round(one.bytes * much), gets)
        speed = self._cloud.clock.speed
        for path, spans in self._cloud.traffic.paths.values():
            if path.bucket != bucket:
                continue
            for run in spans.runs(self._cloud.clock, first, last):
                sent = path.bytes_per_second * speed * 60 * run.share
                for minute in range(run.first, run.last):
                    before = read.get(minute, (0.0, 0.0))
                    read[minute] = (before[0] + round(sent), before[1] + max(1, round(sent / path.object_bytes)))
        if name == "BytesDownloaded":
            return [_evenly(minute, total, gets) for minute, (total, gets) in sorted(read.items())]
        return [_evenly(minute, gets, gets) for minute, (_, gets) in sorted(read.items())]

    # --- models --------------------------------------------------------------------------------------------

    def _models(self, place: Place) -> set[str]:
        found = {one.model for one, _ in self._cloud.traffic.invokes.values() if (one.account, one.region) == place}
        return found | {model for model, _ in self._called(place)}

    def _called(self, place: Place) -> Iterator[tuple[str, int]]:
        """(model, minute) of each call of a model in the journal that AWS answered."""
        for op in ("InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream"):
            for entry in self._cloud.journal.calls("bedrock-runtime", op, account=place[0], by=None):
                if entry.region == place[1] and 200 <= entry.status < 300:
                    when = datetime.fromisoformat(entry.scenario_time.replace("Z", "+00:00"))
                    yield str(entry.params.get("modelId", "")), int(when.timestamp() // 60)

    def _invoked(self, place: Place, model: str, name: str, first: int, last: int) -> Iterable[Sample]:
        calls: dict[int, tuple[float, float]] = {}

        def add(minute: int, number: int, each: float) -> None:
            if number:
                before = calls.get(minute, (0.0, 0.0))
                calls[minute] = (before[0] + number, before[1] + number * each)

        clock = self._cloud.clock
        for one, spans in self._cloud.traffic.invokes.values():
            if (one.account, one.region, one.model) != (*place, model):
                continue
            each = one.input_tokens if name == "InputTokenCount" else one.output_tokens
            if one.since:
                for run in spans.runs(clock, first, last):
                    number = round(one.per_minute * clock.speed * run.share)
                    for minute in range(run.first, run.last):
                        add(minute, number, each)
            elif first < last:
                for minute, much in enumerate(weights(self._cloud.ids.seed, f"invokes/{one.id}", first, last), first):
                    add(minute, round(one.per_minute * much), each)
        for called, minute in self._called(place):
            if called == model and first <= minute < last:
                add(minute, 1, 0)  # nobody counted the tokens of these
        if name == "Invocations":
            return [_evenly(minute, number, number) for minute, (number, _) in sorted(calls.items())]
        return [_evenly(minute, tokens, number) for minute, (number, tokens) in sorted(calls.items())]


def _evenly(minute: int, total: float, count: float) -> Sample:
    """``count`` values that add up to ``total``, each the same."""
    each = total / count
    return Sample(minute * 60, float(total), float(count), each, each)

"""What CloudWatch measures of a way out, and which way out an alarm looks at. Pure.

Metrics and dimensions as each service's documentation lists them ("Monitor … with Amazon CloudWatch"). The first meter
of a kind says how much leaves there; the others help to judge it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from socconsole.model.egress import Alarm, EgressPath, PathKind, Series, path_id
from socconsole.model.entity import Entity, EntityKind
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.text import Untrusted, token

FINE_S: Final = 60
COARSE_S: Final = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series, and from when on its points are missing or may still change."""

    series: Series
    since: datetime


@dataclass(frozen=True, slots=True)
class Meter:
    """One metric that tells what leaves. ``steady``: CloudWatch has a datapoint for every period while the thing
    exists, so that none at all means that nobody is measuring."""

    namespace: str
    metric: str
    statistic: str = "Sum"
    unit: str = "bytes"
    steady: bool = False


METERS: Final[Mapping[PathKind, tuple[Meter, ...]]] = {
    PathKind.NAT: (Meter("AWS/NATGateway", "BytesOutToDestination", steady=True),),
    PathKind.INSTANCE: (Meter("AWS/EC2", "NetworkOut", steady=True),),
    PathKind.BUCKET: (Meter("AWS/S3", "BytesDownloaded"), Meter("AWS/S3", "GetRequests", unit="requests")),
    PathKind.VPC_ENDPOINT: (Meter("AWS/PrivateLinkEndpoints", "BytesProcessed"),),
    PathKind.LOAD_BALANCER: (Meter("AWS/ApplicationELB", "ProcessedBytes"),),
    PathKind.SAGEMAKER: (Meter("AWS/SageMaker", "Invocations", unit="invocations"),),
    PathKind.BEDROCK: (
        Meter("AWS/Bedrock", "OutputTokenCount", unit="tokens"),
        Meter("AWS/Bedrock", "Invocations", unit="invocations"),
    ),
}

ALL_FOUND: Final = frozenset({PathKind.NAT, PathKind.VPC_ENDPOINT, PathKind.SAGEMAKER})
"""Kinds of which discovery finds every one there is; of others only those that matter."""

_NETWORK_LB: Final = Meter("AWS/NetworkELB", "ProcessedBytes")

# By what a dimension names. S3's request metrics have FilterId beside BucketName, a SageMaker variant its VariantName.
_NAMES: Final[Mapping[str, PathKind]] = {
    "NatGatewayId": PathKind.NAT,
    "InstanceId": PathKind.INSTANCE,
    "BucketName": PathKind.BUCKET,
    "VPC Endpoint Id": PathKind.VPC_ENDPOINT,
    "LoadBalancer": PathKind.LOAD_BALANCER,
    "EndpointName": PathKind.SAGEMAKER,
    "ModelId": PathKind.BEDROCK,
}

# What AWS's own metrics have to be called to say something of data that leaves: not a processor, not a disk.
_EGRESS: Final = re.compile(
    r"Bytes|NetworkOut|NetworkPacketsOut|PacketsOut|ActiveConnection|ConnectionAttempt|NewConnection|NewFlow|ActiveFlow"
    r"|GetRequests|AllRequests|ListRequests|^Invocations$|TokenCount|RequestCount$|Egress"
)
_INWARD: Final = re.compile(r"BytesUploaded|BytesInFromDestination|BytesOutToSource|NetworkIn|BucketSizeBytes|EBS|Disk")

_CHILD: Final = re.compile(r"""\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|'([^']+)'|([^)\s]+))\s*\)""")


_ENTITIES: Final[Mapping[PathKind, EntityKind]] = {
    PathKind.INSTANCE: EntityKind.INSTANCE,
    PathKind.BUCKET: EntityKind.BUCKET,
}


def entity(path: EgressPath) -> Entity:
    """What findings and trail events call it."""
    return _ENTITIES.get(path.kind, EntityKind.RESOURCE), path.resource


def meters(path: EgressPath) -> tuple[Meter, ...]:
    """What measures a path; the first says how much leaves. None where CloudWatch has no meter for it."""
    if not path.dimensions:
        return ()
    if path.kind is PathKind.LOAD_BALANCER and dict(path.dimensions).get("LoadBalancer", "").startswith("net/"):
        return (_NETWORK_LB,)
    return METERS[path.kind]


def series(path: EgressPath) -> tuple[Series, ...]:
    """What to ask CloudWatch for: each meter by the minute and by five minutes."""
    return tuple(
        Series(path.id, meter.namespace, meter.metric, path.dimensions, meter.statistic, period, meter.unit)
        for meter in meters(path)
        for period in (FINE_S, COARSE_S)
    )


def alarm_series(alarm: Alarm, path: str) -> Series | None:
    """The metric that an alarm compares, as it does; None for a composite alarm and for metric math."""
    if not alarm.metric or not alarm.period_s:
        return None
    unit = "bytes" if "Bytes" in alarm.metric or alarm.metric.startswith("Network") else ""
    return Series(
        path, alarm.namespace, alarm.metric, alarm.dimensions, alarm.statistic, alarm.period_s, unit or "count"
    )


def subject(dimensions: Iterable[tuple[str, str]]) -> tuple[PathKind, str] | None:
    """What a metric's dimensions name: kind and resource of a way out, or None."""
    for name, value in dimensions:
        kind = _NAMES.get(name)
        if kind is not None and value:
            return kind, token(value, 256)
    return None


def path_of(alarm: Alarm) -> tuple[str | None, bool]:
    """(id of the way out that a metric alarm's dimensions name, whether it looks at what leaves there).

    A metric outside AWS's own namespaces was made by the team: on a way out it counts.
    """
    named = subject(alarm.dimensions)
    if named is None:
        return None, False
    theirs = not alarm.namespace.startswith("AWS/")
    looks = bool(theirs or (_EGRESS.search(alarm.metric) and not _INWARD.search(alarm.metric)))
    return path_id(named[0], alarm.place, named[1]), looks


def children(rule: Untrusted | None) -> tuple[str, ...]:
    """Names of the alarms that a composite alarm's rule asks about (``ALARM("a") OR ALARM(arn…)``), once each."""
    if rule is None:
        return ()
    found = ((match[1] or match[2] or match[3]) for match in _CHILD.finditer(rule.raw()))
    return tuple(dict.fromkeys(name.rpartition(":alarm:")[2] or name for name in found))


def resource_arn(kind: PathKind, place: Place, resource: str) -> str:
    """The ARN of a way out, from what names it."""
    here, partition = f"{place.region}:{place.account}", partition_of(place.region)
    match kind:
        case PathKind.BUCKET:
            return f"arn:{partition}:s3:::{resource}"
        case PathKind.NAT:
            return f"arn:{partition}:ec2:{here}:natgateway/{resource}"
        case PathKind.INSTANCE:
            return f"arn:{partition}:ec2:{here}:instance/{resource}"
        case PathKind.VPC_ENDPOINT:
            return f"arn:{partition}:ec2:{here}:vpc-endpoint/{resource}"
        case PathKind.LOAD_BALANCER:
            return f"arn:{partition}:elasticloadbalancing:{here}:loadbalancer/{resource}"
        case PathKind.SAGEMAKER:
            return f"arn:{partition}:sagemaker:{here}:endpoint/{resource}"
        case PathKind.BEDROCK:
            return resource if resource.startswith("arn:") else f"arn:{partition}:bedrock:{here}:model/{resource}"

"""Ways by which data can leave, the alarms that watch them, and what their meters say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from socconsole.model.world import Place
from socconsole.text import Untrusted


class PathKind(StrEnum):
    NAT = "nat"
    INSTANCE = "instance"
    BUCKET = "bucket"
    VPC_ENDPOINT = "vpc_endpoint"
    LOAD_BALANCER = "load_balancer"
    SAGEMAKER = "sagemaker"
    BEDROCK = "bedrock"


class AlarmState(StrEnum):
    """CloudWatch's ``StateValue``."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def path_id(kind: PathKind, place: Place, resource: str) -> str:
    """Our stable id of a way out, known before it was discovered: an alarm's dimensions are enough."""
    name = "\x1f".join((kind.value, place.account, place.region, resource))
    return "p-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class EgressPath:
    """One way out: a NAT gateway, a bucket that holds declared data, an instance that faces the internet …

    ``id`` is ours and stable: ``p-`` and 12 hexadecimal digits of kind, account, region and resource.
    """

    id: str
    kind: PathKind
    place: Place
    resource: str
    """Token by which AWS's calls and metrics know it: ``nat-0a1…``, ``i-…``, a bucket's name."""
    name: Untrusted
    tags: tuple[tuple[Untrusted, Untrusted], ...] = ()
    owner: Untrusted | None = None
    dataset: str = ""
    """Name of the ``[[dataset]]`` that it holds or serves; empty where none is declared."""
    llm: bool = False
    """It carries what an LLM reads or says."""
    links: tuple[str, ...] = ()
    """Tokens of what it belongs to (VPC, subnets, role, interface, flow-log group): what findings may name."""
    dimensions: tuple[tuple[str, str], ...] = ()
    """Under which CloudWatch keeps its meter; empty where it has none (a bucket without request metrics)."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A CloudWatch alarm as last described; ``metrics`` says what it looks at."""

    arn: Untrusted
    name: Untrusted
    place: Place
    composite: bool
    state: AlarmState
    since: datetime | None
    """When the state last changed."""
    reason: Untrusted
    actions_enabled: bool
    actions: tuple[Untrusted, ...]
    """ARNs told when it goes to ALARM."""
    namespace: str = ""
    metric: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    statistic: str = ""
    period_s: int = 0
    evaluation_periods: int = 0
    datapoints: int = 0
    comparison: str = ""
    threshold: float | None = None
    """None for a composite alarm and for an anomaly band."""
    band: float | None = None
    """Standard deviations of an anomaly band."""
    missing_data: str = ""
    rule: Untrusted | None = None
    """A composite alarm's rule."""
    suppressor: Untrusted | None = None
    """Alarm that keeps a composite alarm from telling anybody while it is in ALARM itself: name or ARN."""
    configured: datetime | None = None
    """When it was last configured."""
    tags: tuple[tuple[Untrusted, Untrusted], ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """What to ask CloudWatch for: one metric of one path, one statistic, one period."""

    path: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int
    unit: str = "bytes"


@dataclass(frozen=True, slots=True)
class Sanity:
    """Whether an alarm would tell in time; ``why`` says it in numbers."""

    sane: bool | None
    """None: what it takes to judge is not there yet."""
    why: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Paths:
    """What a reading of one place found; only with ``complete`` is what it did not find gone."""

    place: Place
    paths: tuple[EgressPath, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Alarms:
    """What ``DescribeAlarms`` said of one place; only with ``complete`` is what it did not say gone."""

    place: Place
    alarms: tuple[Alarm, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """One entry of an alarm's history, or one event about it."""

    alarm: Alarm
    """The alarm as far as this record describes it; ``state`` is the one that it came to."""
    at: datetime
    kind: str
    """CloudWatch's ``HistoryItemType``: ``StateUpdate``, ``ConfigurationUpdate``, ``Action`` …"""
    summary: Untrusted
    body: bytes
    """The record as compact ASCII JSON, complete."""
    deleted: bool = False
    """The record says that the alarm is no more."""


@dataclass(frozen=True, slots=True)
class Points:
    """What CloudWatch said of one series between two instants: (begin of the period, value), oldest first."""

    series: Series
    points: tuple[tuple[datetime, float], ...]
    since: datetime
    complete_to: datetime | None
    """None: the answer was cut short, and the same span has to be read again."""


Listing = Paths | Alarms | Points
"""What a collector of ways out yields beside records: the present truth of a place or a series."""

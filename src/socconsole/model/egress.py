"""Ways by which data can leave, the alarms that watch them, and what their meters say."""

from __future__ import annotations

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

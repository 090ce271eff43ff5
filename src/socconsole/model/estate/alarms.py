"""Ways out of a place with the alarms that look at what leaves by them, as the store knows both; and who is told.

The first part is handed to the snapshot by the watch, whose other collectors find and measure the ways out
(``store.posture_known``); topics are asked for with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.egress import PathKind, Sanity
from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class EgressAlarm:
    """An alarm whose metric says something of what leaves."""

    arn: str
    name: Untrusted
    sanity: Sanity
    """Whether it would tell in time, judged over 14 days of its metric."""
    actions: tuple[str, ...]
    """ARNs, tokens, of what it tells when it goes to ALARM."""
    composite: bool
    unit: str
    """Of its threshold: ``bytes``, or empty."""
    threshold: float | None = None
    p99: float | None = None
    """Of its metric over 14 days."""
    takes_s: int = 0
    """Seconds from the first byte beyond the threshold until it tells, at the earliest."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way out."""

    arn: str
    kind: PathKind
    name: Untrusted
    llm: bool
    dataset: str
    """The declared dataset that it holds; empty for none."""
    measured: bool
    """CloudWatch has a meter for it."""
    alarms: tuple[EgressAlarm, ...]


@dataclass(frozen=True, slots=True)
class Alarms:
    paths: Read[tuple[Way, ...]]


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic that alarms tell."""

    arn: str
    confirmed: Read[int | None]
    """Subscriptions that somebody confirmed; None: there is no such topic."""


@dataclass(frozen=True, slots=True)
class Topics:
    topics: Read[tuple[Topic, ...]]

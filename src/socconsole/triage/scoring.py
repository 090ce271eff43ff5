"""Priority: a stored score from 0 to 100 with its reasons. It holds no clock; age only breaks ties.

What the team knows of its own estate comes in through :class:`Context`, made from the configuration and, for
alarms, by the store in the transaction in which an alarm opens or closes.
"""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from socconsole import text
from socconsole.model.finding import Kind, Priority, Reason, Resource, Severity
from socconsole.triage.marking import RULES, Mark, is_sequence, marks
from socconsole.triage.names import bare

HIGHEST: Final = 100

SEVERITY_POINTS: Final = {
    Severity.CRITICAL: 40,
    Severity.HIGH: 30,
    Severity.MEDIUM: 18,
    Severity.LOW: 8,
    Severity.INFO: 0,
}
MARK_POINTS: Final = (
    (Mark.EXFIL, 25, "exfil"),
    (Mark.CHANNEL, 12, "way out"),
    (Mark.LLM, 15, "LLM abuse"),
    (Mark.CREDENTIAL, 10, "credentials"),
    (Mark.UNDONE, 40, "containment undone"),
)
SEQUENCE_POINTS: Final = 20
CATEGORIES_POINTS: Final = 15
CONFIDENTIAL_POINTS: Final = 8
CRITICAL_RESOURCE_POINTS: Final = 8
ALARM_POINTS: Final = 14

_MARKED: Final = frozenset({Kind.THREAT, Kind.DATA, Kind.OTHER})
"""Kinds whose type says what happened; a control's or a vulnerability's says what could."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A store's content as the team declares it (``[[dataset]]`` in the configuration).

    ``stores`` are names, ids or ARNs of resources, with ``*`` and ``?``. ``categories`` name what the law or
    a contract cares about (``pii``, ``health`` …); empty for content nobody else could be hurt by.
    """

    name: str
    stores: tuple[str, ...]
    categories: tuple[str, ...] = ()
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What the score takes from outside the finding. All patterns are as in ``Dataset.stores``."""

    datasets: tuple[Dataset, ...] = ()
    critical: tuple[str, ...] = ()
    alarmed: tuple[str, ...] = ()
    """Resources on whose egress path an alarm is open."""


def scoring_digest(context: Context) -> str:
    """Names what scores are made of, estate and weights: a score of another digest may be another score."""
    weights = (
        SEVERITY_POINTS, MARK_POINTS, SEQUENCE_POINTS, CATEGORIES_POINTS, CONFIDENTIAL_POINTS, CRITICAL_RESOURCE_POINTS,
        ALARM_POINTS, HIGHEST, sorted(_MARKED), RULES,
    )  # fmt: skip
    return hashlib.sha256(repr((context, weights)).encode()).hexdigest()[:32]


@functools.lru_cache(4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.lower()))


def touches(resources: Iterable[Resource], patterns: Sequence[str]) -> bool:
    """Whether any resource, by full id, bare id or name, fits any pattern. Case does not matter."""
    if not patterns:
        return False
    for resource in resources:
        full = resource.id.raw().lower()
        names = {full, bare(full)}
        if resource.name is not None:
            names.add(resource.name.raw().lower())
        for pattern in patterns:
            if any(_pattern(pattern).match(name) for name in names):
                return True
    return False


def datasets(resources: Sequence[Resource], context: Context) -> tuple[Dataset, ...]:
    """The declared datasets that a finding's resources hold."""
    return tuple(each for each in context.datasets if touches(resources, each.stores))


def priority(
    kind: Kind,
    severity: Severity,
    types: Sequence[str],
    resources: Sequence[Resource],
    signals: Sequence[str],
    context: Context,
) -> Priority:
    """The score and its addends, strongest first. The addends always add up to the score."""
    reasons = [Reason(SEVERITY_POINTS[severity], severity.name.lower())]
    if kind in _MARKED:
        found = marks(types)
        reasons += [
            Reason(points, why)
            for mark, points, why in MARK_POINTS
            if mark in found and not (mark is Mark.CHANNEL and Mark.EXFIL in found)
        ]
        if is_sequence(types, signals):
            reasons.append(Reason(SEQUENCE_POINTS, "attack sequence"))
    reasons += _estate(resources, context)
    total = sum(each.points for each in reasons)
    reasons = sorted((each for each in reasons if each.points), key=lambda each: -each.points)
    if total > HIGHEST:
        reasons.append(Reason(HIGHEST - total, f"at most {HIGHEST}"))
    return Priority(min(total, HIGHEST), tuple(reasons))


def _estate(resources: Sequence[Resource], context: Context) -> list[Reason]:
    reasons: list[Reason] = []
    held = datasets(resources, context)
    categories = sorted({text.token(name) for each in held for name in each.categories})
    if categories:
        reasons.append(Reason(CATEGORIES_POINTS, ", ".join(categories)))
    elif any(each.confidential for each in held):
        reasons.append(Reason(CONFIDENTIAL_POINTS, "confidential"))
    if touches(resources, context.critical):
        reasons.append(Reason(CRITICAL_RESOURCE_POINTS, "critical resource"))
    if touches(resources, context.alarmed):
        reasons.append(Reason(ALARM_POINTS, "alarm"))
    return reasons

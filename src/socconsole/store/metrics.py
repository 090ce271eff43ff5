"""How long it took: to detect, acknowledge, contain, resolve and close, with how many it is about. Pure.

In a period stands what came to its end in it, and whatever still waits when it ends, however long it has: what is slow
is not left out because it is not done. Durations are µs.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from socconsole.model.finding import Severity

FEW: Final = 5
"""Below this many, values are listed: percentiles of fewer say nothing."""
TARGET: Final = timedelta(minutes=15)
"""The dossier's for detection, and the team's own for somebody to look (``clocks/regimes/team.toml``)."""

UNTOLD: Final = "not told"
"""The group of those whose severity or source no entry tells."""


class Name(StrEnum):
    DETECT = "detect"
    ACKNOWLEDGE = "acknowledge"
    CONTAIN = "contain"
    RESOLVE = "resolve"
    CLOSE = "close"


DEFINITIONS: Final = {
    Name.DETECT: "happened → first seen by us. Happened by the clock of whoever recorded it, seen by ours",
    Name.ACKNOWLEDGE: "first seen by us → first acknowledged, claimed, judged, put into a case or contained by anybody",
    Name.CONTAIN: "first seen by us → first containment read back as applied, of findings that one was ordered for",
    Name.RESOLVE: "first seen by us → first verdict, or archived, suppressed or resolved in AWS, whichever was first",
    Name.CLOSE: "case opened → case closed",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One finding or case under one metric: how long it took, or that it waits. ``apart`` says why it does neither."""

    group: tuple[str, str]
    """(severity, sources); a case has no sources."""
    took: int | None = None
    open: bool = False
    age: int | None = None
    """How long it has waited so far, or had when something else ended it; None where nobody can tell."""
    snoozed: bool = False
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A group of them. ``took`` and ``waiting`` are sorted; ``waiting`` are the ages of those still open."""

    took: tuple[int, ...]
    waiting: tuple[int, ...]
    ageless: int
    """Still open, and nobody can tell for how long."""
    snoozed: int
    """Of those still open."""
    apart: Counter[str]
    """Neither measured nor open, by why."""
    waited: tuple[int, ...] = ()
    """How long those of ``apart`` had waited that something else ended, sorted."""

    @property
    def n(self) -> int:
        return len(self.took)

    @property
    def open(self) -> int:
        return len(self.waiting) + self.ageless

    @property
    def below_zero(self) -> int:
        """How many ended before they began, by two clocks that disagree: their value stands as it is."""
        return sum(value < 0 for value in self.took)

    @property
    def median(self) -> float | None:
        """The middle one, or the mean of the two; None for fewer than ``FEW``."""
        return statistics.median(self.took) if self.n >= FEW else None

    @property
    def p90(self) -> int | None:
        """The smallest that nine of ten do not exceed (nearest rank); None for fewer than ``FEW``."""
        return self.took[math.ceil(self.n * 0.9) - 1] if self.n >= FEW else None


@dataclass(frozen=True, slots=True)
class Metric:
    name: Name
    whole: Measure
    by_severity: dict[str, Measure] = field(default_factory=dict)
    """The worst first; ``UNTOLD`` last."""
    by_source: dict[str, Measure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """How many kept within a limit. Those that cannot be told are neither."""

    name: Name
    limit: timedelta
    met: int
    missed: int
    """Took longer, wait for longer already, or had when something else ended them."""
    undecided: int
    """Wait, and may still make it."""
    unknown: int
    """Cannot be told: below zero, or without the moments it takes."""
    beside: int | None = 0
    """Wait in the store, and no entry need know of them; None where the store cannot tell."""
    strange: int = 0
    """Entries of the ledger that could not be understood: any of them may be of one that did not keep it."""

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, or ``unknown``: something is undecided, cannot be told, not on the ledger or there not
        understood, or nothing is there at all."""
        if self.missed:
            return "not met"
        doubt = self.undecided or self.unknown or self.strange or self.beside is None or self.beside
        return "met" if self.met and not doubt else "unknown"


UNMEASURABLE: Final = "not measurable: no entry tells when"
"""Why something that a metric is about is not in it: the entries it would take were made before they told."""


def target(metric: Metric, limit: timedelta = TARGET, beside: int | None = 0, strange: int = 0) -> Target:
    """How many kept within ``limit``; ``beside`` and ``strange`` as the target has them."""
    most = limit // timedelta(microseconds=1)
    whole = metric.whole
    late = sum(age > most for age in whole.waiting)
    ended_late = sum(age > most for age in whole.waited)
    return Target(
        name=metric.name,
        limit=limit,
        met=sum(0 <= value <= most for value in whole.took),
        missed=sum(value > most for value in whole.took) + late + ended_late,
        undecided=len(whole.waiting) - late,
        unknown=whole.below_zero + whole.ageless + whole.apart[UNMEASURABLE],
        beside=beside,
        strange=strange,
    )


# --- many -------------------------------------------------------------------------------------------------------

_WORST_FIRST: Final = {one.name: -one.value for one in Severity}


def metric(name: Name, items: Sequence[Item]) -> Metric:
    severities: dict[str, list[Item]] = {}
    sources: dict[str, list[Item]] = {}
    for item in items:
        severity, source = item.group
        severities.setdefault(severity, []).append(item)
        if source:
            sources.setdefault(source, []).append(item)
    return Metric(
        name,
        _summed(items),
        {key: _summed(severities[key]) for key in sorted(severities, key=lambda one: _WORST_FIRST.get(one, 1))},
        {key: _summed(sources[key]) for key in sorted(sources, key=lambda one: (one == UNTOLD, one))},
    )


def _summed(items: Sequence[Item]) -> Measure:
    waiting = [item for item in items if item.open]
    return Measure(
        took=tuple(sorted(item.took for item in items if item.took is not None)),
        waiting=tuple(sorted(item.age for item in waiting if item.age is not None)),
        ageless=sum(item.age is None for item in waiting),
        snoozed=sum(item.snoozed for item in waiting),
        apart=Counter(item.apart for item in items if item.apart),
        waited=tuple(sorted(item.age for item in items if item.apart and item.age is not None)),
    )

"""Medians, tails, and how sure they are: percentile bootstrap, paired where the rounds were."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

RESAMPLES: Final = 2_000
CONFIDENCE: Final = 0.95

Statistic = Callable[[Sequence[float]], float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours over the peer's (or the limit's), with the interval its bootstrap gives."""

    mid: float
    low: float
    high: float


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


def percentile(values: Sequence[float], rank: float) -> float:
    """``rank`` from 0 to 100, interpolated linearly; ``ValueError`` when there is nothing."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    at = rank / 100 * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def p99(values: Sequence[float]) -> float:
    return percentile(values, 99)


def paired_ratio(ours: Sequence[float], peer: Sequence[float]) -> Ratio:
    """Median over median of rounds that were run one beside the other: whole rounds are resampled."""
    if len(ours) != len(peer):
        raise ValueError(f"{len(ours)} rounds of ours, {len(peer)} of the peer")
    rng = random.Random(0)
    count = len(ours)
    drawn = []
    for _ in range(RESAMPLES):
        picked = [rng.randrange(count) for _ in range(count)]
        drawn.append(_over(median([ours[i] for i in picked]), median([peer[i] for i in picked])))
    return _interval(_over(median(ours), median(peer)), drawn)


def ratio(ours: Sequence[float], peer: Sequence[float] | float, statistic: Statistic = median) -> Ratio:
    """Statistic over statistic of two sets of single measurements, or over a fixed limit."""
    rng = random.Random(0)
    drawn = [
        _over(statistic(_resample(rng, ours)), peer if isinstance(peer, float) else statistic(_resample(rng, peer)))
        for _ in range(RESAMPLES)
    ]
    return _interval(_over(statistic(ours), peer if isinstance(peer, float) else statistic(peer)), drawn)


def _resample(rng: random.Random, values: Sequence[float]) -> list[float]:
    return rng.choices(values, k=len(values))


def _over(ours: float, peer: float) -> float:
    return ours / peer if peer else float("inf")


def _interval(mid: float, drawn: Sequence[float]) -> Ratio:
    tail = (1 - CONFIDENCE) / 2 * 100
    return Ratio(mid, percentile(drawn, tail), percentile(drawn, 100 - tail))

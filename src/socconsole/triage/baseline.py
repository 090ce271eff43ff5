"""What is usual on a meter, from its own points. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SPAN: Final = timedelta(days=14)
"""How far back usual is looked for."""

ENOUGH: Final = timedelta(hours=24)
"""Less than a day says nothing of what a day is like."""

FACTOR: Final = 3.0
"""More than this many times the p99 is unusual (reference: egress alarms at 3 × p99 of 14 days)."""


FEW: Final = 48
"""Fewer points than four hours' worth of five minutes say nothing of what is usual, however far apart they are."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """``p99``: the smallest value that 99 of 100 points do not exceed. ``span``: from first to last point."""

    p99: float
    highest: float
    count: int
    span: timedelta

    @property
    def enough(self) -> bool:
        return self.span >= ENOUGH

    def unusual(self, value: float) -> bool:
        """Whether a value of the same period stands out."""
        return self.enough and value > FACTOR * self.p99 and value > 0


def baseline(points: Sequence[tuple[datetime, float]]) -> Baseline | None:
    """Of (instant, value), oldest first, by nearest rank; None where there are none."""
    if not points:
        return None
    values = sorted(value for _, value in points)
    rank = max(1, math.ceil(0.99 * len(values)))
    return Baseline(values[rank - 1], values[-1], len(values), points[-1][0] - points[0][0])


def typical(points: Sequence[tuple[datetime, float]]) -> float | None:
    """The median of (instant, value), oldest first; None where they are too few or too close together to tell.

    Not the p99: what has left for four hours would be in that already.
    """
    if len(points) < FEW or points[-1][0] - points[0][0] < ENOUGH:
        return None
    return sorted(value for _, value in points)[(len(points) - 1) // 2]

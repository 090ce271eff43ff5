"""Statistics of samples over periods, as CloudWatch names them.

A percentile lies between the two values nearest to its rank, in proportion (CloudWatch does not say how it
interpolates). As on AWS there is none where only the sum of several different values was put.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from socconsole.drill.metrics import Sample

_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_PLAIN: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def known(stat: str) -> bool:
    """Whether it is one that we compute: the five plain ones and percentiles, ``p99`` or ``p99.9``."""
    return stat in _PLAIN or _PERCENTILE.fullmatch(stat) is not None


def periods(samples: Sequence[Sample], origin: int, period: int) -> dict[int, list[Sample]]:
    """Begin of each period that has samples → them; periods are counted from ``origin`` (seconds since 1970)."""
    found: dict[int, list[Sample]] = {}
    for one in samples:
        found.setdefault(one.at - (one.at - origin) % period, []).append(one)
    return found


def statistic(stat: str, samples: Sequence[Sample]) -> float | None:
    """One statistic of samples; None for no samples, or a percentile that they do not tell."""
    count = sum(one.number for one in samples)
    if not samples or not count:
        return None
    match stat:
        case "SampleCount":
            return count
        case "Sum":
            return sum(one.total for one in samples)
        case "Average":
            return sum(one.total for one in samples) / count
        case "Minimum":
            return min(one.low for one in samples)
        case "Maximum":
            return max(one.high for one in samples)
    found = _PERCENTILE.fullmatch(stat)
    if found is None or any(one.low != one.high for one in samples):
        return None
    return _at_rank(sorted((one.low, one.number) for one in samples), float(found[1]) / 100 * (count - 1))


def _at_rank(values: Sequence[tuple[float, float]], rank: float) -> float:
    """The value at a rank (0 is the least) of values that each occur a number of times."""
    seen = 0.0
    for number, (value, count) in enumerate(values):
        seen += count
        if rank <= seen - 1 or number == len(values) - 1:
            return value
        if rank < seen:
            return value + (values[number + 1][0] - value) * (rank - (seen - 1))
    raise ValueError("a rank of nothing")

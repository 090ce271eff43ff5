"""What an alarm's datapoints say: its state, and the words and numbers in which CloudWatch gives the reason.

Pure. Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data"; the tests hold its tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

EXTRA: Final = 2
"""Periods before the evaluated ones that are read too: a late datapoint need not make an alarm guess."""

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"

_SAYS: Final = {
    "GreaterThanThreshold": "greater than the threshold",
    "GreaterThanOrEqualToThreshold": "greater than or equal to the threshold",
    "LessThanThreshold": "less than the threshold",
    "LessThanOrEqualToThreshold": "less than or equal to the threshold",
    "GreaterThanUpperThreshold": "greater than the upper threshold",
    "LessThanLowerThreshold": "less than the lower threshold",
    "LessThanLowerOrGreaterThanUpperThreshold": "outside the band",
}
COMPARISONS: Final = tuple(_SAYS)
BANDS: Final = tuple(name for name in _SAYS if "Upper" in name or "Lower" in name)
MISSING: Final = {"missing": "Missing", "ignore": "Ignore", "breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True, slots=True)
class Point:
    """One period: its begin (seconds since 1970), its value, and the limits that held for it."""

    at: int
    value: float
    upper: float
    lower: float


@dataclass(frozen=True, slots=True)
class Verdict:
    state: str
    reason: str
    data: dict[str, Any]


def breaches(point: Point, comparison: str) -> bool:
    """Whether a point is on the wrong side."""
    match comparison:
        case "GreaterThanThreshold" | "GreaterThanUpperThreshold":
            return point.value > point.upper
        case "GreaterThanOrEqualToThreshold":
            return point.value >= point.upper
        case "LessThanThreshold" | "LessThanLowerThreshold":
            return point.value < point.lower
        case "LessThanOrEqualToThreshold":
            return point.value <= point.lower
    return point.value > point.upper or point.value < point.lower


def state_of(wrong: Sequence[bool | None], wanted: int, needed: int, missing: str, now: str) -> str:
    """The state after periods in the order of time, the last ``EXTRA`` + ``wanted`` of them; None is a missing one.

    ``needed`` of the newest ``wanted`` that have data make an alarm. Only where there are fewer with data than
    ``wanted`` does it matter how missing ones are treated.
    """
    real = [one for one in wrong if one is not None][-wanted:]
    holes, bad = wanted - len(real), sum(real)
    if bad >= needed:
        return ALARM
    match missing:
        case "breaching":
            return ALARM if bad + holes >= needed else OK
        case "notBreaching":
            return OK
    if not real:
        return now if missing == "ignore" else UNKNOWN
    if holes and bad == len(real):  # nothing says that it is well
        return now if missing == "ignore" else ALARM
    return OK


def judge(
    points: Sequence[Point | None],
    *,
    comparison: str,
    wanted: int,
    needed: int,
    missing: str,
    now: str,
    facts: dict[str, Any],
) -> Verdict:
    """``facts`` are what the reason's data begin with: date of the query, statistic, period, threshold."""
    wrong = [None if one is None else breaches(one, comparison) for one in points]
    state = state_of(wrong, wanted, needed, missing, now)
    real = [one for one in points if one is not None][-wanted:]
    bad = [one for one in real if breaches(one, comparison)]
    data = dict(facts)
    if real:
        data["startDate"] = dated(real[0].at)
    data["recentDatapoints"] = [one.value for one in real]
    if comparison in BANDS:
        data["recentLowerThresholds"] = [one.lower for one in real]
        data["recentUpperThresholds"] = [one.upper for one in real]
    data["evaluatedDatapoints"] = [{"timestamp": dated(one.at), "value": one.value} for one in reversed(real)]
    if state == UNKNOWN:
        return Verdict(state, f"Insufficient Data: {_count(wanted)} unknown.", data)
    if not real:
        treated = MISSING[missing]
        return Verdict(
            state,
            f"Threshold Crossed: no datapoints were received for {wanted} period{'s' * (wanted > 1)} and "
            f"{wanted} missing datapoint{'s were' if wanted > 1 else ' was'} treated as [{treated}].",
            data,
        )
    told = bad if state == ALARM else [one for one in real if one not in bad]
    limits = sorted({one.lower if comparison.startswith("Less") else one.upper for one in told or real})
    shown = ", ".join(f"{java(one.value)} ({datetime.fromtimestamp(one.at, UTC):%d/%m/%y %H:%M:%S})" for one in told)
    verb = "was" if len(told) == 1 else "were"
    is_not = "" if state == ALARM else "not "
    return Verdict(
        state,
        f"Threshold Crossed: {len(told)} out of the last {wanted} datapoints [{shown}] {verb} {is_not}"
        f"{_SAYS[comparison]} ({', '.join(java(one) for one in limits)}) (minimum "
        f"{_least(needed if state == ALARM else wanted - needed + 1)} for "
        f"{'OK -> ALARM' if state == ALARM else 'ALARM -> OK'} transition).",
        data,
    )


def _count(number: int) -> str:
    return "1 datapoint was" if number == 1 else f"{number} datapoints were"


def _least(number: int) -> str:
    return f"{number} datapoint{'s' * (number > 1)}"


def dated(moment: float | datetime) -> str:
    """``2026-11-23T17:04:40.000+0000``, as these texts write a date."""
    when = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    when = when.astimezone(UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}+0000"


def java(number: float) -> str:
    """A double as CloudWatch's texts show it: ``50.0``, ``6.7108864E7``."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(float(number))
    mantissa, exponent = f"{float(number):.16e}".split("e")
    digits = repr(float(mantissa)) if float(f"{float(mantissa)!r}e{exponent}") == number else mantissa
    return f"{digits}E{int(exponent)}"


def compact(value: Any) -> str:
    """JSON as CloudWatch writes it into its texts."""
    return json.dumps(value, separators=(",", ":"))

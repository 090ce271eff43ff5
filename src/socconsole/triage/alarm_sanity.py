"""Would this alarm tell in time? Posture checks ALM-01 and ALM-02 for one alarm at a time. Pure.

Only an alarm that looks at what leaves is judged. Every reason says its numbers, because somebody has to change them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from socconsole.model.egress import Alarm, AlarmState, Sanity
from socconsole.text import clean
from socconsole.triage.amounts import amount
from socconsole.triage.baseline import FACTOR, SPAN, Baseline
from socconsole.triage.ways_out import children

IN_TIME: Final = timedelta(minutes=15)
"""Longest evaluation: from event to eye for critical data."""

MUTE: Final = timedelta(hours=24)
"""INSUFFICIENT_DATA for longer is an alarm that measures nothing."""

NOISY: Final = 0.05
"""Share of periods beyond the threshold from which nobody looks any more."""

WIDE_BAND: Final = 6.0
"""Standard deviations of an anomaly band that hardly anything leaves."""

FLOOR_BYTES_S: Final = 2**30 / 300
"""A threshold of 1 GiB in five minutes is sane on however quiet a path: less would ring for every backup."""

NAT_BYTES_S: Final = 100e9 / 8
"""What a NAT gateway carries at most: 100 Gbit/s (VPC User Guide, "NAT gateway basics")."""

_ABOVE: Final = ("GreaterThan", "LessThanLowerOrGreaterThanUpper")
# What CloudWatch has a datapoint of in every period: silence there is no quiet path but a blind meter.
_STEADY: Final = frozenset({("AWS/NATGateway", "BytesOutToDestination"), ("AWS/EC2", "NetworkOut")})
# A composite alarm's rule that rings whenever one of its children does: whatever else it says may silence it.
_ANY: Final = re.compile(r"""(?:[\s()]|\bOR\b|\bALARM\s*\(\s*(?:"[^"]+"|'[^']+'|[^"'()\s]+)\s*\))*""")
# What tells how many talk, not how much leaves: one connection carries whatever it likes.
_TALKERS: Final = re.compile(r"Connection|Flow")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an alarm is judged by, besides what it says itself."""

    egress: bool
    """It looks at what leaves."""
    gone: str = ""
    """The resource that its dimensions name, when AWS no longer has that."""
    usual: Baseline | None = None
    """Of its own metric, statistic and period; None where nothing was read, or there is none (metric math)."""
    beyond: float = 0.0
    """Share of those periods that its threshold would have called unusual."""
    children: tuple[tuple[str, Sanity], ...] = ()
    """Of a composite alarm: name and sanity of each."""


def judge(alarm: Alarm, facts: Facts, now: datetime) -> Sanity:
    """Sane, not sane with every reason, or None with what it takes to judge."""
    if not facts.egress:
        return Sanity(None, ("looks at nothing that leaves: not judged",))
    faults = [f"{facts.gone} is gone: it measures nothing"] if facts.gone else []
    faults += [*_told(alarm), *_state(alarm, now)]
    if alarm.composite:
        return _composite(alarm, facts, faults)
    faults += _timing(alarm)
    faults += _threshold(alarm, facts)
    if faults:
        return Sanity(False, tuple(faults))
    return _known(alarm, facts)


def _composite(alarm: Alarm, facts: Facts, faults: Sequence[str]) -> Sanity:
    """As sane as its children where it rings with any of them; not known where its rule or one of them is in doubt."""
    doubts = [f"{clean(alarm.suppressor, 80)} keeps it from telling anybody"] if alarm.suppressor is not None else []
    if alarm.rule is None or not _ANY.fullmatch(alarm.rule.raw()):
        doubts.append("its rule is more than any of its children: whether it tells is not judged")
    known = [sanity.sane for _, sanity in facts.children]
    if len(known) < max(1, len(children(alarm.rule))):
        doubts.append("its children are not known" if not known else "not all of its children are known")
    below = [f"{name}: {sanity.why[0]}" for name, sanity in facts.children if sanity.why and not sanity.sane]
    if faults or (not doubts and not any(sane is not False for sane in known)):
        return Sanity(False, (*faults, *doubts, *below))
    return Sanity(None, (*doubts, *below)) if doubts or not all(known) else Sanity(True)


def _told(alarm: Alarm) -> Iterator[str]:
    if not alarm.actions_enabled:
        yield "its actions are disabled: nobody is told"
    elif not alarm.actions:
        yield "it has no action: nobody is told"


def _state(alarm: Alarm, now: datetime) -> Iterator[str]:
    since = alarm.since
    if alarm.state is AlarmState.INSUFFICIENT_DATA and since is not None and now - since > MUTE:
        yield f"INSUFFICIENT_DATA for {_long(now - since)}"


def _timing(alarm: Alarm) -> Iterator[str]:
    points = alarm.datapoints or alarm.evaluation_periods or 1
    takes = timedelta(seconds=alarm.period_s * points)
    if takes > IN_TIME:
        yield (
            f"{points} x {_long(timedelta(seconds=alarm.period_s))}: tells after {_long(takes)} at the earliest, "
            f"{_long(IN_TIME)} are allowed"
        )
    if alarm.missing_data == "notBreaching" and (alarm.namespace, alarm.metric) in _STEADY:
        yield "missing data count as fine on a metric that always has data: OK is also what it says when blind"
    if alarm.missing_data == "ignore" and (alarm.namespace, alarm.metric) in _STEADY:
        yield "missing data are ignored on a metric that always has data: it keeps its state when blind"
    if alarm.comparison and not alarm.comparison.startswith(_ABOVE):
        yield f"{alarm.comparison}: tells when less leaves, not when more does"


def _threshold(alarm: Alarm, facts: Facts) -> Iterator[str]:
    if alarm.band is not None:
        if alarm.band > WIDE_BAND:
            yield f"a band of {alarm.band:g} standard deviations: hardly anything leaves it"
        return
    limit, usual, unit = alarm.threshold, facts.usual, unit_of(alarm)
    if limit is None or not alarm.comparison.startswith(_ABOVE):
        return
    if alarm.namespace == "AWS/NATGateway" and alarm.statistic == "Sum" and unit == "bytes":
        most = NAT_BYTES_S * alarm.period_s
        if limit > most:
            carried = amount(most, unit)
            yield f"never fires: threshold {amount(limit, unit)}, a NAT gateway carries {carried} a period"
            return
    if usual is None or not usual.enough:
        return
    if facts.beyond > NOISY:
        yield (
            f"always fires: {facts.beyond:.0%} of {usual.count:,} periods in {SPAN.days} days were beyond the "
            f"threshold {amount(limit, unit)}"
        )
    allowed = _allowed(alarm, usual)
    if allowed and limit > allowed:
        times = f", {limit / usual.p99:,.0f} times that" if usual.p99 else ""
        yield (
            f"never fires: p99 of {SPAN.days} days is {amount(usual.p99, unit)}, the threshold "
            f"{amount(limit, unit)}{times}; at most {amount(allowed, unit)} is sane"
        )


def _known(alarm: Alarm, facts: Facts) -> Sanity:
    """No fault was found: whether enough is known to say so."""
    if not alarm.metric or not alarm.period_s:
        return Sanity(None, ("compares an expression: its data are not judged",))
    if alarm.period_s < 60:
        return Sanity(None, (f"periods of {alarm.period_s} s: CloudWatch keeps those for 3 hours only",))
    if not unit_of(alarm) and _TALKERS.search(alarm.metric):
        return Sanity(None, (f"{alarm.metric} tells how many connect, not how much leaves",))
    if facts.usual is None:
        return Sanity(None, ("no data of its metric were read yet",))
    if not facts.usual.enough:
        return Sanity(None, (f"only {_long(facts.usual.span)} of its metric were read: a day is the least",))
    if alarm.band is None and not _allowed(alarm, facts.usual):
        return Sanity(None, (f"its p99 of {SPAN.days} days is 0: no threshold can be judged by it",))
    return Sanity(True)


def _allowed(alarm: Alarm, usual: Baseline) -> float:
    """The highest threshold that is sane; 0 where nothing says which."""
    floor = FLOOR_BYTES_S * alarm.period_s if unit_of(alarm) == "bytes" and alarm.statistic == "Sum" else 0.0
    return max(FACTOR * usual.p99, floor)


def share_beyond(alarm: Alarm, points: Sequence[tuple[datetime, float]]) -> float:
    """Share of points that an alarm's comparison with its threshold calls breaching; 0 where it has no threshold."""
    if alarm.threshold is None or not points or not alarm.comparison.startswith("GreaterThan"):
        return 0.0
    equal = alarm.comparison.startswith("GreaterThanOrEqual")
    return sum(v > alarm.threshold or (equal and v == alarm.threshold) for _, v in points) / len(points)


def unit_of(alarm: Alarm) -> str:
    """What an alarm's metric counts: ``bytes``, or nothing that is worth saying."""
    return "bytes" if "Bytes" in alarm.metric or alarm.metric in ("NetworkOut", "NetworkIn") else ""


def _long(span: timedelta) -> str:
    seconds = span.total_seconds()
    if seconds >= 48 * 3600:
        return f"{seconds / 86400:.0f} d"
    if seconds >= 120 * 60:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"

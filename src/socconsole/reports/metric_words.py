"""Metrics in words, the same in a report, in the handoff and on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from socconsole.store.instants import micros
from socconsole.store.metrics import Measure


def row(name: str, one: Measure) -> tuple[str, str, str, str, str]:
    """One group: of what, how many of how many, how long, what is open, what is not in it."""
    return name, f"{one.n:,} of {one.n + one.open:,}", lengths(one), still_open(one), apart(one)


def brief(one: Measure) -> str:
    """A measure in one line."""
    not_in_it = f"; {sum(one.apart.values()):,} not in it" if one.apart else ""
    still = f"; {', '.join([f'{one.open:,} still open', *_waits(one)])}" if one.open else ""
    return f"{one.n:,} of {one.n + one.open:,}: {lengths(one)}{still}{not_in_it}"


def lengths(one: Measure) -> str:
    """How long it took: every value of a few, else median, p90 and longest."""
    if one.median is None or one.p90 is None:
        return ", ".join(span(value) for value in one.took) or "nothing measured"
    return f"median {span(one.median)}, p90 {span(one.p90)}, max {span(one.took[-1])}"


def still_open(one: Measure) -> str:
    """What waits yet, and for how long."""
    return ", ".join([f"{one.open:,}", *_waits(one)]) if one.open else "none"


def _waits(one: Measure) -> Iterator[str]:
    if one.waiting:
        yield f"oldest {span(one.waiting[-1])}"
    if one.ageless:
        yield f"{one.ageless:,} for nobody knows how long"
    if one.snoozed:
        yield f"{one.snoozed:,} snoozed"


def apart(one: Measure) -> str:
    """What is neither done nor open, by why, and how long the longest of it had waited."""
    why = "; ".join(f"{n:,} {each}" for each, n in sorted(one.apart.items()))
    return f"{why}; waited up to {span(one.waited[-1])}" if one.waited else why or "none"


def not_understood(count: int) -> str:
    """What follows from entries that could not be read; empty where there are none."""
    entries = f"{count:,} {'entry' if count == 1 else 'entries'}"
    return (
        f"{entries} could not be understood, and are in no metric: whether a target was met is unknown" if count else ""
    )


def waits(told: tuple[int, datetime | None], now: datetime) -> str:
    """What the store says of threats that nobody acknowledged."""
    count, first = told
    oldest = f", the oldest seen {span(micros(now) - micros(first))} ago" if first else ""
    return f"{count:,} unacknowledged threats{oldest}"


def span(value: float) -> str:
    """µs as a person says them: two units, and below zero with its sign."""
    sign, seconds = ("−" if value < 0 else ""), abs(value) / 1e6
    if seconds < 9.95:
        return f"{sign}{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{sign}{whole} s"
    if whole < 3_600:
        return f"{sign}{whole // 60} min {whole % 60:02} s"
    if whole < 48 * 3_600:
        return f"{sign}{whole // 3_600} h {whole % 3_600 // 60:02} min"
    return f"{sign}{whole // 86_400:,} d {whole % 86_400 // 3_600} h"

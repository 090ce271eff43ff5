"""Correlations: a timespan slid over events, group by group. Pure; one pass over events in their order.

It is driven by what is new: a window counts only if an event of this pass stands in it. So a late event finds those
that came before it, however late it is, and nothing fires twice for the same events.
"""

from __future__ import annotations

import operator
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from socconsole.rules.fields import number
from socconsole.rules.rule import Correlate, Correlation

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}
_SECOND: Final = 1_000_000

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that one of the correlation's parts fits. ``at`` in microseconds."""

    n: int
    at: int
    part: int
    group: tuple[str, ...]
    """Empty text is a value; a record without the field is no part of any group and does not come here."""
    value: str | None = None


class _Measure(Protocol):
    """What a window holds, kept as events enter and leave it."""

    def add(self, event: Seen) -> None: ...

    def remove(self, event: Seen) -> None: ...

    def now(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Fired:
    """A group whose windows hold what the rule waits for, and the events in them, in the order of time."""

    group: tuple[str, ...]
    events: tuple[int, ...]


def correlate(rule: Correlation, seen: Iterable[Seen], new: Collection[int]) -> list[Fired]:
    """What fires. ``seen`` in any order; ``new`` are the events of this pass."""
    groups: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for each in seen:
        groups[tuple(name.lower() for name in each.group)].append(each)
    fired = []
    for events in groups.values():
        if any(each.n in new for each in events):
            events.sort(key=lambda each: (each.at, each.part, each.n))
            found = _windows(rule, events, new)
            if found:
                fired.append(Fired(events[0].group, tuple(dict.fromkeys(events[i].n for i in found))))
    return fired


def _windows(rule: Correlation, events: Sequence[Seen], new: Collection[int]) -> list[int]:
    """The places of all events in windows that fit and hold something new."""
    measure = _MEASURES[rule.kind](rule)
    holds = _COMPARE[rule.compare]
    span = rule.span_s * _SECOND
    left = taken = fresh = 0
    inside: list[int] = []
    for right, event in enumerate(events):
        measure.add(event)
        fresh += event.n in new
        while events[left].at < event.at - span:
            measure.remove(events[left])
            fresh -= events[left].n in new
            left += 1
        if fresh and holds(measure.now(), rule.limit):
            inside += range(max(left, taken), right + 1)
            taken = right + 1
    return inside


class _Events:
    def __init__(self, rule: Correlation) -> None:
        self._count: Counter[int] = Counter()

    def add(self, event: Seen) -> None:
        self._count[event.n] += 1

    def remove(self, event: Seen) -> None:
        _less(self._count, event.n)

    def now(self) -> float:
        return len(self._count)


class _Values:
    def __init__(self, rule: Correlation) -> None:
        self._count: Counter[str] = Counter()

    def add(self, event: Seen) -> None:
        if event.value is not None:
            self._count[event.value.lower()] += 1

    def remove(self, event: Seen) -> None:
        if event.value is not None:
            _less(self._count, event.value.lower())

    def now(self) -> float:
        return len(self._count)


class _Sum:
    def __init__(self, rule: Correlation) -> None:
        self._sum = 0.0

    def add(self, event: Seen) -> None:
        self._sum += number(event.value) or 0.0

    def remove(self, event: Seen) -> None:
        self._sum -= number(event.value) or 0.0

    def now(self) -> float:
        return self._sum


class _Parts:
    def __init__(self, rule: Correlation) -> None:
        self._count: Counter[int] = Counter()

    def add(self, event: Seen) -> None:
        self._count[event.part] += 1

    def remove(self, event: Seen) -> None:
        _less(self._count, event.part)

    def now(self) -> float:
        return len(self._count)


class _Ordered:
    """How many of the parts came one after the other. CloudTrail's clock has whole seconds: events of the same second
    count as in order. For each part it is enough to know the latest moment at which a chain up to it began."""

    def __init__(self, rule: Correlation) -> None:
        self._span = rule.span_s * _SECOND
        self._began: list[int | None] = [None] * len(rule.parts)
        self._at = 0

    def add(self, event: Seen) -> None:
        self._at = event.at
        if event.part == 0:
            self._began[0] = event.at
        elif (before := self._began[event.part - 1]) is not None:
            self._began[event.part] = max(before, self._began[event.part] or before)

    def remove(self, event: Seen) -> None:
        """A chain that began too early is told by its beginning."""

    def now(self) -> float:
        length = 0
        for began in self._began:
            if began is None or began < self._at - self._span:
                break
            length += 1
        return length


def _less(count: Counter[K], key: K) -> None:
    count[key] -= 1
    if not count[key]:
        del count[key]


_MEASURES: Final[Mapping[Correlate, Callable[[Correlation], _Measure]]] = {
    Correlate.EVENT_COUNT: _Events,
    Correlate.VALUE_COUNT: _Values,
    Correlate.VALUE_SUM: _Sum,
    Correlate.TEMPORAL: _Parts,
    Correlate.TEMPORAL_ORDERED: _Ordered,
}

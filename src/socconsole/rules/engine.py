"""A pass: all rules over what arrived since the last one.

A rule that looks at one record reads the new rows and nothing else. A correlation is asked first whether any of its
parts fits a new row; only then does it read its timespan on both sides of those rows. So a pass costs what is new,
whatever is stored, and an event counts however late it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from socconsole.rules import correlation
from socconsole.rules.correlation import Seen
from socconsole.rules.fields import Fields, number
from socconsole.rules.rule import Correlation, Rule
from socconsole.store.rule_reading import Functions, RuleReader, TooSlow, Unusable

BATCH: Final = 2_000
"""New events that one pass looks at, at most: how long it holds its thread."""

_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fired. ``events`` are numbers of ``trail``, in the order of time for a correlation."""

    rule: Rule
    events: tuple[int, ...]
    group: tuple[str, ...] | None = None
    """What a correlation's events have in common; None for a rule over single records."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What came of ``after < n <= upto``. ``troubles``: rule id → why it could not look at all of it."""

    after: int
    upto: int
    matches: tuple[Match, ...] = ()
    troubles: dict[str, str] = field(default_factory=dict)


def functions(fields: Fields) -> Functions:
    """What the SQL of a condition calls."""
    return {"trail_values": (2, fields.listed), "trail_first": (2, fields.first), "trail_number": (1, number)}


def run_on(reader: RuleReader, rules: Sequence[Rule], after: int, upto: int) -> Pass:
    """A pass over the events up to ``upto`` with a reader that is open."""
    matches: list[Match] = []
    troubles: dict[str, str] = {}
    for rule in rules:
        if not rule.runs or upto <= after:
            continue
        try:
            matches += _matches(reader, rule, after, upto)
        except (TooSlow, Unusable) as why:
            troubles[rule.id] = str(why)
    return Pass(after, upto, tuple(matches), troubles)


def _matches(reader: RuleReader, rule: Rule, after: int, upto: int) -> Iterable[Match]:
    if rule.correlation is None:
        found = reader.matches(rule.condition, after, upto)
        return [Match(rule, tuple(n for n, _ in found))] if found else []
    return _correlated(reader, rule, rule.correlation, after, upto)


def _correlated(reader: RuleReader, rule: Rule, asked: Correlation, after: int, upto: int) -> Iterable[Match]:
    any_part = " OR ".join(f"({part.condition})" for part in asked.parts)
    new = reader.matches(any_part, after, upto)
    if not new:
        return []
    numbers = {n for n, _ in new}
    found: list[Match] = []
    for since, until in spans((at for _, at in new), asked.span_s * _SECOND):
        seen = [
            Seen(n, at, part, tuple(group), value)
            for n, at, part, value, *group in reader.around(
                [(part.condition, part.group_by, part.value) for part in asked.parts], since, until, after, upto
            )
        ]
        found += [Match(rule, each.events, each.group) for each in correlation.correlate(asked, seen, numbers)]
    return found


def spans(moments: Iterable[int], reach: int) -> list[tuple[int, int]]:
    """What lies within ``reach`` of any of the moments, as intervals that do not touch."""
    found: list[tuple[int, int]] = []
    for at in sorted(moments):
        if found and at - reach <= found[-1][1]:
            found[-1] = (found[-1][0], at + reach)
        else:
            found.append((at - reach, at + reach))
    return found

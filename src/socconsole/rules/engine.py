"""A pass: all rules over what arrived since the last one.

A rule that looks at one record reads the new rows and nothing else. A correlation is asked first which new rows fit
its parts; only then does it read its timespan on both sides of those rows, and only the groups that they are in. So a
pass costs what is new, whatever is stored, and an event counts however late it comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from socconsole.rules import correlation
from socconsole.rules.correlation import Seen
from socconsole.rules.fields import Fields, number
from socconsole.rules.rule import Correlate, Correlation, Rule
from socconsole.store.rule_reading import MOST, Deadline, Functions, Group, RuleReader, TooSlow, Unusable, folded

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
            found, short = _matches(reader, rule, after, upto)
        except (TooSlow, Unusable) as why:
            found, short = [], str(why)
        matches += found
        if short:
            troubles[rule.id] = short
    return Pass(after, upto, tuple(matches), troubles)


def _matches(reader: RuleReader, rule: Rule, after: int, upto: int) -> tuple[list[Match], str]:
    """What fired, and why not all of it can have been seen; empty where it was."""
    if rule.correlation is not None:
        return _correlated(reader, rule, rule.correlation, after, upto)
    found = reader.matches(rule.condition, after, upto)
    return ([Match(rule, tuple(n for n, _ in found))] if found else []), ""


def _correlated(reader: RuleReader, rule: Rule, asked: Correlation, after: int, upto: int) -> tuple[list[Match], str]:
    arrived = [(place, row) for place, part in enumerate(asked.parts) for row in reader.arrived(part, after, upto)]
    new = {row.n for _, row in arrived}
    most = None if asked.kind is Correlate.VALUE_SUM else MOST + int(asked.limit)  # a sum is of all there is
    is_up = Deadline()
    found: list[Match] = []
    silent: Counter[str] = Counter()
    for since, until in spans((row.at for _, row in arrived), asked.span_s * _SECOND):
        here = [(place, row) for place, row in arrived if since <= row.at <= until]
        # The busiest last: their events must not take the time of the others.
        groups = [group for group, _ in reversed(Counter(row.group for _, row in here).most_common())]
        cut: dict[Group, str] = {}
        for place, part in enumerate(asked.parts):
            earlier, short = reader.earlier(part, groups, since, until, after, most, is_up)
            here += [(place, row) for row in earlier]
            cut |= short
        seen = [Seen(row.n, row.at, place, row.group, row.value) for place, row in here]
        fired = correlation.correlate(asked, seen, new)
        found += [Match(rule, each.events, each.group) for each in fired]
        # Of a group that fires nobody asks whether it would have fired.
        silent.update(cut[group] for group in cut.keys() - {folded(each.group) for each in fired})
    return found, "; ".join(f"{why} in {many} of its groups" for why, many in silent.items())


def spans(moments: Iterable[int], reach: int) -> list[tuple[int, int]]:
    """What lies within ``reach`` of any of the moments, as intervals that do not touch."""
    found: list[tuple[int, int]] = []
    for at in sorted(moments):
        if found and at - reach <= found[-1][1]:
            found[-1] = (found[-1][0], at + reach)
        else:
            found.append((at - reach, at + reach))
    return found

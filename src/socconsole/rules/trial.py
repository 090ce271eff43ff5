"""Trying rules out on records, without a store: which fire on which. The engine and the table are the watch's own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from socconsole.model.trail import TrailEvent
from socconsole.rules import engine
from socconsole.rules.fields import Fields
from socconsole.rules.rule import Rule
from socconsole.store import rule_reading, trail
from socconsole.store.rule_reading import RuleReader


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule that fired, and the places in the sequence given of the records it fired on."""

    rule: Rule
    records: tuple[int, ...]


def try_out(records: Sequence[TrailEvent], rules: Sequence[Rule], fields: Fields) -> tuple[list[Trial], dict[str, str]]:
    """What fires, in the order of the rules, and which rules could not look (rule id → why).

    A record that is there twice counts once, as in a store: it fires at its first place.
    """
    with closing(rule_reading.memory()) as conn:
        places: dict[int, int] = {}
        now = datetime.now(UTC)
        for place, record in enumerate(records):
            new, _ = trail.take(conn, [record], origin="trial", now=now)
            if new:
                places[trail.head(conn)] = place
        found = engine.run_on(RuleReader(conn, engine.functions(fields)), rules, 0, trail.head(conn))
    trials = [Trial(match.rule, tuple(sorted(places[n] for n in match.events))) for match in found.matches]
    return trials, found.troubles

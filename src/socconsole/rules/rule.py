"""A rule as the watch runs it and ``rules list`` shows it. Knows nothing of pySigma."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from socconsole.model.finding import Severity

READS: Final = "reads"
"""What rules need that look at calls of management that only read."""


class Standing(StrEnum):
    """Whether a rule can say anything, and why not."""

    ON = "on"
    PART = "part"
    """It fires only through a correlation."""
    OFF = "off"
    """Switched off in the configuration."""
    REPLACED = "replaced"
    """Another rule of the same id goes before it."""
    BROKEN = "broken"
    """It cannot be run; ``Rule.reason`` says why."""


class Correlate(StrEnum):
    """How a correlation counts; Sigma's names."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    VALUE_SUM = "value_sum"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the rules that a correlation is made of."""

    condition: str
    """SQL over the columns that ``store.rule_reading`` shows."""
    group_by: tuple[str, ...]
    """Fields, in the correlation's order, under the names that they have in this part's records."""
    value: str
    """The field counted or summed; empty where the events themselves are."""


@dataclass(frozen=True, slots=True)
class Correlation:
    kind: Correlate
    parts: tuple[Part, ...]
    group_by: tuple[str, ...]
    span_s: int
    compare: str
    """``>=``, ``>``, ``<=``, ``<``, ``=`` or ``!=``."""
    limit: float


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: str
    source: str
    """``builtin/NAME.yml``, or the path of the team's file."""
    standing: Standing
    reason: str = ""
    """Why it is not on, or what limits it."""
    severity: Severity = Severity.MEDIUM
    tags: tuple[str, ...] = ()
    description: str = ""
    falsepositives: tuple[str, ...] = ()
    condition: str = ""
    """SQL of a rule that looks at one record at a time; empty for a correlation."""
    correlation: Correlation | None = None
    needs: frozenset[str] = frozenset()
    """What it waits for and does not come by itself: data events by service (``s3``), or ``READS``."""

    @property
    def runs(self) -> bool:
        return self.standing is Standing.ON

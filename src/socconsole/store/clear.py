"""May we say that nothing is there? The first promise, judged in one place for screens, reports and exit codes.

"Clear" needs every source in scope to have answered freshly and completely, at least one of them, a living watch, a
live world, and nothing in quarantine. How it is said is the business of whoever says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from socconsole.model.source import Freshness, SourceState
from socconsole.model.world import WorldKind

_WORST_FIRST: Final = (
    Freshness.NEVER,
    Freshness.ERROR,
    Freshness.DENIED,
    Freshness.OFF,
    Freshness.STALE,
    Freshness.PARTIAL,
)

_NO_THREATS: Final = frozenset({"posture"})
"""Sources that tell of no threat: an unanswered question about a bucket's tags hides no attacker. They stand on every
screen as what they are, and spoil what is said of posture itself."""


def of_threats(states: Sequence[SourceState]) -> list[SourceState]:
    """The sources that a "no threats" rests on."""
    return [state for state in states if state.key.service not in _NO_THREATS]


class Clear(msgspec.Struct, frozen=True):
    """The judgement; true in a condition only when an absence may be called clear."""

    total: int
    """Sources in scope."""
    lacking: tuple[SourceState, ...]
    """Those that are not fresh and complete, worst first."""
    imported: bool
    """No live source stands behind this store at all."""
    watch_alive: bool
    held: int
    """Records in quarantine: any of them may be a threat."""

    @property
    def answered(self) -> bool:
        """Whether there are sources and every one is fresh and complete: what an exit code says of this moment.

        A screen that stays needs more, see ``__bool__``.
        """
        return self.total > 0 and not self.lacking and not self.imported

    @property
    def fresh(self) -> int:
        return self.total - len(self.lacking)

    def __bool__(self) -> bool:
        return self.answered and self.watch_alive and not self.held


def judge(states: Sequence[SourceState], *, world: WorldKind, watch_alive: bool, held: int = 0) -> Clear:
    """Judge all sources in scope together; ``held`` records lie in quarantine."""
    lacking = [state for state in states if state.freshness is not Freshness.FRESH]
    lacking.sort(key=lambda state: _WORST_FIRST.index(state.freshness))
    return Clear(len(states), tuple(lacking), world is WorldKind.IMPORT, watch_alive, held)

"""What may be said about what was not found: the first promise, in one pure place.

"Clear" needs every source in scope to have answered freshly and completely, a living watch, and a live
world. Everything else names what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from socconsole.model.source import Freshness, SourceState
from socconsole.model.world import WorldKind
from socconsole.screens import words

STOPPED: Final = "no watch is running: timers stopped"
STARTING: Final = "the watch is starting"

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Health:
    """How far an absence can be believed. ``gaps`` are sentences, worst first; none when ``sound``."""

    sound: bool
    fresh: int
    total: int
    gaps: tuple[str, ...]

    def absence(self, what: str) -> str:
        """What to say when nothing matches ``what`` (a plural noun: ``threats``)."""
        if self.sound:
            return f"clear: no {what}, and all {words.plural(self.total, 'source')} answered freshly and completely"
        return f"no {what} known, which proves nothing: {'; '.join(self.gaps[:_SHOWN])}" + (
            f"; and {len(self.gaps) - _SHOWN} more (7 Sources)" if len(self.gaps) > _SHOWN else ""
        )


_RANK: Final = {
    Freshness.NEVER: 0,
    Freshness.ERROR: 1,
    Freshness.DENIED: 2,
    Freshness.OFF: 3,
    Freshness.STALE: 4,
    Freshness.PARTIAL: 5,
    Freshness.FRESH: 6,
}


def judge(
    states: Sequence[SourceState], *, world: WorldKind, watch_alive: bool, starting: bool = False, held: int = 0
) -> Health:
    """Judge all sources in scope together. ``held`` records lie in quarantine: any of them may be a threat.

    ``starting``: a watch that is not alive has not had the time to say that it is.
    """
    fresh = sum(state.freshness is Freshness.FRESH for state in states)
    gaps: list[str] = []
    if world is WorldKind.IMPORT:
        gaps.append("imported only, no live source")
    else:
        if not states and not starting:  # a watch that starts says which there are
            gaps.append("no source is configured")
        if not watch_alive:
            gaps.append(STARTING if starting else STOPPED)
    worst = sorted((s for s in states if s.freshness is not Freshness.FRESH), key=lambda s: _RANK[s.freshness])
    gaps += [describe(state) for state in worst]
    if held:
        gaps.append(f"{words.plural(held, 'record')} in quarantine")
    return Health(sound=not gaps, fresh=fresh, total=len(states), gaps=tuple(gaps))


def describe(state: SourceState) -> str:
    """``guardduty 111122223333 eu-west-1 STALE 4m``."""
    key = state.key
    said = f"{key.service} {key.account} {key.region} {state.freshness}"
    return f"{said} {words.age(state.age_s)}" if state.age_s is not None else said

"""What is said about what was not found: ``store.clear`` judges, this puts it into words and names what is missing."""

from __future__ import annotations

from typing import Final

import msgspec

from socconsole.model.source import SourceState
from socconsole.screens import words
from socconsole.store.clear import Clear

STOPPED: Final = "no watch is running: timers stopped"
STARTING: Final = "the watch is starting"

_SHOWN: Final = 3


class Health(msgspec.Struct, frozen=True):
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


def of(judged: Clear, *, starting: bool = False) -> Health:
    """The judgement in words.

    ``starting``: a watch that is not alive has not had the time to say that it is.
    """
    gaps: list[str] = []
    if judged.imported:
        gaps.append("imported only, no live source")
    else:
        if not judged.total and not starting:  # a watch that starts says which there are
            gaps.append("no source is configured")
        if not judged.watch_alive:
            gaps.append(STARTING if starting else STOPPED)
    gaps += [describe(state) for state in judged.lacking]
    if judged.held:
        gaps.append(f"{words.plural(judged.held, 'record')} in quarantine")
    return Health(sound=bool(judged), fresh=judged.fresh, total=judged.total, gaps=tuple(gaps))


def describe(state: SourceState) -> str:
    """``guardduty 111122223333 eu-west-1 STALE 4m``."""
    key = state.key
    said = f"{key.service} {key.account} {key.region} {state.freshness}"
    return f"{said} {words.age(state.age_s)}" if state.age_s is not None else said

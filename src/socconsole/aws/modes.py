"""Which mode holds: the strictest of what the flag, the environment and the configuration say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from socconsole.model.action import Effect, Mode

VARIABLE: Final = "SOCCONSOLE_MODE"

_STRICTNESS: Final[Mapping[Mode, int]] = {Mode.READ: 0, Mode.TRIAGE: 1, Mode.RESPOND: 2}

MODE_EFFECTS: Final[Mapping[Mode, frozenset[Effect]]] = {
    # Our own queue is emptied by the watch, whose allow-list does not depend on the mode.
    Mode.READ: frozenset({Effect.READ}),
    Mode.TRIAGE: frozenset({Effect.READ, Effect.HOUSEKEEPING, Effect.WORKFLOW}),
    Mode.RESPOND: frozenset(Effect),
}


class ModeError(ValueError):
    """A mode that does not exist was asked for. Nothing is assumed in its place."""


def effective_mode(
    flag: Mode | str | None = None, env: Mode | str | None = None, config: Mode | str | None = None
) -> Mode:
    """The strictest of what was said; None and "" say nothing, and when nobody says anything it is TRIAGE.

    RESPOND is therefore only ever reached by asking for it where nothing stricter is said elsewhere.
    Raises :class:`ModeError`.
    """
    said = [_mode(value, source) for value, source in ((flag, "--mode"), (env, VARIABLE), (config, "mode"))]
    known = [mode for mode in said if mode is not None]
    return min(known, key=_STRICTNESS.__getitem__) if known else Mode.TRIAGE


def from_environment(environ: Mapping[str, str] = os.environ) -> str | None:
    return environ.get(VARIABLE) or None


def _mode(value: Mode | str | None, source: str) -> Mode | None:
    if not value:
        return None
    try:
        return Mode(str(value).strip().upper())
    except ValueError:
        raise ModeError(f"{source}: {value!a} is not READ, TRIAGE or RESPOND") from None

"""Who acts, and what he may do at most before he asks for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socconsole.aws.modes import effective_mode, from_environment
from socconsole.model.action import Mode

if TYPE_CHECKING:
    from socconsole.config import Config


def name_of(config: Config) -> str:
    """The analyst: as configured, else the login name."""
    return config.who


def base_mode(config: Config, flag: str = "") -> Mode:
    """READ where flag, environment or config says so, else TRIAGE. Raises ``aws.modes.ModeError``.

    RESPOND is never a base: it is entered with a reason, or given to one command by ``--respond``.
    """
    mode = effective_mode(flag, from_environment(), config.limit)
    return Mode.READ if mode is Mode.READ else Mode.TRIAGE

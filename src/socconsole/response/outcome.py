"""What became of a containment or an undo."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.action import ActionState, Plan
from socconsole.response.base import Noted


@dataclass(frozen=True, slots=True)
class Outcome:
    """As read back right after the calls, or at the last check made since."""

    action_id: str
    state: ActionState
    plan: Plan
    calls: tuple[Noted, ...]
    verified: tuple[tuple[str, bool], ...]
    """(when, held?) of each time it was read back."""
    ledger: int
    """Sequence of the last entry about it."""
    detail: str = ""
    owes: bool = False
    """It was done under break-glass, and a second person's approval is owed within the hour."""

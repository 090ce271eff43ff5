"""RESPOND: a state of this process's memory, entered with a reason and left sooner rather than later."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.response import book
from socconsole.store.ledger import EntryRefused, LedgerError

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

IDLE: Final = 15 * 60.0
"""Seconds without a request after which RESPOND ends."""

_JUMP: Final = 2.0
"""Seconds that the machine slept, from which on it counts as having been away."""

RESPOND_VERB: Final = "respond"
STAND_DOWN_VERB: Final = "stand_down"


def awake() -> float:
    """Seconds since boot, sleep included; a clock that nobody can set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(slots=True)
class Arming:
    """The mode this actor is in. ``base`` is what it falls back to: TRIAGE, or READ where somebody said so."""

    folder: StateFolder
    config: Config
    analyst: str
    base: Mode
    idle: float = IDLE
    clock: Callable[[], float] = awake
    _until: float | None = None
    _slept: float = 0.0

    def __post_init__(self) -> None:
        self._slept = self._asleep()

    @property
    def mode(self) -> Mode:
        return self.base if self._until is None else Mode.RESPOND

    @property
    def until(self) -> datetime | None:
        """When RESPOND ends if nothing more is asked for."""
        if self._until is None:
            return None
        return datetime.now(UTC) + timedelta(seconds=self._until - self.clock())

    async def enter(self, reason: str) -> str:
        """Enter RESPOND; why not, in a sentence, or an empty text. The reason is on the ledger before."""
        objection = self._objection(reason)
        if not objection:
            objection = await asyncio.to_thread(book.unfit, self.folder, self.config)
        if not objection:
            entry = Entry(RESPOND_VERB, self.analyst, private={"reason": reason})
            try:
                await asyncio.to_thread(book.append, self.folder, entry)
            except (LedgerError, EntryRefused) as trouble:
                objection = f"it cannot be recorded: {trouble}"
        if not objection:
            self._until = self.clock() + self.idle
        return objection

    async def leave(self, why: str) -> bool:
        """Fall back to the base mode; False when it was not RESPOND. Leaving never fails."""
        if self._until is None:
            return False
        self._until = None
        entry = Entry(STAND_DOWN_VERB, self.analyst, data={"why": why})
        # The ledger may be what went wrong; being unarmed does not depend on it.
        with contextlib.suppress(LedgerError, EntryRefused):
            await asyncio.to_thread(book.append, self.folder, entry)
        return True

    def touch(self) -> None:
        """Something was asked for: the idle time starts anew."""
        if self._until is not None:
            self._until = self.clock() + self.idle

    def expired(self) -> str:
        """Why RESPOND has to end now; empty while it may go on. Ask about once a second."""
        slept, self._slept = self._asleep() - self._slept, self._asleep()
        if self._until is None:
            return ""
        if slept > _JUMP:
            return "this machine was asleep"
        if self.clock() >= self._until:
            return "15 idle minutes" if self.idle == IDLE else "idle"
        return ""

    def _objection(self, reason: str) -> str:
        if not reason.strip():
            return "RESPOND needs a reason"
        if self.base is Mode.READ:
            return "READ is set by flag, environment or config, and the strictest wins"
        return ""

    def _asleep(self) -> float:
        """Seconds this machine has slept since boot, where the platform tells (Linux)."""
        return self.clock() - time.monotonic()

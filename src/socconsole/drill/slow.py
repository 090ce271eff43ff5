"""What AWS takes on at once and finishes later: endpoints that update, notebooks that stop, tasks that drain.

Only what clients ask for takes its time. What the world itself does (the estate's builder, the timeline) is done
at once, so that an estate is ready when a drill begins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socconsole.drill.clock import Clock
    from socconsole.drill.routes import Call


class Slow:
    """Work in hand, on the drill's clock. Finished by :meth:`settle`, which every request calls first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._work: list[tuple[datetime, Callable[[], None]]] = []
        self._lock = threading.Lock()

    def begin(self, call: Call, story_seconds: float, finish: Callable[[], None]) -> None:
        """Do ``finish`` when that much of the story has passed; at once for what the world does."""
        if call.principal.by != "client":
            finish()
            return
        due = self._clock.now() + timedelta(seconds=story_seconds / self._clock.speed)
        with self._lock:
            self._work.append((due, finish))

    def settle(self) -> None:
        """Finish all that is due, in the order in which it is."""
        if not self._work:
            return
        now = self._clock.now()
        with self._lock:
            due = sorted((one for one in self._work if one[0] <= now), key=lambda one: one[0])
            self._work = [one for one in self._work if one[0] > now]
        for _, finish in due:
            finish()

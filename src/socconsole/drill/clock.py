"""The drill's two measures of time: where the story stands, and the date of what happens in it.

A story is written in seconds; ``speed`` says how many of them pass in one second of the host. What happens is dated
by the host clock at the moment it happens, so that ages, acknowledgements and findings are on one clock whatever
the speed. Tests move that clock forward with :meth:`Clock.skip`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


def host_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """A start, a speed and a host clock (injectable for tests)."""

    def __init__(
        self, started: datetime | None = None, speed: float = 1.0, host: Callable[[], datetime] = host_now
    ) -> None:
        if speed <= 0:
            raise ValueError("speed has to be positive")
        self.host = host
        self.started = started or host()
        self.speed = speed
        self._pinned = threading.local()
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The date of what happens now, UTC-aware; inside :meth:`at` the pinned instant."""
        pinned: datetime | None = getattr(self._pinned, "value", None)
        if pinned is not None:
            return pinned
        return self.host() + self._ahead

    def position(self, moment: datetime) -> float:
        """Where the story stands at a date: story seconds since its start."""
        return (moment - self.started).total_seconds() * self.speed

    def moment(self, position: float) -> datetime:
        """The date at which the story reaches a position."""
        return self.started + timedelta(seconds=position / self.speed)

    def skip(self, story_seconds: float) -> None:
        """Jump forward (never back): how a test reaches a later moment without waiting for it."""
        if story_seconds < 0:
            raise ValueError("a story does not run backwards")
        self._ahead += timedelta(seconds=story_seconds / self.speed)

    def host_seconds_until(self, moment: datetime) -> float:
        """Host seconds until ``moment``; negative when it has passed."""
        return (moment - self.now()).total_seconds()

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Pin this thread's date: an event that was due then is dated then, however late it runs."""
        before: datetime | None = getattr(self._pinned, "value", None)
        self._pinned.value = moment
        try:
            yield
        finally:
            self._pinned.value = before


def stamp(moment: datetime) -> str:
    """RFC 3339 with milliseconds and Z, as Security Hub and GuardDuty write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

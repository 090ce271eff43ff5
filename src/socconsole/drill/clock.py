"""Scenario time: what the findings, trail and scores of a drill are dated by.

``scenario time = started + (host now - started) * speed``. Signing, token expiry, paging tokens and latencies
stay on the host clock: they are about real processes on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


def host_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Scenario time from a start, a speed and a host clock (injectable for tests)."""

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
        """Scenario time, UTC-aware; inside :meth:`at` the pinned instant."""
        pinned: datetime | None = getattr(self._pinned, "value", None)
        if pinned is not None:
            return pinned
        return self.started + (self.host() - self.started) * self.speed + self._ahead

    def skip(self, by: timedelta) -> None:
        """Jump forward (never back): how a test reaches a later moment without waiting for it."""
        if by < timedelta(0):
            raise ValueError("scenario time does not run backwards")
        self._ahead += by

    def host_seconds_until(self, moment: datetime) -> float:
        """Host seconds until scenario time reaches ``moment``; negative when it has passed."""
        return (moment - self.now()).total_seconds() / self.speed

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Pin this thread's scenario time: an event that was due then is dated then, however late it runs."""
        before: datetime | None = getattr(self._pinned, "value", None)
        self._pinned.value = moment
        try:
            yield
        finally:
            self._pinned.value = before


def stamp(moment: datetime) -> str:
    """RFC 3339 with milliseconds and Z, as Security Hub and GuardDuty write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

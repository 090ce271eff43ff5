"""Token buckets: our share of each quota, for each operation, account and region."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from socconsole.aws.operations import Operation
from socconsole.model.world import Place


class TooSlow(Exception):
    """The wait for a token is longer than the caller has; nothing was sent. ``wait`` in seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"{wait:.1f} s")
        self.wait = wait


class Bucket:
    """Tokens come at ``rate`` a second up to ``burst``; who takes more than there are waits for the debt.

    Callers are served in order, because each adds to the debt before it waits.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock()

    def take(self, cost: float, patience: float) -> float:
        """Take ``cost`` tokens; the seconds to wait before acting on them. Raises :class:`TooSlow`."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        needed = min(cost, self._burst)  # what is dearer than a full bucket leaves it in debt
        wait = max(0.0, (needed - self._tokens) / self._rate)
        if wait > patience:
            raise TooSlow(wait)
        self._tokens -= cost
        return wait

    def give_back(self, cost: float) -> None:
        self._tokens += cost


class Buckets:
    """All buckets of a process. ``share`` is the part of AWS's quota that this install takes, 0 to 1."""

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._by_key: dict[tuple[str, Place], Bucket] = {}

    async def take(self, row: Operation, place: Place, cost: float, patience: float) -> None:
        """Wait for ``cost`` tokens, at most ``patience`` seconds. Raises :class:`TooSlow` at once."""
        bucket = self._by_key.get((row.id, place))
        if bucket is None:
            bucket = Bucket(row.rate * self._share, max(1.0, row.burst * self._share), self._clock)
            self._by_key[row.id, place] = bucket
        wait = bucket.take(cost, patience)
        if wait > 0:
            try:
                await asyncio.sleep(wait)
            except asyncio.CancelledError:
                bucket.give_back(cost)
                raise

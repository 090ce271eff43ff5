"""Pages over a snapshot: what a listing found at its first page, whatever arrives or changes meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from socconsole.drill.clock import host_now

T = TypeVar("T")
TOKEN_LIFE: Final = timedelta(minutes=10)
KEPT: Final = 512


@dataclass(slots=True)
class _Rest(Generic[T]):
    fingerprint: bytes
    items: Sequence[T]
    expires: datetime


class Pages(Generic[T]):
    """Tokens are random-looking, bound to the request that made them, and end after ten host minutes."""

    def __init__(self) -> None:
        self._rests: dict[str, _Rest[T]] = {}
        self._lock = threading.Lock()

    def keep(self, token: str, fingerprint: bytes, items: Sequence[T]) -> None:
        now = host_now()
        with self._lock:
            for old in [name for name, rest in self._rests.items() if rest.expires <= now]:
                del self._rests[old]
            while len(self._rests) >= KEPT:
                del self._rests[next(iter(self._rests))]
            self._rests[token] = _Rest(fingerprint, items, now + TOKEN_LIFE)

    def resume(self, token: str, fingerprint: bytes) -> Sequence[T] | None:
        """The rest of a listing; None for a token that is unknown, too old or of another request."""
        with self._lock:
            rest = self._rests.get(token)
        if rest is None or rest.expires <= host_now() or rest.fingerprint != fingerprint:
            return None
        return rest.items

    def expire(self) -> None:
        """Let every token end now."""
        with self._lock:
            self._rests.clear()

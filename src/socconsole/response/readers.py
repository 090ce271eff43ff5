"""One reading door for many requests: making its clients is most of what a plan costs.

A door that only reads is the same for everyone; one that acts is opened for one action and forgotten. A reading
door is replaced after a while, so that what it read once (whose the console's own roles are) is not believed for a
whole shift.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from socconsole.aws import Grant
from socconsole.response.base import Door
from socconsole.response.session import OpenDoor, Role, Session, real_door

LIFE: Final = 120.0
"""Seconds after which the next request opens a new one."""


@dataclass(slots=True)
class _Kept:
    door: Door
    opened: float
    stack: AsyncExitStack
    users: int = 0


@dataclass(slots=True)
class Readers:
    """A ``Session.door`` that keeps its reading door; close it with :meth:`close` when no request runs any more."""

    open: OpenDoor = real_door
    _now: _Kept | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def __call__(
        self, session: Session, role: Role, *, tags: Mapping[str, str] | None = None, grant: Grant | None = None
    ) -> AsyncIterator[Door]:
        if role != "reader" or tags or grant:
            async with self.open(session, role, tags=tags, grant=grant) as door:
                yield door
            return
        kept = await self._take(session)
        try:
            yield kept.door
        finally:
            kept.users -= 1
            if kept is not self._now and not kept.users:
                await kept.stack.aclose()

    async def _take(self, session: Session) -> _Kept:
        now = asyncio.get_running_loop().time()
        async with self._lock:
            old = self._now
            if old is None or now - old.opened > LIFE:
                stack = AsyncExitStack()
                door = await stack.enter_async_context(self.open(session, "reader"))
                self._now = _Kept(door, now, stack)
                if old is not None and not old.users:
                    await old.stack.aclose()
            kept = self._now
            if kept is None:
                raise RuntimeError("no door was opened")
            kept.users += 1
            return kept

    async def close(self) -> None:
        async with self._lock:
            kept, self._now = self._now, None
            if kept is not None and not kept.users:
                await kept.stack.aclose()

"""A reading door that asks each question once: what many plans of one request look at is read for the first of them.

For what is only shown. A plan that is carried out is read afresh, through no door like this.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from socconsole.model.world import Place
from socconsole.response.base import Door


class _Once:
    def __init__(self, door: Door) -> None:
        self._door = door
        self._asked: dict[tuple[Place, str, str], asyncio.Task[dict[str, Any]]] = {}

    @property
    def role(self) -> str:
        return self._door.role

    def roles(self, account: str) -> Mapping[str, str]:
        return self._door.roles(account)

    async def call(
        self, place: Place, operation: str, params: Mapping[str, Any], *, deadline: float = 20.0
    ) -> dict[str, Any]:
        """As the door behind it; trouble is told to everybody who asked. Nobody may write into an answer."""
        question = (place, operation, json.dumps(params, sort_keys=True, default=_to_the_minute))
        if question not in self._asked:
            asking = self._door.call(place, operation, params, deadline=deadline)
            self._asked[question] = asyncio.ensure_future(asking)
        # Who gives up waiting (a survey has its time) takes the answer from nobody else.
        return await asyncio.shield(self._asked[question])

    async def close(self) -> None:
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)


def _to_the_minute(value: object) -> str:
    """Windows of the trail end now, and begin a day before: that of the next plan is the same question."""
    return str(value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value)


@asynccontextmanager
async def once(door: Door) -> AsyncIterator[Door]:
    """``door`` for one request's reading."""
    remembering = _Once(door)
    try:
        yield remembering
    finally:
        await remembering.close()

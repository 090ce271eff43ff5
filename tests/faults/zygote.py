"""Processes that die in the middle of a containment, made fast: everything is imported once, then forked.

Each line on standard input is a JSON object: ``store``, ``point``, ``nth`` and the fields of a ``Contain``. A fork
carries it out and kills itself with SIGKILL at the point (``none`` lives to the end; ``ms:N`` is killed from
outside after N milliseconds; at ``before call`` and ``after call`` it is the call ``nth``, from 0). One line on
standard output says how it ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from socconsole.aws import Door
from socconsole.commands import Contain
from socconsole.config import Config
from socconsole.model.action import Mode
from socconsole.model.world import Place
from socconsole.response import book, engine, rails
from socconsole.response.session import Session, real_door
from socconsole.store import ledger
from socconsole.store.state import StateFolder

POINTS = (
    "evidence kept",
    "before intent",
    "after intent",
    "before call",
    "after call",
    "before outcome",
    "outcome written, not applied",
    "after outcome",
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def around(module: Any, name: str, before: str, after: str, point: str) -> None:
    """Make a function of the product kill this process before it begins or after it is done."""
    real: Callable[..., Any] = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if point == before:
            die()
        result = real(*args, **kwargs)
        if point == after:
            die()
        return result

    setattr(module, name, wrapped)


class Deadly:
    """A responder's door that kills around the call that changes something."""

    def __init__(self, door: Door, point: str, nth: int) -> None:
        self._door = door
        self._point = point
        self._left = nth

    async def call(
        self, place: Place, operation: str, params: Mapping[str, Any], *, deadline: float = 20.0
    ) -> dict[str, Any]:
        now = self._left == 0
        self._left -= 1
        if now and self._point == "before call":
            die()
        answer = await self._door.call(place, operation, params, deadline=deadline)
        if now and self._point == "after call":
            die()
        return answer


def contain(store: Path, point: str, nth: int, order: Contain) -> None:
    rails.RATE = 10_000  # type: ignore[misc]  # the rail that counts confirmations is tested elsewhere
    around(book.evidence, "put", "", "evidence kept", point)
    around(book, "write_intent", "before intent", "after intent", point)
    around(book, "write_outcome", "before outcome", "after outcome", point)
    if point == "outcome written, not applied":
        real = ledger.append

        def append(folder: StateFolder, entries: Any, now: Any = None) -> Any:
            lines = real(folder, entries, now)
            if entries[0].verb == "outcome":
                die()
            return lines

        ledger.append = append  # type: ignore[assignment]

    @asynccontextmanager
    async def door(session: Session, role: Any, **more: Any) -> AsyncIterator[Any]:
        async with real_door(session, role, **more) as opened:
            yield Deadly(opened, point, nth) if role == "responder" else opened

    folder = StateFolder.open(store)
    session = Session(folder, Config(share=1.0), "oncall1", Mode.RESPOND, by_script=True, door=door)
    asyncio.run(engine.contain(session, order))


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        store, point, nth = Path(asked.pop("store")), asked.pop("point"), asked.pop("nth")
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                contain(store, point, nth, Contain(**asked, wait=False))
                code = 0
            finally:
                os._exit(code)
        if point.startswith("ms:"):
            time.sleep(int(point[3:]) / 1000)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The store as the watch uses it: one connection, one thread, so that no commit ever blocks the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from socconsole import triage
from socconsole.collectors.base import Batch
from socconsole.model.source import Answer, SourceKey
from socconsole.store import db, findings, sources
from socconsole.store.db import Connection
from socconsole.store.state import StateFolder

P = ParamSpec("P")
T = TypeVar("T")


class Keeper:
    """Hand it a function of a connection; it runs on the writer's thread, in the order of asking."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        self._connection = await self._run(db.connect, self._folder.store_db)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._run(self._connection.close)
        self._thread.shutdown()

    async def do(self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``act(connection, …)`` on the writer's thread."""
        if self._connection is None:
            raise RuntimeError("the keeper is not open")
        return await self._run(act, self._connection, *args, **kwargs)

    async def _run(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: act(*args, **kwargs))

    async def commit(
        self,
        key: SourceKey,
        batch: Batch,
        answer: Answer | None,
        context: triage.Context,
    ) -> findings.Counts:
        """A batch, its cursor and, where it says something of the source, its answer: one transaction."""
        return await self.do(
            findings.commit,
            batch.records,
            answer=answer,
            origin=sources.origin_of(key),
            now=datetime.now(UTC),
            cursor=batch.cursor,
            context=context,
            live=True,
            listings=batch.listings,
            recordings=batch.recordings,
            evaluation=batch.evaluation,
        )

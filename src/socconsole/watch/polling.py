"""Polling one source: asked at its interval, at once when poked; every attempt ends as an answer in the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from socconsole import triage
from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors.base import Batch, answer_of
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.store import sources
from socconsole.store.findings import Counts
from socconsole.text import Untrusted
from socconsole.watch.keeper import Keeper

log = logging.getLogger("socconsole.watch")

RETRY_S: Final = 8.0
"""How soon a source that could not be reached is tried again; a dead endpoint has to show within 30 s, and so
does its return."""

ATTEMPT_S: Final = 300.0
"""The longest one reading may take, backfill included; the calls in it have deadlines of their own."""

_ENDPOINT_TROUBLE: Final = frozenset({Kind.UNREACHABLE, Kind.TIMEOUT})


class Collect(Protocol):
    """A collector: what one source has to say since ``cursor``, in batches."""

    def __call__(self, door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]: ...


class Poller:
    """One source for as long as the watch lives. ``alarm`` is called when its endpoint does not answer."""

    def __init__(
        self,
        key: SourceKey,
        collect: Collect,
        door: Door,
        keeper: Keeper,
        context: triage.Context,
        interval_s: float,
        alarm: Callable[[SourceKey], None] = lambda key: None,
    ) -> None:
        self.key = key
        self._collect = collect
        self._door = door
        self._keeper = keeper
        self._context = context
        self._interval_s = interval_s
        self._alarm = alarm
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Ask again now instead of at the next interval."""
        self._poked.set()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            self._poked.clear()
            answer, _ = await self.ask()
            wait = min(self._interval_s, RETRY_S) if answer.outcome is Freshness.ERROR else self._interval_s
            try:
                async with asyncio.timeout(wait):
                    await self._poked.wait()
            except TimeoutError:
                continue

    async def ask(self) -> tuple[Answer, Counts]:
        """One reading of the source; its answer is in the store when this returns."""
        place = Place(self.key.account, self.key.region)
        counts = Counts()
        answer: Answer | None = None
        try:
            cursor = await self._keeper.do(sources.load_cursor, sources.origin_of(self.key))
            async with asyncio.timeout(ATTEMPT_S):
                async for batch in self._collect(self._door, place, cursor):
                    said = self._answer(batch)
                    answer = said or answer
                    counts += await self._keeper.commit(self.key, batch.records, said, batch.cursor, self._context)
        except AwsTrouble as trouble:
            answer = await self._failed(answer_of(trouble, self.key, self._interval_s))
            if trouble.kind in _ENDPOINT_TROUBLE:
                self._alarm(self.key)
        except TimeoutError:
            answer = await self._failed(self._error(f"no end of the reading within {ATTEMPT_S:.0f} s"))
        except Exception as fault:
            # A fault of ours in one source must not blind the others; the source says so until it is mended.
            log.exception("source %s", sources.origin_of(self.key))
            answer = await self._failed(self._error(f"a fault of ours: {type(fault).__name__}"))
        if answer is None:
            answer = await self._failed(self._error("the reading brought no answer"))
        return answer, counts

    def _answer(self, batch: Batch) -> Answer | None:
        if batch.complete is None:
            return None
        outcome = Freshness.FRESH if batch.complete else Freshness.PARTIAL
        return Answer(self.key, outcome, Untrusted(batch.detail), interval_s=self._interval_s)

    def _error(self, why: str) -> Answer:
        return Answer(self.key, Freshness.ERROR, Untrusted(why), interval_s=self._interval_s)

    async def _failed(self, answer: Answer) -> Answer:
        await self._keeper.do(sources.record, answer, datetime.now(UTC))
        return answer

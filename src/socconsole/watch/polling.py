"""Polling one source: asked at its interval, at once when poked; every attempt ends as an answer in the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Final, Protocol

from socconsole import triage
from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors.base import Batch, answer_of
from socconsole.model.source import NOTHING, Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.store import gone, sources
from socconsole.store.db import Connection
from socconsole.store.findings import Counts
from socconsole.text import Untrusted
from socconsole.watch.keeper import Keeper

log = logging.getLogger("socconsole.watch")

RETRY_S: Final = 8.0
"""How soon a source that could not be reached is tried again; a dead endpoint has to show within 30 s, and so
does its return."""

ATTEMPT_S: Final = 300.0
"""The longest one reading may take, backfill included; the calls in it have deadlines of their own. What is read every
hour, because it is much, has half of that."""

SWEEP_IDS: Final = 100
"""Open findings read again after each reading."""

_ENDPOINT_TROUBLE: Final = frozenset({Kind.UNREACHABLE, Kind.TIMEOUT})


class Collector(Protocol):
    """A module of ``collectors``: what a source says since a cursor, and what it says of given records now."""

    def collect(self, door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]: ...

    def sweep(self, door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]: ...


class Poller:
    """One source for as long as the watch lives. ``alarm`` is called when its endpoint does not answer, ``told`` after
    each reading; ``pace`` says before each one how many seconds there are to the next, where that changes."""

    def __init__(
        self,
        key: SourceKey,
        collector: Collector,
        door: Door,
        keeper: Keeper,
        context: triage.Context,
        interval_s: float,
        alarm: Callable[[SourceKey], None] = lambda key: None,
        told: Callable[[SourceKey], None] = lambda key: None,
        pace: Callable[[Connection], float] | None = None,
    ) -> None:
        self.key = key
        self._collector = collector
        self._door = door
        self._keeper = keeper
        self._context = context
        self._interval_s = interval_s
        self._attempt_s = max(ATTEMPT_S, interval_s / 2)
        self._alarm = alarm
        self._told = told
        self._pace = pace
        self._poked = asyncio.Event()
        self._whole = False
        self._swept = 0

    def poke(self) -> None:
        """Ask again now instead of at the next interval."""
        self._poked.set()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            self._poked.clear()
            try:
                answer, _ = await self.ask()
                failed = answer.outcome is Freshness.ERROR
            except Exception:  # the store would not even take the answer in: a source is never given up for that
                log.exception("source %s", sources.origin_of(self.key))
                failed = True
            wait = min(self._interval_s, RETRY_S) if failed else self._interval_s
            try:
                async with asyncio.timeout(wait):
                    await self._poked.wait()
            except TimeoutError:
                continue

    async def ask(self) -> tuple[Answer, Counts]:
        """One reading of the source; its answer is in the store when this returns."""
        place = Place(self.key.account, self.key.region)
        counts = Counts()
        answer = self._error("the reading brought no answer")
        try:
            async with asyncio.timeout(self._attempt_s):
                if self._pace is not None:
                    self._interval_s = await self._keeper.do(self._pace)
                answer, counts = await self._read(place)
                self._told(self.key)
                counts += await self._sweep(place)
                return answer, counts
        except AwsTrouble as trouble:
            answer = answer_of(trouble, self.key, self._interval_s)
            if trouble.kind in _ENDPOINT_TROUBLE:
                self._alarm(self.key)
        except TimeoutError:
            answer = self._error(f"no end of the reading within {self._attempt_s:.0f} s")
        except Exception as fault:
            # A fault of ours in one source must not blind the others; the source says so until it is mended.
            log.exception("source %s", sources.origin_of(self.key))
            answer = self._error(f"a fault of ours: {type(fault).__name__}")
        await self._keeper.do(sources.record, answer, datetime.now(UTC))
        return answer, counts

    async def _read(self, place: Place) -> tuple[Answer, Counts]:
        """Commit every batch. Until the source was complete once each says PARTIAL, afterwards only the last speaks:
        a reading under way takes nothing back from the one before."""
        counts = Counts()
        held: Batch | None = None
        cursor = await self._keeper.do(sources.load_cursor, sources.origin_of(self.key))
        try:
            async for batch in self._collector.collect(self._door, place, cursor):
                if held is not None:
                    counts += await self._commit(held, None if self._whole else self._answer(held))
                held = batch
        except AwsTrouble:
            if held is not None:  # what was read before the trouble stands; the trouble is the answer
                await self._commit(held, None)
            raise
        if held is None:
            raise RuntimeError("a collector that yields nothing says nothing")
        answer = self._answer(held)
        self._whole = answer.outcome is Freshness.FRESH
        return answer, counts + await self._commit(held, answer)

    async def _sweep(self, place: Place) -> Counts:
        """Read some of the open findings again, round and round: workflow changes move no date, and no listing
        says what AWS no longer has."""
        origin = sources.origin_of(self.key)
        sweep = await self._keeper.do(gone.to_sweep, origin, datetime.now(UTC), SWEEP_IDS, self._swept)
        self._swept = 0 if sweep.last else self._swept + SWEEP_IDS
        counts = Counts()
        if not sweep.records:
            return counts
        try:
            async for batch in self._collector.sweep(self._door, place, sweep.records):
                counts += await self._commit(batch, None)
                missing = [ident for native in batch.missing for ident in sweep.records.get(native, ())]
                if missing:
                    await self._keeper.do(gone.missed, origin, missing, datetime.now(UTC), self._context)
        except AwsTrouble as trouble:
            if trouble.kind is not Kind.THROTTLED:  # background work steps back; the reading itself was whole
                raise
        return counts

    async def _commit(self, batch: Batch, answer: Answer | None) -> Counts:
        return await self._keeper.commit(self.key, batch, answer, self._context)

    def _answer(self, batch: Batch) -> Answer:
        outcome = Freshness.FRESH if batch.complete else Freshness.PARTIAL
        return Answer(
            self.key,
            outcome,
            NOTHING if batch.complete else batch.detail,
            "" if batch.complete else batch.remedy,
            interval_s=self._interval_s,
            progress=None if batch.complete else batch.progress,
            note=batch.note,
        )

    def _error(self, why: str) -> Answer:
        return Answer(self.key, Freshness.ERROR, Untrusted(why), interval_s=self._interval_s)

"""Listening to the queue for as long as the watch lives: what arrives is in the store within the second.

A finding that is pushed is stored as its own service's listing would store it, so that sweeps look after it; what is
said of that service is still only what reading it says. Push makes nothing else look fresh.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

from socconsole import triage
from socconsole.aws import AwsTrouble, Door
from socconsole.collectors.push import SERVICE, WAIT_S, Inbox, Pushed
from socconsole.config import Config, PushConfig
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import World
from socconsole.store import findings, sources
from socconsole.store.findings import Counts
from socconsole.text import Untrusted
from socconsole.watch.keeper import Keeper
from socconsole.watch.polling import ATTEMPT_S, RETRY_S

log = logging.getLogger("socconsole.watch")

LANES: Final = 2
"""Receivers at once: while one reads a trail's object, the other brings findings."""

PAUSE_S: Final = 1.0
"""Of the first receipt, so that it shows soon whether the queue answers; and between two that brought nothing, where
somebody answers a long poll at once."""

_POKED: Final = frozenset({"alarms"})
"""Services whose events say less than their listing: they are asked at once. A finding comes whole."""


class Listener:
    """The queue of one install. ``scope`` are the sources that are polled, ``poke`` asks one of them now."""

    def __init__(
        self,
        settings: PushConfig,
        door: Door,
        keeper: Keeper,
        context: triage.Context,
        scope: Collection[SourceKey],
        poke: Callable[[SourceKey], None] = lambda key: None,
    ) -> None:
        self.key = SourceKey(SERVICE, settings.account, settings.region)
        self._inbox = Inbox(door, settings)
        self._keeper = keeper
        self._context = context
        self._scope = frozenset(scope)
        self._poke = poke

    def poke(self) -> None:
        """Nothing to do: it listens already."""

    async def run(self) -> None:
        """Receive until cancelled."""
        async with asyncio.TaskGroup() as lanes:
            for lane in range(LANES):
                lanes.create_task(self._receive_for_ever(lane))

    async def ask(self) -> tuple[Answer, Counts]:
        """Empty the queue once; the answer is in the store when this returns."""
        counts = Counts()
        try:
            async with asyncio.timeout(ATTEMPT_S):
                counts += await self._receive(0, PAUSE_S)
                while self._inbox.received():
                    counts += await self._receive(0, PAUSE_S)
            answer = self._inbox.answer()
        except AwsTrouble as trouble:
            answer = self._inbox.failed(trouble)
        except TimeoutError:
            answer = self._inbox.answer()  # it says how far behind
        await self._record(answer)
        return answer, counts

    async def _receive_for_ever(self, lane: int) -> None:
        loop = asyncio.get_running_loop()
        patience = PAUSE_S
        while True:
            began = loop.time()
            try:
                await self._receive(lane, patience)
                await self._record(self._inbox.answer())
                patience = WAIT_S
                wait = 0.0 if self._inbox.received(lane) else PAUSE_S - (loop.time() - began)
            except AwsTrouble as trouble:
                patience, wait = PAUSE_S, RETRY_S
                await self._failed(self._inbox.failed(trouble))
            except Exception as fault:
                # A fault of ours, or a store that takes nothing in: the queue keeps what was not deleted.
                log.exception("source %s", sources.origin_of(self.key))
                patience, wait = PAUSE_S, RETRY_S
                why = Untrusted(f"a fault of ours: {type(fault).__name__}")
                await self._failed(Answer(self.key, Freshness.ERROR, why, interval_s=WAIT_S))
            await asyncio.sleep(max(0.0, wait))

    async def _receive(self, lane: int, wait_s: float) -> Counts:
        counts = Counts()
        async with aclosing(self._inbox.receive(lane, wait_s)) as receipt:
            async for pushed in receipt:
                counts += await self._commit(pushed)
        return counts

    async def _commit(self, pushed: Pushed) -> Counts:
        listed = pushed.source if pushed.source in self._scope else None
        counts = await self._keeper.do(
            findings.commit,
            pushed.records,
            answer=None,
            origin=sources.origin_of(listed or self.key),
            now=datetime.now(UTC),
            context=self._context,
            live=True,
        )
        if listed is not None and listed.service in _POKED:
            self._poke(listed)
        return counts

    async def _record(self, answer: Answer) -> None:
        await self._keeper.do(sources.record, answer, datetime.now(UTC))

    async def _failed(self, answer: Answer) -> None:
        """Say so, if the store takes that; a source is never given up for it."""
        try:
            await self._record(answer)
        except Exception:  # whatever keeps the store from writing, the next receipt tries again
            log.exception("source %s", sources.origin_of(self.key))


def keys(config: Config, world: World) -> list[SourceKey]:
    """The queue as a source, where one is configured for an account that is watched here."""
    push = config.push
    watched = {one.account for one in config.accounts}.intersection(world.accounts)
    return [SourceKey(SERVICE, push.account, push.region)] if push is not None and push.account in watched else []

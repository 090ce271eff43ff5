"""The rules' round: as soon as trail events have come, the rules look at them."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Final

from socconsole.config import Config
from socconsole.rules.catalogue import Catalogue, standing
from socconsole.rules.passes import look
from socconsole.store import db, rule_findings, rule_standing, trail
from socconsole.store.db import Connection
from socconsole.store.declared import context_of
from socconsole.store.rule_standing import Standing
from socconsole.store.state import StateFolder
from socconsole.watch.keeper import Keeper

log = logging.getLogger("socconsole.watch")

SETTLED_S: Final = 20.0
"""How long rules are not loaded for a report alone: a console that was just started needs the processor more."""


class Rules:
    """Reads in a thread of its own with a connection that cannot write; the keeper takes in what comes of it."""

    def __init__(self, folder: StateFolder, config: Config, keeper: Keeper) -> None:
        self._folder = folder
        self._config = config
        self._keeper = keeper
        self._catalogue: Catalogue | None = None
        self._began = time.monotonic()

    async def run(self) -> None:
        """All that is due. Nothing is loaded as long as no event has come."""
        context = context_of(self._config)
        while (after := await self._keeper.do(_due)) is not None:
            seen = await asyncio.to_thread(look, self._folder.store_db, await self._loaded(), after)
            changed = await self._keeper.do(
                rule_findings.commit,
                seen.made,
                since=seen.after,
                upto=seen.upto,
                troubles=seen.troubles,
                now=datetime.now(UTC),
                context=context,
            )
            for rule, why in seen.troubles.items():
                log.warning("rule %s: %s", rule, why)
            if changed:
                log.info("rules: %d findings from events %d to %d", changed, after + 1, seen.upto)

    async def report(self) -> None:
        """Tell Sources how the rules stand. They are loaded for it, once the watch has begun its other work."""
        if self._catalogue is None and time.monotonic() < self._began + SETTLED_S:
            return
        catalogue = await self._loaded()
        told = await asyncio.to_thread(_standing, self._folder, catalogue)
        await self._keeper.do(rule_standing.keep, told, {rule.id for rule in catalogue.rules})

    async def _loaded(self) -> Catalogue:
        if self._catalogue is None or await asyncio.to_thread(self._catalogue.stale, self._config):
            self._catalogue = await asyncio.to_thread(Catalogue.of, self._config)
            broken = [rule for rule in self._catalogue.rules if rule.standing == "broken"]
            for rule in broken:
                log.warning("rule %s of %s is not run: %s", rule.title, rule.source, rule.reason)
        return self._catalogue


def _standing(folder: StateFolder, catalogue: Catalogue) -> Standing:
    with db.reading(folder) as conn:
        return standing(conn, catalogue, datetime.now(UTC))


def _due(conn: Connection) -> int | None:
    """The last event that the rules have seen, if another has come since."""
    after = rule_findings.after(conn)
    return after if after < trail.head(conn) else None

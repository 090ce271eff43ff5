"""The collectors that need more than a door, and the duty of judging alarms and rates by what the meters said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from socconsole.collectors.egress import Egress
from socconsole.collectors.metrics import Metrics
from socconsole.config import Config
from socconsole.model.world import Place
from socconsole.store import metering
from socconsole.store.state import StateFolder
from socconsole.triage.ways_out import Wanted
from socconsole.watch import posture
from socconsole.watch.keeper import Keeper
from socconsole.watch.polling import Collector
from socconsole.watch.posture import Posture


def _metrics(keeper: Keeper) -> Collector:
    def wanted(place: Place, now: datetime) -> Awaitable[Sequence[Wanted]]:
        return keeper.do(metering.wanted, place, now)

    return Metrics(wanted)


MADE: Final[dict[str, Callable[[Config, Keeper, StateFolder], Collector]]] = {
    "egress": lambda config, keeper, folder: Egress(config),
    "metrics": lambda config, keeper, folder: _metrics(keeper),
    posture.SERVICE: Posture,
}
"""Collectors that are made of the configuration or of what is known here."""

AFTERWARDS: Final = {"egress": "metrics"}
"""What a reading gives cause to read at once: a way out that was just found has a meter."""

WAVES: Final = (frozenset(AFTERWARDS.values()), frozenset({posture.SERVICE}))
"""In a single round, what is read after all the rest, wave by wave: a place's alarms are a part of its posture."""

LATER_S: Final = {posture.SERVICE: 30.0}
"""Seconds after the start at which a long reading that nobody waits for begins; for the rest of these it is 3."""


_BREATH_S: Final = 0.02


async def judge(keeper: Keeper) -> None:
    """Find anew which alarms would tell in time and what is usual on each meter, where that is due, a slice at a time
    between other work."""
    for find in (metering.judge, metering.learn):
        found = 1
        while found:
            found = await keeper.do(find, datetime.now(UTC))
            await asyncio.sleep(_BREATH_S)

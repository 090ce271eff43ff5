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
from socconsole.triage.ways_out import Wanted
from socconsole.watch.keeper import Keeper
from socconsole.watch.polling import Collector


def _metrics(config: Config, keeper: Keeper) -> Collector:
    def wanted(place: Place, now: datetime) -> Awaitable[Sequence[Wanted]]:
        return keeper.do(metering.wanted, place, now)

    return Metrics(wanted)


MADE: Final[dict[str, Callable[[Config, Keeper], Collector]]] = {
    "egress": lambda config, keeper: Egress(config),
    "metrics": _metrics,
}
"""Collectors that are made of the configuration or of what the store knows."""

AFTERWARDS: Final = {"egress": "metrics"}
"""What a reading gives cause to read at once: a way out that was just found has a meter."""


_BREATH_S: Final = 0.02


async def judge(keeper: Keeper) -> None:
    """Find anew which alarms would tell in time and what is usual on each meter, where that is due, a slice at a time
    between other work."""
    for find in (metering.judge, metering.learn):
        found = 1
        while found:
            found = await keeper.do(find, datetime.now(UTC))
            await asyncio.sleep(_BREATH_S)

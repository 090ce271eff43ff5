"""A snapshot of one place for the posture checks: everything they need, read once, each family by itself.

What is denied of one question costs that question alone: the checks that need it say UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final

from socconsole.collectors.posture import (
    acting,
    bedrock,
    containers,
    detection,
    fronts,
    governance,
    hosts,
    identities,
    logs,
    network,
    outside,
    readiness,
    residency,
    sagemaker,
    storage,
    tls,
    topics,
)
from socconsole.collectors.posture.asking import Answering, Asking
from socconsole.config import Config
from socconsole.model.estate import Estate
from socconsole.model.world import Place

Family = Callable[[Asking, Config], Awaitable[object]]
"""Reads one part of the estate: an instance of its class in ``model.estate``."""

FAMILIES: Final[tuple[Family, ...]] = (
    governance.read,
    storage.read,
    network.read,
    sagemaker.read,
    bedrock.read,
    tls.read,
    logs.read,
    detection.read,
    readiness.read,
    topics.read,
    residency.read,
    hosts.read,
    containers.read,
    fronts.read,
    acting.read,
    identities.read,
    outside.read,
)


async def snapshot(
    door: Answering,
    place: Place,
    config: Config,
    now: datetime,
    known: Iterable[object] = (),
    families: Iterable[Family] = FAMILIES,
) -> Estate:
    """All of one place. ``known`` are parts that come from elsewhere than AWS: what the store has of alarms, of drills.

    Raises ``AwsTrouble`` when AWS cannot be asked at all: no connection, no credentials.
    """
    asking = Asking(door, place)
    parts = await asking.each(families, lambda family: family(asking, config))
    asking.check()
    return Estate(place, now, (*parts, *known), asking.asked, tuple(asking.unanswered), asking.lacking)

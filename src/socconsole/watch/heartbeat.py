"""The heartbeat at AWS: once a minute, for as long as this watch can take in, record and escalate.

It is the only thing of ours that speaks by its absence: the alarm that misses it (``deploy/heartbeat.json``) lives at
AWS and tells its topic, whether this process died, hangs, or cannot write its ledger.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Final

from socconsole.aws import Door
from socconsole.aws.heartbeat_template import DIMENSION, METRIC, NAMESPACE
from socconsole.config import HeartbeatConfig
from socconsole.model.world import Place
from socconsole.store import sources
from socconsole.watch.escalation import Escalation
from socconsole.watch.keeper import Keeper

EVERY: Final = timedelta(minutes=1)
LATE: Final = timedelta(minutes=2)
"""A round of escalation takes seconds; one that is older was not carried through."""


class Heartbeat:
    """``settings`` say where; ``escalation`` whether somebody would be told at all."""

    def __init__(self, settings: HeartbeatConfig, keeper: Keeper, door: Door, escalation: Escalation) -> None:
        self._settings = settings
        self._keeper = keeper
        self._door = door
        self._escalation = escalation
        self._sent: datetime | None = None

    async def beat(self) -> None:
        """Publish one if it is time, unless the store takes nothing in or escalation hangs. Raises ``AwsTrouble``."""
        now = datetime.now(UTC)
        if self._sent is not None and timedelta(0) <= now - self._sent < EVERY:
            return
        healthy = self._escalation.healthy_at
        if healthy is None or not timedelta(0) <= now - healthy <= LATE:
            return
        await self._keeper.do(sources.beat, os.getpid(), now)
        metric = {
            "MetricName": METRIC,
            "Dimensions": [{"Name": DIMENSION, "Value": self._settings.install}],
            "Value": 1.0,
            "Unit": "Count",
        }
        place = Place(self._settings.account, self._settings.region)
        await self._door.call(place, "cloudwatch:PutMetricData", {"Namespace": NAMESPACE, "MetricData": [metric]})
        self._sent = now

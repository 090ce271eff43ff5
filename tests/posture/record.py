"""Reads every place of the estate once, and keeps what AWS answered in the file that is named."""

from __future__ import annotations

import asyncio
import pickle
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from socconsole.aws import Door
from socconsole.collectors.posture import snapshot
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from tests.posture.estate import CONFIG, PLACES, Replay


async def _record(aws: Embedded) -> dict[Any, Any]:
    answers: dict[Any, Any] = {}
    async with Door.open(CONFIG, aws.world, "watch", Mode.READ, "watch") as door:
        for place in PLACES:
            await snapshot(Replay(answers, behind=door), place, CONFIG, datetime.now(UTC))
    return answers


if __name__ == "__main__":
    with Embedded(scenario="posture", seed=1) as running:
        recorded = asyncio.run(_record(running))
    Path(sys.argv[1]).write_bytes(pickle.dumps(recorded))

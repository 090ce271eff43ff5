"""kill -9 at each step of a containment: no call without an intent, none twice, the truth found on restart."""

from __future__ import annotations

import random
from pathlib import Path

from socconsole.drill import Embedded
from socconsole.store.state import StateFolder

from ..response.conftest import aws, embedded, folder  # noqa: F401
from .kill9 import Tally, Zygote, cycle
from .zygote import POINTS

ROOT = Path(__file__).parents[2]


async def test_whenever_it_dies_the_truth_is_found(
    aws: Embedded,  # noqa: F811
    folder: StateFolder,  # noqa: F811
) -> None:
    dice = random.Random(3)
    tally = Tally()
    with Zygote(ROOT) as zygote:
        for point in POINTS:
            assert await cycle(aws, folder, zygote, point, tally) == -9, point
        for _ in range(4):
            await cycle(aws, folder, zygote, f"ms:{dice.randint(20, 400)}", tally)
        assert await cycle(aws, folder, zygote, "none", tally) == 0
    assert tally.faults == 0, tally
    assert tally.in_doubt["applied"] >= 2
    assert tally.in_doubt["not_applied"] >= 2

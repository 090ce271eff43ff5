"""kill -9 at each step of a containment: no call without an intent, none twice, the truth found on restart."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from socconsole.drill import Embedded
from socconsole.response import rails
from socconsole.store.state import StateFolder

from ..response.actions.test_contract import CASES
from ..response.conftest import aws, embedded, folder  # noqa: F401
from .kill9 import Tally, Zygote, cycle, prepare
from .zygote import POINTS

ROOT = Path(__file__).parents[2]


SHORT = ("s3-block-public", "stop-bucket-leak", "iam-disable-key")
"""One call, two calls of two parts, and an id that IAM alone knows; all of them: python -m tests.faults.kill9 300"""


@pytest.mark.parametrize("action", SHORT)
async def test_whenever_it_dies_the_truth_is_found(
    action: str,
    aws: Embedded,  # noqa: F811
    folder: StateFolder,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rails, "RATE", 10_000)
    dice = random.Random(3)
    tally = Tally()
    prey = await prepare(aws, folder, next(case for case in CASES if case.action == action))
    with Zygote(ROOT) as zygote:
        for point in POINTS if action == "s3-block-public" else ("after intent", "after call", "before outcome"):
            nth = dice.randrange(prey.calls)
            assert await cycle(aws, folder, zygote, prey, point, nth, tally) == -9, point
        await cycle(aws, folder, zygote, prey, f"ms:{dice.randint(20, 400)}", 0, tally)
        assert await cycle(aws, folder, zygote, prey, "none", 0, tally) == 0
    assert tally.faults == 0, tally
    assert tally.in_doubt["not_applied"] >= 1
    assert tally.in_doubt["applied"] >= 1

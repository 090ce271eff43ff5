from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from socconsole.aws import Door
from socconsole.config import AccountConfig, Config
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.world import Place
from tests.embedded import aws, embedded  # noqa: F401


@pytest.fixture
def place(aws: Embedded) -> Place:  # noqa: F811
    return Place(aws.accounts[0], aws.regions[0])


@pytest.fixture
async def door(aws: Embedded) -> AsyncIterator[Door]:  # noqa: F811
    accounts = tuple(AccountConfig(account=one, regions=aws.regions) for one in aws.accounts)
    config = Config(accounts=accounts, share=1.0)
    async with Door.open(config, aws.world, "watch", Mode.READ, "watch") as opened:
        yield opened

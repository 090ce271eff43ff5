from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.aws import Door
from socconsole.model.action import Mode
from socconsole.model.world import DrillWorld, Place, World, WorldKind

from .fakeaws import FakeAws, serving

ACCOUNT = "111122223333"
PLACE = Place(ACCOUNT, "eu-central-1")


@dataclass(frozen=True)
class AccountSetting:
    account: str
    profile: str | None = None
    reader_role: str | None = None
    watch_role: str | None = None
    triage_role: str | None = None
    responder_role: str | None = None


@dataclass(frozen=True)
class Setting:
    accounts: tuple[AccountSetting, ...] = ()
    share: float = 1.0


def drill_world(port: int) -> World:
    drill = DrillWorld("leak", 7, port, datetime(2026, 11, 23, tzinfo=UTC), 1.0)
    return World(WorldKind.DRILL, accounts=(ACCOUNT, "444455556666"), drill=drill)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAws]:
    async with serving() as server:
        yield server


Opener = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def opened(fake: FakeAws) -> Opener:
    """``opened(role, mode, **more)``: a door into a drill world whose AWS is the fake one."""

    def open_(role: str = "reader", mode: Mode = Mode.TRIAGE, **more: Any) -> Any:
        return Door.open(Setting(), drill_world(fake.port), role, mode, "oncall1", **more)  # type: ignore[arg-type]

    return open_

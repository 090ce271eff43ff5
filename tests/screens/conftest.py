"""Fixtures: an estate, and a console over it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from socconsole.app import SocConsole
from socconsole.config import AccountConfig, Config
from socconsole.model.action import Mode
from tests.screens.support import ACCOUNT, REGION, Estate, Opened, Running

CONFIG = Config(analyst="oncall1", accounts=(AccountConfig(account=ACCOUNT, name="prod", regions=(REGION,)),))


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path / "state")


@pytest.fixture
def console(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Open a console: ``async with console(size=(80, 24)) as desk``."""
    journal = tmp_path / "asked.jsonl"
    monkeypatch.setenv("FAKE_ACTOR_JOURNAL", str(journal))
    monkeypatch.setenv("FAKE_ACTOR_MODE", "TRIAGE")

    @asynccontextmanager
    async def opened(
        size: tuple[int, int] = (120, 40), *, mode: Mode = Mode.TRIAGE, config: Config = CONFIG
    ) -> AsyncIterator[Running]:
        monkeypatch.setenv("FAKE_ACTOR_MODE", mode.value)
        actor = [sys.executable, str(Path(__file__).parent / "fake_actor.py")]
        app = SocConsole(estate.folder, config, actor=actor, watch=None)
        app.key_guard.window_s = 0.0  # the guard has tests of its own; here scripts type
        async with app.run_test(size=size) as pilot:
            desk = Running(app, pilot, journal)
            await desk.until(lambda: app.desk.link is not None and app.desk.link.alive)
            await desk.until(lambda: app.screen.is_mounted and "Triage" in desk.text())
            # A row that has just come under the cursor is not acted on; the tests do not wait for it.
            monkeypatch.setattr(app.screen, "blocked", lambda at: "")
            yield desk

    return opened

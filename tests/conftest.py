"""What every test may stand on: a real state folder, and a home that is not the developer's."""

from __future__ import annotations

from pathlib import Path

import pytest

from socconsole.model.world import World, WorldKind
from socconsole.store.state import StateFolder


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the state and configuration of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SOCCONSOLE_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("SOCCONSOLE_CONFIG", raising=False)
    return home


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A fresh state folder of imported findings: no AWS, no store.db yet."""
    return StateFolder.create(tmp_path / "state", World(WorldKind.IMPORT))

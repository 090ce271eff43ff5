"""What every test may stand on: a real state folder, and a home that is not the developer's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from socconsole.model.world import World, WorldKind
from socconsole.store.state import StateFolder

# Whoever runs the tests, on whatever terminal or none: what the console shows is what it shows on a common one.
# Here, and not in a fixture, because some of it is read when a module is imported.
for name in ("NO_COLOR", "TMUX", "SSH_CONNECTION", "COLUMNS", "LINES", "SOCCONSOLE_MODE", "SOCCONSOLE_ASCII"):
    os.environ.pop(name, None)
os.environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


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

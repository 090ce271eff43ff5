from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from socconsole.model.world import World, WorldKind
from socconsole.store import db
from socconsole.store.state import StateFolder
from tests.rules.records import ACCOUNT


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = StateFolder.create(tmp_path_factory.mktemp("rules") / "state", World(WorldKind.LIVE, accounts=(ACCOUNT,)))
    db.prepare(folder)
    return folder.root


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> StateFolder:
    """An empty live state folder: copied, because making one waits for the disk many times."""
    shutil.copytree(made, tmp_path / "state")
    return StateFolder.open(tmp_path / "state")

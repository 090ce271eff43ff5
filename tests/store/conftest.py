"""A live state folder, made once and copied for each test: making one waits for the disk many times."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from socconsole.store.state import StateFolder
from tests.store.desk import live


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return live(tmp_path_factory.mktemp("template") / "state").root


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> StateFolder:
    """Live, with findings 0 to 4 (``desk.named``)."""
    shutil.copytree(template, tmp_path / "state")
    return StateFolder.open(tmp_path / "state")

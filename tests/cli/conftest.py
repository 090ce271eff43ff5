from __future__ import annotations

from pathlib import Path

import pytest

from socconsole.cli.world import write_accounts
from socconsole.config import WORLD_FILE
from socconsole.drill import Embedded
from socconsole.store.state import StateFolder
from tests.embedded import aws, embedded

__all__ = ["aws", "drill", "embedded"]


@pytest.fixture
def drill(aws: Embedded, tmp_path: Path) -> StateFolder:
    """The state folder of a drill on the embedded AWS, its first account and region in scope; nothing collected."""
    folder = StateFolder.create(tmp_path / "drill", aws.world)
    write_accounts(folder.root, [(aws.accounts[0], "prod", "", aws.regions[:1])])
    world = folder.root / WORLD_FILE
    world.write_text("share = 1.0\n" + world.read_text())  # tests need not leave requests to other installs
    return folder

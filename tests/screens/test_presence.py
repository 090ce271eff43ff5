"""A console's heartbeat, and a watch that does not come up."""

from __future__ import annotations

import sys

import pytest

from socconsole.screens import presence
from socconsole.screens.presence import Presence
from tests.response.conftest import eventually
from tests.screens.support import Estate


async def test_a_watch_that_ends_at_once_is_said_with_its_log(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_S", 0.05)
    there = Presence(estate.folder, "oncall1", [sys.executable, "-c", "raise SystemExit('no such module')"])
    there.start()
    try:
        await eventually(lambda: "code 1" in there.trouble)
        assert str(estate.folder.logs / "watch.log") in there.trouble
        assert "no such module" in (estate.folder.logs / "watch.log").read_text()
    finally:
        there.stop()

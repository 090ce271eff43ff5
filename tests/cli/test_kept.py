"""The drill that is probably meant, where nothing else can be."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.cli.drill import tell_of_another
from socconsole.cli.kept import kept_drills
from socconsole.model.world import DrillWorld, World, WorldKind
from socconsole.store import locks
from socconsole.store.state import StateFolder
from tests.cli.support import run


def kept(home: Path, name: str, touched: float) -> StateFolder:
    told = DrillWorld(scenario=name, seed=1, port=1, started=datetime(2026, 3, 1, tzinfo=UTC), speed=1.0)
    folder = StateFolder.create(home / "drills" / f"{name}-1", World(WorldKind.DRILL, drill=told))
    for file in folder.root.glob("ledger.db*"):
        os.utime(file, (touched, touched))
    return folder


def test_without_a_live_state_the_drill_is_named_with_what_was_typed(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["socconsole", "findings", "sev:high"])
    assert "--store" not in run("findings", "sev:high").err
    worked = kept(own_home, "leak", 2_000.0)
    kept(own_home, "posture", 1_000.0)
    ran = run("findings", "sev:high")
    assert ran.code == 2
    assert f"socconsole findings sev:high --store {worked.root}   (the drill that was left last)" in ran.err
    assert run("findings", "--store", own_home / "nowhere").err.count(str(worked.root)) == 0


def test_what_runs_comes_before_what_was_worked_last(own_home: Path) -> None:
    running, left = kept(own_home, "posture", 1_000.0), kept(own_home, "leak", 2_000.0)
    assert [each.scenario() for each in kept_drills()] == ["leak", "posture"]
    with locks.hold(running.root / "locks" / "drill.server"):
        assert [(each.running, each.root) for each in kept_drills()] == [(True, running.root), (False, left.root)]


def test_a_new_drill_names_the_one_of_its_scenario_that_was_left_today(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = kept(own_home, "leak", time.time() - 3600)
    kept(own_home, "posture", time.time() - 86_400)
    tell_of_another("posture")
    assert capsys.readouterr().err == "", "it is of yesterday"
    tell_of_another("leak")
    assert f"`socconsole drill --resume --store {left.root}` goes on with it" in capsys.readouterr().err

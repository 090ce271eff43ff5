"""Signing on and off while the store is busy: what is on record is never said not to be, and nobody is on twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.store import db, ledger, project, shifts
from socconsole.store.state import StateFolder
from tests.store.desk import live

NOW = datetime.now(UTC)


def verbs(folder: StateFolder) -> list[str]:
    return [line.entry.verb for line in ledger.read(folder)][1:]


def test_a_busy_store_neither_denies_what_is_on_record_nor_signs_on_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = live(tmp_path / "s", 1)
    project.project(folder)
    monkeypatch.setattr(db, "BUSY_MS", 20)
    with db.writing(folder) as busy, db.transaction(busy):
        assert not shifts.sign_on(folder, "ana", NOW, None, []).projected
        with pytest.raises(shifts.ShiftRefused, match="not recorded: the store"):
            shifts.sign_on(folder, "ana", NOW, None, [])
    assert verbs(folder) == ["shift_on"]
    with pytest.raises(shifts.ShiftRefused, match="you are on"):
        shifts.sign_on(folder, "ana", NOW, None, [])
    with db.writing(folder) as busy, db.transaction(busy):
        assert not shifts.sign_off(folder, "ana", NOW).projected
    assert shifts.sign_on(folder, "ana", NOW, None, []).projected
    assert verbs(folder) == ["shift_on", "shift_off", "shift_on"]

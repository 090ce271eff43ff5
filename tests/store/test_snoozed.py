"""What is told of hidden findings before their target is opened to others again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from socconsole.commands import Snooze
from socconsole.model.action import Mode
from socconsole.model.source import Freshness
from socconsole.store import decisions, snoozed
from socconsole.store.queue import QueueReader, View
from tests.screens.support import Estate, record


def test_only_what_is_snoozed_and_names_the_target_is_told(tmp_path: Path) -> None:
    estate = Estate(tmp_path / "state")
    estate.answer(Freshness.FRESH, record(1, "one"), record(2, "two"), record(3, "three"))
    now = datetime.now(UTC)
    with QueueReader(estate.folder.store_db) as reader:
        ids = {row.place.raw(): row.id for row in reader.window(View.ALL, offset=0, limit=9, now=now)}
    assert snoozed.sentence(snoozed.about(estate.folder, "bucket-1", now)) == ""
    until = now + timedelta(hours=4)
    hide = Snooze(ids=(ids["bucket-1"], ids["bucket-2"]), until=until, reason="known")
    decisions.decide(estate.folder, hide, "oncall1", Mode.TRIAGE, now)
    rows = snoozed.about(estate.folder, "bucket-1", now)
    assert [row.id for row in rows] == [ids["bucket-1"]]
    assert snoozed.sentence(rows).startswith(
        f"1 snoozed finding about it stays hidden after this, until {until:%Y-%m-%d}"
    )
    assert snoozed.about(estate.folder, 'a "quoted" name', now) == []
    assert snoozed.about(estate.folder, "", now) == [], "nothing names everything"
    assert snoozed.about(estate.folder, "bucket-1", until + timedelta(minutes=1)) == []

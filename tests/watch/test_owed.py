"""What the watch says of a containment whose time has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from socconsole.aws import Door
from socconsole.config import Config
from socconsole.store import actions, db, ledger
from socconsole.watch.duties import WHO, Duties
from socconsole.watch.keeper import Keeper
from tests.store.desk import live, named
from tests.store.test_actions import contain


async def test_the_watch_puts_on_record_once_what_is_due_about_an_action_and_releases_nothing(tmp_path: Path) -> None:
    folder = live(tmp_path / "state")
    contain(folder, expires=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    contain(folder, "a-2", expires=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    async with Keeper(folder) as keeper:
        nobody = cast(Any, None)
        duties = Duties(folder, Config(), keeper, cast(Door, nobody))  # no AWS is asked
        for _ in range(2):
            await duties.remind_of_actions()
    (line,) = ledger.read(folder, verbs=("overdue",))
    assert line.entry.who == WHO
    assert line.entry.subjects == ("a-1", named(0))
    assert (line.entry.data["what"], line.entry.data["target"]) == ("look", "llm-corpus")
    with db.reading(folder) as conn:
        assert [one.id for one in actions.in_force(conn)] == ["a-1", "a-2"]

"""What the watch does about a containment that somebody undoes long after everybody stopped looking."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.commands import Contain
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.model.finding import Severity
from socconsole.response import afterwards, engine
from socconsole.response.session import Session
from socconsole.store import actions, db, ledger, queue
from socconsole.triage.query import parse
from socconsole.watch import supervisor, watch
from tests.drillstate import ANALYST, config_for, folder_for

BUCKET = "kaufhaus-shop-assets"
PLACE = ("111122223333", "eu-central-1")


async def test_a_containment_undone_at_any_later_time_is_an_alarm(
    tmp_path: Path, aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(afterwards, "LATER", (("15 s", 0.0),))
    monkeypatch.setattr(afterwards, "GRACE", timedelta(0))
    monkeypatch.setattr(supervisor, "CHECK_S", 0.2)
    monkeypatch.setattr(supervisor, "STANDING_S", 0.2)
    folder, config = folder_for(tmp_path / "state", aws), config_for(aws)
    order = Contain(action="s3-block-public", target=BUCKET, confirm=BUCKET, account=PLACE[0], region=PLACE[1])
    done = await engine.contain(Session(folder, config, ANALYST, Mode.RESPOND, by_script=True), order)
    assert done.state is ActionState.APPLIED

    def checks() -> list[tuple[str, bool]]:
        with db.reading(folder) as conn:
            record = actions.get(conn, done.action_id)
        return [] if record is None else list(record.verified)

    task = asyncio.create_task(watch(folder, config))
    try:
        async with asyncio.timeout(90):
            while len(checks()) < 2:
                await asyncio.sleep(0.05)
            aws.cloud.hands.call(f"AKIB{PLACE[0]}BLDR", PLACE[1], "s3:DeletePublicAccessBlock", {"Bucket": BUCKET})
            while len(checks()) < 3:
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert checks() == [("at once", True), ("15 s", True), ("0 min", False)]
    assert [line.entry.data["when"] for line in ledger.read(folder, verbs=("verified",))] == ["15 s", "0 min"]
    with queue.QueueReader(folder.store_db) as reader:
        (alarm,) = reader.window(queue.View.THREATS, parse("src:own"), offset=0, limit=9, now=datetime.now(UTC))
    assert alarm.severity is Severity.CRITICAL
    with db.reading(folder) as conn:
        assert actions.in_force(conn) == []

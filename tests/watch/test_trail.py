"""The trail as the watch reads it: behind while AWS is throttling, caught up after, and honest about reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from socconsole.drill import Embedded
from socconsole.model.source import Freshness
from socconsole.model.trail import MANAGEMENT, Recording
from socconsole.store import db, recording, trail
from socconsole.text import clean
from socconsole.watch import watch
from tests.drillstate import CORPUS, config_for, folder_for
from tests.embedded import client


async def test_throttling_shows_as_how_far_behind_and_loses_nothing(tmp_path: Path, aws: Embedded) -> None:
    folder = folder_for(tmp_path / "state", aws)
    config = config_for(aws, ("trail",))
    first = await watch(folder, config, once=True)
    assert first is not None
    assert {state.freshness for state in first.states} == {Freshness.FRESH}
    assert {state.key.region for state in first.states} == {*aws.regions, "us-east-1"}
    rule = aws.faults.add(
        service="cloudtrail", op="LookupEvents", code="ThrottlingException", status=400, times=None, region="us-east-1"
    )
    client(aws, "iam").create_user(UserName="mallory")
    behind = await watch(folder, config, once=True)
    assert behind is not None
    partial = [state for state in behind.states if state.freshness is not Freshness.FRESH]
    assert {(state.key.region, state.freshness) for state in partial} == {("us-east-1", Freshness.PARTIAL)}
    assert all(clean(state.detail).startswith("throttled; read to ") for state in partial)
    aws.faults.remove(rule)
    after = await watch(folder, config, once=True)
    assert after is not None
    assert {state.freshness for state in after.states} == {Freshness.FRESH}
    with db.reading(folder) as conn:
        now = datetime.now(UTC)
        made = trail.around(conn, "resource", "mallory", now - timedelta(hours=1), now + timedelta(hours=1))
        assert [(event.name, event.origin) for event in made] == [("CreateUser", f"trail/{aws.accounts[0]}/us-east-1")]
        window = (now - timedelta(seconds=1), now)
        where = {"account": aws.accounts[0], "region": aws.regions[0]}
        assert recording.recorded(conn, CORPUS, window, **where)[0] is Recording.NEVER
        assert recording.recorded(conn, "*", window, MANAGEMENT, reads=False, **where)[0] is Recording.RECORDED

"""Snapshots that were asked for: followed to their end by the watch, which says what is due then."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.aws import Door
from socconsole.cli.respond_words import print_record
from socconsole.commands import Contain, PlanContain
from socconsole.drill import Embedded
from socconsole.drill.ec2 import SNAPSHOT_SECONDS, backend
from socconsole.drill.ec2_snapshots import COPY_SECONDS
from socconsole.model.action import ActionRecord, ActionState, Mode
from socconsole.model.world import Place
from socconsole.response import afterwards, engine, following, planning
from socconsole.response.actions import ec2_snapshot
from socconsole.response.session import Session
from socconsole.store import actions, db, queue
from socconsole.store.state import StateFolder
from socconsole.triage.query import parse
from socconsole.watch import supervisor, watch
from tests.drillstate import ANALYST, config_for, folder_for

PLACE = Place("111122223333", "eu-central-1")


@pytest.fixture
def folder(tmp_path: Path, aws: Embedded) -> StateFolder:
    return folder_for(tmp_path / "state", aws)


def instance(aws: Embedded) -> str:
    """The inference host of the story."""
    found = by_hand(aws, "DescribeInstances", Filters=[{"Name": "tag:Name", "Values": ["vllm-recs-1"]}])
    return str(found["Reservations"][0]["Instances"][0]["InstanceId"])


def by_hand(aws: Embedded, operation: str, **params: Any) -> Any:
    return aws.cloud.hands.call(f"AKIB{PLACE.account}BLDR", PLACE.region, f"ec2:{operation}", params)


async def begun(aws: Embedded, folder: StateFolder) -> str:
    """Snapshots of the drill's instance are asked for; the action's id."""
    target = instance(aws)
    session = Session(folder, config_for(aws), ANALYST, Mode.RESPOND, by_script=True)
    order = Contain("ec2-snapshot", target, target, account=PLACE.account, region=PLACE.region)
    done = await engine.contain(session, order)
    assert done.state is ActionState.APPLIED, done.detail
    return done.action_id


def record(folder: StateFolder, id_: str) -> ActionRecord:
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        found = actions.get(conn, id_)
    assert found is not None
    return found


async def follow(aws: Embedded, folder: StateFolder) -> list[str]:
    async with Door.open(config_for(aws), aws.world, "watch", Mode.READ, "watch") as door:
        config = config_for(aws)
        return [await following.follow(folder, door, "watch", one, config) for one in following.unfinished(folder)]


def alarms(folder: StateFolder) -> int:
    with queue.QueueReader(folder.store_db) as reader:
        return len(reader.window(queue.View.THREATS, parse("src:own"), offset=0, limit=9, now=datetime.now(UTC)))


async def test_the_watch_follows_them_to_completion_and_says_what_is_due(
    aws: Embedded, folder: StateFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "SNAPSHOTS_S", 0.2)
    id_ = await begun(aws, folder)
    assert await follow(aws, folder) == [""], "AWS is at it"
    assert record(folder, id_).verified == (("at once", True),)
    aws.clock.skip(SNAPSHOT_SECONDS)
    task = asyncio.create_task(watch(folder, config_for(aws)))
    try:
        async with asyncio.timeout(90):
            while following.unfinished(folder):
                await asyncio.sleep(0.05)  # the pace of looking
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    found = record(folder, id_)
    assert found.state is ActionState.APPLIED
    assert ("completed", True) in found.verified
    (taken,) = backend(PLACE.account, PLACE.region).snapshots.values()
    assert found.detail.startswith(f"1 snapshot completed: {taken.id}; due: lock them (ebs-snapshot-lock)")
    print_record(found)
    assert "due: lock them" in capsys.readouterr().out
    assert await follow(aws, folder) == [], "said once"


async def test_what_is_due_names_the_forensic_account_and_the_copy_is_followed_too(
    aws: Embedded, folder: StateFolder
) -> None:
    forensic = "444455556666"
    config = config_for(aws, forensic_account=forensic)
    id_ = await begun(aws, folder)
    aws.clock.skip(SNAPSHOT_SECONDS)
    async with Door.open(config, aws.world, "watch", Mode.READ, "watch") as door:
        (request,) = following.unfinished(folder)
        assert await following.follow(folder, door, "watch", request, config) == "completed"
        due = record(folder, id_).detail
        assert f"share them with account {forensic} (ebs-snapshot-share), copy them there (ebs-snapshot-copy" in due

        (taken,) = backend(PLACE.account, PLACE.region).snapshots.values()
        session = Session(folder, config, ANALYST, Mode.RESPOND, by_script=True)
        for action, account in (("ebs-snapshot-share", PLACE.account), ("ebs-snapshot-copy", forensic)):
            order = Contain(action, taken.id, taken.id, account=account, region=PLACE.region)
            done = await engine.contain(session, order)
            assert done.state is ActionState.APPLIED, done.detail
        (copying,) = following.unfinished(folder)
        assert await following.follow(folder, door, "watch", copying, config) == "", "AWS is at it"
        aws.clock.skip(COPY_SECONDS)
        assert await following.follow(folder, door, "watch", copying, config) == "completed"
    (copy,) = backend(forensic, PLACE.region).snapshots.values()
    due = f"1 copy completed: {copy.id}; due: lock what was copied (ebs-snapshot-lock, account {forensic})"
    assert record(folder, done.action_id).detail == due
    assert following.unfinished(folder) == []


async def test_one_that_fails_is_said_raises_no_alarm_and_may_be_begun_again(
    aws: Embedded, folder: StateFolder
) -> None:
    id_ = await begun(aws, folder)
    (taken,) = backend(PLACE.account, PLACE.region).snapshots.values()
    taken.status = "error"
    assert await follow(aws, folder) == ["failed"]
    found = record(folder, id_)
    assert found.state is ActionState.APPLIED, "it was begun, and nobody took it away"
    assert ("failed", False) in found.verified
    assert found.detail == f"1 snapshot failed: {taken.id}; due: begin them again (ec2-snapshot)"
    assert alarms(folder) == 0
    assert following.unfinished(folder) == []
    session = Session(folder, config_for(aws), ANALYST, Mode.TRIAGE, by_script=True)
    asked = PlanContain("ec2-snapshot", instance(aws), account=PLACE.account, region=PLACE.region)
    assert (await planning.plan(session, asked)).helps


async def test_evidence_that_somebody_deletes_is_an_alarm_and_a_later_request_takes_nothing_from_it(
    aws: Embedded, folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await begun(aws, folder)
    (taken,) = backend(PLACE.account, PLACE.region).snapshots
    monkeypatch.setattr(ec2_snapshot, "FRESH", timedelta(0))
    second = await begun(aws, folder)
    async with Door.open(config_for(aws), aws.world, "watch", Mode.READ, "watch") as door:

        async def look() -> list[ActionState | None]:
            return [await afterwards.look_again(folder, door, "watch", record(folder, id_)) for id_ in (first, second)]

        assert await look() == [ActionState.APPLIED, ActionState.APPLIED]
        by_hand(aws, "DeleteSnapshot", SnapshotId=taken)
        assert await look() == [ActionState.NOT_APPLIED, ActionState.APPLIED]
    assert alarms(folder) == 1

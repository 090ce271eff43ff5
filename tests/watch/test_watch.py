"""The watch against the embedded AWS: what it says of its sources, when it ends, and what it puts on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from socconsole import triage
from socconsole.collectors import guardduty
from socconsole.commands import Snooze
from socconsole.config import Intervals
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.finding import State
from socconsole.model.source import Freshness, SourceKey, SourceState
from socconsole.store import clear, db, decisions, ledger, project, queue, reading, sources
from socconsole.store.state import LockHeld, StateFolder
from socconsole.triage import query
from socconsole.watch import polling, supervisor, watch
from tests.drillstate import ANALYST, SERVICES, config_for, folder_for
from tests.embedded import client

PATIENCE_S = 90.0
KEY = SourceKey("guardduty", "111122223333", "eu-central-1")


@pytest.fixture
def folder(tmp_path: Path, aws: Embedded) -> StateFolder:
    return folder_for(tmp_path / "state", aws)


def states(folder: StateFolder) -> list[SourceState]:
    with db.reading(folder) as conn:
        return sources.states(conn, now=datetime.now(UTC))


def every(folder: StateFolder, freshness: Freshness) -> bool:
    """Whether all eight sources are there and so."""
    return [state.freshness for state in states(folder)] == [freshness] * 8


async def until(true: Callable[[], Any], why: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.05)  # the pace of looking; what is waited for is the condition


@asynccontextmanager
async def resident(folder: StateFolder, aws: Embedded, **options: Any) -> AsyncIterator[asyncio.Task[Any]]:
    task = asyncio.create_task(watch(folder, config_for(aws), **options))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_once_reads_every_source_and_says_so(folder: StateFolder, aws: Embedded) -> None:
    everything = config_for(aws, SERVICES, intervals=Intervals())
    report = await watch(folder, everything, once=True)
    assert report is not None
    # One bucket of this story is closed to its own account: what its posture is nobody can say.
    lacking = {(one.key.service, one.key.account, one.freshness) for one in report.states} - {
        (one.key.service, one.key.account, Freshness.FRESH) for one in report.states
    }
    assert lacking == {("posture", "444455556666", Freshness.PARTIAL)}
    # The trail is also read where IAM's calls are recorded, which is none of the regions here.
    assert len(report.states) == len(aws.accounts) * (len(aws.regions) * len(SERVICES) + 1)
    assert report.counts.new > 0
    assert report.counts.quarantined == 0
    roles = {entry.role for entry in aws.journal.calls() if entry.service != "sts"}
    assert roles == {"socconsole-watch"}
    again = await watch(folder, everything, once=True)
    assert again is not None
    assert again.counts.new == 0


async def test_a_dead_endpoint_shows_everywhere_and_comes_back_by_itself(folder: StateFolder, aws: Embedded) -> None:
    async with resident(folder, aws):
        await until(lambda: every(folder, Freshness.FRESH), "fresh")
        aws.down()
        await until(lambda: every(folder, Freshness.ERROR), "all in error")
        with db.reading(folder) as conn:
            found = sources.states(conn, now=datetime.now(UTC))
        assert not clear.judge(found, world=folder.world.kind, watch_alive=True)
        aws.up()
        await until(lambda: every(folder, Freshness.FRESH), "fresh again")


async def test_one_watch_a_store(folder: StateFolder, aws: Embedded) -> None:
    with folder.lock(supervisor.LOCK), pytest.raises(LockHeld):
        await watch(folder, config_for(aws), once=True)


async def test_a_fault_of_ours_in_one_source_blinds_no_other(
    folder: StateFolder, aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> AsyncIterator[Any]:
        raise KeyError("surprise")
        yield

    monkeypatch.setitem(supervisor.COLLECTORS, "guardduty", SimpleNamespace(collect=broken, sweep=broken))
    report = await watch(folder, config_for(aws), once=True)
    assert report is not None
    by = {(state.key.service, state.freshness) for state in report.states}
    assert by == {("guardduty", Freshness.ERROR), ("securityhub", Freshness.FRESH)}
    assert guardduty.collect is not broken


async def test_a_store_that_takes_nothing_in_gives_no_source_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        asked = 0

        async def do(self, act: object, *_: object) -> None:
            self.asked += 1
            raise OSError("the disk is full")

    keeper = Full()
    monkeypatch.setattr(polling, "RETRY_S", 0.01)
    poller = polling.Poller(KEY, guardduty, None, keeper, triage.Context(), 60.0)  # type: ignore[arg-type]
    task = asyncio.create_task(poller.run())
    await until(lambda: keeper.asked > 6, "it asked again and again")
    assert not task.done()
    task.cancel()


async def test_what_a_dead_watch_left_is_stale(folder: StateFolder, aws: Embedded) -> None:
    async with resident(folder, aws):
        await until(lambda: every(folder, Freshness.FRESH), "fresh")
    assert {state.freshness for state in states(folder)} == {Freshness.STALE}


async def test_it_ends_when_the_last_console_has_left(
    folder: StateFolder, aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "ARRIVAL_S", 1.0)
    async with asyncio.timeout(PATIENCE_S):
        assert await watch(folder, config_for(aws), linger_s=0.5) is None
    with db.reading(folder) as conn:
        assert not sources.watch_alive(conn)


async def test_a_snooze_that_runs_out_and_a_threat_nobody_took_are_on_record_once(
    folder: StateFolder, aws: Embedded
) -> None:
    aws.advance(300)
    await watch(folder, config_for(aws), once=True)
    with queue.QueueReader(folder.store_db) as reader:
        ids = reader.ids(queue.View.THREATS, query.parse("state:new sev:low"), limit=1, now=datetime.now(UTC))
    async with resident(folder, aws):
        await until(lambda: "timer/snoozes" in _timers(folder), "the timers run")
        soon = datetime.now(UTC) + timedelta(seconds=1.5)
        decisions.decide(
            folder, Snooze(ids=tuple(ids), until=soon, reason="short"), ANALYST, Mode.TRIAGE, datetime.now(UTC)
        )
        await until(lambda: _lines(folder, "snooze_ended"), "the snooze ended")
    (line,) = _lines(folder, "snooze_ended")
    assert line.entry.subjects == tuple(ids)
    async with resident(folder, aws):  # the watch's own past is not done twice
        await until(lambda: every(folder, Freshness.FRESH), "fresh")
    assert len(_lines(folder, "snooze_ended")) == 1


def _lines(folder: StateFolder, verb: str) -> list[Any]:
    return [line for line in ledger.read(folder) if line.entry.verb == verb]


def _timers(folder: StateFolder) -> set[str]:
    with db.reading(folder) as conn:
        return {name for name in ("timer/snoozes", "timer/reminders", "timer/ended") if sources.load_cursor(conn, name)}


async def test_what_aws_no_longer_has_or_archived_is_closed_on_record_and_comes_back(
    folder: StateFolder, aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "REMIND_S", 0.2)
    aws.advance(1200)
    place = (KEY.account, KEY.region)
    records = aws.cloud.detectors.at(*place)
    hub = aws.cloud.hubs.hub(*place)
    assert hub is not None
    async with resident(folder, aws):
        await until(lambda: every(folder, Freshness.FRESH), "fresh")
        await until(lambda: "timer/ended" in _timers(folder), "the timers run")
        lost, filed = [native for native in records if _of_detector(folder, native)][:2]
        ids = {native: _of_detector(folder, native) for native in (lost, filed)}
        taken = records.pop(lost)
        copies = {key: hub.records.pop(key) for key in [key for key in hub.records if key[1].endswith(lost)]}
        client(aws, "guardduty", KEY.region).archive_findings(
            DetectorId=taken["Service"]["DetectorId"], FindingIds=[filed]
        )
        await until(lambda: len(_lines(folder, "ended")) >= 2, "both ends are on record")
        with db.reading(folder) as conn:
            assert not project.unapplied(conn)
        ended = {line.entry.data["how"]: line.entry.subjects for line in _lines(folder, "ended")}
        assert all(set(line.entry.data["facts"]) == set(line.entry.subjects) for line in _lines(folder, "ended"))
        assert ended == {"gone": (ids[lost],), "archived": (ids[filed],)}
        assert _state(folder, ids[lost]) is State.RESOLVED
        records[lost] = taken
        hub.records.update(copies)
        await until(lambda: _state(folder, ids[lost]) is State.NEW, "it is back")


def _of_detector(folder: StateFolder, native: str) -> str | None:
    """The id of the open threat that GuardDuty calls ``native``."""
    with db.reading(folder) as conn, queue.QueueReader(folder.store_db) as reader:
        ids = reader.ids(queue.View.THREATS, query.parse("state:new"), limit=50, now=datetime.now(UTC))
        for stored in reading.each(conn, ids):
            if ("guardduty", native) in {(form, id_) for form, _, id_ in stored.finding.handles}:
                return stored.finding.id
    return None


def _state(folder: StateFolder, id_: str | None) -> State:
    with db.reading(folder) as conn:
        found = reading.get(conn, id_ or "")
    assert found is not None
    return found.state


async def test_a_changed_configuration_scores_what_is_stored_when_the_watch_starts(
    folder: StateFolder, aws: Embedded
) -> None:
    aws.advance(300)
    await watch(folder, config_for(aws, dataset=()), once=True)
    plain = _scores(folder)
    async with resident(folder, aws):  # the same AWS, and a dataset declared meanwhile
        await until(lambda: _scores(folder) != plain, "scored anew")
    dearer = {id_ for id_, score in _scores(folder).items() if score != plain.get(id_, score)}
    with db.reading(folder) as conn:
        for stored in reading.each(conn, dearer):
            assert "pii" in [reason.why for reason in stored.finding.priority.reasons]


def _scores(folder: StateFolder) -> dict[str, int]:
    with queue.QueueReader(folder.store_db) as reader:
        rows = reader.window(queue.View.ALL, offset=0, limit=1000, now=datetime.now(UTC))
    return {row.id: row.score for row in rows}


async def test_a_note_of_a_source_is_not_taken_for_what_is_wrong_with_it(folder: StateFolder, aws: Embedded) -> None:
    report = await watch(folder, config_for(aws), once=True)
    assert report is not None
    noted = {state.key: state for state in report.states if state.note}
    assert noted, "this world has a finding aggregator"
    assert {state.freshness for state in noted.values()} == {Freshness.FRESH}
    assert {state.detail.raw() for state in noted.values()} == {""}

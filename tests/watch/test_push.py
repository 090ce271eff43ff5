"""Push end to end: what happens at AWS is in the store because AWS said so, by the way that deploy/push.json makes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from socconsole.aws.push_template import template
from socconsole.config import Config, Intervals, PushConfig
from socconsole.drill import Embedded, pushing
from socconsole.model.source import Freshness, SourceKey, SourceState
from socconsole.store import db, sources
from socconsole.store.state import StateFolder
from socconsole.text import clean
from socconsole.watch import listening, watch
from tests.drillstate import config_for, folder_for
from tests.embedded import client

FILE = Path(__file__).parents[2] / "deploy" / "push.json"
PATIENCE_S = 40.0
KEY = SourceKey("push", "111122223333", "eu-central-1")
CORPUS = "kaufhaus-llm-corpus-prod"


@pytest.fixture
def folder(tmp_path: Path, aws: Embedded) -> StateFolder:
    return folder_for(tmp_path / "state", aws)


@pytest.fixture
def config(aws: Embedded) -> Config:
    """Whatever is polled is asked once, and not again for an hour."""
    installed = pushing.install(aws.cloud, aws.engine.scenario)
    seldom = Intervals(**dict.fromkeys(Intervals.__struct_fields__, 3600.0))
    return config_for(aws, push=PushConfig(**installed.table(aws.port)), intervals=seldom)


def states(folder: StateFolder) -> dict[SourceKey, SourceState]:
    with db.reading(folder) as conn:
        return {state.key: state for state in sources.states(conn, now=datetime.now(UTC))}


def told(folder: StateFolder, sql: str) -> list[tuple[Any, ...]]:
    with db.reading(folder) as conn:
        return conn.execute(sql).fetchall()


def is_now(folder: StateFolder, freshness: Freshness) -> bool:
    found = states(folder).get(KEY)
    return found is not None and found.freshness is freshness


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.05)  # the pace of looking; what is waited for is the condition


@asynccontextmanager
async def resident(folder: StateFolder, config: Config) -> AsyncIterator[None]:
    task = asyncio.create_task(watch(folder, config))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_the_file_is_what_the_drill_deploys() -> None:
    made = json.dumps(template(), indent=2) + "\n"
    assert FILE.read_text("utf-8") == made, "socconsole iam template --push > deploy/push.json"


async def test_what_happens_is_in_the_store_because_aws_said_so(
    folder: StateFolder, config: Config, aws: Embedded
) -> None:
    async with resident(folder, config):
        await until(lambda: is_now(folder, Freshness.FRESH))
        await until(lambda: all(one.freshness is Freshness.FRESH for one in states(folder).values()))
        before = {key: one.last_complete for key, one in states(folder).items()}
        known = told(folder, "SELECT count(*) FROM finding")
        aws.advance(400)
        calls = "SELECT name, account FROM trail WHERE name = 'PutBucketPolicy' ORDER BY account"
        await until(lambda: told(folder, "SELECT count(*) FROM finding") > known)
        await until(lambda: len(told(folder, calls)) == 2)
        assert told(folder, calls) == [("PutBucketPolicy", "111122223333"), ("PutBucketPolicy", "444455556666")]
        # What is pushed belongs to whoever lists it: its sweeps look after it. And nothing was made to look read.
        origins = {
            name for (name,) in told(folder, "SELECT DISTINCT o.name FROM observation JOIN origin AS o ON o.n = origin")
        }
        assert {"guardduty/444455556666/eu-west-1", "securityhub/111122223333/eu-central-1"} <= origins
        assert not [name for name in origins if name.startswith("push/")]
        after = {key: one.last_complete for key, one in states(folder).items()}
        assert {key for key in after if after[key] != before[key]} <= {KEY}
        await until(lambda: told(folder, "SELECT 1 FROM trail WHERE name = 'DeleteBucketPublicAccessBlock'"))
        await until(lambda: "trail objects up to" in clean(states(folder)[KEY].note))


async def test_reads_of_a_bucket_arrive_with_their_bytes_once_a_trail_records_them(
    folder: StateFolder, config: Config, aws: Embedded
) -> None:
    data = [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{CORPUS}/"]}]
    selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": data}]
    client(aws, "cloudtrail").put_event_selectors(TrailName="org-trail", EventSelectors=selectors)
    aws.advance(900)
    report = await watch(folder, config, once=True)
    assert report is not None
    assert next(one for one in report.states if one.key == KEY).freshness is Freshness.FRESH
    reads = "SELECT name, category, address, bytes_out FROM trail WHERE category = 'data'"
    assert set(told(folder, reads)) == {("GetObject", "data", "203.0.113.9", 15 * 716800)}
    count = told(folder, "SELECT count(*), count(DISTINCT id) FROM trail WHERE category = 'data'")
    assert count[0][0] == count[0][1] > 20


async def test_a_queue_that_is_gone_shows_and_shows_again_when_it_is_back(
    folder: StateFolder, config: Config, aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "RETRY_S", 0.5)
    async with resident(folder, config):
        await until(lambda: is_now(folder, Freshness.FRESH))
        aws.down()
        await until(lambda: is_now(folder, Freshness.ERROR))
        aws.up()
        await until(lambda: is_now(folder, Freshness.FRESH))

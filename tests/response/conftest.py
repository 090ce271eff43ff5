from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from socconsole import formats
from socconsole.aws import Door
from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.entry import Line
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.response.readers import Readers
from socconsole.response.session import Session
from socconsole.store import db, findings, ledger, reading, sources
from socconsole.store.state import StateFolder
from tests.embedded import aws, embedded  # noqa: F401

CORPUS = "kaufhaus-llm-corpus-prod"
EXPORTS = "kaufhaus-ml-eval-exports"
ASSETS = "kaufhaus-shop-assets"
TRANSCRIPTS = "kaufhaus-support-transcripts"
STRANGER = "999988887777"
PROD = Place("111122223333", "eu-central-1")
ML = Place("444455556666", "eu-west-1")
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True)
class Setting:
    """A configuration that names nothing: the drill's own roles are used."""

    accounts: tuple[object, ...] = ()
    share: float = 1.0


def leaking(aws: Embedded) -> Embedded:  # noqa: F811
    """The world after the corpus was opened to everyone and the exports were handed to a stranger."""
    aws.advance(330)
    return aws


def changes(aws: Embedded) -> list[tuple[str, str]]:  # noqa: F811
    """(operation, role) of all that clients wrote, credentials aside, as the embedded AWS saw it."""
    return [(f"{e.service}:{e.op}", e.role) for e in aws.journal.calls(mutating=True)]


def owner(aws: Embedded, operation: str, bucket: str, **params: Any) -> None:  # noqa: F811
    """What the bucket's owner, or an intruder with his rights, does behind our back."""
    aws.cloud.hands.call(f"AKIB{PROD.account}BLDR", PROD.region, f"s3:{operation}", {"Bucket": bucket, **params})


@pytest.fixture
def folder(aws: Embedded, tmp_path: Path) -> StateFolder:  # noqa: F811
    made = StateFolder.create(tmp_path / "state", aws.world)
    db.prepare(made)
    return made


Make = Callable[..., Session]


@pytest.fixture
async def session(folder: StateFolder) -> AsyncIterator[Make]:
    """``session(mode, **more)``: a script's session that reads back twice within a fraction of a second.

    All of a test's sessions read through one door, as those of a console do; what acts has its own.
    """
    readers = Readers()

    def make(mode: Mode = Mode.RESPOND, config: Config | None = None, **more: Any) -> Session:
        more.setdefault("later", (("15 s", 0.02), ("60 s", 0.05)))
        more.setdefault("by_script", True)
        more.setdefault("door", readers)
        return Session(folder, config or Config(share=1.0), "oncall1", mode, **more)

    yield make
    await readers.close()


async def eventually(true: Callable[[], object]) -> None:
    """Wait for something that another task, thread or process brings about."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.005)


def record(folder: StateFolder, *verbs: str) -> list[Line]:
    return ledger.read(folder, verbs=verbs or ("intent", "outcome", "verified", "resolved"))


async def take_in(aws: Embedded, folder: StateFolder, place: Place = PROD) -> None:  # noqa: F811
    """Put what Security Hub says into the store, as the watch does."""
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        pages = [page async for page in door.pages(place, "securityhub:GetFindings", {})]
    records = [r for page in pages for found in page["Findings"] for r in formats.read_object(found, 0)]
    key = SourceKey("securityhub", place.account, place.region)
    with closing(db.connect(folder.store_db)) as conn:
        findings.commit(
            conn,
            records,
            answer=Answer(key, Freshness.FRESH),
            origin=sources.origin_of(key),
            now=datetime.now(UTC),
        )


def open_ids(folder: StateFolder) -> list[str]:
    """Findings that Security Hub calls NEW, in the order of their ids."""
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM finding WHERE workflow = 'NEW' ORDER BY id")]
        return [each.finding.id for each in reading.each(conn, ids) if each.finding.handles]

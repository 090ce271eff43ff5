"""Running verbs in this process, as ``main`` would end them, and stores to run them on."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from socconsole.cli.app import build
from socconsole.cli.exits import Stop
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import World, WorldKind
from socconsole.store import db, findings, sources
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted

HUB = SourceKey("securityhub", "111122223333", "eu-central-1")
DUTY = SourceKey("guardduty", "111122223333", "eu-central-1")


FINDING = {
    "AccountId": "111122223333",
    "Arn": "arn:aws:guardduty:eu-central-1:111122223333:detector/d/finding/1",
    "Id": "1",
    "Region": "eu-central-1",
    "Type": "Exfiltration:S3/AnomalousBehavior",
    "Severity": 8,
    "Title": "Objects read in bulk",
    "CreatedAt": "2026-03-01T03:09:46Z",
    "UpdatedAt": "2026-03-01T03:12:00Z",
    "SchemaVersion": "2.0",
    "Resource": {"ResourceType": "S3Bucket"},
    "Service": {"DetectorId": "d"},
}
"""One GuardDuty finding, as the API gives it."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        (only,) = self.rows
        return only


def run(*arguments: str | Path, stdin: str | bytes = "", **environment: str) -> Ran:
    """One verb; anything but an end of the contract is raised."""
    done = CliRunner().invoke(build(), [str(one) for one in arguments], input=stdin, env=environment)
    if isinstance(done.exception, Stop):
        return Ran(int(done.exception.code), done.stdout, f"{done.stderr}{done.exception}\n{done.exception.remedy}\n")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


def live(root: Path, *keys: SourceKey) -> StateFolder:
    """A live world with its store; ``keys`` are in scope and were never asked."""
    folder = StateFolder.create(root, World(WorldKind.LIVE, accounts=("111122223333",)))
    db.prepare(folder)
    with closing(db.connect(folder.store_db)) as conn:
        sources.scope(conn, keys)
    return folder


def answered(folder: StateFolder, key: SourceKey, outcome: Freshness = Freshness.FRESH, detail: str = "") -> None:
    with closing(db.connect(folder.store_db)) as conn:
        answer = Answer(key, outcome, Untrusted(detail), remedy="aws sso login" if detail else "", interval_s=600)
        sources.record(conn, answer, datetime.now(UTC))


def watched(folder: StateFolder) -> None:
    """A watch that lives: its heartbeat is now."""
    import os

    with closing(db.connect(folder.store_db)) as conn:
        sources.beat(conn, os.getpid(), datetime.now(UTC))


def fill(folder: StateFolder, *records: Any) -> None:
    db.prepare(folder)
    with closing(db.connect(folder.store_db)) as conn:
        findings.commit(conn, records, answer=None, origin="file:test", now=datetime.now(UTC))

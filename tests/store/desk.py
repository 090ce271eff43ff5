"""A live state folder with findings in it, and an analyst who decides."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from socconsole.commands import Decision
from socconsole.model.action import Mode
from socconsole.model.finding import finding_id
from socconsole.model.world import World, WorldKind
from socconsole.store import db, decisions, findings
from socconsole.store.decisions import Decided
from socconsole.store.state import StateFolder
from tests.store.builders import ACCOUNT, NOW, arn, hub


def live(root: Path, count: int = 5) -> StateFolder:
    """A live folder with findings ``0`` to ``count - 1``, as Security Hub reports them."""
    folder = StateFolder.create(root, World(WorldKind.LIVE, accounts=(ACCOUNT,)))
    db.prepare(folder)
    fill(folder, *(hub(str(n)) for n in range(count)))
    return folder


def fill(folder: StateFolder, *records) -> None:
    with closing(db.connect(folder.store_db)) as conn:
        findings.commit(conn, records, answer=None, origin="test", now=NOW)


def named(n: int | str) -> str:
    return finding_id(arn(str(n)))


def act(
    folder: StateFolder, request: Decision, who: str = "ana", mode: Mode = Mode.TRIAGE, now: datetime = NOW
) -> Decided:
    return decisions.decide(folder, request, who, mode, now)


@contextmanager
def store(folder: StateFolder) -> Iterator[sqlite3.Connection]:
    with closing(db.connect(folder.store_db)) as conn:
        conn.row_factory = sqlite3.Row
        yield conn


def decision(folder: StateFolder, n: int | str) -> dict[str, object]:
    """What is decided about a finding now; empty when nothing ever was."""
    with store(folder) as conn:
        row = conn.execute("SELECT * FROM decision WHERE finding_id = ?", (named(n),)).fetchone()
    return dict(row) if row else {}


def dump(folder: StateFolder) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is projected, to compare two stores."""
    tables = ("decision", "decision_log", "outbox", "action", "owed", "meta")
    with closing(db.connect(folder.store_db)) as conn:
        return {table: sorted(conn.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}

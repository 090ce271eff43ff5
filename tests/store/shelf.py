"""A store on disk and short ways to put things into it, for the tests of this folder."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from socconsole.formats import Record
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import db, findings, sources
from tests.store.builders import ACCOUNT, NOW, REGION

KEY = SourceKey("guardduty", ACCOUNT, REGION)


def fresh_store(folder: Path) -> sqlite3.Connection:
    return db.connect(db.prepare(folder / "store.db"))


def put(conn: sqlite3.Connection, *records: Record, now: datetime = NOW, origin: str = "file.json") -> findings.Counts:
    """Import."""
    return findings.commit(conn, records, answer=None, origin=origin, now=now)


def hear(conn: sqlite3.Connection, *records: Record, now: datetime = NOW, key: SourceKey = KEY) -> findings.Counts:
    """What a source answers, completely."""
    answer = Answer(key, Freshness.FRESH)
    return findings.commit(conn, records, answer=answer, origin=sources.origin_of(key), now=now)


def decide(conn: sqlite3.Connection, finding_id: str, seq: int, **columns: object) -> None:
    """Write a decision as the projection of the ledger does."""
    names = ["finding_id", *columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns)
    conn.execute(
        f"INSERT INTO decision ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
        f"ON CONFLICT (finding_id) DO UPDATE SET {updates}",
        (finding_id, *columns.values()),
    )


def acknowledge(conn: sqlite3.Connection, finding_id: str, at: datetime, who: str = "on1", seq: int = 7) -> None:
    decide(conn, finding_id, seq, acked_at=micros(at), acked_by=who, ack_seq=seq)


def snooze(conn: sqlite3.Connection, finding_id: str, at: datetime, until: datetime, seq: int = 8) -> None:
    decide(
        conn,
        finding_id,
        seq,
        snoozed_at=micros(at),
        snoozed_until=micros(until),
        snoozed_by="on1",
        snooze_reason="known",
        snooze_seq=seq,
    )


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)) // timedelta(microseconds=1)


def dump(conn: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is stored, to compare two moments."""
    tables = [
        name
        for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        if not name.startswith(("sqlite_", "finding_fts_"))
    ]
    return {
        name: sorted(conn.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for name in tables
        if name != "finding_fts"
    }

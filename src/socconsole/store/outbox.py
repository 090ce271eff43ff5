"""Workflow writes owed to Security Hub: claimed by lease, sent by an actor, settled by a ledger entry.

Rows come from projected decisions (``projections``); only the lease is written directly. A row claimed by a
process that died is free again when its lease has run out.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.store import ledger
from socconsole.store.db import transaction
from socconsole.store.instants import instant, micros, storable
from socconsole.store.project import project

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

LEASE_S: Final = 60.0
_BATCH: Final = 100


class Fate(StrEnum):
    """What became of a write; the value is the ledger verb."""

    SENT = "sent"
    OVERTAKEN = "overtaken"
    """AWS says something newer, or the finding cannot be written to: nothing was sent."""
    FAILED = "send_failed"
    """AWS refused it, and trying again would not help; ``claim(retry_failed=True)`` tries all the same."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write that is owed.

    ``payload`` holds ``workflow``, ``verdict`` and ``note``, each only if it is to be set, and for a ``restore``
    also ``expect``: what AWS must still say, or the write is overtaken.
    """

    id: int
    seq: int
    """The ledger entry that decided it; with ``finding`` it names the write for ever."""
    finding: str
    kind: str
    payload: Mapping[str, Any]
    who: str
    mode: Mode
    made_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a write. ``before`` is AWS's ``workflow`` and ``verdict`` as read just before sending."""

    write: Write
    fate: Fate
    why: str = ""
    before: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts of what AWS has not been told, for the header and the handoff."""

    unsent: int
    """Will be sent by the next live actor."""
    kept_back: int
    """Made in READ; sent on ``:send`` only."""
    claimed: int
    failed: int

    @property
    def total(self) -> int:
        return self.unsent + self.kept_back + self.claimed + self.failed


def claim(
    conn: sqlite3.Connection,
    who: str,
    now: datetime,
    *,
    pid: int | None = None,
    lease_s: float = LEASE_S,
    limit: int = _BATCH,
    include_read: bool = False,
    retry_failed: bool = False,
) -> list[Write]:
    """Take up to ``limit`` writes of an analyst, oldest first, for ``lease_s`` seconds.

    ``conn`` is a writing connection (``db.connect``). A write is left out while an older one of the same finding is
    with another process. ``now`` is the host's clock.
    """
    at = micros(now)
    free = ["(o.state = 'unsent' AND coalesce(o.lease_until, 0) <= :at)"]
    free.append("(o.state = 'claimed' AND o.lease_until <= :at)")
    if retry_failed:
        free.append("o.state = 'failed'")
    modes = "" if include_read else "AND o.mode <> 'READ'"
    with transaction(conn):
        rows = conn.execute(
            f"SELECT o.id FROM outbox AS o WHERE o.who = :who AND o.taken_by IS NULL {modes} "
            f"AND ({' OR '.join(free)}) AND NOT EXISTS (SELECT 1 FROM outbox AS p WHERE "
            "p.finding_id = o.finding_id AND p.id < o.id AND p.state = 'claimed' AND p.lease_until > :at) "
            "ORDER BY o.id LIMIT :limit",
            {"who": who, "at": at, "limit": limit},
        ).fetchall()
        ids = [row[0] for row in rows]
        conn.executemany(
            "UPDATE outbox SET state = 'claimed', lease_pid = ?, lease_until = ? WHERE id = ?",
            [(pid or os.getpid(), micros(now + timedelta(seconds=lease_s)), id_) for id_ in ids],
        )
        return _read(conn, ids)


def renew(
    conn: sqlite3.Connection,
    writes: Sequence[Write],
    now: datetime,
    lease_s: float = LEASE_S,
    *,
    pid: int | None = None,
) -> list[Write]:
    """Keep writes that are still being worked on; returns those that are still ours.

    One whose lease ran out may be with another process by now: it is that one's to send.
    """
    until, holder = micros(now + timedelta(seconds=lease_s)), pid or os.getpid()
    with transaction(conn):
        return [
            write
            for write in writes
            if conn.execute(
                "UPDATE outbox SET lease_until = ? WHERE id = ? AND state = 'claimed' AND lease_pid = ?",
                (until, write.id, holder),
            ).rowcount
        ]


def release(
    conn: sqlite3.Connection,
    writes: Sequence[Write],
    why: str,
    now: datetime,
    again_s: float = 0.0,
    *,
    pid: int | None = None,
) -> None:
    """Give writes back unsent (AWS unreachable, throttled, credentials expired), not to be tried for ``again_s``.

    This leaves no entry: nothing happened that the record has to know. What another process has taken over since is
    left to it.
    """
    again, holder = micros(now + timedelta(seconds=again_s)), pid or os.getpid()
    with transaction(conn):
        conn.executemany(
            "UPDATE outbox SET state = 'unsent', tries = tries + 1, why = ?, lease_pid = NULL, lease_until = ? "
            "WHERE id = ? AND state = 'claimed' AND lease_pid = ?",
            [(storable(why, 500), again, write.id, holder) for write in writes],
        )


def settle(folder: StateFolder, settled: Iterable[Settled], who: str) -> int:
    """Record what became of writes, and apply it; returns the last ledger sequence (0 for nothing to settle).

    One entry for up to 100 writes of the same fate and reason, all of them in one transaction.
    """
    groups: dict[tuple[Fate, str], list[Settled]] = {}
    for item in settled:
        groups.setdefault((item.fate, item.why), []).append(item)
    entries: list[Entry] = []
    for (fate, why), items in groups.items():
        for start in range(0, len(items), _BATCH):
            entries.append(_entry(fate, why, items[start : start + _BATCH], who))
    if not entries:
        return 0
    lines = ledger.append(folder, entries)
    project(folder)
    return lines[-1].seq


def waiting(conn: sqlite3.Connection, who: str | None = None) -> Waiting:
    """What is not sent, of one analyst or of all."""
    counts: dict[str, int] = {"unsent": 0, "kept_back": 0, "claimed": 0, "failed": 0}
    mine = "" if who is None else "AND who = ?"
    for state, kept, count in conn.execute(
        "SELECT state, mode = 'READ', count(*) FROM outbox WHERE state IN ('unsent', 'claimed', 'failed') "
        f"AND taken_by IS NULL {mine} GROUP BY 1, 2",
        () if who is None else (who,),
    ):
        counts["kept_back" if state == "unsent" and kept else state] += count
    return Waiting(**counts)


def of_finding(conn: sqlite3.Connection, finding: str) -> list[tuple[Write, str, str]]:
    """(write, state, why) of everything ever owed for a finding, oldest first."""
    rows = conn.execute("SELECT id, state, why FROM outbox WHERE finding_id = ? ORDER BY id", (finding,)).fetchall()
    writes = _read(conn, [row[0] for row in rows])
    return [(write, state, why) for write, (_, state, why) in zip(writes, rows, strict=True)]


def _entry(fate: Fate, why: str, items: Sequence[Settled], who: str) -> Entry:
    data: dict[str, Any] = {"writes": [[item.write.seq, item.write.finding] for item in items]}
    if fate is Fate.SENT:
        data["before"] = {item.write.finding: dict(item.before) for item in items if item.before}
    return Entry(
        verb=fate.value,
        who=who,
        subjects=tuple(dict.fromkeys(item.write.finding for item in items)),
        data=data,
        private={"why": storable(why, 2_000)} if why else {},
    )


def _read(conn: sqlite3.Connection, ids: Sequence[int]) -> list[Write]:
    found: list[Write] = []
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        for row in conn.execute(
            "SELECT id, seq, finding_id, kind, payload, who, mode, made_at, tries FROM outbox "
            f"WHERE id IN ({','.join('?' * len(part))}) ORDER BY id",
            part,
        ):
            found.append(
                Write(
                    id=row[0],
                    seq=row[1],
                    finding=row[2],
                    kind=row[3],
                    payload=json.loads(row[4]),
                    who=row[5],
                    mode=Mode(row[6]),
                    made_at=instant(row[7]),
                    tries=row[8],
                )
            )
    return found

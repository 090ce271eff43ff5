"""Which findings of an incident its lead stands for in the list: those that the lead's row says no less than.

The lead is the open threat that stands highest in the list. What has a higher score (a control may) is never folded
under it; nor what is closed, a sample or asleep, which lists hide or show by rules of their own. Whether
folded ones are new is read with each row (``queue``), by the clock and the sources, and never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.finding import Kind
from socconsole.store.instants import micros


@dataclass(frozen=True, slots=True)
class _Row:
    n: int
    threat: bool
    score: int
    first: int
    stands: bool
    """Open, no sample, not asleep."""
    asleep_until: int | None
    folded: bool


MOST: Final = 200
"""Incidents folded anew in one transaction; until its turn comes, what is stirred stands unfolded."""


def settle(conn: Connection, now: datetime) -> int:
    """Fold anew incidents that have changed, in the caller's transaction; how many it were, at most ``MOST``."""
    at = micros(now)
    due = conn.execute(
        "SELECT id FROM incident WHERE dirty = 1 UNION SELECT id FROM incident WHERE again <= ? LIMIT ?", (at, MOST)
    ).fetchall()
    for (incident,) in due:
        _fold(conn, incident, at)
    return len(due)


def _fold(conn: Connection, incident: str, at: int) -> None:
    rows = [
        _Row(
            n, kind == Kind.THREAT.value, score, first,
            not (sample or closed or (until is not None and until > at)),
            until if until is not None and until > at and not closed else None,
            bool(folded),
        )
        for n, kind, score, first, sample, closed, until, folded in conn.execute(
            "SELECT n, kind, score, first, sample, closed, snoozed_until, folded FROM queue "
            "WHERE incident = ?",
            (incident,),
        )
    ]  # fmt: skip
    standing = [row for row in rows if row.stands]
    lead = max(standing, key=lambda row: (row.threat, row.score, row.first, row.n), default=None)
    changes = []
    for row in rows:
        under = lead is not None and row.stands and row is not lead and row.score <= lead.score
        if under != row.folded:
            changes.append((under, row.n))
    conn.executemany("UPDATE queue SET folded = ? WHERE n = ?", changes)
    conn.execute(
        "UPDATE incident SET dirty = 0, lead = ?, threat = ?, again = ? WHERE id = ?",
        (
            None if lead is None else lead.n,
            lead is not None and lead.threat,
            min((row.asleep_until for row in rows if row.asleep_until is not None), default=None),
            incident,
        ),
    )

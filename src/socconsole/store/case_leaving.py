"""Whether data leaves by any finding of a case: all of them are asked, however many it has. Reading only."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from socconsole.model.case import Case
from socconsole.model.finding import Kind, Leaving
from socconsole.store import reading, standing_sql
from socconsole.store.instants import micros


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of its findings say what."""

    said: Counter[Leaving]
    silent: int
    """Threats that say nothing of it: their type is not about data leaving, which does not mean that none does."""
    missing: int
    """Findings that the store does not know."""


def tally(conn: Connection, case: Case, now: datetime) -> Tally:
    """All findings of a case, as the queue knows them at ``now``."""
    rows = conn.execute(
        f"SELECT {standing_sql.LEAVING} AS leaving, kind = :threat, count(*) FROM queue "
        "WHERE id IN (SELECT value FROM json_each(:ids)) GROUP BY 1, 2",
        {
            "now": micros(now),
            "fresh": json.dumps(sorted(reading.fresh_origins(conn, now))),
            "threat": Kind.THREAT.value,
            "ids": json.dumps(case.findings),
        },
    ).fetchall()
    said: Counter[Leaving] = Counter()
    for leaving, _, n in rows:
        if leaving is not None:
            said[Leaving(leaving)] += n
    silent = sum(n for leaving, threat, n in rows if leaving is None and threat)
    return Tally(said, silent, len(case.findings) - sum(n for _, _, n in rows))

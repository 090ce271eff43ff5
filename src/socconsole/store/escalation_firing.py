"""What sets a path going by itself: findings that are new and unacknowledged, cases that were opened. Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from sqlite3 import Connection
from typing import Final

from socconsole.model.finding import Severity
from socconsole.store import own
from socconsole.store.escalations import WATCH
from socconsole.store.instants import instant_or_none, micros
from socconsole.store.standing_sql import STATE

LOOK_BACK: Final = timedelta(hours=24)
"""What is older sets nothing going by itself any more: a watch that was away for days does not page about all of it."""

_BEGAN: Final = (
    "max(queue.seen, coalesce(queue.resumed_at, 0), iif(queue.snoozed_until <= :now, queue.snoozed_until, 0))"
)
"""When a finding last began to want somebody."""


def fired(conn: Connection, path: str) -> datetime | None:
    """When a path was last set going by the watch."""
    (at,) = conn.execute("SELECT max(fired) FROM escalation WHERE path = ? AND who = ?", (path, WATCH)).fetchone()
    return instant_or_none(at)


def fitting(
    conn: Connection,
    path: str,
    since: datetime,
    now: datetime,
    *,
    severity: Severity | None = None,
    sources: Sequence[str] = (),
    types: Sequence[str] = (),
    spent: Sequence[str] = (),
) -> list[str]:
    """Findings, the worst first, that set a path going: new and unacknowledged, begun or begun again after ``since``.

    What was answered and is new again (it fired again, a snooze ran out, an acknowledgement was taken back) is told
    again; what somebody stopped by hand is not, until it begins again. Threats alone where only a severity is given.

    ``spent`` are escalations that have nobody left to tell: an alarm of our own that spoke again since then (a
    deadline's next fraction, a handoff that waits on) sets the path going anew, though nobody answered.
    """
    found = conn.execute(
        f"SELECT id, sources, types, {STATE} AS state FROM queue WHERE sample = 0 AND closed = 0 "
        "AND severity >= :least AND (:any OR kind = 'threat') "
        f"AND {_BEGAN} > :since AND max({_BEGAN}, coalesce(queue.updated, 0)) > :back "
        "AND state = 'new' AND NOT EXISTS ("
        "SELECT 1 FROM escalation_about AS b JOIN escalation AS e ON e.id = b.escalation JOIN alias AS k "
        "ON k.finding = queue.n AND substr(k.key, 1, 14) = b.about "
        "WHERE e.path = :path AND ((e.stopped IS NULL AND NOT (queue.sources = :own "
        "AND e.fired < queue.updated AND e.id IN (SELECT value FROM json_each(:spent)))) "
        f"OR (e.how = 'stopped' AND e.fired >= {_BEGAN}))) "
        "ORDER BY severity DESC, score DESC, n",
        {
            "least": int(severity) if severity is not None else 0,
            "any": bool(sources or types),
            "since": micros(since),
            "back": micros(now - LOOK_BACK),  # a severity that was raised since is news of what began long ago
            "path": path,
            "now": micros(now),
            "fresh": "[]",
            "own": own.SOURCE,
            "spent": json.dumps(list(spent)),
        },
    ).fetchall()
    return [
        id_
        for id_, of, kinds, _ in found
        if (not sources or any(fnmatchcase(one, wanted) for one in of.split() for wanted in sources))
        and (not types or any(fnmatchcase(one, wanted) for one in kinds.split("\n") for wanted in types))
    ]


def fitting_cases(conn: Connection, path: str, since: datetime, now: datetime, severity: Severity) -> list[str]:
    """Open cases of at least that severity, opened after ``since``, that have not set the path going."""
    rows = conn.execute(
        "SELECT id FROM case_file WHERE closed IS NULL AND merged = '' AND severity >= ? AND opened > ? "
        "AND NOT EXISTS (SELECT 1 FROM escalation_about AS b JOIN escalation AS e ON e.id = b.escalation "
        "WHERE e.path = ? AND b.about = case_file.id) ORDER BY severity DESC, opened",
        (int(severity), micros(max(since, now - LOOK_BACK)), path),
    )
    return [id_ for (id_,) in rows]

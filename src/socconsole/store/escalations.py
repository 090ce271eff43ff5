"""Escalations: what set a path going, what was sent, and who answered. ``data`` by verb:

================== ============================================================================================
escalation         ``id``, ``path``; subjects: findings, or one case, the worst first. By the watch or an analyst.
                   Private: ``reason``
escalating         ``id``, ``step`` (from 0), ``attempt`` (from 1), ``channel``: it is about to be sent
escalated          the same, ``path``, ``result`` (``sent`` or ``failed``), ``why`` (of a failure, a word or two);
                   subjects as of the escalation
escalation_stopped ``id``, ``how``. Private: ``reason``
================== ============================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from sqlite3 import Connection
from typing import Final

from socconsole.model.entry import Line
from socconsole.model.finding import Severity
from socconsole.store import reading
from socconsole.store.instants import instant, instant_or_none, micros
from socconsole.store.standing_sql import STATE
from socconsole.text import Untrusted

VERBS: Final = frozenset({"escalation", "escalating", "escalated", "escalation_stopped"})
MOST: Final = 100
"""Findings of one escalation: what comes together is told together."""

LOOK_BACK: Final = timedelta(hours=24)
"""What is older sets nothing going by itself any more: a watch that was away for days does not page about all of it."""

_ANSWERED: Final = ("resolved", "snoozed", "acknowledged")
"""States in which nobody has to be told. What is blocked may still want eyes."""


@dataclass(frozen=True, slots=True)
class Going:
    """An escalation, with what it is about under the ids of now."""

    id: str
    path: str
    who: Untrusted
    fired: datetime
    abouts: tuple[str, ...]
    stopped: bool
    how: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt; ``ended`` None: nobody knows what became of it."""

    step: int
    attempt: int
    channel: str
    began: datetime
    ended: datetime | None
    reached: bool
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """What may be told of a finding or a case."""

    id: str
    severity: Severity
    title: Untrusted
    account: str
    region: str
    case: str
    open: bool
    """Somebody still has to answer it."""


_BEGAN: Final = (
    "max(queue.seen, coalesce(queue.resumed_at, 0), iif(queue.snoozed_until <= :now, queue.snoozed_until, 0))"
)
"""When a finding last began to want somebody."""


# --- what the ledger's entries do ---------------------------------------------------------------------------


def apply(conn: Connection, line: Line) -> None:
    """Apply one entry of :data:`VERBS`, in the caller's transaction."""
    data = line.entry.data
    id_ = str(data["id"])
    match line.entry.verb:
        case "escalation":
            conn.execute(
                "INSERT INTO escalation (id, path, who, fired, seq) VALUES (?, ?, ?, ?, ?)",
                (id_, str(data["path"]), line.entry.who, micros(line.at), line.seq),
            )
            conn.executemany(
                "INSERT INTO escalation_about (escalation, n, about) VALUES (?, ?, ?)",
                [(id_, n, about) for n, about in enumerate(line.entry.subjects)],
            )
        case "escalating":
            conn.execute(
                "INSERT INTO escalation_send (escalation, step, attempt, channel, began) VALUES (?, ?, ?, ?, ?)",
                (id_, int(data["step"]), int(data["attempt"]), str(data["channel"]), micros(line.at)),
            )
        case "escalated":
            conn.execute(
                "UPDATE escalation_send SET ended = ?, reached = ?, why = ? "
                "WHERE escalation = ? AND step = ? AND attempt = ?",
                (
                    micros(line.at), data["result"] == "sent", str(data.get("why", "")),
                    id_, int(data["step"]), int(data["attempt"]),
                ),
            )  # fmt: skip
        case "escalation_stopped":
            conn.execute(
                "UPDATE escalation SET stopped = ?, how = ? WHERE id = ? AND stopped IS NULL",
                (line.seq, str(data["how"]), id_),
            )


# --- reading ------------------------------------------------------------------------------------------------


def going(conn: Connection, *, ended: bool = False, limit: int = 1000) -> list[Going]:
    """Escalations that nobody answered yet, the oldest first; with ``ended`` all, the newest first."""
    where, order = ("", "DESC") if ended else ("WHERE stopped IS NULL", "ASC")
    rows = conn.execute(
        f"SELECT id, path, who, fired, stopped, how FROM escalation {where} "
        f"ORDER BY fired {order}, seq {order} LIMIT ?",
        (limit,),
    ).fetchall()
    return [
        Going(id_, path, Untrusted(who), instant(fired), _abouts(conn, id_), stopped is not None, how)
        for id_, path, who, fired, stopped, how in rows
    ]


def sends(conn: Connection, escalation: str) -> list[Sent]:
    """Every attempt, by step and number."""
    rows = conn.execute(
        "SELECT step, attempt, channel, began, ended, reached, why FROM escalation_send WHERE escalation = ? "
        "ORDER BY step, attempt",
        (escalation,),
    )
    return [
        Sent(step, attempt, channel, instant(began), instant_or_none(ended), bool(reached), why)
        for step, attempt, channel, began, ended, reached, why in rows
    ]


def failing(conn: Connection, since: datetime) -> list[tuple[str, datetime, str]]:
    """Channels whose last attempt failed, after ``since``: (id, when, why)."""
    return [
        (channel, instant(ended), why)
        for channel, ended, why, reached in conn.execute(
            "SELECT channel, max(ended), why, reached FROM escalation_send WHERE ended IS NOT NULL GROUP BY channel"
        )
        if not reached and ended > micros(since)
    ]


def fired(conn: Connection, path: str) -> datetime | None:
    """When a path was last set going by the watch."""
    (at,) = conn.execute("SELECT max(fired) FROM escalation WHERE path = ? AND who = 'watch'", (path,)).fetchone()
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
) -> list[str]:
    """Findings, the worst first, that set a path going: new and unacknowledged, begun or begun again after ``since``.

    What was answered and is new again (it fired again, a snooze ran out, an acknowledgement was taken back) is told
    again; what somebody stopped by hand is not, until it begins again. Threats alone where only a severity is given.
    """
    found = conn.execute(
        f"SELECT id, sources, types, {STATE} AS state FROM queue WHERE sample = 0 AND closed = 0 "
        "AND severity >= :least AND (:any OR kind = 'threat') "
        f"AND {_BEGAN} > :since AND state = 'new' AND NOT EXISTS ("
        "SELECT 1 FROM escalation_about AS b JOIN escalation AS e ON e.id = b.escalation JOIN alias AS k "
        "ON k.finding = queue.n AND substr(k.key, 1, 14) = b.about "
        f"WHERE e.path = :path AND (e.stopped IS NULL OR (e.how = 'stopped' AND e.fired >= {_BEGAN}))) "
        "ORDER BY severity DESC, score DESC, n",
        {
            "least": int(severity) if severity is not None else 0,
            "any": bool(sources or types),
            "since": micros(max(since, now - LOOK_BACK)),
            "path": path,
            "now": micros(now),
            "fresh": "[]",
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


def told(conn: Connection, id_: str, now: datetime) -> Told | None:
    """A finding (any id it ever had) or a case; None where there is none."""
    if id_.startswith("c-"):
        case = conn.execute(
            "SELECT severity, title, closed IS NULL AND merged = '' FROM case_file WHERE id = ?", (id_,)
        ).fetchone()
        return None if case is None else Told(id_, Severity(case[0]), Untrusted(case[1]), "", "", id_, bool(case[2]))
    now_called = reading.resolve(conn, id_)
    row = conn.execute(
        f"SELECT severity, title, account, region, {STATE} FROM queue WHERE id = :id",
        {"id": now_called, "now": micros(now), "fresh": "[]"},
    ).fetchone()
    if row is None or now_called is None:
        return None
    of = conn.execute(
        "SELECT c.id FROM case_file AS c JOIN case_finding AS f ON f.case_id = c.id WHERE f.finding = ? "
        "AND c.closed IS NULL AND c.merged = '' ORDER BY c.opened LIMIT 1",
        (now_called,),
    ).fetchone()
    severity, title, account, region, state = row
    return Told(
        now_called, Severity(severity), Untrusted(title), account or "", region or "",
        of[0] if of else "", state not in _ANSWERED,
    )  # fmt: skip


def answered(conn: Connection, one: Going, now: datetime) -> str:
    """How it was answered, all of it; empty while anything of it waits for somebody.

    A case is answered when it is closed, or when somebody other than who opened or escalated it took or moved it.
    """
    for about in one.abouts:
        found = told(conn, about, now)
        if found is None:  # a store that was made anew may not know it yet: not known is not answered
            return ""
        if found.open and not (about.startswith("c-") and _taken(conn, one, about)):
            return ""
    return "answered"


def _taken(conn: Connection, one: Going, case: str) -> bool:
    rows = conn.execute(
        "SELECT v.data FROM case_event AS v JOIN case_file AS c ON c.id = v.case_id JOIN escalation AS e ON e.id = ? "
        "WHERE v.case_id = ? AND v.verb = 'case_change' AND v.seq > e.seq AND v.who NOT IN (e.who, c.opened_by)",
        (one.id, case),
    )
    return any(json.loads(data).get("field") in ("owner", "status") for (data,) in rows)


def _abouts(conn: Connection, escalation: str) -> tuple[str, ...]:
    rows = conn.execute("SELECT about FROM escalation_about WHERE escalation = ? ORDER BY n", (escalation,))
    return tuple(about for (about,) in rows.fetchall())

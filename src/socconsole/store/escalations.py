"""Escalations: what set a path going, what was sent, and who answered. ``data`` by verb:

================== ============================================================================================
escalation         ``id``, ``path``, ``answered`` (those of its subjects that somebody had answered before, and that
                   an analyst escalates all the same); subjects: findings, or one case, the worst first. By the
                   watch or an analyst. Private: ``reason``
escalating         ``id``, ``step`` (from 0), ``attempt`` (from 1), ``channel``: it is about to be sent
escalated          the same, ``path``, ``result`` (``sent`` or ``failed``), ``why`` (of a failure, a word or two; of
                   a sent one what was wrong with its template); subjects as of the escalation
escalation_stopped ``id``, ``how`` (``answered``, ``stopped`` by hand, ``again``: it began anew). Private: ``reason``
================== ============================================================================================

What a path is under way about already is left out of another escalation by it: whoever was a moment later (another
console, the watch) sets nothing going, and nobody is told twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.entry import Line
from socconsole.model.finding import Severity
from socconsole.store import reading
from socconsole.store.instants import instant, instant_or_none, micros
from socconsole.store.standing_sql import STATE
from socconsole.text import Untrusted

WATCH: Final = "watch"
"""Who sets a path going by itself."""

VERBS: Final = frozenset({"escalation", "escalating", "escalated", "escalation_stopped"})
MOST: Final = 100
"""Findings of one escalation: what comes together is told together."""

DOUBLE: Final = "under way"
"""How an escalation ended all of which its path was under way about already."""
AGAIN: Final = "again"
"""How one ended whose findings spoke again after everybody had been told: its path begins anew."""

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
    over: bool = False
    """It is closed: nobody has to any more."""


# --- what the ledger's entries do ---------------------------------------------------------------------------


def apply(conn: Connection, line: Line) -> None:
    """Apply one entry of :data:`VERBS`, in the caller's transaction."""
    data = line.entry.data
    id_ = str(data["id"])
    match line.entry.verb:
        case "escalation":
            _begin(conn, line, id_, str(data["path"]))
        case "escalating":
            conn.execute(
                "INSERT INTO escalation_send (escalation, step, attempt, channel, began, seq) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (id_, int(data["step"]), int(data["attempt"]), str(data["channel"]), micros(line.at), line.seq),
            )
        case "escalated":
            conn.execute(
                "UPDATE escalation_send SET ended = ?, reached = ?, why = ?, seq = ? "
                "WHERE escalation = ? AND step = ? AND attempt = ?",
                (
                    micros(line.at), data["result"] == "sent", str(data.get("why", "")), line.seq,
                    id_, int(data["step"]), int(data["attempt"]),
                ),
            )  # fmt: skip
        case "escalation_stopped":
            conn.execute(
                "UPDATE escalation SET stopped = ?, how = ? WHERE id = ? AND stopped IS NULL",
                (line.seq, str(data["how"]), id_),
            )


def _begin(conn: Connection, line: Line, id_: str, path: str) -> None:
    before = set(line.entry.data.get("answered", ()))
    marks = ",".join("?" * len(line.entry.subjects))
    known = {
        about
        for (about,) in conn.execute(
            "SELECT b.about FROM escalation_about AS b JOIN escalation AS e ON e.id = b.escalation "
            f"WHERE e.path = ? AND e.stopped IS NULL AND b.about IN ({marks})",
            (path, *line.entry.subjects),
        )
    }
    new = [about for about in line.entry.subjects if about not in known]
    conn.execute(
        "INSERT INTO escalation (id, path, who, fired, seq, stopped, how) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            id_, path, line.entry.who, micros(line.at), line.seq,
            None if new else line.seq, "" if new else DOUBLE,
        ),
    )  # fmt: skip
    conn.executemany(
        "INSERT INTO escalation_about (escalation, n, about, answered) VALUES (?, ?, ?, ?)",
        [(id_, n, about, about in before) for n, about in enumerate(new or line.entry.subjects)],
    )


# --- reading ------------------------------------------------------------------------------------------------


def going(conn: Connection, *, ended: bool = False, limit: int = 1000) -> list[Going]:
    """Escalations that nobody answered yet, all of them, the oldest first: what is left out here pages nobody.

    With ``ended`` the newest ``limit`` of all that ever were, the newest first.
    """
    if ended:
        return _read(conn, "ORDER BY fired DESC, seq DESC LIMIT ?", limit)
    return _read(conn, "WHERE stopped IS NULL ORDER BY fired, seq")


def of(conn: Connection, *ids: str) -> list[Going]:
    """Escalations about any of these findings (by any id that they ever had) or cases, the newest first."""
    every = [name for id_ in ids for name in names(conn, id_)]
    marks = ",".join("?" * len(every))
    return _read(
        conn,
        f"WHERE how <> '{DOUBLE}' AND id IN (SELECT escalation FROM escalation_about WHERE about IN ({marks})) "
        "ORDER BY seq DESC",
        *every,
    )


def covering(conn: Connection, ids: Sequence[str]) -> dict[tuple[str, str], Going]:
    """What is under way about these findings, or cases, by path and id."""
    return {(one.path, id_): one for id_ in ids for one in of(conn, id_) if not one.stopped}


def entries_about(conn: Connection, ids: Sequence[str]) -> list[int]:
    """Sequences of the entries about what was escalated of these: its beginning, the latest of each send, its end."""
    rows = conn.execute(
        "WITH told AS (SELECT DISTINCT escalation AS id FROM escalation_about "
        "WHERE about IN (SELECT value FROM json_each(?))) "
        "SELECT e.seq FROM told JOIN escalation AS e USING (id) "
        "UNION SELECT s.seq FROM told JOIN escalation_send AS s ON s.escalation = told.id WHERE s.seq IS NOT NULL "
        "UNION SELECT e.stopped FROM told JOIN escalation AS e USING (id) WHERE e.stopped IS NOT NULL ORDER BY 1",
        (json.dumps(list(ids)),),
    )
    return [seq for (seq,) in rows]


def _read(conn: Connection, more: str, *values: object) -> list[Going]:
    rows = conn.execute(f"SELECT id, path, who, fired, stopped, how FROM escalation {more}", values).fetchall()
    return [
        Going(id_, path, Untrusted(who), instant(fired), _abouts(conn, id_), stopped is not None, how)
        for id_, path, who, fired, stopped, how in rows
    ]


def names(conn: Connection, id_: str) -> list[str]:
    """Every id of a finding; a case has one."""
    if (called := reading.resolve(conn, id_)) is None:
        return [id_]
    rows = conn.execute(
        "SELECT substr(k.key, 1, 14) FROM alias AS k JOIN finding AS f ON f.n = k.finding WHERE f.id = ?", (called,)
    )
    return list(dict.fromkeys([called, *(name for (name,) in rows)]))


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


def told(conn: Connection, id_: str, now: datetime) -> Told | None:
    """A finding (any id it ever had) or a case; None where there is none."""
    if id_.startswith("c-"):
        case = conn.execute(
            "SELECT severity, title, closed IS NULL AND merged = '' FROM case_file WHERE id = ?", (id_,)
        ).fetchone()
        if case is None:
            return None
        return Told(id_, Severity(case[0]), Untrusted(case[1]), "", "", id_, bool(case[2]), not case[2])
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
        of[0] if of else "", state not in _ANSWERED, state == "resolved",
    )  # fmt: skip


def worst(conn: Connection, ids: Sequence[str]) -> list[str]:
    """Of very many findings those that are told of, the worst first; without what is closed."""
    rows = conn.execute(
        "SELECT id FROM queue WHERE closed = 0 AND id IN (SELECT value FROM json_each(?)) "
        "ORDER BY severity DESC, score DESC, n LIMIT ?",
        (json.dumps(list(ids)), MOST),
    )
    return [id_ for (id_,) in rows]


def _abouts(conn: Connection, escalation: str) -> tuple[str, ...]:
    rows = conn.execute("SELECT about FROM escalation_about WHERE escalation = ? ORDER BY n", (escalation,))
    return tuple(about for (about,) in rows.fetchall())

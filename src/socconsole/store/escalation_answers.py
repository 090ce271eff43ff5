"""Whether an escalation was answered: by whom, and by what that counts as an answer. Reads only."""

from __future__ import annotations

import json
from datetime import datetime
from sqlite3 import Connection

from socconsole.store import escalations
from socconsole.store.escalations import Going, Told
from socconsole.store.instants import micros
from socconsole.store.standing_sql import STATE


def answered(conn: Connection, one: Going, now: datetime) -> str:
    """How it was answered, all of it; empty while anything of it waits for somebody.

    Whoever escalated by hand waits for somebody else: what he does about it himself is no answer, but for a snooze.
    A case is answered when it is closed, or when somebody other than who opened or escalated it took or moved it.
    """
    for about in one.abouts:
        found = escalations.told(conn, about, now)
        if found is None:  # a store that was made anew may not know it yet: not known is not answered
            return ""
        if about.startswith("c-"):
            if found.open and not _taken(conn, one, about):
                return ""
        elif waits(conn, one, about, found, now):
            return ""
    return "answered"


def waits(conn: Connection, one: Going, about: str, found: Told, now: datetime) -> bool:
    """Whether a finding still waits for somebody, for this escalation of it."""
    if one.who.raw() == escalations.WATCH:
        return found.open
    before, seq, state, acked_by = conn.execute(
        f"SELECT b.answered, e.seq, {STATE} AS state, queue.acked_by FROM escalation_about AS b "
        "JOIN escalation AS e ON e.id = b.escalation JOIN queue ON queue.id = :id "
        "WHERE b.escalation = :escalation AND b.about = :about",
        {"id": found.id, "escalation": one.id, "about": about, "now": micros(now), "fresh": "[]"},
    ).fetchone()
    marks = ",".join("?" * len(names := escalations.names(conn, found.id)))
    since = conn.execute(
        f"SELECT field, who FROM decision_log WHERE finding_id IN ({marks}) AND seq > ? AND taken_by IS NULL",
        (*names, seq),
    ).fetchall()
    if state == "resolved" or (state == "snoozed" and any(field == "snooze" for field, _ in since)):
        return False
    if any(field in ("ack", "owner") and who != one.who.raw() for field, who in since):
        return False
    # In Security Hub, by whomever: nobody's name comes with it.
    return not (state == "acknowledged" and acked_by is None and not before)


def _taken(conn: Connection, one: Going, case: str) -> bool:
    rows = conn.execute(
        "SELECT v.data FROM case_event AS v JOIN case_file AS c ON c.id = v.case_id JOIN escalation AS e ON e.id = ? "
        "WHERE v.case_id = ? AND v.verb = 'case_change' AND v.seq > e.seq AND v.who NOT IN (e.who, c.opened_by)",
        (one.id, case),
    )
    return any(json.loads(data).get("field") in ("owner", "status") for (data,) in rows)

"""All findings of a case as its list shows them, however many they are: a line each. Reading only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from socconsole.model.case import Case
from socconsole.model.finding import Leaving, Severity, State
from socconsole.store import reading, standing_sql
from socconsole.store.instants import micros
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Member:
    """One finding of a case, as it stands at the instant it was read."""

    id: str
    severity: Severity
    title: Untrusted
    """At most ``rows.TITLE_LIMIT`` characters."""
    owner: Untrusted | None
    state: State
    still_firing: bool
    leaving: Leaving | None
    """None where its type says nothing of data leaving."""


def listed(conn: Connection, case: Case, now: datetime) -> tuple[Member | str, ...]:
    """Every finding of a case, worst first as in Triage; of what this store does not know the bare id, at the end."""
    rows = conn.execute(
        f"SELECT id, severity, title, owner, {standing_sql.STATE}, {standing_sql.FIRING}, {standing_sql.LEAVING} "
        "FROM queue WHERE id IN (SELECT value FROM json_each(:ids))",
        {
            "now": micros(now),
            "fresh": json.dumps(sorted(reading.fresh_origins(conn, now))),
            "ids": json.dumps(case.findings),
        },
    )
    known = {
        id_: Member(
            id_,
            Severity(severity),
            Untrusted(title),
            None if owner is None else Untrusted(owner),
            State(state),
            bool(firing),
            None if leaving is None else Leaving(leaving),
        )
        for id_, severity, title, owner, state, firing, leaving in rows
    }
    return tuple(known.get(id_, id_) for id_ in case.findings)

"""What the rules found, taken in: findings and how far the rules have read are one transaction.

A watch that is killed between reading and this has done nothing; after it nothing is read twice. What a finding has
counted already is told by its stored record, read in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from socconsole import triage
from socconsole.model.finding import Observation
from socconsole.store import findings, reading, rule_standing, sources
from socconsole.store.codec import Codec
from socconsole.store.db import transaction

ORIGIN: Final = "rules"
"""Where these findings come from, and the name under which is kept how far the rules have read."""

Before = tuple[Observation, Mapping[str, Any]] | None
"""The finding's stored record and its body."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finding to be: ``key`` is its merge key; ``observe`` makes its record out of the one before, or None where
    nothing is new."""

    key: str
    observe: Callable[[Before], Observation | None]


def after(conn: Connection) -> int:
    """The last event that the rules have seen; 0 before the first."""
    kept = sources.load_cursor(conn, ORIGIN)
    return int(kept) if kept else 0


def commit(
    conn: Connection,
    made: Iterable[Made],
    *,
    since: int,
    upto: int,
    troubles: Mapping[str, str],
    now: datetime,
    context: triage.Context | None = None,
) -> int:
    """Take in what a pass over ``since < n <= upto`` found and move on; returns how many findings it made or changed.

    ``troubles`` are the rules that could not look at all of it, with why. Where another process has taken in these
    events meanwhile (an import beside a watch) nothing is done.
    """
    changed = 0
    with transaction(conn):
        if after(conn) != since:
            return 0
        codec = Codec(conn)
        for one in made:
            observed = one.observe(_before(conn, codec, one.key))
            if observed is not None:
                findings.take(conn, [observed], origin=ORIGIN, now=now, context=context)
                changed += 1
        sources.save_cursor(conn, ORIGIN, str(upto))
        rule_standing.add_troubles(conn, troubles, now)
    return changed


def _before(conn: Connection, codec: Codec, key: str) -> Before:
    row = conn.execute(
        "SELECT o.n, b.dictionary, b.data FROM alias AS k "
        "JOIN observation AS o ON o.finding = k.finding AND o.head = 1 "
        "JOIN body AS b ON b.observation = o.n WHERE k.key = ? AND o.format = 'trail'",
        (findings.alias_key(key),),
    ).fetchone()
    if row is None:
        return None
    n, dictionary, data = row
    return reading.observation(conn, codec, n), json.loads(codec.unpack(data, dictionary))

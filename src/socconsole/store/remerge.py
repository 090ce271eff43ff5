"""Making a stored finding out of its records once more, when something other than a record has changed."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection

from socconsole import triage
from socconsole.model.finding import Finding
from socconsole.store import alarmed, reading, rows
from socconsole.store.codec import Codec
from socconsole.store.instants import instant


def merged(conn: Connection, codec: Codec, n: int, seen: int, context: triage.Context) -> Finding:
    """What the records of finding ``n``, first seen at ``seen`` (microseconds), add up to now."""
    heads = [
        reading.observation(conn, codec, number)
        for (number,) in conn.execute(
            "SELECT n FROM observation WHERE finding = ? AND head = 1 ORDER BY n", (n,)
        ).fetchall()
    ]
    return triage.merge(heads, instant(seen), alarmed.in_force(conn, context))


def again(conn: Connection, n: int, now: datetime, context: triage.Context) -> None:
    """Write the row of finding ``n`` anew, in the caller's transaction; nothing where there is none any more."""
    if conn.execute("SELECT 1 FROM finding WHERE n = ?", (n,)).fetchone() is None:
        return
    was = rows.before(conn, n)
    rows.update(conn, n, merged(conn, Codec(conn), n, was.seen, context), was, now)

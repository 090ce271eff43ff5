"""What an intent closes, and which findings that may block: looked up when it is recorded, by their search text.

Whether a finding is blocked is then for the triggers on ``need`` and ``action`` to say, as for what comes in later.
"""

from __future__ import annotations

import re
from sqlite3 import Connection
from typing import Final

from socconsole.model.entry import Line
from socconsole.model.finding import Finding
from socconsole.store import needs, reading

_MOST: Final = 500
"""Findings looked at for one name, the worst first: more than name one resource, unless its name is a common word."""

_ID: Final = re.compile(r"^[a-z_]+:(?:\d{12}/)?(.+?)(?: whole)?$")


def intended(conn: Connection, line: Line) -> None:
    """An intent: keep what it closes, and what open findings that name it need closed. In the caller's transaction."""
    data = line.entry.data
    names = [str(name) for name in data.get("closes", ())]
    if not names or data.get("undoes"):
        return
    conn.executemany(
        "INSERT INTO closing (action, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(data["id"], name) for name in names],
    )
    for word in dict.fromkeys(found[1] for name in names if (found := _ID.match(name))):
        needs.note(conn, _naming(conn, word, line))


def _naming(conn: Connection, word: str, line: Line) -> list[tuple[int, Finding]]:
    phrase = '"' + word.replace('"', '""') + '"'
    rows = conn.execute(
        "SELECT q.n, q.id FROM finding_fts AS t JOIN queue AS q ON q.text_row = t.rowid "
        "WHERE finding_fts MATCH ? AND q.closed = 0 ORDER BY q.score DESC, q.n LIMIT ?",
        (phrase, _MOST),
    ).fetchall()
    by_id = {id_: n for n, id_ in rows}
    return [(by_id[stored.finding.id], stored.finding) for stored in reading.each(conn, by_id, line.at)]

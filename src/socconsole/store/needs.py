"""What findings need closed (``triage.needs``), where any of it ever was; triggers make ``blocked`` of it."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from socconsole.model.finding import Finding, Format
from socconsole.triage import needs
from socconsole.triage.merging import SOURCES


def note(conn: Connection, written: Iterable[tuple[int, Finding]]) -> None:
    """Keep what findings need closed as they are now, by number. In the caller's transaction.

    Where nothing was ever closed, which is nearly always, this costs one look.
    """
    closed = {name for (name,) in conn.execute("SELECT DISTINCT name FROM closing")}
    if not closed:
        return
    for n, finding in written:
        conn.execute("DELETE FROM need WHERE n = ?", (n,))
        if finding.sources == (SOURCES[Format.OWN],):  # what we say of an action is not ended by it
            continue
        parts = needs.of(finding)
        if any(not closed.isdisjoint(part) for part in parts):
            conn.executemany(
                "INSERT INTO need (n, part, name) VALUES (?, ?, ?)",
                [(n, number, name) for number, part in enumerate(parts) for name in sorted(part)],
            )

"""Whether entries of another install would fit here, found out before any of them is on the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from socconsole.model.entry import Entry, Line
from socconsole.store import adopted, db, ledger, project, projections

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder


def objection(folder: StateFolder, entries: Sequence[Entry], now: datetime) -> str:
    """What speaks against the entries, in a sentence; empty when all of them can be applied.

    They are applied, in one transaction that is taken back. The ledger never holds what the store could not read.
    Raises ``ledger.LedgerError``.
    """
    project.project(folder)
    with db.writing(folder) as conn:
        conn.execute("BEGIN IMMEDIATE")
        try:
            for seq, entry in enumerate(entries, start=project.last_applied(conn) + 1):
                line = Line(seq, now, folder.install, folder.session, entry, "")
                try:
                    projections.apply(conn, line, lambda _: None)
                except (LookupError, TypeError, ValueError, AttributeError, sqlite3.IntegrityError) as error:
                    what = entry.data.get("verb", entry.verb)
                    return f"its entry {what!a} does not fit here: {type(error).__name__}: {error}"
        finally:
            conn.execute("ROLLBACK")
    return ""


def known(folder: StateFolder) -> set[tuple[str, int, str]]:
    """(install, sequence, hash) of the entries that were adopted here before."""
    lines = ledger.lines(folder, verbs=(adopted.ADOPTED,))
    return {(one.install, one.seq, one.hash) for one in map(adopted.origin_of, lines)}


def own(folder: StateFolder, origin: adopted.Origin) -> bool:
    """Whether an entry is this ledger's own, come back."""
    if origin.install != folder.install:
        return False
    line = ledger.get(folder, [origin.seq]).get(origin.seq)
    return line is not None and line.hash == origin.hash

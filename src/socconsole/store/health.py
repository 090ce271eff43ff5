"""Whether ``store.db`` itself is sound; what ``doctor`` says of it. Read-only."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from socconsole.store import db
from socconsole.store.schema import SCHEMA

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

BUDGET_S: Final = 5.0
"""Seconds that the check of a large store may take."""


@dataclass(frozen=True, slots=True)
class Health:
    """``fault`` says what is broken (empty: nothing found); ``complete`` whether all of it was looked at."""

    fault: str
    complete: bool
    size: int
    """Bytes of the file."""
    schema: int
    """Its schema number; 0 where there is no store yet."""
    newest_schema: int = SCHEMA


def examine(folder: StateFolder, budget_s: float = BUDGET_S) -> Health:
    """SQLite's own quick check, for at most ``budget_s`` seconds. Never raises for a damaged file."""
    path = folder.store_db
    if not path.exists():
        return Health("", True, 0, 0)
    size = path.stat().st_size
    end = time.monotonic() + budget_s
    over = False

    def late() -> bool:
        nonlocal over
        over = time.monotonic() >= end
        return over

    schema = 0
    try:
        conn = db.connect(path, readonly=True)
        try:
            schema = conn.execute("PRAGMA user_version").fetchone()[0]
            conn.set_progress_handler(late, 10_000)
            said = str(conn.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            conn.close()
    except sqlite3.Error as error:
        return Health("" if over else str(error), not over, size, schema)
    return Health("" if said == "ok" else said, True, size, schema)

"""Tables of shifts and handoffs. All of them are written by ``project`` from the ledger alone."""

from __future__ import annotations

from typing import Final

HANDOFF_DDL: Final = (
    # Who signed on, since and until when they meant to stay, and when they signed off.
    """
    CREATE TABLE shift (
        seq INTEGER PRIMARY KEY,
        who TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER,
        ended INTEGER
    ) STRICT
    """,
    # Handoffs, given (way 'out') and taken (way 'in'). peer: who accepted it, or whose it was, as [[peers]] names them.
    # accepted: when; of one that was given NULL until its receipt came. actions: JSON [action id, …].
    """
    CREATE TABLE handoff (
        id TEXT PRIMARY KEY,
        way TEXT NOT NULL CHECK (way IN ('out', 'in')),
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        digest TEXT NOT NULL,
        cases INTEGER NOT NULL,
        actions TEXT NOT NULL,
        accepted INTEGER,
        accepted_by TEXT NOT NULL DEFAULT '',
        peer TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID
    """,
    # Containments that another install answers for by now, by its receipt.
    """
    CREATE TABLE handed_over (
        action TEXT PRIMARY KEY,
        handoff TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)

# How often it was said that a handoff is not accepted; by the first of those that wait.
HANDOFF_SAID: Final = """
    CREATE TABLE handoff_said (
        handoff TEXT PRIMARY KEY,
        times INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
"""

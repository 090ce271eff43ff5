"""Tables of what CloudTrail told: events in the order of their arrival, and what each of them names."""

from __future__ import annotations

from typing import Final

TRAIL_DDL: Final = (
    # n is the order of arrival, never given twice: a rule pass reads what came after the last one. event is the
    # record as JSON, plain, because rules reach into it. Hot fields stand beside it.
    """
    CREATE TABLE trail (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        at INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        category TEXT NOT NULL,
        read_only INTEGER NOT NULL,
        error TEXT NOT NULL,
        caller TEXT,
        principal TEXT NOT NULL,
        issuer TEXT,
        access_key TEXT NOT NULL,
        address TEXT NOT NULL,
        bytes_out INTEGER,
        origin INTEGER NOT NULL,
        event TEXT NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX trail_id ON trail (id, account)",
    "CREATE INDEX trail_at ON trail (at)",
    "CREATE INDEX trail_name ON trail (name, at)",
    "CREATE INDEX trail_seen ON trail (seen)",
    "CREATE INDEX trail_origin ON trail (origin, seen, at)",
    # What an event names, for pivots, correlation and the tree of credentials. kind is one of key, issued, principal,
    # issuer, session, user, role, address, account, resource; value is the exact text, of a resource its name as
    # ``trail.resource_name`` shortens it, so that an ARN and a name meet.
    """
    CREATE TABLE trail_entity (
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        at INTEGER NOT NULL,
        n INTEGER NOT NULL REFERENCES trail (n) ON DELETE CASCADE,
        PRIMARY KEY (kind, value, at, n)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX trail_entity_n ON trail_entity (n)",
    # What a trail records, as AWS says: one row a trail and kind of store ('*' for all). what: management or data.
    """
    CREATE TABLE recording (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        trail TEXT NOT NULL,
        what TEXT NOT NULL,
        store TEXT NOT NULL,
        since INTEGER NOT NULL,
        reads INTEGER NOT NULL,
        writes INTEGER NOT NULL,
        until INTEGER,
        detail TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (account, region, trail, what, store, since)
    ) STRICT, WITHOUT ROWID
    """,
)

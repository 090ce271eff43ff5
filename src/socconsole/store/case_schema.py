"""Tables of cases. All of them are written by ``project`` from the ledger alone."""

from __future__ import annotations

from typing import Final

CASE_DDL: Final = (
    # title, hypothesis and their like are free text: title_seq and hypothesis_seq name the entries that hold them, so
    # that erasing those erases these. merged: the case that it became part of.
    """
    CREATE TABLE case_file (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        title_seq INTEGER NOT NULL,
        severity INTEGER NOT NULL,
        status TEXT NOT NULL,
        owner TEXT NOT NULL,
        hypothesis TEXT NOT NULL,
        hypothesis_seq INTEGER NOT NULL,
        incident TEXT NOT NULL,
        opened INTEGER NOT NULL,
        opened_by TEXT NOT NULL,
        closed INTEGER,
        held INTEGER NOT NULL DEFAULT 0,
        merged TEXT NOT NULL DEFAULT '',
        evidence TEXT NOT NULL DEFAULT '[]',
        seq INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX case_file_open ON case_file (opened) WHERE closed IS NULL AND merged = ''",
    # finding: under the id that it had then; no foreign key, since AWS may tell of it only later.
    """
    CREATE TABLE case_finding (
        case_id TEXT NOT NULL,
        finding TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (case_id, finding)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX case_finding_of ON case_finding (finding)",
    # Every entry about a case, without its private texts: who, when (in the world's time) and data as in the ledger.
    """
    CREATE TABLE case_event (
        case_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        verb TEXT NOT NULL,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (case_id, seq)
    ) STRICT, WITHOUT ROWID
    """,
    # Whom somebody told; seq names the entry that holds name and how.
    """
    CREATE TABLE case_told (
        case_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        name TEXT NOT NULL,
        how TEXT NOT NULL,
        PRIMARY KEY (case_id, seq)
    ) STRICT, WITHOUT ROWID
    """,
)

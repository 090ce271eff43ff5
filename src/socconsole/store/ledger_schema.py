"""The tables of ``ledger.db`` and the triggers that let them only grow.

The triggers stop mistakes and clumsy hands; whoever drops them is found by ``ledger_verify``, which compares
this text with what the file holds.
"""

from __future__ import annotations

from typing import Final

TABLES: Final[dict[str, str]] = {
    "ledger": """
    CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY CHECK (seq >= 1),
        verb TEXT NOT NULL,
        body BLOB NOT NULL,
        prev BLOB NOT NULL CHECK (length(prev) = 32),
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        sig BLOB NOT NULL CHECK (length(sig) = 64)
    ) STRICT
    """,
    "private": """
    CREATE TABLE private (
        seq INTEGER NOT NULL REFERENCES ledger (seq),
        name TEXT NOT NULL,
        salt BLOB NOT NULL,
        text BLOB NOT NULL,
        PRIMARY KEY (seq, name)
    ) STRICT, WITHOUT ROWID
    """,
    "erasure": """
    CREATE TABLE erasure (
        seq INTEGER NOT NULL,
        name TEXT NOT NULL,
        by_seq INTEGER NOT NULL REFERENCES ledger (seq),
        PRIMARY KEY (seq, name)
    ) STRICT, WITHOUT ROWID
    """,
}


def _never(name: str, event: str, table: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"


TRIGGERS: Final[dict[str, str]] = {
    "ledger_no_update": _never("ledger_no_update", "UPDATE", "ledger"),
    "ledger_no_delete": _never("ledger_no_delete", "DELETE", "ledger"),
    # REPLACE deletes without asking ledger_no_delete where recursive_triggers is off: this refuses it first.
    "ledger_extends": """
    CREATE TRIGGER ledger_extends BEFORE INSERT ON ledger
    WHEN new.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
        OR new.prev <> coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), zeroblob(32))
    BEGIN SELECT RAISE(ABORT, 'an entry has to continue the chain'); END
    """,
    "private_no_update": _never("private_no_update", "UPDATE", "private"),
    "private_only_new": """
    CREATE TRIGGER private_only_new BEFORE INSERT ON private
    WHEN new.seq <> (SELECT max(seq) FROM ledger)
        OR EXISTS (SELECT 1 FROM private WHERE seq = new.seq AND name = new.name)
    BEGIN SELECT RAISE(ABORT, 'a text comes with its entry'); END
    """,
    "private_only_erased": """
    CREATE TRIGGER private_only_erased BEFORE DELETE ON private
    WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE seq = old.seq AND name = old.name)
    BEGIN SELECT RAISE(ABORT, 'a text goes only by an entry that erases it'); END
    """,
    "erasure_no_update": _never("erasure_no_update", "UPDATE", "erasure"),
    "erasure_no_delete": _never("erasure_no_delete", "DELETE", "erasure"),
}

# verb repeats what the body says, so that one is found without reading every body (accounts, raw imports).
INDEXES: Final[dict[str, str]] = {
    "ledger_verb": "CREATE INDEX ledger_verb ON ledger (verb)",
}

DDL: Final = (*TABLES.values(), *INDEXES.values(), *TRIGGERS.values())


def spelled(sql: str) -> str:
    """A statement without its indentation, as it is compared with what a file holds."""
    return " ".join(sql.split())

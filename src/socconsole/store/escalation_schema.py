"""Tables of escalation, written by ``project`` from the ledger alone; see ``escalations``."""

from __future__ import annotations

from typing import Final

ESCALATION_DDL: Final = (
    # A path that was set going. fired: when; who: the watch, or the analyst who asked for it. stopped: the entry that
    # says that it was answered, and how.
    """
    CREATE TABLE escalation (
        id TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        who TEXT NOT NULL,
        fired INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        stopped INTEGER,
        how TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX escalation_going ON escalation (fired) WHERE stopped IS NULL",
    # about: a finding, under the id that it had then, or a case; in their order, the worst first.
    """
    CREATE TABLE escalation_about (
        escalation TEXT NOT NULL,
        n INTEGER NOT NULL,
        about TEXT NOT NULL,
        PRIMARY KEY (escalation, n)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX escalation_of ON escalation_about (about)",
    # One attempt at one step: the intent, and once it is known what became of it.
    """
    CREATE TABLE escalation_send (
        escalation TEXT NOT NULL,
        step INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        channel TEXT NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER,
        reached INTEGER NOT NULL DEFAULT 0,
        why TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (escalation, step, attempt)
    ) STRICT, WITHOUT ROWID
    """,
)

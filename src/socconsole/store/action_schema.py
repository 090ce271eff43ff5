"""Tables about containments beside ``action``: what is still owed about one, and what it closes.

All of them are written by ``project`` from the ledger, and by the intake of findings (``need``); see ``owed`` and
``closings``. ``action`` names ``action.id``.
"""

from __future__ import annotations

from typing import Final

ACTION_DDL: Final[tuple[str, ...]] = (
    # What somebody has to do about an action by a moment: look at it again when it was to expire, or approve what was
    # done under break-glass. told and settled are ledger sequences: of the entry that called it overdue, and of the
    # one that settled it. alarm is the alias key of the finding of ours that stands for it; empty before there is one.
    """
    CREATE TABLE owed (
        action TEXT NOT NULL,
        what TEXT NOT NULL CHECK (what IN ('look', 'approval')),
        due INTEGER NOT NULL,
        told INTEGER,
        settled INTEGER,
        alarm TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (action, what)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX owed_due ON owed (due) WHERE told IS NULL AND settled IS NULL",
    "CREATE INDEX owed_alarm ON owed (alarm) WHERE alarm <> ''",
    # What an action closes while it is in force, as triage.needs names it.
    """
    CREATE TABLE closing (
        name TEXT NOT NULL,
        action TEXT NOT NULL,
        PRIMARY KEY (name, action)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX closing_action ON closing (action)",
    # What a finding needs closed, for findings of which some action ever closed any: all parts, each by any of its
    # names.
    """
    CREATE TABLE need (
        n INTEGER NOT NULL,
        part INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (n, part, name)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX need_name ON need (name)",
)

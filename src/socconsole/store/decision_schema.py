"""The tables of ``store.db`` that only the ledger fills: decisions, unsent writes, actions, bookkeeping.

``db.prepare`` creates them; ``project`` is the only writer of ``decision``, ``decision_log`` and ``action``,
and of ``outbox`` but for the lease columns. Every instant is an INTEGER of microseconds since the epoch,
UTC. There are no foreign keys to ``finding``: after ``recover`` a decision may stand before AWS has
told us its finding again.
"""

from __future__ import annotations

from typing import Final

DECISION_DDL: Final[tuple[str, ...]] = (
    # What is decided now about one finding. Each group of columns ends in the ledger sequence that
    # set it, so that taking back can point at an earlier entry instead of copying free text.
    """
    CREATE TABLE IF NOT EXISTS decision (
        finding_id TEXT PRIMARY KEY,
        acked_at INTEGER, acked_by TEXT, ack_reason TEXT, ack_seq INTEGER,
        owner TEXT, owned_at INTEGER, owner_seq INTEGER,
        snoozed_at INTEGER, snoozed_until INTEGER, snoozed_by TEXT, snooze_reason TEXT, snooze_seq INTEGER,
        verdict TEXT, verdict_at INTEGER, verdict_by TEXT, verdict_reason TEXT, verdict_seq INTEGER,
        note TEXT, note_at INTEGER, note_by TEXT, note_seq INTEGER,
        last_batch TEXT, last_by TEXT, last_seq INTEGER
    ) STRICT
    """,
    # One row a change: which batch set which group, and which entry had set it before (NULL: nothing had).
    # taken_by is the sequence of the entry that took it back.
    """
    CREATE TABLE IF NOT EXISTS decision_log (
        finding_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        field TEXT NOT NULL CHECK (field IN ('ack', 'owner', 'snooze', 'verdict', 'note')),
        prior_seq INTEGER,
        batch TEXT NOT NULL,
        who TEXT NOT NULL,
        taken_by INTEGER,
        PRIMARY KEY (finding_id, seq, field)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS decision_log_mine ON decision_log (who, seq) WHERE taken_by IS NULL",
    "CREATE INDEX IF NOT EXISTS decision_log_batch ON decision_log (batch)",
    # Workflow writes owed to Security Hub. (seq, finding_id) names one for ever; id is only for this file.
    # payload is JSON: workflow, verdict, note (each may be absent) and, for a restore, expect. before is what
    # AWS said just before the write was sent. taken_by is the entry that took the decision back.
    """
    CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY,
        finding_id TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('acknowledge', 'note', 'verdict', 'restore')),
        payload TEXT NOT NULL,
        who TEXT NOT NULL,
        mode TEXT NOT NULL CHECK (mode IN ('READ', 'TRIAGE', 'RESPOND')),
        made_at INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'unsent'
            CHECK (state IN ('unsent', 'claimed', 'sent', 'failed', 'overtaken')),
        lease_pid INTEGER,
        lease_until INTEGER,
        tries INTEGER NOT NULL DEFAULT 0,
        why TEXT NOT NULL DEFAULT '',
        settled_at INTEGER,
        settled_seq INTEGER,
        taken_by INTEGER,
        before TEXT NOT NULL DEFAULT '{}',
        UNIQUE (seq, finding_id)
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS outbox_open ON outbox (who, id) WHERE state IN ('unsent', 'claimed')",
    "CREATE INDEX IF NOT EXISTS outbox_finding ON outbox (finding_id, id)",
    # A containment: its intent and all that was learnt of it since. JSON columns hold what the entry held.
    """
    CREATE TABLE IF NOT EXISTS action (
        id TEXT PRIMARY KEY,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        finding TEXT,
        state TEXT NOT NULL CHECK (state IN ('applied', 'not_applied', 'partial', 'in_doubt', 'unknown')),
        who TEXT NOT NULL,
        intended INTEGER NOT NULL,
        settled INTEGER,
        intent_seq INTEGER NOT NULL UNIQUE,
        undoes TEXT,
        undone_by TEXT,
        reversible TEXT NOT NULL CHECK (reversible IN ('yes', 'no', 'partly')),
        wide INTEGER NOT NULL CHECK (wide IN (0, 1)),
        calls TEXT NOT NULL,
        undo_calls TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        evidence TEXT,
        results TEXT NOT NULL DEFAULT '[]',
        verified TEXT NOT NULL DEFAULT '[]',
        detail TEXT NOT NULL DEFAULT ''
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS action_finding ON action (finding)",
    "CREATE INDEX IF NOT EXISTS action_undoes ON action (undoes)",
    # Single values: 'ledger_seq' and 'ledger_hash' (the last entry applied) are project's.
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value ANY) STRICT",
)

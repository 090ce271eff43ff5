"""Tables of posture: rounds, each check on each subject now and before, the endpoints, and who can come in."""

from __future__ import annotations

from typing import Final

POSTURE_DDL: Final = (
    # One evaluation of one place. unanswered: JSON ["call: why", …]; evidence: SHA-256 of the file that is kept of it.
    """
    CREATE TABLE posture_round (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        at INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        asked INTEGER NOT NULL,
        unanswered TEXT NOT NULL,
        evidence TEXT NOT NULL,
        PRIMARY KEY (account, region, at)
    ) STRICT, WITHOUT ROWID
    """,
    # What one check came to on one subject, by one answerer, as it stands. control: what others call the check;
    # origin: where their answer came from; finding: theirs. thing: by what endpoints name the subject
    # (posture_codec.thing). span: the row of now; since: when its verdict began; evaluated: of others, when they
    # looked; of our own its place's last round says. known: the last verdict that was not UNKNOWN, until known_at.
    """
    CREATE TABLE posture_result (
        n INTEGER PRIMARY KEY,
        check_id TEXT NOT NULL,
        subject TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        answered_by TEXT NOT NULL,
        control TEXT NOT NULL DEFAULT '',
        thing TEXT NOT NULL,
        verdict TEXT NOT NULL,
        span INTEGER NOT NULL,
        since INTEGER NOT NULL,
        evaluated INTEGER,
        known TEXT,
        known_at INTEGER,
        origin TEXT NOT NULL DEFAULT '',
        finding INTEGER REFERENCES finding (n) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        gone_at INTEGER
    ) STRICT
    """,
    "CREATE UNIQUE INDEX posture_result_key ON posture_result "
    "(account, region, answered_by, check_id, subject, control, coalesce(finding, 0))",
    "CREATE INDEX posture_result_now ON posture_result (check_id, answered_by, account, region, verdict, evaluated, "
    "origin, subject) WHERE gone_at IS NULL",
    "CREATE INDEX posture_result_failed ON posture_result (verdict, check_id) "
    "WHERE gone_at IS NULL AND verdict <> 'PASS'",
    "CREATE INDEX posture_result_thing ON posture_result (thing, check_id, verdict) WHERE gone_at IS NULL",
    "CREATE INDEX posture_result_subject ON posture_result (subject, check_id)",
    "CREATE INDEX posture_result_finding ON posture_result (finding) WHERE finding IS NOT NULL",
    # A verdict for as long as it was judged by the same. last_at: the last round that said so; NULL while it does.
    """
    CREATE TABLE posture_span (
        n INTEGER PRIMARY KEY,
        result INTEGER NOT NULL REFERENCES posture_result (n) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        verdict TEXT NOT NULL,
        digest TEXT NOT NULL,
        evidence TEXT NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER
    ) STRICT
    """,
    "CREATE INDEX posture_span_result ON posture_span (result, first_at)",
    "CREATE INDEX posture_span_first ON posture_span (first_at)",
    # doc is the whole endpoint as JSON; gone_at: since when AWS has it no more.
    """
    CREATE TABLE endpoint (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        arn TEXT NOT NULL,
        doc TEXT NOT NULL,
        seen INTEGER NOT NULL,
        gone_at INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    # What an endpoint is made of: a result about one of these things is about the endpoint.
    """
    CREATE TABLE endpoint_part (
        endpoint TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
        thing TEXT NOT NULL,
        PRIMARY KEY (endpoint, thing)
    ) STRICT, WITHOUT ROWID
    """,
    # Findings of other scanners that came or changed and were not yet read as answers to our checks.
    "CREATE TABLE posture_due (finding INTEGER PRIMARY KEY) STRICT",
    "INSERT INTO posture_due SELECT n FROM finding WHERE kind = 'control' AND sources <> 'posture'",
)

ACCESS_DDL: Final = (
    # kind: 'outsiders', 'identities', or 'lacking' (what could not be looked at). doc: as JSON. unseen_at: since when
    # rounds that could not look at everything do not see it; gone_at: since when one that could did not.
    """
    CREATE TABLE posture_access (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        doc TEXT NOT NULL,
        since INTEGER NOT NULL,
        unseen_at INTEGER,
        gone_at INTEGER,
        PRIMARY KEY (account, region, kind, key)
    ) STRICT, WITHOUT ROWID
    """,
)

_OWED: Final = (
    "WHEN new.kind = 'control' AND new.sources <> 'posture' BEGIN "
    "INSERT INTO posture_due SELECT new.n WHERE new.n NOT IN (SELECT finding FROM posture_due); END"
)

POSTURE_TRIGGERS: Final = (
    f"CREATE TRIGGER posture_due_insert AFTER INSERT ON finding {_OWED}",
    "CREATE TRIGGER posture_due_update AFTER UPDATE OF active, workflow, occurred, updated, resources ON finding "
    + _OWED,
)
"""Whoever writes a control finding owes it a look: no writer can forget. A new score is no new answer."""

"""Tables of incident candidates: what findings name, which stand together, and which wait to be looked at.

Who belongs to a candidate stands in ``queue.incident``; ``queue.folded`` is 1 for a finding that its candidate's lead
stands for in the list. Only ``correlating`` and ``folding`` write the two; triggers take a fold back when what it
rests on changes, so that a forgotten or dead writer can at most show too much.
"""

from __future__ import annotations

from typing import Final

_OPEN: Final = "sample = 0 AND closed = 0"

INCIDENT_DDL: Final = (
    # lead: number of the finding that stands for all; NULL when none is open; threat: whether it is one. dirty: a
    # member changed since it was folded; again: when a member's snooze ends, so that it has to be folded anew. Its
    # story is read, not kept.
    """
    CREATE TABLE incident (
        id TEXT PRIMARY KEY,
        lead INTEGER,
        threat INTEGER NOT NULL DEFAULT 0,
        dirty INTEGER NOT NULL DEFAULT 1,
        again INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX incident_dirty ON incident (id) WHERE dirty = 1",
    "CREATE INDEX incident_again ON incident (again) WHERE again IS NOT NULL",
    "CREATE INDEX incident_lead ON incident (lead, threat) WHERE lead IS NOT NULL",
    # What a finding names, as correlation compares it (``model.entity``): written with the finding.
    """
    CREATE TABLE finding_entity (
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        finding INTEGER NOT NULL REFERENCES finding (n) ON DELETE CASCADE,
        PRIMARY KEY (kind, value, finding)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX finding_entity_n ON finding_entity (finding)",
    # Findings that came or changed since they were last correlated.
    "CREATE TABLE incident_due (finding INTEGER PRIMARY KEY) STRICT",
    "INSERT INTO incident_due SELECT n FROM finding WHERE sample = 0",
    "ALTER TABLE queue ADD COLUMN incident TEXT",
    "ALTER TABLE queue ADD COLUMN folded INTEGER NOT NULL DEFAULT 0",
    # The earliest that was ever said of when it happened: ``occurred`` is the last activity, and moves.
    "ALTER TABLE queue ADD COLUMN began INTEGER NOT NULL DEFAULT 0",
    "UPDATE queue SET began = min(coalesce(occurred, published, seen), coalesce(published, occurred, seen))",
    # Counts of the list as it is folded cost nothing either.
    "DROP TABLE tally",
    """
    CREATE TABLE tally (
        kind TEXT NOT NULL,
        sample INTEGER NOT NULL,
        closed INTEGER NOT NULL,
        severity INTEGER NOT NULL,
        folded INTEGER NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (kind, sample, closed, severity, folded)
    ) STRICT, WITHOUT ROWID
    """,
    "INSERT INTO tally SELECT kind, sample, closed, severity, 0, count(*) FROM queue GROUP BY 1, 2, 3, 4",
)

INCIDENT_INDEXES: Final = (
    # With all that says whether a folded finding is new: a page of leads looks at no other row.
    "CREATE INDEX queue_incident ON queue (incident, folded, severity, occurred, acked_at, workflow, resumed_at, "
    "blocked_at, resolved_at) WHERE incident IS NOT NULL",
    # The list as it opens: what stands folded under a lead is not in its index, however much it is.
    f"CREATE INDEX queue_lead ON queue (score DESC, first DESC, n DESC, snoozed_until) "
    f"WHERE {_OPEN} AND folded = 0 AND kind = 'threat'",
)

_UNFOLD: Final = """
    UPDATE queue SET folded = 0 WHERE n = {row}.n AND folded = 1;
    UPDATE queue SET folded = 0 WHERE incident = {row}.incident AND folded = 1
        AND {row}.n = (SELECT lead FROM incident WHERE id = {row}.incident);
    UPDATE incident SET dirty = 1 WHERE id = {row}.incident;
"""

INCIDENT_TRIGGERS: Final = (
    # What a fold rests on has changed: a member stands for itself again, and a lead stands for nobody, until
    # somebody has looked at the whole candidate (``folding.settle``).
    f"""
    CREATE TRIGGER queue_stirred AFTER UPDATE OF kind, score, sample, closed, snoozed_until ON queue
    WHEN new.incident IS NOT NULL AND (old.kind <> new.kind OR old.score <> new.score
        OR old.sample <> new.sample OR old.closed <> new.closed OR old.snoozed_until IS NOT new.snoozed_until)
    BEGIN {_UNFOLD.format(row="new")} END
    """,
    f"""
    CREATE TRIGGER queue_left AFTER DELETE ON queue WHEN old.incident IS NOT NULL
    BEGIN {_UNFOLD.format(row="old")} END
    """,
    """
    CREATE TRIGGER incident_gone AFTER DELETE ON incident BEGIN
        UPDATE queue SET incident = NULL, folded = 0 WHERE incident = old.id;
    END
    """,
)

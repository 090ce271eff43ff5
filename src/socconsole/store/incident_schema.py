"""Tables of incident candidates: which findings stand together, and the story they tell."""

from __future__ import annotations

from typing import Final

INCIDENT_DDL: Final = (
    # doc is the whole candidate as JSON, story included. lead: the finding that stands for all of them.
    """
    CREATE TABLE incident (
        id TEXT PRIMARY KEY,
        lead INTEGER NOT NULL,
        score INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        doc TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # finding: its n. A finding belongs to one candidate at most.
    """
    CREATE TABLE incident_finding (
        finding INTEGER PRIMARY KEY,
        incident TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE
    ) STRICT
    """,
    "CREATE INDEX incident_members ON incident_finding (incident)",
    # What a finding names, as correlation compares it: written with the finding.
    """
    CREATE TABLE finding_entity (
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        finding INTEGER NOT NULL REFERENCES finding (n) ON DELETE CASCADE,
        PRIMARY KEY (kind, value, finding)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX finding_entity_n ON finding_entity (finding)",
)

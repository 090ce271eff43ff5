"""Tables of ways out: paths, alarms with their history, and what the meters said."""

from __future__ import annotations

from typing import Final

EGRESS_DDL: Final = (
    # doc is the whole path as JSON; gone_at: since when AWS has it no more.
    """
    CREATE TABLE egress_path (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        resource TEXT NOT NULL,
        dataset TEXT NOT NULL,
        llm INTEGER NOT NULL,
        doc TEXT NOT NULL,
        seen INTEGER NOT NULL,
        gone_at INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    # What else names a path (its VPC, subnet, role, interface, log group): how findings and alarms find it.
    """
    CREATE TABLE path_link (
        value TEXT NOT NULL,
        path TEXT NOT NULL REFERENCES egress_path (id) ON DELETE CASCADE,
        PRIMARY KEY (value, path)
    ) STRICT, WITHOUT ROWID
    """,
    # path: the id of the way out that its dimensions name, discovered or not; egress: it looks at what leaves there,
    # not at a processor; raised: it rings, as it went to ALARM and was not OK since; open: its finding waits for
    # somebody. p99 is of its own metric, statistic and period; judged: when sane, why and p99 were found.
    """
    CREATE TABLE alarm (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        state TEXT NOT NULL,
        since INTEGER,
        path TEXT,
        egress INTEGER NOT NULL,
        raised INTEGER NOT NULL,
        open INTEGER NOT NULL,
        sane INTEGER,
        why TEXT NOT NULL DEFAULT '[]',
        p99 REAL,
        judged INTEGER,
        doc TEXT NOT NULL,
        seen INTEGER NOT NULL,
        gone_at INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX alarm_raised ON alarm (path) WHERE raised = 1",
    # What its history and its events say: newest change of an alarm first by at.
    """
    CREATE TABLE alarm_change (
        arn TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (arn, at, kind)
    ) STRICT, WITHOUT ROWID
    """,
    # Between complete_from and complete_to every point that CloudWatch has is here.
    """
    CREATE TABLE series (
        n INTEGER PRIMARY KEY,
        path TEXT NOT NULL,
        namespace TEXT NOT NULL,
        metric TEXT NOT NULL,
        dimensions TEXT NOT NULL,
        statistic TEXT NOT NULL,
        period_s INTEGER NOT NULL,
        unit TEXT NOT NULL,
        complete_from INTEGER,
        complete_to INTEGER,
        UNIQUE (path, namespace, metric, dimensions, statistic, period_s)
    ) STRICT
    """,
    # A point is what CloudWatch said for the period that begins at ``at``.
    """
    CREATE TABLE point (
        series INTEGER NOT NULL REFERENCES series (n) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (series, at)
    ) STRICT, WITHOUT ROWID
    """,
)

"""The tables of ``store.db``, what keeps them in step, and the numbered migrations that make them.

``finding`` is written by ``findings.commit`` and holds what all records of one detection add up to;
``observation`` and ``body`` hold the records themselves; ``queue`` is the narrow copy that Triage reads. Only
the triggers of ``triggers.py`` write ``queue`` and ``tally``, from ``finding``, ``decision``, ``outbox`` and
``action``, so no writer can forget them. Instants are INTEGER microseconds of UTC.

Rows join on ``n``, a small integer of this file only. ``id`` (``f-…``) is what the rest of the world sees:
``alias.key`` is ``f-`` and 24 hexadecimal digits of a merge key's SHA-256, so the id of any of a finding's
merge keys is a prefix of one of its alias keys, and resolves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.store.action_schema import ACTION_DDL
from socconsole.store.case_schema import CASE_DDL
from socconsole.store.decision_schema import DECISION_DDL
from socconsole.store.egress_schema import EGRESS_DDL
from socconsole.store.escalation_schema import ESCALATION_DDL
from socconsole.store.handoff_schema import HANDOFF_DDL, HANDOFF_SAID
from socconsole.store.incident_schema import INCIDENT_DDL, INCIDENT_INDEXES, INCIDENT_TRIGGERS
from socconsole.store.instants import micros
from socconsole.store.posture_schema import ACCESS_DDL, POSTURE_DDL, POSTURE_TRIGGERS
from socconsole.store.trail_schema import TRAIL_DDL
from socconsole.store.triggers import TRIGGERS

_TABLES: Final = (
    # One row a detection. reasons is JSON [[points, why], …]. resolved_at: since when AWS calls it resolved;
    # resumed_at: when it last fired afresh; print: its fingerprint, so that a snooze holds only while it fits.
    # text_row is its row in finding_fts; text_digest says whether that row is still right.
    """
    CREATE TABLE finding (
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        severity INTEGER NOT NULL,
        score INTEGER NOT NULL,
        reasons TEXT NOT NULL,
        title TEXT NOT NULL,
        place TEXT NOT NULL,
        account TEXT,
        region TEXT,
        types TEXT NOT NULL,
        resources TEXT NOT NULL,
        actors TEXT NOT NULL,
        product TEXT NOT NULL,
        sources TEXT NOT NULL,
        workflow TEXT NOT NULL,
        verdict TEXT,
        occurred INTEGER,
        published INTEGER,
        seen INTEGER NOT NULL,
        updated INTEGER,
        events INTEGER NOT NULL,
        active INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        leaks INTEGER NOT NULL,
        resolved_at INTEGER,
        resumed_at INTEGER,
        print BLOB NOT NULL,
        text_row INTEGER NOT NULL,
        text_digest BLOB NOT NULL
    ) STRICT
    """,
    # Where a record came from: a source ("guardduty/111122223333/eu-central-1") or a file's name.
    """
    CREATE TABLE origin (
        n INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        findings INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    # One row a record. ident names "this record of this service"; head is 1 for the one version that the
    # finding is made of, 0 for imported versions that are kept but were overtaken. live: AWS said it itself.
    """
    CREATE TABLE observation (
        n INTEGER PRIMARY KEY,
        finding INTEGER NOT NULL REFERENCES finding (n) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        ident BLOB NOT NULL,
        digest BLOB NOT NULL,
        origin INTEGER NOT NULL,
        format TEXT NOT NULL,
        updated INTEGER,
        seen INTEGER NOT NULL,
        live INTEGER NOT NULL,
        head INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX observation_ident ON observation (ident)",
    "CREATE INDEX observation_finding ON observation (finding)",
    # doc: what the reader made of the record (see codec.pack); data: the record itself. Both are zstd frames.
    """
    CREATE TABLE body (
        observation INTEGER PRIMARY KEY REFERENCES observation (n)
            ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        dictionary INTEGER NOT NULL,
        doc BLOB NOT NULL,
        data BLOB NOT NULL
    ) STRICT
    """,
    "CREATE TABLE dictionary (id INTEGER PRIMARY KEY, digest BLOB NOT NULL, data BLOB NOT NULL) STRICT",
    """
    CREATE TABLE alias (
        key TEXT PRIMARY KEY,
        finding INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX alias_finding ON alias (finding)",
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    # Which finding each decided id belongs to now; NULL until AWS has told us that finding (again).
    "CREATE TABLE decided (finding_id TEXT PRIMARY KEY, n INTEGER) STRICT, WITHOUT ROWID",
    "CREATE INDEX decided_n ON decided (n)",
    """
    CREATE TABLE queue (
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        severity INTEGER NOT NULL,
        score INTEGER NOT NULL,
        at INTEGER NOT NULL,
        occurred INTEGER,
        published INTEGER,
        seen INTEGER NOT NULL,
        updated INTEGER,
        title TEXT NOT NULL,
        place TEXT NOT NULL,
        account TEXT,
        region TEXT,
        types TEXT NOT NULL,
        product TEXT NOT NULL,
        sources TEXT NOT NULL,
        workflow TEXT NOT NULL,
        verdict TEXT,
        events INTEGER NOT NULL,
        active INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        leaks INTEGER NOT NULL,
        resolved_at INTEGER,
        resumed_at INTEGER,
        print BLOB NOT NULL,
        text_row INTEGER NOT NULL,
        closed INTEGER NOT NULL,
        owner TEXT,
        acked_at INTEGER,
        acked_by TEXT,
        snoozed_at INTEGER,
        snoozed_until INTEGER,
        snooze_print BLOB,
        decided_verdict TEXT,
        note_at INTEGER,
        blocked_at INTEGER,
        unsent INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    # How many findings there are, so that a total costs nothing at a million rows.
    """
    CREATE TABLE tally (
        kind TEXT NOT NULL,
        sample INTEGER NOT NULL,
        closed INTEGER NOT NULL,
        severity INTEGER NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (kind, sample, closed, severity)
    ) STRICT, WITHOUT ROWID
    """,
    # Contentless: the text itself is in the records. A changed text gets a new row and leaves the old one
    # unreachable (housekeeping rebuilds), because deleting here would need the exact old text.
    """
    CREATE VIRTUAL TABLE finding_fts USING fts5(
        title, description, resources, types, actors, account,
        content='', columnsize=0, tokenize="unicode61 remove_diacritics 2"
    )
    """,
    # complete_*: the last answer that was fresh and complete; boot and clock are this host's (see sources).
    """
    CREATE TABLE source (
        service TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        in_scope INTEGER NOT NULL DEFAULT 1,
        outcome TEXT,
        detail TEXT NOT NULL DEFAULT '',
        remedy TEXT NOT NULL DEFAULT '',
        interval_s REAL NOT NULL DEFAULT 30,
        done INTEGER,
        total INTEGER,
        resident INTEGER NOT NULL DEFAULT 0,
        tried_at INTEGER,
        tried_boot TEXT,
        tried_clock REAL,
        complete_at INTEGER,
        complete_boot TEXT,
        complete_clock REAL,
        PRIMARY KEY (service, account, region)
    ) STRICT, WITHOUT ROWID
    """,
    # How far a collector has read one source: opaque to the store.
    "CREATE TABLE cursor (source TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # Who is alive on this store: role is 'watch' or 'console'.
    """
    CREATE TABLE presence (
        role TEXT NOT NULL,
        pid INTEGER NOT NULL,
        who TEXT NOT NULL,
        boot TEXT NOT NULL,
        clock REAL NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (role, pid)
    ) STRICT, WITHOUT ROWID
    """,
    # Records that could not be understood, and records whose reader comes later; raw is a zstd frame.
    """
    CREATE TABLE quarantine (
        digest BLOB PRIMARY KEY,
        raw BLOB NOT NULL,
        reason TEXT NOT NULL,
        line INTEGER NOT NULL,
        origin TEXT NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE deferred (
        digest BLOB PRIMARY KEY,
        raw BLOB NOT NULL,
        what TEXT NOT NULL,
        line INTEGER NOT NULL,
        origin TEXT NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT
    """,
)

# Every order runs one way in all its columns, so that one row-value comparison continues a page. Most are
# partial, for what Triage shows unless it is asked otherwise: open findings that are no samples.
_OPEN: Final = "WHERE sample = 0 AND closed = 0"
_INDEXES: Final = (
    # The one that Triage opens on also carries what states and common filters look at, so that a filter, or an
    # offset over rows that could be snoozed, need not visit the rows themselves.
    "CREATE INDEX queue_threat ON queue (score DESC, first DESC, n DESC, snoozed_until, severity, region, account, "
    "owner, acked_at, workflow, occurred, seen, resumed_at, blocked_at, resolved_at, events, closed) "
    f"{_OPEN} AND kind = 'threat'",
    f"CREATE INDEX queue_open ON queue (score DESC, first DESC, n DESC, snoozed_until, folded) {_OPEN}",
    f"CREATE INDEX queue_severity ON queue (severity DESC, score DESC, first DESC, n DESC, snoozed_until) {_OPEN}",
    f"CREATE INDEX queue_at ON queue (at DESC, n DESC, snoozed_until) {_OPEN}",
    f"CREATE INDEX queue_title ON queue (title, n, snoozed_until) {_OPEN}",
    f"CREATE INDEX queue_place ON queue (place, n, snoozed_until) {_OPEN}",
    "CREATE INDEX queue_score ON queue (score DESC, first DESC, n DESC) WHERE sample = 0",
    "CREATE INDEX queue_sample ON queue (score DESC, first DESC, n DESC) WHERE sample = 1",
    "CREATE INDEX queue_text ON queue (text_row)",
    f"CREATE INDEX queue_critical ON queue (seen) {_OPEN} AND kind = 'threat' AND severity = 4",
    f"CREATE INDEX queue_waiting ON queue (seen) {_OPEN} AND kind = 'threat' AND acked_at IS NULL",
    "CREATE INDEX queue_owner ON queue (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX queue_ended ON queue (resolved_at) WHERE sample = 0 AND closed = 1 AND kind = 'threat'",
    "CREATE INDEX queue_snoozed ON queue (snoozed_until) WHERE snoozed_until IS NOT NULL",
)


# Records that a source was asked for by id and did not have, since when, and whether that was confirmed (gone).
_MISSING: Final = """
    CREATE TABLE missing (
        observation INTEGER PRIMARY KEY REFERENCES observation (n)
            ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        since INTEGER NOT NULL,
        confirmed INTEGER NOT NULL DEFAULT 0
    ) STRICT
"""


def _m001(conn: Connection) -> None:
    for statement in (*_TABLES, *DECISION_DDL):
        conn.execute(statement)


def _m002(conn: Connection) -> None:
    _drop_derived(conn)
    conn.execute(_MISSING)
    conn.execute("UPDATE finding SET resolved_at = seen WHERE active = 0 AND resolved_at IS NULL")
    conn.execute("UPDATE queue SET resolved_at = seen WHERE active = 0 AND resolved_at IS NULL")


def _m003(conn: Connection) -> None:
    _drop_derived(conn)
    # When it was first known, by AWS or else by us: breaks ties, and never moves as events arrive.
    conn.execute("ALTER TABLE queue ADD COLUMN first INTEGER NOT NULL DEFAULT 0")
    conn.execute("UPDATE queue SET first = coalesce(published, seen)")


def _drop_derived(conn: Connection) -> None:
    """Drop the triggers and the queue's indexes, which hold nothing of their own."""
    for kind, name in conn.execute(
        "SELECT type, name FROM sqlite_schema WHERE type = 'trigger' OR (type = 'index' AND name GLOB 'queue_*')"
    ).fetchall():
        conn.execute(f"DROP {kind} {name}")


def _derive(conn: Connection) -> None:
    """Make them as they are today; the last migration does, whichever it is."""
    for statement in (*_INDEXES, *INCIDENT_INDEXES, *TRIGGERS, *INCIDENT_TRIGGERS, *POSTURE_TRIGGERS):
        conn.execute(statement)


def _m004(conn: Connection) -> None:
    # What else to know of a source's answers; why it is not fresh is its detail.
    conn.execute("ALTER TABLE source ADD COLUMN note TEXT NOT NULL DEFAULT ''")


def _m005(conn: Connection) -> None:
    _drop_derived(conn)
    # Whether it closes the way by which the finding's data leaves; all that was possible before did.
    conn.execute("ALTER TABLE action ADD COLUMN cuts INTEGER NOT NULL DEFAULT 1")
    conn.execute("ALTER TABLE action ADD COLUMN leave TEXT NOT NULL DEFAULT ''")


def _m006(conn: Connection) -> None:
    _drop_derived(conn)
    for statement in (*TRAIL_DDL, *EGRESS_DDL, *INCIDENT_DDL):
        conn.execute(statement)
    # When a source first told anything: what happened before then says nothing of how late its events come.
    conn.execute("ALTER TABLE source ADD COLUMN first_at INTEGER")


def _m007(conn: Connection) -> None:
    _drop_derived(conn)
    for statement in ACTION_DDL:
        conn.execute(statement)
    # Until now an action's expiry was only words.
    words = "to be looked at again by "
    for id_, leave in conn.execute("SELECT id, leave FROM action WHERE instr(leave, ?)", (words,)).fetchall():
        due = datetime.fromisoformat(leave.rpartition(words)[2])
        conn.execute("INSERT INTO owed (action, what, due) VALUES (?, 'look', ?)", (id_, micros(due)))


def _m008(conn: Connection) -> None:
    # When an alarm last began to ring; when that was, of one that rings no more, nobody kept.
    conn.execute("ALTER TABLE alarm ADD COLUMN rang INTEGER")
    conn.execute("UPDATE alarm SET rang = since WHERE raised = 1")


def _m009(conn: Connection) -> None:
    # What is usual on a series, in its unit and by its period, and when that was found; NULL where nobody can tell.
    conn.execute("ALTER TABLE series ADD COLUMN usual REAL")
    conn.execute("ALTER TABLE series ADD COLUMN usual_at INTEGER")


def _m010(conn: Connection) -> None:
    _drop_derived(conn)
    for statement in POSTURE_DDL:
        conn.execute(statement)
    _derive(conn)


def _m011(conn: Connection) -> None:
    for statement in CASE_DDL:
        conn.execute(statement)


def _m012(conn: Connection) -> None:
    for statement in ACCESS_DDL:
        conn.execute(statement)


def _m013(conn: Connection) -> None:
    for statement in HANDOFF_DDL:
        conn.execute(statement)


def _m014(conn: Connection) -> None:
    for statement in ESCALATION_DDL:
        conn.execute(statement)


def _m015(conn: Connection) -> None:
    # Somebody had answered it before it was escalated by hand: only what is done about it afterwards answers that.
    conn.execute("ALTER TABLE escalation_about ADD COLUMN answered INTEGER NOT NULL DEFAULT 0")
    # The entry that says of a send what is known of it; NULL for those of before.
    conn.execute("ALTER TABLE escalation_send ADD COLUMN seq INTEGER")
    conn.execute(HANDOFF_SAID)


MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (
    _m001, _m002, _m003, _m004, _m005, _m006, _m007, _m008, _m009, _m010, _m011, _m012,
    _m013, _m014, _m015,
)  # fmt: skip
"""Migration i brings a store from schema number i to i + 1. Never edited once released, only added to."""

SCHEMA: Final = len(MIGRATIONS)
"""The schema number (``PRAGMA user_version``) this program writes."""

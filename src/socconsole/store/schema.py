"""The tables of ``store.db``, what keeps them in step, and the numbered migrations that make them.

``finding`` is written by ``findings.commit`` and holds what all records of one detection add up to;
``observation`` and ``body`` hold the records themselves; ``queue`` is the narrow copy that Triage reads. Only
the triggers below write ``queue`` and ``tally``, from ``finding``, ``decision``, ``outbox`` and ``action``, so
no writer can forget them. Instants are INTEGER microseconds of UTC.

Rows join on ``n``, a small integer of this file only. ``id`` (``f-…``) is what the rest of the world sees:
``alias.key`` is ``f-`` and 24 hexadecimal digits of a merge key's SHA-256, so the id of any of a finding's
merge keys is a prefix of one of its alias keys, and resolves.
"""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection
from typing import Final

from socconsole.store.decision_schema import DECISION_DDL

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
        severity INTEGER NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (kind, sample, severity)
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

# Every order runs one way in all its columns, so that one row-value comparison continues a page. The partial
# ones serve the view that Triage opens on.
_INDEXES: Final = (
    "CREATE INDEX queue_threat ON queue (score DESC, at DESC, n DESC) WHERE sample = 0 AND kind = 'threat'",
    "CREATE INDEX queue_score ON queue (score DESC, at DESC, n DESC) WHERE sample = 0",
    "CREATE INDEX queue_severity ON queue (severity DESC, score DESC, at DESC, n DESC) WHERE sample = 0",
    "CREATE INDEX queue_at ON queue (at DESC, n DESC) WHERE sample = 0",
    "CREATE INDEX queue_title ON queue (title, n) WHERE sample = 0",
    "CREATE INDEX queue_place ON queue (place, n) WHERE sample = 0",
    "CREATE INDEX queue_sample ON queue (score DESC, at DESC, n DESC) WHERE sample = 1",
    "CREATE INDEX queue_text ON queue (text_row)",
    "CREATE INDEX queue_critical ON queue (seen) WHERE severity = 4 AND sample = 0 AND kind = 'threat'",
    "CREATE INDEX queue_waiting ON queue (seen) "
    "WHERE acked_at IS NULL AND active = 1 AND sample = 0 AND kind = 'threat'",
    "CREATE INDEX queue_owner ON queue (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX queue_snoozed ON queue (snoozed_until) WHERE snoozed_until IS NOT NULL",
)

_COPIED: Final = (
    "id, kind, severity, score, occurred, published, seen, updated, title, place, account, region, types, "
    "product, sources, workflow, verdict, events, active, sample, sequence, leaks, resolved_at, resumed_at, print, text_row"
)
_NEW: Final = ", ".join(f"new.{name}" for name in _COPIED.split(", "))


def _latest(column: str, group: str, n: str) -> str:
    """The value of one decision group over all ids a finding has had: the latest entry's."""
    return (
        f"(SELECT d.{column} FROM decided AS k JOIN decision AS d ON d.finding_id = k.finding_id "
        f"WHERE k.n = {n} AND d.{group} IS NOT NULL ORDER BY d.{group} DESC LIMIT 1)"
    )


def _set_decision(n: str) -> str:
    return (
        "UPDATE queue SET "
        f"owner = {_latest('owner', 'owner_seq', n)}, "
        f"acked_at = {_latest('acked_at', 'ack_seq', n)}, "
        f"acked_by = {_latest('acked_by', 'ack_seq', n)}, "
        # A snooze is of what was there when it was made: the print as it is when its instant first appears.
        f"snooze_print = iif(snoozed_at IS {_latest('snoozed_at', 'snooze_seq', n)}, snooze_print, print), "
        f"snoozed_at = {_latest('snoozed_at', 'snooze_seq', n)}, "
        f"snoozed_until = {_latest('snoozed_until', 'snooze_seq', n)}, "
        f"decided_verdict = {_latest('verdict', 'verdict_seq', n)}, "
        f"note_at = {_latest('note_at', 'note_seq', n)}, "
        f"unsent = {_unsent(n)}, "
        f"blocked_at = {_blocked(n)} "
        f"WHERE n = {n}"
    )


def _unsent(n: str) -> str:
    return (
        "(SELECT count(*) FROM decided AS k JOIN outbox AS o ON o.finding_id = k.finding_id "
        f"WHERE k.n = {n} AND o.taken_by IS NULL AND o.state IN ('unsent', 'claimed', 'failed'))"
    )


def _blocked(n: str) -> str:
    return (
        "(SELECT max(a.settled) FROM decided AS k JOIN action AS a ON a.finding = k.finding_id "
        f"WHERE k.n = {n} AND a.state = 'applied' AND a.undone_by IS NULL AND a.undoes IS NULL)"
    )


def _resolve(id_: str) -> str:
    return (
        f"coalesce((SELECT n FROM finding WHERE id = {id_}), "
        f"(SELECT finding FROM alias WHERE key > {id_} AND key < {id_} || 'g' LIMIT 1))"
    )


def _note_decided(id_: str) -> str:
    """Remember that something was decided about an id, and whose it is."""
    return (
        f"INSERT INTO decided (finding_id, n) SELECT {id_}, {_resolve(id_)} WHERE {id_} IS NOT NULL "
        "ON CONFLICT (finding_id) DO NOTHING"
    )


def _of(id_: str) -> str:
    return f"(SELECT n FROM decided WHERE finding_id = {id_})"


_TALLY_UP: Final = (
    "INSERT INTO tally (kind, sample, severity, n) VALUES (new.kind, new.sample, new.severity, 1) "
    "ON CONFLICT (kind, sample, severity) DO UPDATE SET n = n + 1"
)
_TALLY_DOWN: Final = (
    "UPDATE tally SET n = n - 1 WHERE kind = old.kind AND sample = old.sample AND severity = old.severity"
)

_TRIGGERS: Final = (
    f"""
    CREATE TRIGGER finding_added AFTER INSERT ON finding BEGIN
        INSERT INTO queue (n, at, {_COPIED})
            VALUES (new.n, coalesce(new.occurred, new.published, new.seen), {_NEW});
    END
    """,
    f"""
    CREATE TRIGGER finding_changed AFTER UPDATE ON finding BEGIN
        UPDATE queue SET (at, {_COPIED}) = (coalesce(new.occurred, new.published, new.seen), {_NEW})
            WHERE n = new.n;
    END
    """,
    """
    CREATE TRIGGER finding_gone AFTER DELETE ON finding BEGIN
        DELETE FROM queue WHERE n = old.n;
        DELETE FROM alias WHERE finding = old.n;
        UPDATE decided SET n = NULL WHERE n = old.n;
    END
    """,
    f"CREATE TRIGGER queue_added AFTER INSERT ON queue BEGIN {_TALLY_UP}; END",
    f"CREATE TRIGGER queue_gone AFTER DELETE ON queue BEGIN {_TALLY_DOWN}; END",
    f"""
    CREATE TRIGGER queue_moved AFTER UPDATE OF kind, sample, severity ON queue
    WHEN old.kind <> new.kind OR old.sample <> new.sample OR old.severity <> new.severity
    BEGIN {_TALLY_DOWN}; {_TALLY_UP}; END
    """,
    # decisions: projected under the id they were taken with, shown on the finding that has that id now
    f"""
    CREATE TRIGGER decision_added AFTER INSERT ON decision BEGIN
        {_note_decided("new.finding_id")};
        {_set_decision(_of("new.finding_id"))};
    END
    """,
    f"""
    CREATE TRIGGER decision_changed AFTER UPDATE ON decision BEGIN
        {_set_decision(_of("new.finding_id"))};
    END
    """,
    f"""
    CREATE TRIGGER decision_gone AFTER DELETE ON decision BEGIN
        {_set_decision(_of("old.finding_id"))};
    END
    """,
    f"""
    CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
        {_note_decided("new.finding_id")};
        UPDATE queue SET unsent = {_unsent("queue.n")} WHERE n = {_of("new.finding_id")};
    END
    """,
    f"""
    CREATE TRIGGER outbox_changed AFTER UPDATE OF state, taken_by ON outbox BEGIN
        UPDATE queue SET unsent = {_unsent("queue.n")} WHERE n = {_of("new.finding_id")};
    END
    """,
    f"""
    CREATE TRIGGER outbox_gone AFTER DELETE ON outbox BEGIN
        UPDATE queue SET unsent = {_unsent("queue.n")} WHERE n = {_of("old.finding_id")};
    END
    """,
    f"""
    CREATE TRIGGER action_added AFTER INSERT ON action WHEN new.finding IS NOT NULL BEGIN
        {_note_decided("new.finding")};
        UPDATE queue SET blocked_at = {_blocked("queue.n")} WHERE n = {_of("new.finding")};
    END
    """,
    f"""
    CREATE TRIGGER action_changed AFTER UPDATE ON action WHEN new.finding IS NOT NULL BEGIN
        UPDATE queue SET blocked_at = {_blocked("queue.n")} WHERE n = {_of("new.finding")};
    END
    """,
    f"""
    CREATE TRIGGER decided_placed AFTER UPDATE OF n ON decided WHEN new.n IS NOT NULL BEGIN
        {_set_decision("new.n")};
    END
    """,
    # After recover, or when another record brings a name we had decided about before.
    """
    CREATE TRIGGER alias_added AFTER INSERT ON alias BEGIN
        UPDATE decided SET n = new.finding WHERE finding_id = substr(new.key, 1, 14) AND n IS NULL;
    END
    """,
    "CREATE TRIGGER observation_added AFTER INSERT ON observation WHEN new.head BEGIN "
    "UPDATE origin SET findings = findings + 1 WHERE n = new.origin; END",
    "CREATE TRIGGER observation_gone AFTER DELETE ON observation WHEN old.head BEGIN "
    "UPDATE origin SET findings = findings - 1 WHERE n = old.origin; END",
    """
    CREATE TRIGGER observation_moved AFTER UPDATE OF origin, head ON observation
    WHEN old.origin <> new.origin OR old.head <> new.head
    BEGIN
        UPDATE origin SET findings = findings - old.head WHERE n = old.origin;
        UPDATE origin SET findings = findings + new.head WHERE n = new.origin;
    END
    """,
)


def _m001(conn: Connection) -> None:
    for statement in (*_TABLES, *_INDEXES, *DECISION_DDL, *_TRIGGERS):
        conn.execute(statement)


MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (_m001,)
"""Migration i brings a store from schema number i to i + 1. Never edited once released, only added to."""

SCHEMA: Final = len(MIGRATIONS)
"""The schema number (``PRAGMA user_version``) this program writes."""

"""What keeps ``queue`` and ``tally`` true: triggers on everything that Triage shows.

A decision is projected under the id it was taken with. ``decided`` says whose finding that id is now, so a
decision reaches its finding whichever of the two is here first, and follows it when two findings become one.
"""

from __future__ import annotations

from typing import Final

_COPIED: Final = (
    "id, kind, severity, score, occurred, published, seen, updated, title, place, account, region, types, "
    "product, sources, workflow, verdict, events, active, sample, sequence, leaks, resolved_at, resumed_at, "
    "print, text_row"
)
# triage.state's RESOLVED, the one state that no clock has a say in: stored, counted, and left out by an index.
_CLOSED: Final = (
    "(new.active = 0 OR (new.workflow IN ('RESOLVED', 'SUPPRESSED') "
    "AND (new.resolved_at IS NULL OR new.occurred IS NULL OR new.occurred <= new.resolved_at)))"
)
_BEGAN: Final = "min(coalesce(new.occurred, new.published, new.seen), coalesce(new.published, new.occurred, new.seen))"
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
    """Since when it is blocked: by what was done for it, or because actions closed all that it needs."""
    held = "a.state = 'applied' AND a.undone_by IS NULL AND a.undoes IS NULL"
    closed = (
        "SELECT max(a.settled) AS at FROM need AS w LEFT JOIN closing AS c ON c.name = w.name "
        f"LEFT JOIN action AS a ON a.id = c.action AND {held} WHERE w.n = {n} GROUP BY w.part"
    )
    return (
        "(SELECT max(at) FROM (SELECT max(a.settled) AS at FROM decided AS k JOIN action AS a "
        f"ON a.finding = k.finding_id WHERE k.n = {n} AND a.cuts AND {held} "
        f"UNION ALL SELECT iif(count(*) = count(at), max(at), NULL) FROM ({closed})))"
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
    "INSERT INTO tally (kind, sample, closed, severity, folded, n) "
    "VALUES (new.kind, new.sample, new.closed, new.severity, new.folded, 1) "
    "ON CONFLICT (kind, sample, closed, severity, folded) DO UPDATE SET n = n + 1"
)
_TALLY_DOWN: Final = (
    "UPDATE tally SET n = n - 1 WHERE kind = old.kind AND sample = old.sample "
    "AND closed = old.closed AND severity = old.severity AND folded = old.folded"
)

TRIGGERS: Final = (
    f"""
    CREATE TRIGGER finding_added AFTER INSERT ON finding BEGIN
        INSERT INTO queue (n, at, began, first, closed, {_COPIED})
            VALUES (new.n, coalesce(new.occurred, new.published, new.seen), {_BEGAN},
                coalesce(new.published, new.seen), {_CLOSED}, {_NEW});
    END
    """,
    f"""
    CREATE TRIGGER finding_changed AFTER UPDATE ON finding BEGIN
        UPDATE queue SET (at, began, closed, {_COPIED}) =
            (coalesce(new.occurred, new.published, new.seen), min(began, {_BEGAN}), {_CLOSED}, {_NEW})
            WHERE n = new.n;
    END
    """,
    """
    CREATE TRIGGER finding_gone AFTER DELETE ON finding BEGIN
        DELETE FROM queue WHERE n = old.n;
        DELETE FROM alias WHERE finding = old.n;
        DELETE FROM need WHERE n = old.n;
        UPDATE decided SET n = NULL WHERE n = old.n;
    END
    """,
    f"CREATE TRIGGER queue_added AFTER INSERT ON queue BEGIN {_TALLY_UP}; END",
    f"CREATE TRIGGER queue_gone AFTER DELETE ON queue BEGIN {_TALLY_DOWN}; END",
    f"""
    CREATE TRIGGER queue_moved AFTER UPDATE OF kind, sample, closed, severity, folded ON queue
    WHEN old.kind <> new.kind OR old.sample <> new.sample OR old.closed <> new.closed OR old.severity <> new.severity
        OR old.folded <> new.folded
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
    CREATE TRIGGER action_moved AFTER UPDATE OF state, settled, undone_by ON action BEGIN
        UPDATE queue SET blocked_at = {_blocked("queue.n")} WHERE n IN
            (SELECT w.n FROM closing AS c JOIN need AS w ON w.name = c.name WHERE c.action = new.id);
    END
    """,
    f"""
    CREATE TRIGGER need_added AFTER INSERT ON need BEGIN
        UPDATE queue SET blocked_at = {_blocked("new.n")} WHERE n = new.n;
    END
    """,
    f"""
    CREATE TRIGGER need_gone AFTER DELETE ON need BEGIN
        UPDATE queue SET blocked_at = {_blocked("old.n")} WHERE n = old.n;
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

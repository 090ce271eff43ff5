"""What decisions on findings do to ``store.db``: this install's own, and those that came with a handoff.

An adopted decision keeps who made it and when, is never owed to AWS (the giver told it, or says that it did not), and
counts only where nothing later is decided here: its entry names in ``stands`` the findings where accepting it found
so. It is logged under its analyst's name *at his install*, so that nobody takes back by a key here what was pressed
there; a taking back that is adopted reverts what the same analyst had decided at the same install, and nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final

from socconsole.model.entry import Line
from socconsole.model.finding import Workflow
from socconsole.store import adopted, own
from socconsole.store.instants import micros, storable

Lookup = Callable[[int], Line | None]
"""An earlier entry by its sequence, as it stands on the ledger."""

NOTE_LIMIT: Final = 512
"""Characters Security Hub takes as a finding's note (API reference, ``NoteUpdate``)."""

FIELD_OF: Final = {
    "acknowledge": "ack",
    "claim": "owner",
    "note": "note",
    "verdict": "verdict",
    "snooze": "snooze",
}
"""Which group of columns of ``decision`` a verb sets."""

SETTLED: Final = {"sent": "sent", "overtaken": "overtaken", "send_failed": "failed"}

_COLUMNS: Final = {
    "ack": ("acked_at", "acked_by", "ack_reason", "ack_seq"),
    "owner": ("owned_at", "owner", "owner_seq"),
    "note": ("note_at", "note_by", "note", "note_seq"),
    "verdict": ("verdict_at", "verdict_by", "verdict_reason", "verdict", "verdict_seq"),
    "snooze": ("snoozed_at", "snoozed_by", "snooze_reason", "snoozed_until", "snooze_seq"),
}
_SEQ: Final = {field: columns[-1] for field, columns in _COLUMNS.items()}
_AT: Final = {field: columns[0] for field, columns in _COLUMNS.items()}


def apply(conn: sqlite3.Connection, line: Line, lookup: Lookup) -> bool:
    """Apply an entry if it is about decisions, in the caller's transaction; whether it was.

    Raises ``LookupError``, ``TypeError`` or ``ValueError`` for one in an unknown shape.
    """
    verb = adopted.as_made(line).entry.verb
    if verb in FIELD_OF:
        _decide(conn, line)
    elif verb == "take_back":
        _take_back(conn, line, lookup)
    elif verb in SETTLED:
        _settle(conn, line, lookup)
    else:
        return False
    return True


def _when(line: Line) -> int:
    return int(line.entry.data.get("now", micros(line.at)))


def _values(field: str, line: Line | None) -> tuple[object, ...]:
    """The columns of a field as an entry sets them; all NULL where no entry does."""
    if line is None:
        return (None,) * len(_COLUMNS[field])
    entry, at = line.entry, _when(line)
    reason = storable(entry.private.get("reason", ""))
    if field == "owner":
        return (at, entry.who, line.seq)
    if field == "note":
        return (at, entry.who, storable(entry.private.get("text", "")), line.seq)
    if field == "verdict":
        return (at, entry.who, reason, entry.data["verdict"], line.seq)
    if field == "snooze":
        return (at, entry.who, reason, int(entry.data["until"]), line.seq)
    return (at, entry.who, reason, line.seq)


def _set(conn: sqlite3.Connection, finding: str, field: str, values: tuple[object, ...], by: Line) -> None:
    columns = (*_COLUMNS[field], "last_batch", "last_by", "last_seq")
    conn.execute(
        f"INSERT INTO decision (finding_id, {', '.join(columns)}) VALUES ({', '.join('?' * (len(columns) + 1))})"
        f" ON CONFLICT (finding_id) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in columns)}",
        (finding, *values, by.entry.data["batch"], by.entry.who, by.seq),
    )


def _decide(conn: sqlite3.Connection, line: Line) -> None:
    made = adopted.as_made(line)
    entry, here, stands = made.entry, made is line, adopted.stands(line)
    field = FIELD_OF[entry.verb]
    values, when = _values(field, made), _when(made)
    for finding in entry.subjects:
        prior, at, note = conn.execute(
            f"SELECT {_SEQ[field]}, {_AT[field]}, note FROM decision WHERE finding_id = ?", (finding,)
        ).fetchone() or (None, None, None)
        if not here and (finding in stands or (at is not None and at > when)):
            continue
        conn.execute(
            "INSERT INTO decision_log (finding_id, seq, field, prior_seq, batch, who) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (finding, made.seq, field, prior, entry.data["batch"], _where(made, here=here)),
        )
        _set(conn, finding, field, values, made)
        payload = _payload(made, has_note=note is not None) if here and entry.data["send"] else {}
        if payload and not own.is_own(conn, finding):
            _owe(conn, finding, entry.verb, payload, made)


def _where(made: Line, *, here: bool) -> str:
    """Who decided, as the log names him: with his install where it is another one."""
    return made.entry.who if here else f"{made.entry.who} at {made.install}"


def _payload(line: Line, *, has_note: bool) -> dict[str, Any]:
    """What Security Hub is told of a decision; nothing for a claim or a snooze, which are ours alone.

    An acknowledgement's note names the ledger entry and nobody; it never overwrites a note the analyst wrote.
    """
    entry = line.entry
    if entry.verb == "acknowledge":
        told: dict[str, Any] = {"workflow": Workflow.NOTIFIED.value}
        if not has_note:
            told["note"] = f"Acknowledged; socconsole ledger {line.install} entry {line.seq}."
        return told
    if entry.verb == "verdict":
        return {"verdict": entry.data["verdict"]}
    if entry.verb == "note":
        return {"note": entry.private.get("text", "")[:NOTE_LIMIT]}
    return {}


def _owe(conn: sqlite3.Connection, finding: str, kind: str, payload: Mapping[str, Any], line: Line) -> None:
    conn.execute(
        "INSERT INTO outbox (finding_id, kind, payload, who, mode, made_at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (seq, finding_id) DO NOTHING",
        (
            finding,
            kind,
            json.dumps(payload),
            line.entry.who,
            line.entry.data["mode"],
            micros(line.at),
            line.seq,
        ),
    )


# --- taking back ----------------------------------------------------------------------------------------


def _take_back(conn: sqlite3.Connection, line: Line, lookup: Lookup) -> None:
    made = adopted.as_made(line)
    here, data = made is line, made.entry.data
    field, batch = str(data["field"]), str(data["of"])
    for finding in data["restore"]:
        taken = conn.execute(
            f"SELECT l.seq, l.prior_seq, d.{_SEQ[field]} IS l.seq FROM decision_log AS l "
            "JOIN decision AS d ON d.finding_id = l.finding_id "
            "WHERE l.batch = ? AND l.finding_id = ? AND l.field = ? AND l.taken_by IS NULL AND (? OR l.who = ?)",
            (batch, finding, field, here, _where(made, here=here)),
        ).fetchone()
        if taken is None or (here and not taken[2]):
            continue  # somebody decided again between the analyst's key and this entry: theirs stands
        conn.execute(
            "UPDATE decision_log SET taken_by = ? WHERE finding_id = ? AND seq = ? AND field = ?",
            (line.seq, finding, taken[0], field),
        )
        if not taken[2]:
            continue
        before = _line(lookup, _below(conn, finding, field, taken[1]))
        _set(conn, finding, field, _values(field, before), made)
        owed = conn.execute(
            "SELECT id, state FROM outbox WHERE seq = ? AND finding_id = ?", (taken[0], finding)
        ).fetchone()
        if owed is None:
            continue
        conn.execute("UPDATE outbox SET taken_by = ? WHERE id = ?", (line.seq, owed[0]))
        if owed[1] == "sent":
            _restore(conn, owed[0], line, lookup)
        else:
            conn.execute(
                "UPDATE outbox SET state = 'overtaken', why = 'taken back before it was sent', "
                "lease_pid = NULL, lease_until = NULL, settled_at = ? WHERE id = ?",
                (micros(line.at), owed[0]),
            )


def _below(conn: sqlite3.Connection, finding: str, field: str, seq: int | None) -> int | None:
    """The entry that stands again: ``seq``, or what stood before it where it was taken back itself by now."""
    while seq is not None:
        row = conn.execute(
            "SELECT prior_seq FROM decision_log WHERE finding_id = ? AND seq = ? AND field = ? "
            "AND taken_by IS NOT NULL",
            (finding, seq, field),
        ).fetchone()
        if row is None:
            break
        seq = row[0]
    return seq


def _line(lookup: Lookup, seq: int | None) -> Line | None:
    """An earlier decision, as it was made."""
    line = None if seq is None else lookup(seq)
    return None if line is None else adopted.as_made(line)


def _restore(conn: sqlite3.Connection, owed: int, by: Line, lookup: Lookup) -> None:
    """Owe AWS the state from before a write that was sent and then taken back.

    ``expect`` is what the write had set: where AWS says something else by now, the actor leaves it alone.
    """
    finding, kind, payload, before = conn.execute(
        "SELECT finding_id, kind, payload, before FROM outbox WHERE id = ?", (owed,)
    ).fetchone()
    was, written = json.loads(before), json.loads(payload)
    earlier = by.entry.data["restore"].get(finding)
    previous = _line(lookup, None if earlier is None else int(earlier))
    told: dict[str, Any]
    if kind == "acknowledge":
        if previous is not None:  # an earlier acknowledgement stands: NOTIFIED is still right
            return
        told = {"workflow": was.get("workflow", Workflow.NEW.value), "expect": {"workflow": "NOTIFIED"}}
        if "note" in written:
            told["note"] = f"Acknowledgement taken back; socconsole ledger {by.install} entry {by.seq}."
    elif kind == "verdict":
        verdict = previous.entry.data["verdict"] if previous else was.get("verdict", "UNKNOWN")
        told = {"verdict": verdict, "expect": {"verdict": written["verdict"]}}
    else:
        text = previous.entry.private.get("text", "") if previous else ""
        told = {"note": text[:NOTE_LIMIT] or "Note taken back.", "expect": {"note": written.get("note", "")}}
    _owe(conn, finding, "restore", told, by)


# --- what became of the writes ---------------------------------------------------------------------------


def _settle(conn: sqlite3.Connection, line: Line, lookup: Lookup) -> None:
    data = line.entry.data
    state = SETTLED[line.entry.verb]
    why = storable(line.entry.private.get("why", ""))
    for seq, finding in data["writes"]:
        before = data.get("before", {}).get(finding, {})
        row = conn.execute(
            "UPDATE outbox SET state = ?, why = ?, tries = tries + 1, before = ?, settled_at = ?, settled_seq = ?, "
            "lease_pid = NULL, lease_until = NULL WHERE seq = ? AND finding_id = ? AND state <> 'sent' "
            "RETURNING id, taken_by",
            (state, why, json.dumps(before), micros(line.at), line.seq, seq, finding),
        ).fetchall()
        if row and row[0][1] is not None and state == "sent":
            taken = lookup(row[0][1])  # it was already on its way when the analyst took it back
            if taken is not None:
                _restore(conn, row[0][0], taken, lookup)


def erase(conn: sqlite3.Connection, seq: int, name: str) -> None:
    """A private text of an entry was erased: so it is here, and what AWS has not been told yet, it never will be."""
    for column, group, of in (
        ("ack_reason", "ack_seq", "reason"),
        ("snooze_reason", "snooze_seq", "reason"),
        ("verdict_reason", "verdict_seq", "reason"),
        ("note", "note_seq", "text"),
    ):
        if name == of:
            conn.execute(f"UPDATE decision SET {column} = '' WHERE {group} = ?", (seq,))
    if name == "text":
        conn.execute(
            "UPDATE outbox SET payload = '{}', state = 'overtaken', why = 'its text was erased' "
            "WHERE seq = ? AND kind = 'note' AND state IN ('unsent', 'claimed', 'failed')",
            (seq,),
        )
        conn.execute("UPDATE outbox SET payload = '{}' WHERE seq = ? AND kind = 'note'", (seq,))
    if name == "why":
        conn.execute("UPDATE outbox SET why = '' WHERE settled_seq = ?", (seq,))

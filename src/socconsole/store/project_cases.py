"""What each entry about a case does to ``store.db``. ``data`` by verb, beside ``case`` and ``now`` (µs, world's time):

=============== ==============================================================================================
case_open       ``severity`` (name), ``incident``, ``evidence`` ([SHA-256]), ``split_from``; subjects: findings.
                Private: ``title``, ``hypothesis``
case_attach     ``evidence``; subjects: findings
case_detach     subjects: findings. Private: ``reason``
case_change     ``field``, and for fields that are no free text ``was`` and ``value``. Private: those of free text,
                ``reason``
case_merge      ``into``. Private: ``reason``
case_note       Private: ``text``
case_told       Private: ``name``, ``how``
case_playbook   ``playbook``: the case is worked by it
case_step       ``playbook``, ``step``, ``skip``. Private: ``note``
case_packed     ``manifest``, ``sha256``, ``bytes``, ``redacted``, ``recipients``: an evidence pack was made
case_hold       ``on``. Private: ``reason``
case_close      ``anyway``, ``open`` (what stood open: clocks, ways out). Private: ``reason``
clock_moment    ``entity``, ``moment``, ``at`` (µs), ``suspected``, ``amends`` (seq, 0: none). Private: ``reason``
clock_answer    ``entity``, ``regime``, ``applies``. Private: ``reason``
clock_sent      ``entity``, ``regime``, ``deadline``, ``to``, ``at`` (µs). Private: ``receipt``
clock_decision  ``entity``, ``regime``, ``notify``. Private: ``reason``
clock_warned    ``clock``, ``percent``, ``fraction``, ``due`` (µs), ``title``, ``entity``, ``role``, ``to``, ``asks``,
                ``about``, ``more`` (how many others were over when the case was opened); by the watch
clock_settled   ``clock``: it needs no warning any more; by the watch
=============== ==============================================================================================
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Final

from socconsole.model.case import CaseStatus
from socconsole.model.entry import Line
from socconsole.model.finding import Severity
from socconsole.store import case_alarms
from socconsole.store.instants import micros, storable

FREE: Final = frozenset({"title", "hypothesis"})
"""Fields of a case that are free text."""

FIELDS: Final = frozenset({"severity", "status", "owner", *FREE})


def apply(conn: sqlite3.Connection, line: Line) -> None:
    """Apply one entry of :data:`VERBS`, in the caller's transaction.

    Raises ``LookupError``, ``TypeError`` or ``ValueError`` for one in an unknown shape.
    """
    data = line.entry.data
    case = str(data["case"])
    at = int(data.get("now", micros(line.at)))
    if line.entry.verb == "case_open":
        _open(conn, line, case, at)
    elif conn.execute("SELECT 1 FROM case_file WHERE id = ?", (case,)).fetchone() is None:
        raise LookupError(f"no case {case}")
    _APPLY.get(line.entry.verb, _nothing)(conn, line, case, at)
    conn.execute(
        "INSERT INTO case_event (case_id, seq, verb, at, who, data) VALUES (?, ?, ?, ?, ?, ?)",
        (case, line.seq, line.entry.verb, at, line.entry.who, json.dumps(dict(data), sort_keys=True)),
    )
    conn.execute("UPDATE case_file SET seq = ? WHERE id = ?", (line.seq, case))


def erase(conn: sqlite3.Connection, seq: int, name: str) -> None:
    """A private text of an entry was erased: so it is here."""
    for field in FREE:
        if name in (field, "value"):
            conn.execute(f"UPDATE case_file SET {field} = '' WHERE {field}_seq = ?", (seq,))
    if name in ("name", "how"):
        conn.execute(f"UPDATE case_told SET {name} = '' WHERE seq = ?", (seq,))


def _open(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    data, private = line.entry.data, line.entry.private
    conn.execute(
        "INSERT INTO case_file (id, title, title_seq, severity, status, owner, hypothesis, hypothesis_seq, incident, "
        "opened, opened_by, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            case, storable(private.get("title", "")), line.seq, Severity[str(data["severity"])].value,
            CaseStatus.OPEN.value, line.entry.who, storable(private.get("hypothesis", "")), line.seq,
            str(data.get("incident", "")), at, line.entry.who, line.seq,
        ),
    )  # fmt: skip
    conn.execute(  # what is split off a case that is held is no less to be kept
        "UPDATE case_file SET held = coalesce((SELECT held FROM case_file WHERE id = ?), 0) WHERE id = ?",
        (str(data.get("split_from", "")), case),
    )


def _attach(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    conn.executemany(
        "INSERT INTO case_finding (case_id, finding, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(case, finding, line.seq) for finding in line.entry.subjects],
    )
    (known,) = conn.execute("SELECT evidence FROM case_file WHERE id = ?", (case,)).fetchone()
    more = [str(each) for each in line.entry.data.get("evidence", ())]
    if more:
        kept = list(dict.fromkeys([*json.loads(known), *more]))
        conn.execute("UPDATE case_file SET evidence = ? WHERE id = ?", (json.dumps(kept), case))


def _detach(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    conn.executemany(
        "DELETE FROM case_finding WHERE case_id = ? AND finding = ?", [(case, one) for one in line.entry.subjects]
    )


def _change(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    field = str(line.entry.data["field"])
    if field not in FIELDS:
        raise ValueError(f"a case has no field {field!r}")
    if field in FREE:
        value: object = storable(line.entry.private.get("value", ""))
        conn.execute(f"UPDATE case_file SET {field} = ?, {field}_seq = ? WHERE id = ?", (value, line.seq, case))
        return
    said = str(line.entry.data["value"])
    value = Severity[said].value if field == "severity" else CaseStatus(said).value if field == "status" else said
    conn.execute(f"UPDATE case_file SET {field} = ? WHERE id = ?", (value, case))
    if field == "status":
        conn.execute("UPDATE case_file SET closed = NULL WHERE id = ?", (case,))


def _merge(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    into = str(line.entry.data["into"])
    if conn.execute("SELECT 1 FROM case_file WHERE id = ? AND merged = ''", (into,)).fetchone() is None:
        raise LookupError(f"no case {into}")
    conn.execute(
        "INSERT INTO case_finding (case_id, finding, seq) SELECT ?, finding, ? FROM case_finding WHERE case_id = ? "
        "ON CONFLICT DO NOTHING",
        (into, line.seq, case),
    )
    conn.execute(
        "UPDATE case_file SET merged = ?, status = ?, closed = ? WHERE id = ?",
        (into, CaseStatus.MERGED.value, at, case),
    )
    conn.execute(  # a hold on a part holds the whole
        "UPDATE case_file SET seq = ?1, held = max(held, (SELECT held FROM case_file WHERE id = ?2)) WHERE id = ?3",
        (line.seq, case, into),
    )
    (held,) = conn.execute("SELECT held FROM case_file WHERE id = ?", (into,)).fetchone()
    _hold_all(conn, into, bool(held))  # from now on its parts are held as the whole is
    conn.execute(
        "INSERT INTO case_event (case_id, seq, verb, at, who, data) VALUES (?, ?, ?, ?, ?, ?)",
        (into, line.seq, line.entry.verb, at, line.entry.who, json.dumps(dict(line.entry.data), sort_keys=True)),
    )


def _told(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    private = line.entry.private
    conn.execute(
        "INSERT INTO case_told (case_id, seq, at, name, how) VALUES (?, ?, ?, ?, ?)",
        (case, line.seq, at, storable(private.get("name", "")), storable(private.get("how", ""))),
    )


def _hold(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    _hold_all(conn, case, bool(line.entry.data["on"]))


def _hold_all(conn: sqlite3.Connection, case: str, on: bool) -> None:
    """Hold, or release, a case and all that became part of it."""
    conn.execute(
        "WITH RECURSIVE part (id) AS "
        "(VALUES (?1) UNION SELECT c.id FROM case_file AS c JOIN part AS p ON c.merged = p.id) "
        "UPDATE case_file SET held = ?2 WHERE id IN (SELECT id FROM part)",
        (case, on),
    )


def _close(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    conn.execute("UPDATE case_file SET status = ?, closed = ? WHERE id = ?", (CaseStatus.CLOSED.value, at, case))


def _nothing(conn: sqlite3.Connection, line: Line, case: str, at: int) -> None:
    """The entry itself is all there is to know."""


_Apply = Callable[[sqlite3.Connection, Line, str, int], None]

_APPLY: Final[Mapping[str, _Apply]] = {
    "case_open": _attach,
    "case_attach": _attach,
    "case_detach": _detach,
    "case_change": _change,
    "case_merge": _merge,
    "case_told": _told,
    "case_hold": _hold,
    "case_close": _close,
    "clock_warned": lambda conn, line, _, at: case_alarms.warned(conn, line, at),
    "clock_settled": lambda conn, line, _, at: case_alarms.settled(conn, line, at),
}

VERBS: Final = frozenset(
    {
        *_APPLY,
        "case_note",
        "case_packed",
        "case_playbook",
        "case_step",
        "clock_moment",
        "clock_answer",
        "clock_sent",
        "clock_decision",
    }
)

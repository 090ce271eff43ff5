"""What entries about shifts and handoffs do to ``store.db``. ``data`` by verb, beside ``now`` (µs, world's time):

================ =============================================================================================
shift_on         ``until`` (µs, or null), ``sessions`` ([{"account", "state", "detail"}]: the responder's)
shift_off        ``of``: sequence of the shift_on
handoff          ``handoff``, ``sha256`` (of the file), ``bytes``, ``cases`` and ``actions`` ([id]): given, signed;
                 ``read``: the last entry that the report in it tells of (not in the oldest ones)
handoff_taken    the same, and ``install``, ``peer``, ``by``, ``at`` (µs): another install's, accepted here
handoff_accepted ``handoff``, ``install``, ``peer``, ``by``, ``at`` (µs): the receipt for one that was given
================ =============================================================================================
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from socconsole.model.entry import Line
from socconsole.store.instants import micros, storable

ON: Final = "shift_on"
OFF: Final = "shift_off"
GIVEN: Final = "handoff"
TAKEN: Final = "handoff_taken"
ACCEPTED: Final = "handoff_accepted"

VERBS: Final = frozenset({ON, OFF, GIVEN, TAKEN, ACCEPTED})


def apply(conn: sqlite3.Connection, line: Line) -> None:
    """Apply one entry of :data:`VERBS`, in the caller's transaction.

    Raises ``LookupError``, ``TypeError`` or ``ValueError`` for one in an unknown shape.
    """
    data = line.entry.data
    at = int(data.get("now", micros(line.at)))
    match line.entry.verb:
        case "shift_on":
            conn.execute(
                "INSERT INTO shift (seq, who, since, until) VALUES (?, ?, ?, ?)",
                (line.seq, storable(line.entry.who), at, data["until"]),
            )
        case "shift_off":
            conn.execute("UPDATE shift SET ended = ? WHERE seq = ? AND ended IS NULL", (at, int(data["of"])))
        case "handoff":
            _insert(conn, line, "out", at, storable(line.entry.who))
        case "handoff_taken":
            _insert(conn, line, "in", int(data["at"]), storable(str(data["by"])))
            conn.execute(
                "UPDATE handoff SET accepted = ?, accepted_by = ?, peer = ? WHERE id = ?",
                (at, storable(line.entry.who), storable(str(data["peer"])), data["handoff"]),
            )
            # What comes back is ours to undo again.
            conn.executemany("DELETE FROM handed_over WHERE action = ?", [(str(one),) for one in data["actions"]])
        case _:
            _accepted(conn, line)


def _insert(conn: sqlite3.Connection, line: Line, way: str, at: int, who: str) -> None:
    data = line.entry.data
    conn.execute(
        "INSERT INTO handoff (id, way, seq, at, who, digest, cases, actions) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(data["handoff"]),
            way,
            line.seq,
            at,
            who,
            str(data["sha256"]),
            len(data["cases"]),
            json.dumps([str(one) for one in data["actions"]]),
        ),
    )


def _accepted(conn: sqlite3.Connection, line: Line) -> None:
    data = line.entry.data
    id_ = str(data["handoff"])
    at = int(data["at"])
    row = conn.execute("SELECT actions FROM handoff WHERE id = ? AND way = 'out'", (id_,)).fetchone()
    if row is None:
        raise LookupError(f"no handoff {id_}")
    conn.execute(
        "UPDATE handoff SET accepted = ?, accepted_by = ?, peer = ? WHERE id = ? AND accepted IS NULL",
        (at, storable(str(data["by"])), storable(str(data["peer"])), id_),
    )
    conn.executemany(
        "INSERT INTO handed_over (action, handoff) VALUES (?, ?) "
        "ON CONFLICT (action) DO UPDATE SET handoff = excluded.handoff",
        [(action, id_) for action in json.loads(row[0]) if not _accepted_since(conn, action, at)],
    )


def _accepted_since(conn: sqlite3.Connection, action: str, at: int) -> bool:
    """Whether an action changed hands again after ``at`` (µs): a receipt that comes late moves nothing then."""
    return (
        conn.execute(
            "SELECT 1 FROM handoff AS h, json_each(h.actions) AS a WHERE a.value = ? AND h.accepted > ?", (action, at)
        ).fetchone()
        is not None
    )

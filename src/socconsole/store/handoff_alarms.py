"""What the watch says of a handoff that nobody accepts, and the finding that stands until its receipt is here.

A handoff holds all that was open when it was made: a later one takes the place of those before it, and accepting it
settles them. The time runs from the first of those that wait, so that giving another one buys none. It is said when
``[handoff] accept_within_minutes`` have passed, and again after twice, four times … that, a day apart at most: each
time the finding begins anew, whoever has acknowledged it before. The entry, by the watch:

================== ============================================================================================
handoff_unaccepted ``handoff`` (the latest that waits), ``first`` (the one from which the time runs), ``given`` (µs:
                   when that was), ``times`` (how often it was due by now: 1, 2, …), ``now`` (µs)
================== ============================================================================================
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.config import Config
from socconsole.model.entry import Entry, Line
from socconsole.model.finding import Format, Severity
from socconsole.model.ours import ours
from socconsole.store import findings, handoffs, own
from socconsole.store.instants import instant, micros
from socconsole.text import Untrusted, clean

UNACCEPTED: Final = "handoff_unaccepted"
LONGEST: Final = timedelta(days=1)
"""Between two reminders."""


def due(conn: Connection, config: Config, who: str, now: datetime) -> list[Entry]:
    """The entry that is to be written now, if any.

    Depends on nothing but the store and ``now``: whoever asks twice, or after a restart, gets nothing twice.
    """
    waiting = handoffs.unaccepted(conn)
    if not waiting:
        return []
    first = min(waiting, key=lambda one: (one.at, one.seq))
    row = conn.execute("SELECT times FROM handoff_said WHERE handoff = ?", (first.id,)).fetchone()
    times = passed(now - first.at, timedelta(minutes=config.handoff.accept_within_minutes))
    if times <= (row[0] if row else 0):
        return []
    data = {
        "handoff": waiting[-1].id,
        "first": first.id,
        "given": micros(first.at),
        "times": times,
        "now": micros(now),
    }
    return [Entry(UNACCEPTED, who, (waiting[-1].id,), data)]


def passed(waited: timedelta, within: timedelta) -> int:
    """How often it was due to be said: after ``within``, twice that, four times that …, then once a day."""
    count, at = 0, within
    while at <= waited:
        count += 1
        if at >= LONGEST:  # from here on evenly: what waited for years is counted at once
            return count + (waited - at) // LONGEST
        at += min(at, LONGEST)
    return count


# --- what the entries do, each in the caller's transaction ----------------------------------------------------


def unaccepted(conn: Connection, line: Line) -> None:
    """``handoff_unaccepted``: a finding says so; one for each wait, which speaks again."""
    data = line.entry.data
    id_, first, times = str(data["handoff"]), str(data["first"]), int(data["times"])
    now, given = instant(int(data["now"])), instant(int(data["given"]))
    row = conn.execute("SELECT who, cases, actions FROM handoff WHERE id = ?", (id_,)).fetchone()
    if row is None:
        raise LookupError(f"no handoff {id_}")
    conn.execute(
        "INSERT INTO handoff_said (handoff, times) VALUES (?, ?) ON CONFLICT (handoff) DO UPDATE SET times = ?",
        (first, times, times),
    )
    who, cases, actions = row
    earlier = "" if first == id_ else f" ({first}, which it took the place of, was given then.)"
    said = (
        f"No receipt has come for {id_} by {clean(who, 60)} ({cases} cases, {len(json.loads(actions))} containments); "
        f"the first that waits was given at {given:%Y-%m-%d %H:%MZ}.{earlier} Whoever gave it still answers for all "
        "of it. The next shift accepts the file with `handoff accept` and sends back one line: `handoff receipt LINE` "
        "ends this. An acknowledgement does not: it is said again."
    )
    whole = {"product": own.SOURCE, "type": own.UNACCEPTED, **data}
    alarm = ours(
        Format.OWN,
        _name(first),
        Untrusted(f"Handoff {id_} not accepted for {_long(now - given)}: nobody is known to have taken over"),
        Untrusted(said),
        Severity.HIGH,
        json.dumps(whole, sort_keys=True, separators=(",", ":")).encode("ascii"),
        product=own.SOURCE,
        types=(own.UNACCEPTED,),
        occurred=now,
        published=now,
        updated=line.at,
    )
    findings.take(conn, [alarm], origin=own.SOURCE, now=line.at)


def settled(conn: Connection, line: Line) -> None:
    """``handoff_accepted``: the wait for this handoff, and for those that it took the place of, is over."""
    told = conn.execute(
        "SELECT s.handoff FROM handoff_said AS s JOIN handoff AS h ON h.id = s.handoff "
        "WHERE h.seq <= (SELECT seq FROM handoff WHERE id = ?)",
        (str(line.entry.data["handoff"]),),
    ).fetchall()
    for (first,) in told:
        own.close(conn, findings.alias_key(_name(first)), line.at)


def _name(first: str) -> str:
    """The one merge key of a wait's finding: handoffs have names that are given once."""
    return f"{own.SOURCE}/handoff/{first}"


def _long(waited: timedelta) -> str:
    minutes = int(waited / timedelta(minutes=1))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"

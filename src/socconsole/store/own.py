"""Findings of our own: what the record itself gives cause for alarm about.

They stand in the queue beside those of AWS, so that nobody can overlook them, with ``socconsole`` as their source.
AWS knows nothing of them: no decision about one is sent, and none ends because AWS closed something. One stays
until it was acknowledged, and a day longer; what is owed about an action (``owed``), until that is settled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from sqlite3 import Connection, Row
from typing import Any, Final

from socconsole.model.action import ActionState
from socconsole.model.entry import Line
from socconsole.model.finding import Format, Observation, Resource, Severity
from socconsole.model.ours import ours
from socconsole.store import findings, reading
from socconsole.store.codec import Codec
from socconsole.store.db import transaction
from socconsole.store.instants import micros
from socconsole.text import Untrusted

SOURCE: Final = "socconsole"
"""Product, origin, and the one entry of ``Finding.sources``."""

UNDONE: Final = "Containment:Response/Undone"
"""The type of the alarm about a containment that no longer holds."""

VANISHED: Final = "Detection:AWS/Vanished"
"""The type of the alarm about threats that AWS no longer has."""

CLOCK: Final = "Case:Clock/Due"
"""The type of the alarm about a deadline that is near or over (``case_alarms``)."""

UNACCEPTED: Final = "Handoff:Unaccepted"
"""The type of the alarm about a handoff that nobody accepted (``handoff_alarms``)."""

_OWED: Final = (CLOCK, UNACCEPTED)
"""Of these nobody gets rid by acknowledging them."""

KEPT: Final = timedelta(hours=24)
"""How long an acknowledged alarm stays in sight."""


def containment_undone(conn: Connection, action: Row, line: Line, found: ActionState, checks: Sequence[Any]) -> None:
    """Raise the alarm about a containment that held and, by the entry ``line``, does not any more.

    In the caller's transaction. ``action`` is its row; ``checks`` are all read-backs, this one last.
    """
    data = line.entry.data
    partly = "partly " if found is ActionState.PARTIAL else ""
    facts: Mapping[str, Any] = {
        "type": UNDONE,
        "action_id": action["id"],
        "action": action["action"],
        "target": action["target"],
        "account": action["account"],
        "region": action["region"],
        "finding": action["finding"],
        "found": found.value,
        "verified": list(checks),
    }
    said = (
        f"{action['id']} was read back as applied and, at {data.get('when', 'a later look')}, no longer is: "
        f"{found.value.replace('_', ' ')}. Somebody or something changed it {partly}back"
        + ("." if partly else ", and it no longer counts as in force.")
        + " CloudTrail says who wrote to the target since. Contain it again, and whoever undid it."
        + (f" It was done for {action['finding']}." if action["finding"] else "")
    )
    about_action(
        conn,
        action,
        line,
        f"Containment {partly}undone: {action['action']} on {action['target']}",
        said,
        Severity.HIGH if partly else Severity.CRITICAL,
        facts,
    )


def about_action(
    conn: Connection,
    action: Row,
    line: Line,
    title: str,
    said: str,
    severity: Severity,
    facts: Mapping[str, Any],
    entry: int = 0,
) -> str:
    """Raise an alarm about an action, by the entry ``line``; what :func:`close` closes it by. In the caller's
    transaction.

    ``facts["type"]`` is its type. ``entry`` names the entry that raised it before, where it is one and the same
    alarm that speaks again.
    """
    alarm = _alarm(line, title, said, severity, facts, entry)
    resources = _resources(conn, action, line.at)
    alarm = replace(alarm, account=action["account"], region=action["region"], resources=resources)
    findings.take(conn, [alarm], origin=SOURCE, now=line.at)
    return findings.alias_key(alarm.merge_keys[0])


def vanished(conn: Connection, line: Line) -> None:
    """Raise the alarm about threats that AWS no longer has and that nobody had looked at. In the caller's
    transaction; ``line`` is the entry that says so."""
    ids = line.entry.subjects
    many = len(ids) != 1
    facts = {"type": VANISHED, "findings": list(ids)}
    said = (
        f"AWS answers for {'these' if many else 'this one'} by id no more, and nobody had acknowledged "
        f"{'them' if many else 'it'}: {', '.join(ids)}. After 90 days AWS forgets by itself; before that somebody "
        "deleted a detector, switched a service off and on, or unlinked a Region. What was read is still here: "
        "state:resolved shows it."
    )
    title = f"{len(ids)} threats vanished" if many else "A threat vanished"
    findings.take(
        conn,
        [
            _alarm(
                line,
                f"{title} from AWS before anybody acknowledged {'them' if many else 'it'}",
                said,
                Severity.HIGH,
                facts,
            )
        ],
        origin=SOURCE,
        now=line.at,
    )


def _alarm(
    line: Line, title: str, said: str, severity: Severity, facts: Mapping[str, Any], entry: int = 0
) -> Observation:
    """What the entry ``line`` gives cause for; ``facts["type"]`` is its type."""
    whole = {"product": SOURCE, "ledger": {"install": line.install, "entry": line.seq}, **facts}
    return ours(
        Format.OWN,
        f"{SOURCE}/{line.install}/{entry or line.seq}",
        Untrusted(title),
        Untrusted(said),
        severity,
        json.dumps(whole, sort_keys=True, separators=(",", ":")).encode("ascii"),
        product=SOURCE,
        types=(str(facts["type"]),),
        occurred=line.at,
        published=line.at,
        updated=line.at,
    )


_UNTOLD: Final = frozenset({SOURCE, "trail", "alarm", "posture"})
"""Sources that are ours alone: AWS has no record of what they say."""


def is_own(conn: Connection, finding_id: str) -> bool:
    """Whether AWS knows nothing of this finding."""
    row = conn.execute("SELECT sources FROM finding WHERE id = ?", (finding_id,)).fetchone()
    return row is not None and _UNTOLD.issuperset(row[0].split())


def close_acknowledged(conn: Connection, now: datetime) -> int:
    """Close the alarms, and what the rules found, that somebody acknowledged ``KEPT`` ago and that were quiet since;
    returns how many. What happened again after it was acknowledged waits for somebody anew.

    An approval that is owed stays owed, whoever has seen that it is, a deadline is a deadline, and a handoff that
    nobody accepted still waits for its receipt.
    """
    with transaction(conn):
        found = conn.execute(
            "SELECT q.n FROM queue AS q JOIN observation AS o ON o.finding = q.n AND o.head = 1 "
            "WHERE o.format IN (?1, ?2) AND q.closed = 0 AND q.acked_at <= ?3 "
            "AND coalesce(q.resumed_at, 0) <= q.acked_at AND coalesce(q.occurred, 0) <= ?3 "
            "AND NOT EXISTS (SELECT 1 FROM owed AS w JOIN alias AS k ON k.key = w.alarm "
            "WHERE k.finding = q.n AND w.what = 'approval' AND w.settled IS NULL) "
            "AND NOT EXISTS (SELECT 1 FROM finding AS f, json_each(?4) AS w WHERE f.n = q.n "
            "AND instr(f.types, w.value) > 0)",
            (Format.OWN.value, Format.TRAIL.value, micros(now - KEPT), json.dumps(_OWED)),
        ).fetchall()
        for (n,) in found:
            _close(conn, n, now)
    return len(found)


def close(conn: Connection, alarm: str, now: datetime) -> None:
    """Close what :func:`about_action` raised: its cause is gone. In the caller's transaction."""
    found = conn.execute("SELECT finding FROM alias WHERE key = ?", (alarm,)).fetchone()
    if found is not None:
        _close(conn, found[0], now)


def _close(conn: Connection, finding: int, now: datetime) -> None:
    codec = Codec(conn)
    n, origin, dictionary, data = conn.execute(
        "SELECT o.n, f.name, b.dictionary, b.data FROM observation AS o JOIN body AS b ON b.observation = o.n "
        "JOIN origin AS f ON f.n = o.origin WHERE o.finding = ? AND o.head = 1",
        (finding,),
    ).fetchone()
    body = codec.unpack(data, dictionary)
    digest = hashlib.sha256(body + b"closed").digest()
    closed = replace(reading.observation(conn, codec, n), active=False, body=body, digest=digest)
    findings.take(conn, [closed], origin=origin, now=now)


def _resources(conn: Connection, action: Row, at: datetime) -> tuple[Resource, ...]:
    """The target as the finding it was contained for describes it, so that the same containments fit it."""
    stored = reading.get(conn, action["finding"], at) if action["finding"] else None
    target = action["target"]
    known = stored.finding.resources if stored else ()
    same = tuple(one for one in known if target in _names(one))
    return same or known or (Resource("Resource", Untrusted(target)),)


def _names(resource: Resource) -> set[str]:
    full = resource.id.raw()
    last = full.rpartition(":")[2]
    return {full, last, last.rpartition("/")[2], resource.name.raw() if resource.name else full}

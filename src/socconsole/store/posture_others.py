"""Answers of other scanners, kept beside ours: each control finding is read once when it came or changed.

Triggers say which (``posture_due``). A finding that was archived or deleted answers nothing any more; its history stays
as long as it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.posture import Verdict
from socconsole.store import posture_codec, reading
from socconsole.store.codec import Codec
from socconsole.store.db import transaction
from socconsole.store.instants import micros, storable

SLICE: Final = 200
"""Findings of one round."""


def waits(conn: Connection) -> bool:
    """Whether :func:`advance` has anything to do."""
    found: int = conn.execute("SELECT EXISTS (SELECT 1 FROM posture_due)").fetchone()[0]
    return bool(found)


def advance(conn: Connection, now: datetime, limit: int = SLICE) -> int:
    """Read the next control findings that came or changed; how many. A short transaction of its own."""
    with transaction(conn):
        due = [n for (n,) in conn.execute("SELECT finding FROM posture_due ORDER BY finding LIMIT ?", (limit,))]
        codec = Codec(conn)
        for finding in due:
            _take(conn, codec, finding, now)
        conn.executemany("DELETE FROM posture_due WHERE finding = ?", [(n,) for n in due])
    return len(due)


def finish(conn: Connection, now: datetime) -> None:
    """All of them: for what ends with it (an import, ``recover``, a single round of the watch)."""
    while waits(conn):
        advance(conn, now)


_Key = tuple[str, str, str, str, str, str]
"""Account, region, who answered, check, subject, control."""


def _take(conn: Connection, codec: Codec, finding: int, now: datetime) -> None:
    """What a finding answers now; what it answered before and does not any more is gone."""
    stored: dict[_Key, tuple[int, int, str]] = {
        tuple(key): (n, span, said)
        for *key, n, span, said in conn.execute(
            "SELECT r.account, r.region, r.answered_by, r.check_id, r.subject, r.control, r.n, r.span, "
            "s.verdict || s.evidence FROM posture_result AS r JOIN posture_span AS s ON s.n = r.span "
            "WHERE r.finding = ?",
            (finding,),
        )
    }
    for origin, key, verdict, evidence, at in _answers(conn, codec, finding):
        known = stored.pop(key, None)
        if known is None:
            _first(conn, finding, origin, key, verdict, evidence, at)
            continue
        n, span, said = known
        if said != verdict + evidence:
            span = _span(conn, n, verdict, evidence, at)
        conn.execute("UPDATE posture_span SET last_at = max(coalesce(last_at, 0), ?) WHERE n = ?", (at, span))
        conn.execute(
            "UPDATE posture_result SET verdict = ?1, span = ?2, evaluated = ?3, origin = ?4, gone_at = NULL, "
            "since = iif(verdict = ?1 AND gone_at IS NULL, since, ?3) WHERE n = ?5",
            (verdict, span, at, origin, n),
        )
    for n, _, _ in stored.values():
        conn.execute("UPDATE posture_result SET gone_at = ? WHERE n = ? AND gone_at IS NULL", (micros(now), n))


def _first(conn: Connection, finding: int, origin: str, key: _Key, verdict: Verdict, evidence: str, at: int) -> None:
    n: int = conn.execute(
        "INSERT INTO posture_result (account, region, answered_by, check_id, subject, control, thing, verdict, span, "
        "since, evaluated, origin, finding) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) RETURNING n",
        (*key, posture_codec.thing(key[4]), verdict.value, at, at, origin, finding),
    ).fetchone()[0]
    span = _span(conn, n, verdict, evidence, at)
    conn.execute("UPDATE posture_result SET span = ? WHERE n = ?", (span, n))


def _span(conn: Connection, n: int, verdict: Verdict, evidence: str, at: int) -> int:
    span: int = conn.execute(
        "INSERT INTO posture_span (result, verdict, digest, evidence, first_at, last_at) VALUES (?, ?, '', ?, ?, ?) "
        "RETURNING n",
        (n, verdict.value, evidence, at, at),
    ).fetchone()[0]
    return span


def _answers(conn: Connection, codec: Codec, finding: int) -> Iterator[tuple[str, _Key, Verdict, str, int]]:
    """Origin, key, verdict, evidence as JSON and instant of everything that the finding's current records answer."""
    from socconsole.posture.others import answers  # with every check's text: only once there is something to read

    for n, origin, dictionary, data in conn.execute(
        "SELECT o.n, g.name, b.dictionary, b.data FROM observation AS o JOIN body AS b ON b.observation = o.n "
        "JOIN origin AS g ON g.n = o.origin WHERE o.finding = ? AND o.head = 1 ORDER BY o.n",
        (finding,),
    ).fetchall():
        body = json.loads(codec.unpack(data, dictionary))
        for answer in answers(reading.observation(conn, codec, n), body):
            result = answer.result
            key = (
                result.place.account, result.place.region, result.answered_by, result.check,
                storable(result.subject), storable(answer.control, 128),
            )  # fmt: skip
            evidence = json.dumps([storable(line) for line in result.evidence])
            yield origin, key, result.verdict, evidence, micros(result.evaluated)

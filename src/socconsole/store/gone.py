"""Records that AWS no longer has.

No listing ever says that a record is gone: Security Hub drops what was not updated for 90 days, GuardDuty loses
its findings with their detector. Only asking for a record by its id tells, which is what a sweep does. An answer
without it counts the second time: the first may be an index that lags. From then on the record speaks for
nothing, as an archived one does, and the finding is closed once no record of it speaks. It is asked for a while
longer, and whoever sees it again, in whatever listing, has it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole import triage
from socconsole.model.finding import Severity
from socconsole.model.source import SourceKey
from socconsole.store import reading, remerge, sources
from socconsole.store.codec import Codec
from socconsole.store.db import transaction
from socconsole.store.instants import micros
from socconsole.store.reading import HOW_SQL, How

ASKED_FOR: Final = timedelta(days=7)
"""How long a record that is gone is still asked for."""

_ASKED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to read again: the records (``ident``) behind each native id. ``last``: the round ends with these."""

    records: Mapping[str, Sequence[bytes]]
    last: bool


def to_sweep(conn: Connection, origin: str, now: datetime, limit: int, offset: int) -> Sweep:
    """Open records as one source told them, most important first, and those it lately did not have."""
    found = conn.execute(
        "SELECT o.n, o.ident FROM queue AS q INDEXED BY queue_open "
        "CROSS JOIN observation AS o ON o.finding = q.n AND o.head = 1 "
        "WHERE q.sample = 0 AND q.closed = 0 AND o.origin = (SELECT n FROM origin WHERE name = ?) "
        "ORDER BY q.score DESC, q.first DESC, q.n DESC LIMIT ? OFFSET ?",
        (origin, limit, offset),
    ).fetchall()
    lately = conn.execute(
        "SELECT o.n, o.ident FROM missing AS m JOIN observation AS o ON o.n = m.observation "
        "WHERE o.head = 1 AND o.origin = (SELECT n FROM origin WHERE name = ?) AND (m.confirmed = 0 OR m.since > ?) "
        "ORDER BY m.since DESC LIMIT ?",
        (origin, micros(now - ASKED_FOR), _ASKED_AT_ONCE),
    ).fetchall()
    codec = Codec(conn)
    records: dict[str, list[bytes]] = {}
    for n, ident in dict.fromkeys((*found, *lately)):
        records.setdefault(reading.observation(conn, codec, n).native_id, []).append(ident)
    return Sweep(records, last=len(found) < limit)


def missed(
    conn: Connection, origin: str, idents: Iterable[bytes], now: datetime, context: triage.Context | None = None
) -> int:
    """A source was asked for these records by id and did not have them; how many are gone for good now.

    In a finding aggregator's home Region a record of another Region may have gone with the link between the
    two: such a record is left for its own Region to be asked about, where that is a source in scope.
    """
    lost = 0
    with transaction(conn):
        for ident in idents:
            row = conn.execute(
                "SELECT o.n, o.finding, m.confirmed FROM observation AS o "
                "LEFT JOIN missing AS m ON m.observation = o.n "
                "WHERE o.ident = ? AND o.head = 1 AND o.origin = (SELECT n FROM origin WHERE name = ?)",
                (ident, origin),
            ).fetchone()
            if row is None or row[2] or _handed_over(conn, row[0], origin):
                continue
            n, finding, asked_before = row[0], row[1], row[2] is not None
            if asked_before:
                conn.execute("UPDATE missing SET confirmed = 1 WHERE observation = ?", (n,))
                remerge.again(conn, finding, now, context or triage.Context())
                lost += 1
            else:
                conn.execute("INSERT INTO missing (observation, since) VALUES (?, ?)", (n, micros(now)))
    return lost


def _handed_over(conn: Connection, n: int, origin: str) -> bool:
    """Whether another source in scope has to be asked about a record first; it is that source's from now on."""
    service, _, _ = origin.partition("/")
    record = reading.observation(conn, Codec(conn), n)
    own = sources.origin_of(SourceKey(service, record.account or "", record.region or ""))
    in_scope = conn.execute(
        "SELECT 1 FROM source WHERE in_scope = 1 AND service = ? AND account = ? AND region = ?",
        (service, record.account, record.region),
    ).fetchone()
    if own == origin or in_scope is None:
        return False
    conn.execute("INSERT INTO origin (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (own,))
    conn.execute("UPDATE observation SET origin = (SELECT n FROM origin WHERE name = ?) WHERE n = ?", (own, n))
    conn.execute("DELETE FROM missing WHERE observation = ? AND confirmed = 0", (n,))
    return True


def seen_again(conn: Connection, idents: Iterable[bytes]) -> list[int]:
    """Forget that any of these records was missing: AWS has just told them. The findings that they make again."""
    if conn.execute("SELECT 1 FROM missing LIMIT 1").fetchone() is None:
        return []  # nearly always; then the idents are not even computed
    back: list[int] = []
    for ident in idents:
        row = conn.execute(
            "SELECT m.observation, o.finding, m.confirmed FROM observation AS o "
            "JOIN missing AS m ON m.observation = o.n WHERE o.ident = ?",
            (ident,),
        ).fetchone()
        if row is not None:
            conn.execute("DELETE FROM missing WHERE observation = ?", (row[0],))
            if row[2]:
                back.append(row[1])
    return back


@dataclass(frozen=True, slots=True)
class Ended:
    """Threats that AWS closed in one way. ``waiting``: critical or high ones that nobody had acknowledged."""

    how: How
    waiting: bool
    ids: tuple[str, ...]


def ended(conn: Connection, after: datetime, until: datetime) -> list[Ended]:
    """Threats that were open here and that AWS closed in ``(after, until]``; each way's oldest first."""
    found: dict[tuple[How, bool], list[str]] = {}
    for id_, how, waiting in conn.execute(
        f"SELECT q.id, {HOW_SQL}, q.severity >= ? AND q.acked_at IS NULL AND q.workflow = 'NEW' "
        "FROM queue AS q INDEXED BY queue_ended "
        "WHERE q.kind = 'threat' AND q.sample = 0 AND q.closed = 1 AND q.resolved_at > ? AND q.resolved_at <= ? "
        "AND q.resolved_at > q.seen ORDER BY q.resolved_at, q.id",
        (int(Severity.HIGH), micros(after), micros(until)),
    ):
        found.setdefault((How(how), bool(waiting)), []).append(id_)
    return [Ended(how, waiting, tuple(ids)) for (how, waiting), ids in found.items()]

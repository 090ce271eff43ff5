"""The trail as it is kept: events in the order of their arrival, and an index of what each of them names.

An event has one row, however many ways it came: CloudTrail's ``eventID`` is the same in a file, in ``LookupEvents``
and on EventBridge. An id that is no id (test fixtures write ``1`` a dozen times) loses nothing: another call under
a known id is kept under an id of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Final

from socconsole.model.entity import PRINCIPALS
from socconsole.model.trail import Category, TrailEvent, content_id, resource_name
from socconsole.store.db import transaction
from socconsole.store.instants import instant, micros, storable
from socconsole.text import Untrusted
from socconsole.triage.entities import principal

__all__ = ["RETENTION", "Stored", "around", "get", "head", "numbered", "purge", "resource_name", "take"]

RETENTION: Final = timedelta(days=30)
"""How long an event is kept after we had it; AWS tells it again for 90 days, files of a trail for as long as they
are kept."""

_CHUNK: Final = 400
_PURGE: Final = 2_000
_TEXT: Final = 2_048
_PRESENT: Final = "SELECT id, account, at, source, name FROM trail WHERE id IN ({})"

_Known = dict[tuple[str, str], tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it is kept. ``n`` is the order of arrival; ``origin`` names the source or file it came from."""

    n: int
    id: str
    account: str
    region: str
    at: datetime
    seen: datetime
    source: str
    name: str
    category: Category
    read_only: bool
    error: str
    caller: str | None
    principal: Untrusted
    issuer: Untrusted | None
    access_key: str
    address: Untrusted
    bytes_out: int | None
    origin: str

    def record(self, conn: Connection) -> dict[str, Any]:
        """The record itself, as CloudTrail wrote it."""
        row = conn.execute("SELECT event FROM trail WHERE n = ?", (self.n,)).fetchone()
        found: dict[str, Any] = json.loads(row[0]) if row else {}  # it may hold lone surrogates
        return found


# --- writing ------------------------------------------------------------------------------------------


def take(conn: Connection, events: Sequence[TrailEvent], *, origin: str, now: datetime) -> tuple[int, int]:
    """Store events within the caller's transaction; returns (new, unchanged).

    ``origin`` is a source's (``sources.origin_of``) or a file's.
    """
    if not events:
        return 0, 0
    conn.execute("INSERT INTO origin (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (storable(origin, 500),))
    number: int = conn.execute("SELECT n FROM origin WHERE name = ?", (storable(origin, 500),)).fetchone()[0]
    after = head(conn)
    n = after
    for start in range(0, len(events), _CHUNK):
        chunk = events[start : start + _CHUNK]
        known = _known(conn, chunk)
        fresh: list[tuple[int, str, TrailEvent]] = []
        for event in chunk:
            ident = _own_id(conn, event, known)
            if ident is not None:
                n += 1
                fresh.append((n, ident, event))
        conn.executemany(
            "INSERT INTO trail (n, id, account, region, at, seen, source, name, category, read_only, error, caller, "
            "principal, issuer, access_key, address, bytes_out, origin, event) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(one, ident, event, now, number) for one, ident, event in fresh],
        )
        conn.executemany(
            "INSERT INTO trail_entity (kind, value, at, n) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (kind, value, micros(event.at), one)
                for one, _, event in fresh
                for kind, value in dict.fromkeys(entities(event))
            ],
        )
    return n - after, len(events) - (n - after)


def entities(event: TrailEvent) -> Iterator[tuple[str, str]]:
    """(kind, value) of what an event names, as ``trail_entity`` keeps it."""
    for kind, text in (
        ("key", event.access_key),
        *(("issued", key) for key in event.issued),
        ("principal", event.principal.raw()),
        ("issuer", event.issuer.raw() if event.issuer else ""),
        ("address", event.address.raw()),
        ("account", event.account or ""),
        ("account", event.caller or ""),
        *(("resource", resource_name(name.raw())) for _, name in event.resources),
        *_who(event),
    ):
        if value := storable(text, _TEXT):
            yield kind, value


def _who(event: TrailEvent) -> Iterator[tuple[str, str]]:
    """The caller and its role as findings name them, so that both are found by one name."""
    for arn in (event.principal, event.issuer):
        for kind, value in principal(arn.raw()) if arn else ():
            if kind in PRINCIPALS:
                yield kind.value, value


def _known(conn: Connection, events: Iterable[TrailEvent]) -> _Known:
    """What is stored under these ids, and under those that :func:`_own_id` would make of them."""
    ids = list({one for event in events for one in (event.id, _second_id(event))})
    return {
        (ident, account): (at, source, name)
        for start in range(0, len(ids), _CHUNK)
        for ident, account, at, source, name in conn.execute(
            _PRESENT.format(",".join("?" * len(ids[start : start + _CHUNK]))), ids[start : start + _CHUNK]
        )
    }


def _own_id(conn: Connection, event: TrailEvent, known: _Known) -> str | None:
    """The id to keep an event under, noted in ``known``; None for an event that is stored already."""
    account = event.account or ""
    what = (micros(event.at), event.source, event.name)
    found = known.setdefault((event.id, account), what)
    if found is what:
        return event.id
    if found == what or event.id == content_id(event.digest) or _is_stored(conn, event):
        return None
    second = _second_id(event)
    return second if known.setdefault((second, account), what) is what else None


def _is_stored(conn: Connection, event: TrailEvent) -> bool:
    """Whether it is the very record that has this id: one without a time gets another one at each reading."""
    row = conn.execute(
        "SELECT event FROM trail WHERE id = ? AND account = ?", (event.id, event.account or "")
    ).fetchone()
    return row is not None and row[0] == event.body.decode("ascii")


def _second_id(event: TrailEvent) -> str:
    return f"{event.id}~{event.digest.hex()[:12]}"


def _row(n: int, ident: str, event: TrailEvent, now: datetime, origin: int) -> tuple[object, ...]:
    return (
        n,
        ident,
        event.account or "",
        event.region or "",
        micros(event.at),
        micros(now),
        event.source,
        event.name,
        event.category.value,
        event.read_only,
        event.error,
        event.caller,
        storable(event.principal.raw(), _TEXT),
        storable(event.issuer.raw(), _TEXT) if event.issuer else None,
        event.access_key,
        storable(event.address.raw(), _TEXT),
        event.bytes_out,
        origin,
        event.body.decode("ascii"),
    )


def purge(conn: Connection, now: datetime, after: timedelta = RETENTION) -> int:
    """Forget events that came more than ``after`` ago; returns how many. Short transactions."""
    limit = micros(now - after)
    gone = 0
    while True:
        with transaction(conn):
            found = conn.execute("SELECT n FROM trail WHERE seen < ? ORDER BY seen LIMIT ?", (limit, _PURGE)).fetchall()
            conn.executemany("DELETE FROM trail WHERE n = ?", found)
        gone += len(found)
        if len(found) < _PURGE:
            return gone


# --- reading ------------------------------------------------------------------------------------------

_COLUMNS: Final = (
    "t.n, t.id, t.account, t.region, t.at, t.seen, t.source, t.name, t.category, t.read_only, t.error, t.caller, "
    "t.principal, t.issuer, t.access_key, t.address, t.bytes_out, coalesce(o.name, '')"
)
_FROM: Final = "FROM trail AS t LEFT JOIN origin AS o ON o.n = t.origin"


def head(conn: Connection) -> int:
    """The number of the event that came last, also where it is forgotten since; 0 before the first."""
    row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'trail'").fetchone()
    return row[0] if row else 0


def get(conn: Connection, ident: str, account: str | None = None) -> Stored | None:
    """An event by its id; by account too where several accounts' trails tell of one call under one id."""
    row = conn.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE t.id = ? AND (? IS NULL OR t.account = ?) ORDER BY t.n LIMIT 1",
        (ident, account, account),
    ).fetchone()
    return _stored(row) if row else None


def numbered(conn: Connection, n: int) -> Stored | None:
    """An event by the order of its arrival."""
    row = conn.execute(f"SELECT {_COLUMNS} {_FROM} WHERE t.n = ?", (n,)).fetchone()
    return _stored(row) if row else None


def around(conn: Connection, kind: str, value: str, since: datetime, until: datetime, limit: int = 200) -> list[Stored]:
    """Events that name an entity within a window (both ends included), newest first.

    ``kind`` as in ``trail_entity``: key, issued, principal, issuer, address, account, resource; the value of a
    resource may be its ARN.
    """
    wanted = resource_name(value) if kind == "resource" else value
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM trail_entity AS e JOIN trail AS t ON t.n = e.n "
        "LEFT JOIN origin AS o ON o.n = t.origin "
        "WHERE e.kind = ? AND e.value = ? AND e.at BETWEEN ? AND ? ORDER BY e.at DESC, e.n DESC LIMIT ?",
        (kind, storable(wanted, _TEXT), micros(since), micros(until), limit),
    )
    return [_stored(row) for row in rows]


def _stored(row: Sequence[Any]) -> Stored:
    (
        n, ident, account, region, at, seen, source, name, category, read_only, error, caller, principal, issuer,
        access_key, address, bytes_out, origin,
    ) = row  # fmt: skip
    return Stored(
        n=n,
        id=ident,
        account=account,
        region=region,
        at=instant(at),
        seen=instant(seen),
        source=source,
        name=name,
        category=Category(category),
        read_only=bool(read_only),
        error=error,
        caller=caller,
        principal=Untrusted(principal),
        issuer=Untrusted(issuer) if issuer is not None else None,
        access_key=access_key,
        address=Untrusted(address),
        bytes_out=bytes_out,
        origin=origin,
    )

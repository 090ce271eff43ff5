"""What trails record, since when: so that "nothing in the trail" can be told from "never written down".

A row says that a trail takes something in from ``since`` until ``until`` (open: still so when last asked). A row
of the kind ``asked`` is the span in which we asked the place at all: outside of it nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.model.trail import EVERY, UNREAD, Recording, Recordings, TrailState
from socconsole.store.instants import instant, instant_or_none, micros

OBJECTS: Final = "AWS::S3::Object"
ASKED: Final = "asked"
GRACE: Final = timedelta(hours=1)
"""For how long after it was asked the last time an answer is taken to hold."""

Window = tuple[datetime, datetime]
_Key = tuple[str, str, str]


# --- writing ------------------------------------------------------------------------------------------


def take(conn: Connection, told: Recordings, now: datetime) -> None:
    """What a place records now, in the caller's transaction: rows begin, go on, and end with what is not told."""
    place = (told.place.account, told.place.region)
    at = micros(now)
    first = conn.execute("SELECT 1 FROM recording WHERE account = ? AND region = ? AND what = ?", (*place, ASKED))
    is_first = first.fetchone() is None
    if is_first:
        conn.execute(
            "INSERT INTO recording (account, region, trail, what, store, reads, writes, since, until) "
            "VALUES (?, ?, '', ?, '', 0, 0, ?, ?)",
            (*place, ASKED, at, at),
        )
    else:
        conn.execute(
            "UPDATE recording SET until = ? WHERE account = ? AND region = ? AND what = ?", (at, *place, ASKED)
        )
    current = {key: row for trail in told.trails if trail.logging for key, row in _rows(trail)}
    ends = {trail.arn: trail.stopped for trail in told.trails if not trail.logging}
    starts = {trail.arn: trail.started for trail in told.trails}
    open_rows = {
        (trail, what, store): (bool(reads), bool(writes), narrow, since)
        for trail, what, store, reads, writes, narrow, since in conn.execute(
            "SELECT trail, what, store, reads, writes, detail, since FROM recording "
            "WHERE account = ? AND region = ? AND until IS NULL",
            place,
        )
    }
    for key, (*said, since) in open_rows.items():
        if current.get(key) != tuple(said):
            end = max(since, micros(ends.get(key[0]) or now))
            conn.execute(
                "UPDATE recording SET until = ? WHERE account = ? AND region = ? AND trail = ? AND what = ? "
                "AND store = ? AND since = ?",
                (end, *place, *key, since),
            )
    for key, (reads, writes, narrow) in current.items():
        if key in open_rows and open_rows[key][:3] == (reads, writes, narrow):
            continue
        # Of a trail that records since before we first asked, AWS says since when; later changes happened since.
        begun = starts.get(key[0]) if is_first else None
        conn.execute(
            "INSERT INTO recording (account, region, trail, what, store, reads, writes, since, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET until = NULL, reads = excluded.reads, "
            "writes = excluded.writes, detail = excluded.detail",
            (*place, *key, reads, writes, micros(begun or now), narrow),
        )


def _rows(trail: TrailState) -> Iterable[tuple[_Key, tuple[bool, bool, str]]]:
    """What a trail takes in, by what and where; several selectors for one store add up."""
    found: dict[_Key, tuple[bool, bool, str]] = {}
    for one in trail.selections:
        key = (trail.arn, one.what, one.store)
        reads, writes, narrow = found.get(key, (False, False, one.narrow))
        found[key] = (reads or one.reads, writes or one.writes, narrow if one.narrow else "")
    return found.items()


# --- reading ------------------------------------------------------------------------------------------


def recorded(
    conn: Connection,
    store: str,
    window: Window,
    what: str = OBJECTS,
    *,
    reads: bool = True,
    account: str | None = None,
    region: str | None = None,
    upper_bound: int | None = None,
) -> tuple[Recording, str]:
    """Whether what was done to a store in a window could be in a trail at all, and why, in a sentence.

    ``store`` is a name, or ``*`` for every store of the kind; ``what`` the type that selectors name, its service
    alone (``s3``), or ``management``; ``reads`` False asks for calls that change. Without ``account`` and ``region``
    all places count, and only what all of them record is recorded. ``upper_bound``: bytes that left by what meters
    say, told where the trail cannot tell.
    """
    asked = conn.execute(
        "SELECT account, region, since, until FROM recording WHERE what = ? AND (? IS NULL OR account = ?) "
        "AND (? IS NULL OR region = ?) ORDER BY account, region",
        (ASKED, account, account, region, region),
    ).fetchall()
    found: dict[Recording, list[str]] = {}
    for there, where, first, last in asked:
        known = (instant(first), instant(last) + GRACE)
        verdict, why = _in_place(known, _matching(conn, (there, where), store, what, reads), window)
        found.setdefault(verdict, []).append(f"{why} ({there} {where})" if len(asked) > 1 else why)
    if not found:
        verdict, said = Recording.UNKNOWN, "nobody has asked yet what the trails here record"
    elif len(found) == 1:
        verdict, reasons = next(iter(found.items()))
        said = reasons[0] if len(reasons) == 1 else f"{reasons[0]}, and alike in {len(reasons) - 1} more"
    else:
        known_some = {Recording.RECORDED, Recording.PARTIAL} & found.keys()
        verdict = Recording.PARTIAL if known_some else Recording.UNKNOWN
        said = "; ".join(reasons[0] for reasons in found.values())
    if verdict is not Recording.RECORDED and upper_bound is not None:
        said += f"; by its meter at most {upper_bound:,} bytes had left when that was last read"
    return verdict, said


def _in_place(known: Window, rows: Sequence[_Row], window: Window) -> tuple[Recording, str]:
    since, until = window
    first, last = known
    spans = [
        (row.trail, row.narrow, max(since, row.since), min(until, row.until or last))
        for row in rows
        if row.since <= until and (row.until or last) >= since
    ]
    whole = sorted((begun, end) for _, narrow, begun, end in spans if not narrow)
    trails = ", ".join(sorted({name.rpartition("/")[2] for name, *_ in spans}))
    if _covers(whole, since, until):
        caveat = f", if its selectors were as at {first:%Y-%m-%d %H:%MZ}" if since < first else ""
        return Recording.RECORDED, f"recorded by {trails}{caveat}"
    if spans and all(narrow == UNREAD for _, narrow, _, _ in spans):
        return Recording.UNKNOWN, f"{trails}: {UNREAD}"
    if spans:
        parts = [f"from {begun:%m-%d %H:%MZ} to {end:%m-%d %H:%MZ}" for begun, end in whole[:3]]
        parts += sorted({why for _, why, _, _ in spans if why})
        return Recording.PARTIAL, f"recorded by {trails}: {'; '.join(parts)}"
    if until < first:
        return Recording.UNKNOWN, f"what trails recorded before {first:%Y-%m-%d %H:%MZ} was not asked"
    if since > last:
        return Recording.UNKNOWN, f"the trails were last asked at {last - GRACE:%Y-%m-%d %H:%MZ}"
    return Recording.NEVER, "no trail records it"


@dataclass(frozen=True, slots=True)
class _Row:
    trail: str
    narrow: str
    """Why it is only a part; empty for the whole."""
    since: datetime
    until: datetime | None


def _matching(conn: Connection, place: tuple[str, str], store: str, what: str, reads: bool) -> list[_Row]:
    """The rows of a place that have to do with the store."""
    found = []
    for trail, kind, pattern, begun, end, narrow in conn.execute(
        f"SELECT trail, what, store, since, until, detail FROM recording WHERE {'reads' if reads else 'writes'} = 1 "
        "AND account = ? AND region = ?",
        place,
    ):
        if what not in (kind, _service(kind)) and kind != EVERY:
            continue
        begins = pattern[:-1] if pattern.endswith("*") and "/" not in pattern else None
        if pattern in (EVERY, store) or (begins is not None and store != EVERY and store.startswith(begins)):
            found.append(_Row(trail, narrow, instant(begun), instant_or_none(end)))
        elif store == EVERY or pattern.startswith(f"{store}/"):
            found.append(_Row(trail, narrow or f"only {pattern}", instant(begun), instant_or_none(end)))
    return found


def _service(kind: str) -> str:
    """``s3`` of ``AWS::S3::Object``."""
    parts = kind.split("::")
    return parts[1].lower() if len(parts) > 1 else ""


def _covers(spans: Iterable[Window], since: datetime, until: datetime) -> bool:
    reached = since
    for begun, end in sorted(spans):
        if begun > reached:
            return False
        reached = max(reached, end)
        if reached >= until:
            return True
    return False

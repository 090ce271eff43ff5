"""What trails record, since when: so that "nothing in the trail" can be told from "never written down".

A row says that a trail takes something in from ``since`` until ``until`` (open: still so when last asked). A row
of the kind ``asked`` is a span in which we asked the place again and again: outside of those nobody knows. Of such
a hole AWS tells one thing, when a trail last began to record (``StartLoggingTime``): it was not stopped since.
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
BUCKET: Final = "bucket"
GROUP: Final = "log group"
"""Rows of these kinds say where a trail delivers to: ``store`` is the bucket's name, or the group's ARN."""
STOPPED: Final = "stopped"
"""Rows of this kind take nothing in: they say for how long a trail that is there did not record."""
GRACE: Final = timedelta(minutes=15)
"""For how long an answer is taken to hold: three of the looks that the collector of the trail takes."""
_GRACE: Final = GRACE // timedelta(microseconds=1)

Window = tuple[datetime, datetime]
_Key = tuple[str, str, str]


# --- writing ------------------------------------------------------------------------------------------


def take(conn: Connection, told: Recordings, now: datetime) -> None:
    """What a place records now, in the caller's transaction: rows begin, go on, and end with what is not told."""
    place = (told.place.account, told.place.region)
    last = _ask(conn, place, now)
    current = {key: row for trail in told.trails for key, row in _rows(trail)}
    trails = {trail.arn: trail for trail in told.trails}
    open_rows = {
        (trail, what, store): (bool(reads), bool(writes), narrow, since)
        for trail, what, store, reads, writes, narrow, since in conn.execute(
            "SELECT trail, what, store, reads, writes, detail, since FROM recording "
            "WHERE account = ? AND region = ? AND until IS NULL AND what <> ?",
            (*place, ASKED),
        )
    }
    before = micros(now) if last is None else last
    for key, (*said, since) in open_rows.items():
        state = trails.get(key[0])
        begun = _begun(state, since)
        if begun is None and current.get(key) == tuple(said):
            current.pop(key)  # it goes on
            continue
        end = min(micros(now), before + _GRACE)
        if begun is not None:  # stopped at some time, perhaps more than once: AWS tells of the last one only
            end = min(before, begun)
        elif state is not None and not state.logging and state.stopped is not None:
            end = micros(state.stopped)
        conn.execute(
            "UPDATE recording SET until = ? WHERE account = ? AND region = ? AND trail = ? AND what = ? "
            "AND store = ? AND since = ?",
            (max(since, end), *place, *key, since),
        )
    for key, (reads, writes, narrow) in current.items():
        # Of a trail that records since before we first asked, AWS says since when; what its selectors take in may
        # have changed whenever we did not look.
        since = micros(now)
        if key[1] == STOPPED:
            since = micros(trails[key[0]].stopped or now)
        elif last is None and (started := trails[key[0]].started) is not None:
            since = micros(started)
        elif key in open_rows and open_rows[key][:3] == (reads, writes, narrow):
            since = _begun(trails[key[0]], open_rows[key][3]) or since
        conn.execute(
            "INSERT INTO recording (account, region, trail, what, store, reads, writes, since, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET until = NULL, reads = excluded.reads, "
            "writes = excluded.writes, detail = excluded.detail",
            (*place, *key, reads, writes, since, narrow),
        )


def _ask(conn: Connection, place: tuple[str, str], now: datetime) -> int | None:
    """Note that the place was asked: the span goes on, or another begins. Returns when it was asked before."""
    at = micros(now)
    row: tuple[int, int] | None = conn.execute(
        "SELECT since, until FROM recording WHERE account = ? AND region = ? AND what = ? ORDER BY since DESC LIMIT 1",
        (*place, ASKED),
    ).fetchone()
    if row is not None and at - row[1] <= _GRACE:
        conn.execute(
            "UPDATE recording SET until = ? WHERE account = ? AND region = ? AND what = ? AND since = ?",
            (max(at, row[1]), *place, ASKED, row[0]),
        )
    else:
        conn.execute(
            "INSERT INTO recording (account, region, trail, what, store, reads, writes, since, until) "
            "VALUES (?, ?, '', ?, '', 0, 0, ?, ?)",
            (*place, ASKED, at, at),
        )
    return None if row is None else row[1]


def _begun(state: TrailState | None, since: int) -> int | None:
    """When a trail began to record anew after ``since``; None where it did not."""
    if state is None or state.started is None or micros(state.started) <= since:
        return None
    return micros(state.started)


def _rows(trail: TrailState) -> Iterable[tuple[_Key, tuple[bool, bool, str]]]:
    """What a trail takes in, by what and where; several selectors for one store add up."""
    found: dict[_Key, tuple[bool, bool, str]] = {}
    if not trail.logging:
        return [((trail.arn, STOPPED, ""), (False, False, ""))]
    for one in trail.selections:
        key = (trail.arn, one.what, one.store)
        reads, writes, narrow = found.get(key, (False, False, one.narrow))
        found[key] = (reads or one.reads, writes or one.writes, narrow if one.narrow else "")
    for kind, name in ((BUCKET, trail.bucket), (GROUP, trail.log_group.removesuffix(":*"))):
        if name:
            found[trail.arn, kind, name] = (False, False, "")
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
    metered: int | None = None,
) -> tuple[Recording, str]:
    """Whether what was done to a store in a window could be in a trail at all, and why, in a sentence.

    ``store`` is a name, or ``*`` for every store of the kind; ``what`` the type that selectors name, its service
    alone (``s3``), or ``management``; ``reads`` False asks for calls that change. Without ``account`` and ``region``
    all places count, and only what all of them record is recorded. ``metered``: bytes that its own meter saw
    leave, told where the trail cannot tell.
    """
    asked: dict[tuple[str, str], list[Window]] = {}
    for there, where, first, last in conn.execute(
        "SELECT account, region, since, until FROM recording WHERE what = ? AND (? IS NULL OR account = ?) "
        "AND (? IS NULL OR region = ?) ORDER BY account, region, since",
        (ASKED, account, account, region, region),
    ):
        asked.setdefault((there, where), []).append((instant(first), instant(last)))
    found: dict[Recording, list[str]] = {}
    for place, known in asked.items():
        verdict, why = _in_place(known, _matching(conn, place, store, what, reads), window)
        found.setdefault(verdict, []).append(f"{why} ({' '.join(place)})" if len(asked) > 1 else why)
    if not found:
        verdict, said = Recording.UNKNOWN, "nobody has asked yet what the trails here record"
    elif len(found) == 1:
        verdict, reasons = next(iter(found.items()))
        said = reasons[0] if len(reasons) == 1 else f"{reasons[0]}, and alike in {len(reasons) - 1} more"
    else:
        known_some = {Recording.RECORDED, Recording.PARTIAL} & found.keys()
        verdict = Recording.PARTIAL if known_some else Recording.UNKNOWN
        said = "; ".join(reasons[0] for reasons in found.values())
    if verdict is not Recording.RECORDED and metered is not None:
        said += f"; its meter saw {metered:,} bytes go (best effort; copies and replication are not in it)"
    return verdict, said


def delivered(conn: Connection, place: tuple[str, str], what: str) -> tuple[set[str], set[str]]:
    """Where the trails of a place write reads of ``what``, of every store: (buckets, ARNs of log groups)."""
    trails = {row.trail for row in _matching(conn, place, EVERY, what, reads=True) if not (row.narrow or row.until)}
    found: dict[str, set[str]] = {BUCKET: set(), GROUP: set()}
    for trail, kind, name in conn.execute(
        "SELECT trail, what, store FROM recording WHERE account = ? AND region = ? AND what IN (?, ?) "
        "AND until IS NULL",
        (*place, BUCKET, GROUP),
    ):
        if trail in trails:
            found[kind].add(name)
    return found[BUCKET], found[GROUP]


def stopped(conn: Connection, account: str, region: str) -> list[tuple[str, datetime]]:
    """The trails of a place that do not record, as it was last asked: (ARN, since when as far as is known)."""
    return [
        (trail, instant(since))
        for trail, since in conn.execute(
            "SELECT trail, since FROM recording WHERE account = ? AND region = ? AND what = ? AND until IS NULL "
            "ORDER BY trail",
            (account, region, STOPPED),
        )
    ]


def places(conn: Connection) -> list[tuple[str, str]]:
    """(account, Region) of what is in scope; of what was asked where nothing is."""
    scope = "SELECT account, region FROM source WHERE service = 'trail' AND in_scope = 1 ORDER BY account, region"
    asked = "SELECT DISTINCT account, region FROM recording WHERE what = ? ORDER BY account, region"
    return conn.execute(scope).fetchall() or conn.execute(asked, (ASKED,)).fetchall()


def _in_place(asked: Sequence[Window], rows: Sequence[_Row], window: Window) -> tuple[Recording, str]:
    """``asked``: the spans in which the place was asked, by time, at least one."""
    since, until = window
    known = [(first, last + GRACE) for first, last in asked]
    held = known[-1][1]
    spans = [
        (row.trail, row.narrow, max(since, row.since), min(until, row.until or held))
        for row in rows
        if row.since <= until and (row.until or held) >= since
    ]
    whole = sorted((begun, end) for _, narrow, begun, end in spans if not narrow)
    trails = ", ".join(sorted({name.rpartition("/")[2] for name, *_ in spans}))
    if _covers(whole, since, until):
        return Recording.RECORDED, f"recorded by {trails}{_condition(known, window)}"
    if spans and all(narrow == UNREAD for _, narrow, _, _ in spans):
        return Recording.UNKNOWN, f"{trails}: {UNREAD}"
    if spans:
        parts = [f"from {begun:%m-%d %H:%MZ} to {end:%m-%d %H:%MZ}" for begun, end in whole[:3]]
        parts += sorted({why for _, why, _, _ in spans if why})
        return Recording.PARTIAL, f"recorded by {trails}: {'; '.join(parts)}"
    if until < known[0][0]:
        return Recording.UNKNOWN, f"what trails recorded before {known[0][0]:%Y-%m-%d %H:%MZ} was not asked"
    if not any(first <= until and last >= since for first, last in known):
        before = max(last for _, last in asked if last < since)
        return Recording.UNKNOWN, f"the trails were not asked then: before it the last time at {before:%Y-%m-%d %H:%MZ}"
    return Recording.NEVER, "no trail records it"


def _condition(known: Sequence[Window], window: Window) -> str:
    """Under which what was recorded is so: nobody looked at the selectors for a part of the window."""
    since, until = window
    if _covers(known, since, until):
        return ""
    if since < known[0][0]:
        return f", if its selectors were as at {known[0][0]:%Y-%m-%d %H:%MZ}"
    before = max(last - GRACE for first, last in known if first <= until and not _covers(known, first, until))
    return f", if its selectors stayed as at {before:%Y-%m-%d %H:%MZ}, for nobody asked for a while"


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

"""Sources: what each service last answered, who is watching, and therefore what may be believed.

Writers keep facts only (outcome, instants, this host's boot and its clock); :func:`states` judges them at the
moment of reading, so a dead watch cannot leave anything looking fresh. Ages are measured on a clock that
nobody can set and that counts while the machine sleeps; it starts anew at boot, hence the boot's id beside it.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.source import Answer, Freshness, SourceKey, SourceState
from socconsole.store.instants import instant, instant_or_none, micros, storable
from socconsole.text import Untrusted

STALE_INTERVALS: Final = 3
"""A complete answer is believed for this many polling intervals."""

HEARTBEAT_S: Final = 10.0
"""A watch or console that was not heard of for this long is not there."""

_WATCH: Final = "watch"
_CONSOLE: Final = "console"


class HostClock(msgspec.Struct, frozen=True):
    """One reading: which boot of which host, and seconds since then, sleep included."""

    boot: str
    seconds: float


def host_clock() -> HostClock:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS's monotonic clock counts sleep
    return HostClock(_boot_id(), time.clock_gettime(clock))


@functools.cache
def _boot_id() -> str:
    if sys.platform == "darwin":
        import ctypes

        size = ctypes.c_size_t(64)
        buffer = ctypes.create_string_buffer(64)
        ctypes.CDLL(None).sysctlbyname(b"kern.bootsessionuuid", buffer, ctypes.byref(size), None, 0)
        return buffer.value.decode("ascii")
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


# --- writing ------------------------------------------------------------------------------------------


def origin_of(key: SourceKey) -> str:
    """The origin under which a source's findings are stored."""
    return f"{key.service}/{key.account}/{key.region}"


def scope(conn: Connection, keys: Iterable[SourceKey]) -> None:
    """Declare which sources are in scope: exactly these. What others answered is kept, and out of scope."""
    rows = [(key.service, key.account, key.region) for key in keys]
    conn.execute("SAVEPOINT scope")
    try:
        conn.execute("UPDATE source SET in_scope = 0 WHERE in_scope = 1")
        conn.executemany(
            "INSERT INTO source (service, account, region) VALUES (?, ?, ?) "
            "ON CONFLICT (service, account, region) DO UPDATE SET in_scope = 1",
            rows,
        )
    except BaseException:
        conn.execute("ROLLBACK TO scope")
        conn.execute("RELEASE scope")
        raise
    conn.execute("RELEASE scope")


def record(conn: Connection, answer: Answer, now: datetime, clock: HostClock | None = None) -> None:
    """Keep what an attempt came to. It is a resident watch's when this process has a watch's heartbeat.

    Only a FRESH answer moves the instant of the last complete one; everything else leaves it where it was.
    """
    at = clock or host_clock()
    complete = answer.outcome is Freshness.FRESH
    done, total = answer.progress or (None, None)
    conn.execute(
        """
        INSERT INTO source (service, account, region, outcome, detail, note, remedy, interval_s, done, total, resident,
            tried_at, tried_boot, tried_clock, complete_at, complete_boot, complete_clock, first_at)
        VALUES (:service, :account, :region, :outcome, :detail, :note, :remedy, :interval, :done, :total,
            EXISTS (SELECT 1 FROM presence WHERE role = 'watch' AND pid = :pid AND boot = :boot),
            :now, :boot, :clock,
            iif(:complete, :now, NULL), iif(:complete, :boot, NULL), iif(:complete, :clock, NULL),
            iif(:told, :now, NULL))
        ON CONFLICT (service, account, region) DO UPDATE SET
            outcome = excluded.outcome, detail = excluded.detail, remedy = excluded.remedy,
            note = iif(excluded.outcome IN ('FRESH', 'PARTIAL'), excluded.note, note),
            interval_s = excluded.interval_s, done = excluded.done, total = excluded.total,
            resident = excluded.resident, tried_at = excluded.tried_at, tried_boot = excluded.tried_boot,
            tried_clock = excluded.tried_clock,
            complete_at = coalesce(excluded.complete_at, complete_at),
            complete_boot = coalesce(excluded.complete_boot, complete_boot),
            complete_clock = coalesce(excluded.complete_clock, complete_clock),
            first_at = coalesce(first_at, excluded.first_at)
        """,
        {
            "service": answer.key.service,
            "account": answer.key.account,
            "region": answer.key.region,
            "outcome": answer.outcome.value,
            "detail": storable(answer.detail.raw(), 2_000),
            "note": storable(answer.note.raw(), 500),
            "remedy": storable(answer.remedy, 500),
            "interval": answer.interval_s,
            "done": done,
            "total": total,
            "pid": os.getpid(),
            "now": micros(now),
            "boot": at.boot,
            "clock": at.seconds,
            "complete": complete,
            "told": answer.outcome in (Freshness.FRESH, Freshness.PARTIAL),
        },
    )


def beat(
    conn: Connection,
    pid: int,
    now: datetime,
    *,
    who: str = "",
    console: bool = False,
    clock: HostClock | None = None,
) -> None:
    """A sign of life of a resident watch, or of a console."""
    at = clock or host_clock()
    conn.execute(
        "INSERT INTO presence (role, pid, who, boot, clock, at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (role, pid) DO UPDATE SET who = excluded.who, boot = excluded.boot, "
        "clock = excluded.clock, at = excluded.at",
        (_CONSOLE if console else _WATCH, pid, storable(who, 200), at.boot, at.seconds, micros(now)),
    )


def leave(conn: Connection, pid: int, *, console: bool = False) -> None:
    """A watch or console ends in order: nobody has to wait for its heartbeat to run out."""
    conn.execute("DELETE FROM presence WHERE role = ? AND pid = ?", (_CONSOLE if console else _WATCH, pid))


def save_cursor(conn: Connection, source: str, value: str) -> None:
    """How far a collector has read, in the transaction that commits what it read."""
    conn.execute(
        "INSERT INTO cursor (source, value) VALUES (?, ?) "
        "ON CONFLICT (source) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        (source, value),
    )


def load_cursor(conn: Connection, source: str) -> str | None:
    row = conn.execute("SELECT value FROM cursor WHERE source = ?", (source,)).fetchone()
    return row[0] if row else None


# --- reading ------------------------------------------------------------------------------------------


class Presence(msgspec.Struct, frozen=True):
    """A console that is open on this store. ``who`` is the analyst; ``pid`` the process on this host."""

    pid: int
    who: Untrusted
    at: datetime


def present(conn: Connection, clock: HostClock | None = None) -> list[Presence]:
    """The consoles that are here now, oldest process id first."""
    at = clock or host_clock()
    return [
        Presence(pid, Untrusted(who), instant(seen))
        for pid, who, seen in conn.execute(
            "SELECT pid, who, at FROM presence WHERE role = 'console' AND boot = ? AND clock BETWEEN ? AND ? "
            "ORDER BY pid",
            (at.boot, at.seconds - HEARTBEAT_S, at.seconds),
        )
    ]


def watch_alive(conn: Connection, clock: HostClock | None = None) -> bool:
    """Whether a resident watch gave a sign of life in the last ten seconds, in this boot."""
    boot = clock.boot if clock else host_clock().boot
    beats = conn.execute("SELECT clock FROM presence WHERE role = 'watch' AND boot = ?", (boot,)).fetchall()
    at = clock or host_clock()  # after the beats, as in states
    return any(0 <= at.seconds - beat <= HEARTBEAT_S for (beat,) in beats)


def states(conn: Connection, *, now: datetime, clock: HostClock | None = None) -> list[SourceState]:
    """Every source in scope as it stands, in the order of its key."""
    rows = conn.execute(
        """
        SELECT s.service, s.account, s.region, s.outcome, s.detail, s.remedy, s.interval_s, s.done, s.total,
            s.resident, s.tried_boot, s.tried_clock, s.complete_at, s.complete_boot, s.complete_clock,
            coalesce(o.findings, 0), s.note
        FROM source AS s
        LEFT JOIN origin AS o ON o.name = s.service || '/' || s.account || '/' || s.region
        WHERE s.in_scope = 1 ORDER BY s.service, s.account, s.region
        """
    ).fetchall()
    alive = watch_alive(conn, clock)
    at = clock or host_clock()  # after the rows: what was committed meanwhile would seem to come from the future
    return [_judge(row, now, at, alive) for row in rows]


def fresh_origins(conn: Connection, now: datetime) -> frozenset[str]:
    """The origins whose silence means something now: sources in scope that are FRESH."""
    return frozenset(origin_of(s.key) for s in states(conn, now=now) if s.freshness is Freshness.FRESH)


_Row = tuple[
    str, str, str, str | None, str, str, float, int | None, int | None, int, str | None, float | None,
    int | None, str | None, float | None, int, str,
]  # fmt: skip


def _judge(row: _Row, now: datetime, at: HostClock, watch: bool) -> SourceState:
    (
        service, account, region, outcome, detail, remedy, interval, done, total, resident, tried_boot, tried_clock,
        complete_at, complete_boot, complete_clock, findings, note,
    ) = row  # fmt: skip
    last_complete = instant_or_none(complete_at)
    age: float | None = None
    if last_complete is not None:
        if complete_boot == at.boot and complete_clock is not None:
            age = max(0.0, at.seconds - complete_clock)
        else:  # the wall clock is all that spans a boot; it is shown, never trusted
            age = max(0.0, (now - last_complete).total_seconds())

    def state(freshness: Freshness, why: str, mend: str = "") -> SourceState:
        key = SourceKey(service, account, region)
        return SourceState(
            key, freshness, age, Untrusted(why), mend or remedy, findings, last_complete, Untrusted(note)
        )

    if outcome is None:
        return state(Freshness.NEVER, "never asked yet", "socconsole watch")
    found = Freshness(outcome)
    if found in (Freshness.DENIED, Freshness.ERROR):  # no older answer makes up for the latest one
        return state(found, detail)
    expired = _expired(found, interval, bool(resident), tried_boot, tried_clock, at, watch)
    if expired:
        said = "" if found is Freshness.FRESH else f"; it last said {found.value}"
        return state(Freshness.STALE, expired + said, "socconsole watch")
    if found is Freshness.PARTIAL and not detail and done is not None:
        detail = f"{done} of {total} read"
    return state(found, "" if found is Freshness.FRESH else detail)


def _expired(
    outcome: Freshness,
    interval: float,
    resident: bool,
    boot: str | None,
    clock: float | None,
    at: HostClock,
    watch: bool,
) -> str:
    """Why what was last answered says nothing about now; empty when it still does."""
    if boot != at.boot or clock is None or clock > at.seconds:
        return "answered before this machine started"
    if resident and not watch:
        return f"the watch gave no sign of life for {HEARTBEAT_S:.0f} s"
    age = at.seconds - clock
    if age > STALE_INTERVALS * interval:
        return f"asked every {interval:.0f} s, last answered {age:.0f} s ago"
    return ""

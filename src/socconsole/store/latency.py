"""How long it took from an event to us: per source, over what AWS said live in the last day, its newest only.

What happened before a source first answered is left out: a first reading brings days of history, and says nothing
of how soon the next event will be here. An hour in which no watch ran does count: nobody saw it then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.store.instants import micros

TARGET_S: Final = 900.0
"""From event to eye for a critical store."""
SPAN: Final = timedelta(hours=24)

NEWEST: Final = 10_000
"""Trail events of one source that are measured: a busy trail brings millions a day, its newest say how it is now."""
_LOOKED_THROUGH: Final = 50_000
"""The newest records that are looked through for findings of the span; they lie in the order of their arrival."""
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from what happened to when we had it. ``n`` is how many were measured, never 0."""

    n: int
    p50_s: float
    p95_s: float

    @property
    def meets(self) -> bool:
        return self.p95_s <= TARGET_S


def measure(conn: Connection, now: datetime, span: timedelta = SPAN) -> dict[str, Latency]:
    """By origin (``sources.origin_of``) what was measured; origins of which there is nothing are absent."""
    since = micros(now - span)
    first = {
        f"{service}/{account}/{region}": told
        for service, account, region, told in conn.execute(
            "SELECT service, account, region, first_at FROM source WHERE first_at IS NOT NULL"
        )
    }
    names = {n: name for n, name in conn.execute("SELECT n, name FROM origin") if name in first}
    found = {name: took for n, name in names.items() if (took := _events(conn, n, since, first[name]))}
    for origin, seen, happened in _findings(conn, since):
        name = names.get(origin)
        if name is not None and happened >= first[name]:
            found.setdefault(name, []).append(max(0, seen - happened))
    return {name: _latency(sorted(took)) for name, took in found.items()}


def _events(conn: Connection, origin: int, since: int, first: int) -> list[int]:
    return [
        took
        for (took,) in conn.execute(
            "SELECT max(0, seen - at) FROM trail WHERE origin = ? AND seen >= ? AND at >= ? ORDER BY seen DESC LIMIT ?",
            (origin, since, first, NEWEST),
        )
    ]


def _findings(conn: Connection, since: int) -> Iterable[tuple[int, int, int]]:
    """Of a finding that went on after it came, only its publication is left to measure from."""
    return conn.execute(
        "SELECT o.origin, o.seen, iif(f.occurred <= o.seen, f.occurred, f.published) AS happened "
        "FROM observation AS o JOIN finding AS f ON f.n = o.finding "
        "WHERE o.n > (SELECT coalesce(max(n), 0) FROM observation) - ? AND o.live = 1 AND o.seen >= ? "
        "AND f.kind = 'threat' AND f.sample = 0 AND happened IS NOT NULL",
        (_LOOKED_THROUGH, since),
    )


def _latency(took: Sequence[int]) -> Latency:
    """The nearest ranks: with few events the 95th percentile is the slowest of them."""

    def rank(part: float) -> float:
        return took[max(0, math.ceil(part * len(took)) - 1)] / _SECOND

    return Latency(len(took), rank(0.5), rank(0.95))


_ADVICE: Final = {
    "trail": "CloudTrail tells LookupEvents up to 15 minutes late: push brings each call as it is made "
    "(deploy/push.json, [push])",
    "guardduty": "GuardDuty tells of further events of a finding at its own pace: the action guardduty-frequency makes "
    "it FIFTEEN_MINUTES",
    "securityhub": "Security Hub has findings after their product has: read GuardDuty itself, or let push bring them",
    "alarms": "an alarm rings after its periods: fewer and shorter ones ring sooner (alarms says which)",
    "push": "files of a trail are written every five minutes: EventBridge brings calls that change something at once",
}


def advice(service: str, latency: Latency | None) -> str:
    """What to change where a source is slower than the target; empty where it is not, or nothing was measured."""
    return "" if latency is None or latency.meets else _ADVICE.get(service, "")


def describe(latency: Latency | None) -> str:
    """``median 41 s, 95% within 6 min, of 120 in 24 h``."""
    if latency is None:
        return "nothing came live in the last 24 h"
    late = "" if latency.meets else f"; the aim is {_span(TARGET_S)}"
    of = f"of {latency.n:,} in 24 h" if latency.n < NEWEST else f"of the last {latency.n:,}"
    return f"median {_span(latency.p50_s)}, 95% within {_span(latency.p95_s)} of the event, {of}{late}"


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"

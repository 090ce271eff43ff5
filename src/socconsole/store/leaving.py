"""How much leaves on a way out now and as a rule, and when anything last left. Reading only.

What was not measured is never zero: where nobody can tell, the answer says why instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.store import egress, egress_codec
from socconsole.store.instants import instant, micros
from socconsole.triage import ways_out

BEHIND: Final = timedelta(minutes=15)
"""A meter that was last read longer ago says nothing of now."""

LATELY: Final = timedelta(minutes=15)
"""How much older than the end of what was read the last datapoint may be to be called the rate of now."""

NOTHING: Final = timedelta(minutes=5)
"""That nothing leaves is said only of a meter that was read up to this long ago."""

LEARNT: Final = timedelta(days=1)
"""What was usual longer ago than that is not said."""

SETTLES: Final = timedelta(minutes=3)
"""How long CloudWatch goes on adding to a datapoint, as a rule."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How much leaves on a path, in ``unit`` a second (bytes, where the kind of path is measured in bytes)."""

    rate: float | None
    last_byte: datetime | None
    """End of the last period in which anything left, as far back as points are kept."""
    unit: str
    cannot_see: str = ""
    """Why there is no rate; empty when there is one."""
    usual: float | None = None
    """What leaves as a rule, in ``unit`` a second: the median of the meter's five minutes over 14 days, of those that
    CloudWatch has. None where they are too few to tell, and where nobody looked for a day."""


def flow(conn: Connection, path_id: str, now: datetime) -> Flow:
    """How much leaves now and as a rule, and when anything last left; what cannot be seen says why."""
    found = egress.path(conn, path_id)
    if found is None:
        return Flow(None, None, "bytes", "this way out was not discovered")
    measures = ways_out.meters(found)
    if not measures:
        return Flow(None, None, "bytes", NO_METER.get(found.kind.value, "CloudWatch has no meter for it"))
    meter = measures[0]
    stored = [
        (one.period_s, n, complete_to)
        for n, one, complete_to in egress.stored_series(
            conn,
            "WHERE path = ? AND namespace = ? AND metric = ? AND dimensions = ? AND statistic = ?",
            (path_id, meter.namespace, meter.metric, egress_codec.pack_dimensions(found.dimensions), meter.statistic),
        )
    ]
    last = _last_byte(conn, [(n, period) for period, n, _ in stored], now)
    read = max((complete_to for _, _, complete_to in stored if complete_to is not None), default=None)
    usually = _usually(conn, [n for period, n, _ in stored if period == ways_out.COARSE_S], now)

    def unseen(why: str) -> Flow:
        return Flow(None, last, meter.unit, why, usually)

    if read is None:
        return unseen("its meter was not read yet")
    if now - read > BEHIND:
        return unseen(f"its meter was last read up to {read:%Y-%m-%dT%H:%MZ}")
    rate: float | None = None
    for period, n, upto in sorted(stored, key=lambda each: each[0]):
        if upto is None or now - upto > BEHIND:
            continue
        recent = egress.points(conn, n, upto - LATELY)
        if recent and not (period < ways_out.COARSE_S and _sparse(recent, period)):
            rate, read = _latest(recent, period) / period, upto
            break
    if rate:
        return Flow(rate, last, meter.unit, usual=usually)
    if rate is None and meter.steady:
        return unseen(f"CloudWatch had nothing for {int(LATELY.total_seconds() // 60)} minutes where it always has")
    if now - read > NOTHING:
        return unseen(f"its meter was last read up to {read:%Y-%m-%dT%H:%MZ}; nothing left then")
    return Flow(0.0, last, meter.unit, usual=usually)


def _usually(conn: Connection, series: Sequence[int], now: datetime) -> float | None:
    """What ``metering.learn`` found usual on a meter, a second; None where it could not tell."""
    for n in series:
        row = conn.execute(
            "SELECT usual FROM series WHERE n = ? AND usual_at >= ?", (n, micros(now - LEARNT))
        ).fetchone()
        if row is not None and row[0] is not None:
            return float(row[0]) / ways_out.COARSE_S
    return None


def _latest(recent: Sequence[tuple[datetime, float]], period: int) -> float:
    """The newest value; nothing only where no point is more that may not be whole yet."""
    late = recent[-max(1, int(SETTLES.total_seconds()) // period) :]
    return next((value for _, value in reversed(late) if value), 0.0)


NO_METER: Final = {
    "bucket": "S3 measures no requests of this bucket (aws s3api put-bucket-metrics-configuration)",
    "vpc_endpoint": "CloudWatch measures interface endpoints only",
    "sagemaker": "CloudWatch measures its variants one by one, and it has none or several",
}
"""Why a kind of path may have no meter at all."""


def _sparse(recent: Sequence[tuple[datetime, float]], period: int) -> bool:
    """A minute's series with a point every five minutes is a five minutes' sum: basic monitoring of EC2."""
    if len(recent) < 2:
        return True
    return (recent[-1][0] - recent[-2][0]).total_seconds() > 2 * period


def _last_byte(conn: Connection, stored: Iterable[tuple[int, int]], now: datetime) -> datetime | None:
    """End of the period that began last: of the same traffic a minute begins later than its five minutes."""
    found: list[tuple[int, int]] = []
    for n, period in stored:
        row = conn.execute(
            "SELECT at FROM point WHERE series = ? AND value > 0 ORDER BY at DESC LIMIT 1", (n,)
        ).fetchone()
        if row:
            found.append((row[0], period))
    if not found:
        return None
    at, period = max(found)
    return min(instant(at) + timedelta(seconds=period), now)

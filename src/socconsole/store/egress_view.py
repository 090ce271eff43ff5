"""Ways out as a screen or a report lists them: each with what leaves now, its alarms and its meter, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.model.action import ActionRecord
from socconsole.model.egress import EgressPath
from socconsole.model.finding import Severity
from socconsole.store import actions, egress, leaving
from socconsole.store.egress import Metered, StoredAlarm
from socconsole.store.instants import instant
from socconsole.store.leaving import Flow
from socconsole.store.way_leaving import contained_on
from socconsole.text import Untrusted
from socconsole.triage import ways_out

BUCKETS: Final = 24
SPAN: Final = timedelta(hours=2)
"""What a list shows of a meter: 24 times five minutes."""

_ALIKE: Final = timedelta(minutes=10)
FINDINGS: Final = 50
_PRESSING: Final = 50
"""From this score on a finding lifts the way out that it names."""

Shape = tuple[float | None, ...]
"""Values of even steps of time, oldest first; None where CloudWatch has none."""


@dataclass(frozen=True, slots=True)
class FindingLine:
    """An open finding that names a way out."""

    id: str
    title: Untrusted
    severity: Severity
    score: int
    at: datetime
    """When it last happened, as far as is known."""


@dataclass(frozen=True, slots=True)
class PathView:
    path: EgressPath
    flow: Flow
    alarms: tuple[StoredAlarm, ...]
    shape: Shape
    """What left in each of ``BUCKETS`` steps of the last ``SPAN``, in the meter's unit."""
    findings: tuple[FindingLine, ...]
    contained: tuple[ActionRecord, ...] = ()
    """Containments on it that AWS says are in force, oldest first."""

    @property
    def raised(self) -> bool:
        return any(alarm.raised for alarm in self.alarms)

    @property
    def unwatched(self) -> bool:
        """No alarm looks at it, or none that could tell in time."""
        return all(alarm.sanity.sane is False for alarm in self.alarms)

    @property
    def watched(self) -> bool:
        """Whether an alarm would tell in time, as far as can be judged."""
        return any(alarm.sanity.sane for alarm in self.alarms)


def findings_on(conn: Connection, path: EgressPath) -> tuple[FindingLine, ...]:
    """Open findings that name the path itself, exactly, the highest score first; the worst ``FINDINGS`` of them."""
    kind, name = ways_out.entity(path)
    return tuple(
        FindingLine(id_, Untrusted(title), Severity(severity), score, instant(at))
        for id_, title, severity, score, at in conn.execute(
            "SELECT q.id, q.title, q.severity, q.score, coalesce(q.occurred, q.published, q.seen) "
            "FROM finding_entity AS e CROSS JOIN queue AS q ON q.n = e.finding "
            "WHERE e.kind IN (?1, 'resource') AND e.value = ?2 AND q.sample = 0 AND q.closed = 0 "
            "AND (?1 = 'bucket' OR q.account IS NULL OR q.account = ?3) "
            "GROUP BY q.n ORDER BY q.score DESC, q.n LIMIT ?4",
            (kind.value, name, path.place.account, FINDINGS),
        )
    )


def overview(conn: Connection, now: datetime) -> list[PathView]:
    """Every way out that AWS has: those whose alarm is raised first, then by what leaves, then by name."""
    watching: dict[str, list[StoredAlarm]] = {}
    for alarm in egress.alarms(conn):
        if alarm.egress and alarm.path is not None:
            watching.setdefault(alarm.path, []).append(alarm)
    in_force = actions.in_force(conn)
    views = [_view(conn, path, tuple(watching.get(path.id, ())), now, in_force) for path in egress.paths(conn)]
    return sorted(views, key=_order)


def view(conn: Connection, path_id: str, now: datetime) -> PathView | None:
    """One of them, gone or not."""
    path = egress.path(conn, path_id)
    if path is None:
        return None
    return _view(conn, path, tuple(egress.alarms_of(conn, path_id)), now, actions.in_force(conn))


def meter(conn: Connection, path: EgressPath, since: datetime) -> Metered | None:
    """The finest series of what leaves on a path that has points since then; None where nothing was read."""
    measures = ways_out.meters(path)
    if not measures:
        return None
    own = [
        one
        for one in egress.series(conn, path.id, since)
        if (one.series.metric, one.series.dimensions) == (measures[0].metric, path.dimensions) and one.points
    ]
    # The one that reaches furthest back, by ten minutes: a fine one is kept for hours only.
    return min(own, key=lambda one: ((one.points[0][0] - since) // _ALIKE, one.series.period_s), default=None)


def shape(metered: Metered | None, since: datetime, until: datetime, steps: int) -> Shape:
    """A series over even steps of time: sums of what left within each. A period belongs where it begins."""
    found: list[float | None] = [None] * steps
    if metered is None:
        return tuple(found)
    width = (until - since) / steps
    for at, value in metered.points:
        step = (at - since) // width
        if 0 <= step < steps:
            found[step] = (found[step] or 0.0) + value
    return tuple(found)


def _view(
    conn: Connection, path: EgressPath, alarms: Sequence[StoredAlarm], now: datetime, in_force: Sequence[ActionRecord]
) -> PathView:
    since = now - SPAN
    return PathView(
        path,
        leaving.flow(conn, path.id, now),
        tuple(alarms),
        shape(meter(conn, path, since), since, now, BUCKETS),
        findings_on(conn, path),
        contained_on(path, in_force),
    )


def _order(one: PathView) -> tuple[bool, int, bool, float, bool, str]:
    sensitive = bool(one.path.dataset) or one.path.llm
    worst = one.findings[0].score if one.findings else 0
    pressing = worst if worst >= _PRESSING else 0
    return (not one.raised, -pressing, not sensitive, -(one.flow.rate or 0.0), one.watched, one.path.resource)

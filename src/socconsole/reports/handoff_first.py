"""What a handoff begins with: by which ways out data leaves now, and the threats that nobody has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from socconsole.model.finding import Leaving, Severity, first_known
from socconsole.reports.document import Mood, Notice
from socconsole.store import egress, egress_view, way_leaving
from socconsole.store.db import Connection
from socconsole.store.filter import View
from socconsole.store.queue import QueueReader
from socconsole.store.queue_row import QueueRow
from socconsole.store.way_leaving import Way
from socconsole.text import clean
from socconsole.triage.query import parse

LISTED: Final = 5
"""Ways out, and threats, that are named; how many more there are is said."""
_LOUD: Final = 2.0
"""From so many times what is usual on, a way out is told though no finding names it: half of all that is measured lies
above its median."""
_WAITING: Final = parse("state:new")
_LOOKED_AT: Final = 500


def leaving(conn: Connection, reader: QueueReader, now: datetime) -> list[Notice]:
    """What leaves, the largest rate first, and how many findings say so. What is usual is told as that."""
    found = way_leaving.ways(conn, [one.id for one in egress.paths(conn)], now)
    named = {one.path.id: len(egress_view.findings_on(conn, one.path)) for one in found if one.leaves or one.blind}
    raised = {one.path for one in egress.alarms(conn) if one.raised and one.egress}
    told = [one for one in found if named.get(one.path.id) or (one.leaves and (one.path.id in raised or _loud(one)))]
    rows = [
        Notice(f"{way_leaving.said(one)}{_by(named[one.path.id])}", _mood(one), one.path.id, "leaving")
        for one in told[:LISTED]
    ]
    if (more := len(told) - LISTED) > 0:
        rows.append(Notice(f"by {more:,} more {_ways(more)}; 2 Egress has them", label="leaving"))
    yes, unseen = (reader.count(View.ALL, parse(f"leaving:{one} -state:resolved"), now=now).n for one in _SAYS)
    if yes or unseen:
        said = f"of the open findings {yes:,} LEAVING, {unseen:,} CANNOT SEE"
        rows.append(Notice(said, "bad" if yes else "unknown", label="leaving"))
    if blind := sum(one.blind for one in found):
        said = f"nobody can see how much leaves by {blind:,} of {len(found):,} {_ways(len(found))}"
        rows.append(Notice(said, "unknown", label="unmeasured"))
    return rows


_SAYS: Final = (Leaving.YES.value, Leaving.CANNOT_SEE.value)


def _loud(one: Way) -> bool:
    rate, usual = one.flow.rate, one.flow.usual
    return rate is not None and usual is not None and rate >= _LOUD * usual


def _mood(one: Way) -> Mood:
    return "unknown" if one.ordinary or one.blind else "bad"


def _by(findings: int) -> str:
    return f"; {findings:,} open finding{'s' * (findings > 1)} name{'s' * (findings == 1)} it" if findings else ""


def _ways(n: int) -> str:
    return f"way{'s' * (n != 1)} out"


def threats(reader: QueueReader, now: datetime) -> list[Notice]:
    """The worst threats that are new: of an incident its worst, with how many others of it wait."""
    rows = reader.window(View.THREATS, _WAITING, offset=0, limit=_LOOKED_AT, now=now)
    total = reader.count(View.THREATS, _WAITING, now=now).n
    alike: dict[str, list[QueueRow]] = {}
    for row in rows:
        alike.setdefault(row.incident or row.id, []).append(row)
    groups = list(alike.values())[:LISTED]
    told = [Notice(_threat(group, now), "bad", group[0].id, "threat") for group in groups]
    if (more := total - sum(map(len, groups))) > 0:
        told.append(Notice(f"{more:,} more that nobody acknowledged; 1 Triage has them", label="threat"))
    return told


def _threat(group: Sequence[QueueRow], now: datetime) -> str:
    row, others = group[0], len(group) - 1
    since = first_known(row.occurred, row.published, row.seen) or row.seen
    of = f", and {others:,} more of its incident {row.incident}" if others else ""
    where = clean(row.place, 80)
    return (
        f"{row.severity.name} {clean(row.title, 120)}{f' on {where}' if where else ''}, {age(now - since)} old, "
        f"not acknowledged ({row.id}){of}"
    )


def age(length: timedelta) -> str:
    """``23 min``, ``5 h``, ``3 d``: whole, and rounded down."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def counted(threats: dict[Severity, int], every: dict[Severity, int]) -> str:
    """``open threats: 2 CRITICAL, 5 HIGH; other open findings (posture …): 130``, as Triage's views count them."""
    worst = [f"{n:,} {one.name}" for one in sorted(Severity, reverse=True) if (n := threats.get(one, 0))]
    rest = sum(every.values()) - sum(threats.values())
    return f"open threats: {', '.join(worst) or 'none known'}; other open findings (posture, controls …): {rest:,}"

"""Taking in ways out, alarms and points, in the caller's transaction; reading them is ``egress``.

An alarm that looks at what leaves and goes to ALARM is a finding as well (source ``alarm``), so that nobody overlooks
it: open until CloudWatch says OK and somebody acknowledged it, in whichever order. INSUFFICIENT_DATA is no OK, and
neither is the end of the alarm itself: whoever deletes it while it rings, or points it elsewhere, leaves its finding
behind (``egress_upkeep``). AWS knows nothing of these findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection
from typing import Final

from socconsole.model.egress import Alarm, AlarmChange, Alarms, AlarmState, Listing, Paths, Points, Series
from socconsole.model.finding import Observation, alias_key
from socconsole.store import alarm_finding, alarmed, egress, egress_codec
from socconsole.store.instants import instant, instant_or_none, micros, micros_or_none, storable
from socconsole.triage import ways_out

OLDER: Final = timedelta(minutes=2)
"""How much older than a pushed change a listing may be."""

SKEW: Final = timedelta(minutes=5)
"""How far ahead an event's clock may be; what is dated further ahead moves nothing."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch came to, for whoever takes findings in."""

    findings: tuple[Observation, ...] = ()
    """What alarms say now, in order."""
    alarmed: tuple[str, ...] = ()
    """What came on a path with a raised alarm, or no longer is: its findings are scored anew."""
    new: int = 0
    """Changes of alarms that were not known."""


def take(conn: Connection, changes: Sequence[AlarmChange], listings: Iterable[Listing], now: datetime) -> Taken:
    """Take in everything, changes of alarms first."""
    parts = list(listings)
    if not (changes or parts):
        return Taken()
    before = set(alarmed.names(conn))
    found: list[Observation] = []
    new = 0
    for change in sorted(changes, key=lambda each: each.at):
        fresh, said = take_change(conn, change, now)
        new += fresh
        found += said
    for part in parts:
        if isinstance(part, Paths):
            take_paths(conn, part, now)
        elif isinstance(part, Points):
            take_points(conn, part)
        else:
            found += take_alarms(conn, part, now)
    return Taken(tuple(found), tuple(sorted(before ^ set(alarmed.names(conn)))), new)


# --- ways out -----------------------------------------------------------------------------------------


def take_paths(conn: Connection, listing: Paths, now: datetime) -> None:
    """What is there; after a complete reading of its place, what was not found is gone."""
    at = micros(now)
    for path in listing.paths:
        conn.execute(
            "INSERT INTO egress_path (id, kind, account, region, resource, dataset, llm, doc, seen) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET dataset = excluded.dataset, "
            "llm = excluded.llm, doc = excluded.doc, seen = excluded.seen, gone_at = NULL",
            (
                path.id, path.kind.value, path.place.account, path.place.region, path.resource,
                storable(path.dataset), path.llm, egress_codec.pack(path), at,
            ),
        )  # fmt: skip
        conn.execute("DELETE FROM path_link WHERE path = ?", (path.id,))
        conn.executemany(
            "INSERT INTO path_link (value, path) VALUES (?, ?)", [(link, path.id) for link in dict.fromkeys(path.links)]
        )
    if listing.complete:
        conn.execute(
            "UPDATE egress_path SET gone_at = ? WHERE account = ? AND region = ? AND gone_at IS NULL AND seen < ?",
            (at, listing.place.account, listing.place.region, at),
        )
        conn.execute(  # what looks at nothing that is there is judged anew now, not when its turn comes
            "UPDATE alarm SET judged = NULL WHERE account = ? AND region = ? AND egress = 1 "
            "AND path NOT IN (SELECT id FROM egress_path WHERE gone_at IS NULL)",
            (listing.place.account, listing.place.region),
        )


# --- alarms -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of an alarm that is about to change."""

    alarm: Alarm
    raised: bool
    open: bool
    path: str | None
    looks: bool
    rang: datetime | None


def take_alarms(conn: Connection, listing: Alarms, now: datetime) -> list[Observation]:
    """What ``DescribeAlarms`` says is the present truth; after a complete listing what it lacks is gone."""
    by_name = {alarm.name.raw(): alarm for alarm in listing.alarms}
    place = (listing.place.account, listing.place.region)
    there = {
        arn: _stored(*values)
        for arn, *values in conn.execute(
            f"SELECT arn, {_KNOWN} FROM alarm WHERE account = ? AND region = ? AND gone_at IS NULL", place
        )
    }
    found: list[Observation] = []
    for alarm in listing.alarms:
        path, looks = _path(alarm, by_name)
        known = there.pop(storable(alarm.arn.raw()), None)
        current = _newer(alarm, known, now)
        if known is None:
            known = _known(conn, alarm)  # of one that was gone, and of another place's
        elif (
            (current, path, looks) == (known.alarm, known.path, known.looks)
            and not known.raised
            and not (known.open and _acknowledged(conn, alarm))
        ):
            continue  # nearly always: a reading that changes nothing writes nothing
        found += _put(conn, current, path, looks, known, now, now)
    if listing.complete:
        conn.executemany("UPDATE alarm SET gone_at = ? WHERE arn = ?", [(micros(now), arn) for arn in there])
    return found


def take_change(conn: Connection, change: AlarmChange, now: datetime) -> tuple[bool, list[Observation]]:
    """One change of an alarm: (whether it is new, what the alarm says now). It moves the alarm's state unless what is
    stored is newer, and is kept in any case."""
    kept = conn.execute(
        "INSERT INTO alarm_change (arn, at, kind, summary, data) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (arn, at, kind) DO NOTHING",
        (
            storable(change.alarm.arn.raw()), micros(change.at), storable(change.kind, 64),
            storable(change.summary.raw(), 2_000), change.body.decode("ascii"),
        ),
    )  # fmt: skip
    new = kept.rowcount > 0
    known = _known(conn, change.alarm)
    if change.deleted:
        conn.execute(
            "UPDATE alarm SET gone_at = ? WHERE arn = ? AND gone_at IS NULL AND seen <= ?",
            (micros(change.at), storable(change.alarm.arn.raw()), micros(change.at)),
        )
        return new, []
    if known is None:
        if not (change.alarm.metric or change.alarm.rule):
            return new, []  # an entry of the history says nothing of what the alarm looks at: the next listing does
        alarm = change.alarm
    elif change.kind != "StateUpdate" or not _since(known.alarm) < change.at <= now + SKEW:
        return new, []
    else:
        alarm = replace(known.alarm, state=change.alarm.state, since=change.at, reason=change.alarm.reason)
    names = _of_place(conn, alarm) if alarm.composite else {}
    path, looks = _path(alarm, names)
    return new, _put(conn, alarm, path, looks, known, now, change.at)


def _of_place(conn: Connection, composite: Alarm) -> dict[str, Alarm]:
    """By name, the alarms that a composite alarm may ask about: those of its own account and Region."""
    return {one.alarm.name.raw(): one.alarm for one in egress.alarms(conn) if one.alarm.place == composite.place}


def _since(alarm: Alarm) -> datetime:
    return alarm.since or datetime.min.replace(tzinfo=UTC)


def _path(alarm: Alarm, by_name: dict[str, Alarm]) -> tuple[str | None, bool]:
    """The way out that an alarm looks at: a composite one at that of the first of its children that has one."""
    if not alarm.composite:
        return ways_out.path_of(alarm)
    below = [name for name in ways_out.children(alarm.rule) if name != alarm.name.raw()]
    seen = set(below)
    found: tuple[str | None, bool] = (None, False)
    while below:
        child = by_name.get(below.pop(0))
        if child is None:
            continue
        if child.composite:
            fresh = [name for name in ways_out.children(child.rule) if name not in seen]
            seen.update(fresh)
            below += fresh
            continue
        path, looks = ways_out.path_of(child)
        if looks:
            return path, True
        found = found if found[0] else (path, False)
    return found


def _newer(alarm: Alarm, known: _Known | None, now: datetime) -> Alarm:
    """An alarm as listed, in the state that an event told since: a listing may be a little older than what was pushed.

    Only a little: no event, whoever made it, outranks what AWS itself goes on saying.
    """
    if known is None or known.alarm.since is None or alarm.since is None or known.alarm.since <= alarm.since:
        return alarm
    if not -SKEW <= now - known.alarm.since <= OLDER:
        return alarm
    return replace(alarm, state=known.alarm.state, since=known.alarm.since, reason=known.alarm.reason)


def _known(conn: Connection, alarm: Alarm) -> _Known | None:
    row = conn.execute(f"SELECT {_KNOWN} FROM alarm WHERE arn = ?", (storable(alarm.arn.raw()),)).fetchone()
    return _stored(*row) if row else None


_KNOWN: Final = "doc, raised, open, path, egress, rang"


def _stored(doc: str, raised: int, open_: int, path: str | None, looks: int, rang: int | None) -> _Known:
    return _Known(egress_codec.unpack_alarm(doc), bool(raised), bool(open_), path, bool(looks), instant_or_none(rang))


def _put(
    conn: Connection,
    alarm: Alarm,
    path: str | None,
    looks: bool,
    known: _Known | None,
    now: datetime,
    at: datetime,
) -> list[Observation]:
    """Keep an alarm as it was at ``at``; what its finding says, where it has one."""
    was = known is not None and known.raised
    waits = known is not None and known.open
    raised = was if not looks else alarm.state is AlarmState.ALARM or (was and alarm.state is not AlarmState.OK)
    if known is not None and waits and not looks:  # whoever points it elsewhere takes nothing off the desk
        path = known.path
    open_ = raised or (waits and not (looks and _acknowledged(conn, alarm)))
    rang = (alarm.since or at) if raised and not was else known.rang if known is not None else None
    conn.execute(
        "INSERT INTO alarm (arn, name, account, region, state, since, path, egress, raised, open, rang, doc, seen) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET state = excluded.state, "
        "since = excluded.since, path = excluded.path, egress = excluded.egress, raised = excluded.raised, "
        "open = excluded.open, rang = excluded.rang, judged = iif(doc = excluded.doc, judged, NULL), "
        "doc = excluded.doc, seen = excluded.seen, gone_at = NULL",
        (
            storable(alarm.arn.raw()), storable(alarm.name.raw()), alarm.place.account, alarm.place.region,
            alarm.state.value, micros_or_none(alarm.since), path, looks, raised, open_, micros_or_none(rang),
            egress_codec.pack(alarm), micros(now),
        ),
    )  # fmt: skip
    if not looks or not (raised or was or open_ is not waits):
        return []
    way = egress.path(conn, path) if path else None
    told = _told(conn, alarm) or rang
    return [alarm_finding.observation(alarm, way, at, told=told, raised=raised, active=open_)]


def _told(conn: Connection, alarm: Alarm) -> datetime | None:
    """When an alarm's finding began; None where it has none yet."""
    row = conn.execute(
        "SELECT q.began FROM alias AS k JOIN queue AS q ON q.n = k.finding WHERE k.key = ?",
        (alias_key(alarm_finding.merge_key(alarm)),),
    ).fetchone()
    return instant(row[0]) if row else None


def _acknowledged(conn: Connection, alarm: Alarm) -> bool:
    """Whether somebody acknowledged an alarm's open finding since it last fired afresh."""
    row = conn.execute(
        "SELECT 1 FROM alias AS k JOIN queue AS q ON q.n = k.finding "
        "WHERE k.key = ? AND q.closed = 0 AND q.acked_at >= coalesce(q.resumed_at, 0)",
        (alias_key(alarm_finding.merge_key(alarm)),),
    ).fetchone()
    return row is not None


# --- points -------------------------------------------------------------------------------------------


def take_points(conn: Connection, listing: Points) -> None:
    """What a meter said. A later answer for the same period is the right one: CloudWatch's datapoints come in late."""
    n = _series_number(conn, listing.series)
    conn.executemany(
        "INSERT INTO point (series, at, value) VALUES (?, ?, ?) "
        "ON CONFLICT (series, at) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        [(n, micros(at), float(value)) for at, value in listing.points],
    )
    if listing.complete_to is not None:
        # What begins after the end of what is here leaves a gap: it is whole from there on only.
        conn.execute(
            "UPDATE series SET complete_from = iif(complete_to >= ?1, min(complete_from, ?1), ?1), "
            "complete_to = max(coalesce(complete_to, ?2), ?2) WHERE n = ?3",
            (micros(listing.since), micros(listing.complete_to), n),
        )


def _series_number(conn: Connection, one: Series) -> int:
    found = egress.find_series(conn, one)
    if found is not None:
        return found.n
    n: int = conn.execute(
        "INSERT INTO series (path, namespace, metric, dimensions, statistic, period_s, unit) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING n",
        (*egress_codec.series_key(one), one.unit),
    ).fetchone()[0]
    return n

"""Ways out as the store knows them: paths, the alarms that watch them, what their meters said. Reading only.

``egress_intake`` writes. Instants are microseconds of UTC; texts of AWS and of attackers stay ``Untrusted``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.egress import Alarm, EgressPath, Sanity, Series
from socconsole.store import egress_codec
from socconsole.store.instants import instant, instant_or_none, micros, storable
from socconsole.text import Untrusted, token
from socconsole.triage import ways_out
from socconsole.triage.baseline import SPAN, Baseline, baseline

BEHIND: Final = timedelta(minutes=15)
"""A meter that was last read longer ago says nothing of now."""

LATELY: Final = timedelta(minutes=15)
"""How much older than the end of what was read the last datapoint may be to be called the rate of now."""

NOTHING: Final = timedelta(minutes=5)
"""That nothing leaves is said only of a meter that was read up to this long ago."""

SETTLES: Final = timedelta(minutes=3)
"""How long CloudWatch goes on adding to a datapoint, as a rule."""

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class StoredAlarm:
    """An alarm and what was made of it. ``p99`` is of its own metric, statistic and period over 14 days."""

    alarm: Alarm
    path: str | None
    """The way out that it looks at: ``p-…``, whether or not that was discovered."""
    egress: bool
    """It looks at what leaves there, not at a processor."""
    raised: bool
    """It rings: it went to ALARM and was not OK since."""
    open: bool
    """Its finding is: it rings, or nobody acknowledged that it did."""
    sanity: Sanity
    p99: float | None
    seen: datetime
    """When it was last told otherwise than before."""
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an alarm's history, as kept."""

    arn: Untrusted
    at: datetime
    kind: str
    summary: Untrusted


@dataclass(frozen=True, slots=True)
class Metered:
    """A series and its points: (begin of the period, value), oldest first. ``complete_to``: all there is up to then."""

    series: Series
    complete_to: datetime | None
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """How much leaves on a path, in ``unit`` a second (bytes, where the kind of path is measured in bytes)."""

    rate: float | None
    last_byte: datetime | None
    """End of the last period in which anything left, as far back as points are kept."""
    unit: str
    cannot_see: str = ""
    """Why there is no rate; empty when there is one."""


def paths(conn: Connection, *, gone: bool = False) -> list[EgressPath]:
    """Ways out, by account, region, kind and resource; with ``gone`` also those that AWS no longer has."""
    where = "" if gone else "WHERE gone_at IS NULL"
    return [
        egress_codec.unpack_path(doc)
        for (doc,) in conn.execute(f"SELECT doc FROM egress_path {where} ORDER BY account, region, kind, resource")
    ]


def path(conn: Connection, id_: str) -> EgressPath | None:
    """One way out by its id, gone or not."""
    row = conn.execute("SELECT doc FROM egress_path WHERE id = ?", (id_,)).fetchone()
    return egress_codec.unpack_path(row[0]) if row else None


def resource_of(conn: Connection, id_: str) -> str:
    """What AWS calls a way out: a token."""
    row = conn.execute("SELECT resource FROM egress_path WHERE id = ?", (id_,)).fetchone()
    return str(row[0]) if row else id_


@dataclass(frozen=True, slots=True)
class Meant:
    """Ways out that names mean: those named themselves, and those that what is named belongs to."""

    named: tuple[tuple[str, ...], ...]
    """By name, in their order: AWS may have one name in several places."""
    linked: tuple[str, ...]


def path_of(
    conn: Connection, names: Iterable[str], account: str | None = None, region: str | None = None
) -> str | None:
    """The one way out that these names mean: see :func:`one_of`."""
    return one_of(meant(conn, names, account, region))


def one_of(found: Meant) -> str | None:
    """The first that is named itself, else the one that the names belong to; None where those are several: of the
    five hosts that have a role none is meant more than the others."""
    ids = found.named[0] if found.named else found.linked
    return ids[0] if len(ids) == 1 else None


def paths_of(conn: Connection, names: Iterable[str], account: str | None = None) -> list[str]:
    """All ways out that these names mean or belong to, those named themselves first."""
    found = meant(conn, names, account)
    return [*(id_ for ids in found.named for id_ in ids), *found.linked]


def meant(conn: Connection, names: Iterable[str], account: str | None = None, region: str | None = None) -> Meant:
    """What these names mean; ARNs count by their name.

    With ``account`` and ``region`` only what is there, and buckets, whose names are unique: a model's or a role's name
    may be another one's elsewhere. What belongs to a role counts in all Regions of the account, as the role does.
    """
    wanted = [storable(name) for name in dict.fromkeys(each for one in names for each in _forms(one)) if name]
    account, region = (storable(one) if one else None for one in (account, region))
    direct: dict[str, list[str]] = {}
    linked: dict[str, None] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        for id_, resource in conn.execute(
            "SELECT id, resource FROM egress_path WHERE gone_at IS NULL AND (kind = 'bucket' OR "
            "(account = coalesce(?, account) AND region = coalesce(?, region))) "
            f"AND resource IN ({marks}) ORDER BY id",
            (account, region, *part),
        ):
            direct.setdefault(resource, []).append(id_)
        for (id_,) in conn.execute(
            "SELECT l.path FROM path_link AS l JOIN egress_path AS p ON p.id = l.path AND p.gone_at IS NULL "
            f"AND p.account = coalesce(?, p.account) WHERE l.value IN ({marks}) ORDER BY l.path",
            (account, *part),
        ):
            linked[id_] = None
    named = tuple(tuple(direct[name]) for name in wanted if name in direct)
    themselves = {id_ for ids in named for id_ in ids}
    return Meant(named, tuple(id_ for id_ in linked if id_ not in themselves))


def alarms(conn: Connection, *, gone: bool = False) -> list[StoredAlarm]:
    """All alarms, those in ALARM first, then by account, region and name."""
    where = "" if gone else "WHERE gone_at IS NULL"
    return _alarms(conn, f"{where} ORDER BY raised DESC, state <> 'ALARM', account, region, name")


def alarms_of(conn: Connection, path_id: str) -> list[StoredAlarm]:
    """The alarms that look at what leaves on a path."""
    return _alarms(conn, "WHERE gone_at IS NULL AND egress = 1 AND path = ? ORDER BY raised DESC, name", (path_id,))


def open_alarms_on(conn: Connection, names: Iterable[str]) -> list[StoredAlarm]:
    """Alarms that are raised on the ways out that these names mean or belong to."""
    found = paths_of(conn, names)
    marks = ",".join("?" * len(found))
    return _alarms(conn, f"WHERE raised = 1 AND path IN ({marks}) ORDER BY path, name", found) if found else []


def changes(conn: Connection, arn: Untrusted, limit: int = 100) -> list[Change]:
    """An alarm's history, newest first."""
    return [
        Change(arn, instant(at), kind, Untrusted(summary))
        for at, kind, summary in conn.execute(
            "SELECT at, kind, summary FROM alarm_change WHERE arn = ? ORDER BY at DESC, kind LIMIT ?",
            (storable(arn.raw()), limit),
        )
    ]


def series(conn: Connection, path_id: str, since: datetime) -> list[Metered]:
    """What the meters of a path said since then: its own by the minute and by five, and those its alarms compare."""
    return [
        Metered(one, complete_to, points(conn, n, since))
        for n, one, complete_to in _series(conn, "WHERE path = ? ORDER BY n", (path_id,))
    ]


def points(conn: Connection, n: int, since: datetime) -> tuple[tuple[datetime, float], ...]:
    """Points of series number ``n``, oldest first."""
    return tuple(
        (instant(at), value)
        for at, value in conn.execute(
            "SELECT at, value FROM point WHERE series = ? AND at >= ? ORDER BY at", (n, micros(since))
        )
    )


@dataclass(frozen=True, slots=True)
class Held:
    """How far a stored series goes: between the two instants every point that CloudWatch has is here."""

    n: int
    complete_from: datetime | None
    complete_to: datetime | None


def find_series(conn: Connection, wanted: Series) -> Held | None:
    """A series that is stored; whatever it is counted in."""
    row = conn.execute(
        "SELECT n, complete_from, complete_to FROM series WHERE path = ? AND namespace = ? AND metric = ? "
        "AND dimensions = ? AND statistic = ? AND period_s = ?",
        egress_codec.series_key(wanted),
    ).fetchone()
    return Held(row[0], instant_or_none(row[1]), instant_or_none(row[2])) if row else None


def usual(conn: Connection, wanted: Series, now: datetime) -> Baseline | None:
    """What is usual of a series, from the points of the last 14 days; None where none are stored."""
    held = find_series(conn, wanted)
    return baseline(points(conn, held.n, now - SPAN)) if held else None


def flow(conn: Connection, path_id: str, now: datetime) -> Flow:
    """How much leaves now, and when anything last left; what cannot be seen says why."""
    found = path(conn, path_id)
    if found is None:
        return Flow(None, None, "bytes", "this way out was not discovered")
    measures = ways_out.meters(found)
    if not measures:
        return Flow(None, None, "bytes", NO_METER.get(found.kind.value, "CloudWatch has no meter for it"))
    meter = measures[0]
    stored = [
        (one.period_s, n, complete_to)
        for n, one, complete_to in _series(
            conn,
            "WHERE path = ? AND namespace = ? AND metric = ? AND dimensions = ? AND statistic = ?",
            (path_id, meter.namespace, meter.metric, egress_codec.pack_dimensions(found.dimensions), meter.statistic),
        )
    ]
    last = _last_byte(conn, [(n, period) for period, n, _ in stored], now)
    read = max((complete_to for _, _, complete_to in stored if complete_to is not None), default=None)
    if read is None:
        return Flow(None, last, meter.unit, "its meter was not read yet")
    if now - read > BEHIND:
        return Flow(None, last, meter.unit, f"its meter was last read up to {read:%Y-%m-%dT%H:%MZ}")
    rate: float | None = None
    for period, n, upto in sorted(stored, key=lambda each: each[0]):
        if upto is None or now - upto > BEHIND:
            continue
        recent = points(conn, n, upto - LATELY)
        if recent and not (period < ways_out.COARSE_S and _sparse(recent, period)):
            rate, read = _latest(recent, period) / period, upto
            break
    if rate:
        return Flow(rate, last, meter.unit)
    if rate is None and meter.steady:
        minutes = int(LATELY.total_seconds() // 60)
        return Flow(None, last, meter.unit, f"CloudWatch had nothing for {minutes} minutes where it always has")
    if now - read > NOTHING:
        return Flow(None, last, meter.unit, f"its meter was last read up to {read:%Y-%m-%dT%H:%MZ}; nothing left then")
    return Flow(0.0, last, meter.unit)


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


def _forms(name: str) -> tuple[str, ...]:
    """A name, and what an ARN or a path ends with: findings say it in all of these ways."""
    plain = token(name, 256)
    if not plain.startswith("arn:"):
        return (plain,)
    rest = plain.split(":", 5)[-1]
    if plain.split(":", 3)[2] == "s3":
        return (plain, rest.partition("/")[0])
    return (plain, rest.partition("/")[2] or rest, rest.rpartition("/")[2].rpartition(":")[2])


# --- how they are stored -------------------------------------------------------------------------------


def _alarms(conn: Connection, tail: str, values: Sequence[object] = ()) -> list[StoredAlarm]:
    return [
        StoredAlarm(
            egress_codec.unpack_alarm(doc),
            path_id,
            bool(egress),
            bool(raised),
            bool(open_),
            _UNJUDGED if judged is None else _sanity(sane, why),
            p99,
            instant(seen),
            instant_or_none(gone_at),
        )
        for doc, path_id, egress, raised, open_, sane, why, judged, p99, seen, gone_at in conn.execute(
            f"SELECT doc, path, egress, raised, open, sane, why, judged, p99, seen, gone_at FROM alarm {tail}", values
        )
    ]


_UNJUDGED: Final = Sanity(None, ("not judged yet",))


def _sanity(sane: int | None, why: str) -> Sanity:
    return Sanity(None if sane is None else bool(sane), tuple(msgspec.json.decode(why, type=list[str])))


def _series(conn: Connection, tail: str, values: Sequence[object]) -> list[tuple[int, Series, datetime | None]]:
    return [
        (
            n,
            Series(path_id, namespace, metric, egress_codec.unpack_dimensions(dimensions), statistic, period, unit),
            instant_or_none(complete_to),
        )
        for n, path_id, namespace, metric, dimensions, statistic, period, unit, complete_to in conn.execute(
            "SELECT n, path, namespace, metric, dimensions, statistic, period_s, unit, complete_to FROM series " + tail,
            values,
        ).fetchall()
    ]

"""Ways out as the store knows them: paths, the alarms that watch them, what their meters said. Reading only.

``egress_intake`` writes. Instants are microseconds of UTC; texts of AWS and of attackers stay ``Untrusted``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.egress import Alarm, EgressPath, Sanity, Series
from socconsole.store import egress_codec
from socconsole.store.instants import instant, instant_or_none, micros, storable
from socconsole.text import Untrusted, token
from socconsole.triage.baseline import SPAN, Baseline, baseline

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
        for n, one, complete_to in stored_series(conn, "WHERE path = ? ORDER BY n", (path_id,))
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


def stored_series(conn: Connection, tail: str, values: Sequence[object]) -> list[tuple[int, Series, datetime | None]]:
    """Each with its number and up to when it is whole; ``tail`` is SQL of ours after the table's name."""
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

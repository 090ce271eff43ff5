"""Incident candidates as they are read: who belongs to one, what ties them, and the story they tell.

Which findings stand together is stored (``queue.incident``, see ``correlating``); everything else is read at the
moment it is asked for, so that it is never older than what it is made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.entity import Entity, EntityKind
from socconsole.model.finding import Kind, Severity
from socconsole.model.incident import Chapter, Incident
from socconsole.model.trail import resource_name
from socconsole.store import reading, ringing
from socconsole.store.instants import instant, micros
from socconsole.store.queue_row import SELECT, QueueRow, row
from socconsole.text import Untrusted, token
from socconsole.triage.correlation import WINDOW, ties
from socconsole.triage.story import NOTABLE, Line, phrase, tell

_MORE: Final = re.compile(r" \+\d+$")
"""How many more resources a place has: of no interest in a story."""
_EVENTS: Final = 200
"""Trail events that are looked at for one key or one store."""
_EVENT_WEIGHT: Final = 55
"""Of a notable call beside findings, whose weight is their score."""


@dataclass(frozen=True, slots=True)
class _Finding:
    n: int
    id: str
    kind: str
    severity: int
    score: int
    account: str | None
    types: str
    title: str
    place: str
    sources: str
    events: int
    first: int
    last: int


_COLUMNS: Final = "n, id, kind, severity, score, account, types, title, place, sources, events, began, max(began, at)"


def of(conn: Connection, finding: str) -> str | None:
    """The incident that a finding, by any of its ids, is part of; None when it stands alone."""
    id_ = reading.resolve(conn, finding)
    found = None if id_ is None else conn.execute("SELECT incident FROM queue WHERE id = ?", (id_,)).fetchone()
    return None if found is None else found[0]


def resolve(conn: Connection, id_: str) -> str | None:
    """The id that an incident has now, by its own or by any finding's in it.

    ``n-…`` is named after a finding: where that stands now, the incident is.
    """
    if conn.execute("SELECT 1 FROM incident WHERE id = ?", (id_,)).fetchone() is not None:
        return id_
    return of(conn, "f-" + id_.removeprefix("n-").removeprefix("f-"))


def get(conn: Connection, id_: str) -> Incident | None:
    """An incident with its story; None where there is none (any more)."""
    named = resolve(conn, id_)
    if named is None:
        return None
    found = [
        _Finding(*values)
        for values in conn.execute(f"SELECT {_COLUMNS} FROM queue WHERE incident = ? ORDER BY n", (named,))
    ]
    if not found:
        return None
    if any("alarm" in each.sources.split(" ") for each in found):
        found = _as_it_rang(conn, found)
    lead = conn.execute("SELECT lead FROM incident WHERE id = ?", (named,)).fetchone()
    worst = max(found, key=lambda each: (each.n == (lead and lead[0]), each.score, each.n))
    named_by = _named_by(conn, found)
    tied = [each for each in found if each.kind != Kind.CONTROL.value] or found
    since, until = min(each.first for each in tied), max(each.last for each in tied)
    return Incident(
        id=named,
        lead=worst.id,
        findings=tuple(each.id for each in found),
        severity=Severity(max(each.severity for each in found)),
        score=worst.score,
        first=instant(since),
        last=instant(max(since, until)),
        shared=tuple(
            (kind.value, Untrusted(value))
            for (kind, value), times in sorted(named_by.items())
            if times > 1 and ties((kind, value)) and kind is not EntityKind.SIGNAL
        ),
        accounts=tuple(sorted({each.account for each in found if each.account})),
        story=_story(conn, tied, named_by, since, until),
    )


def _as_it_rang(conn: Connection, found: Sequence[_Finding]) -> list[_Finding]:
    """Findings of alarms from when they last rang on: what they rang for before was another story."""
    rings = ringing.rings(conn)
    return [replace(each, first=micros(rings[each.n].since)) if each.n in rings else each for each in found]


def members(conn: Connection, id_: str, now: datetime) -> list[QueueRow]:
    """The findings of an incident as they stand at ``now``, worst first; closed and snoozed ones too."""
    named = resolve(conn, id_)
    fresh = msgspec.json.encode(sorted(reading.fresh_origins(conn, now))).decode()
    return [
        row(values)
        for values in conn.execute(
            f"SELECT {SELECT} FROM queue WHERE incident = :incident ORDER BY closed, score DESC, first DESC, n DESC",
            {"incident": named, "now": micros(now), "fresh": fresh},
        )
    ]


def open_ones(conn: Connection, id_: str) -> tuple[str, ...]:
    """Ids of its findings that are open, worst first: what an act on all of it is about."""
    return tuple(
        found
        for (found,) in conn.execute(
            "SELECT id FROM queue WHERE incident = ? AND closed = 0 AND sample = 0 "
            "ORDER BY score DESC, first DESC, n DESC",
            (resolve(conn, id_),),
        )
    )


def each(conn: Connection, limit: int = 1_000) -> Iterator[str]:
    """Ids of the incidents that have an open finding, worst first."""
    for (id_,) in conn.execute(
        "SELECT i.id FROM incident AS i JOIN queue AS q ON q.n = i.lead "
        "ORDER BY q.score DESC, q.first DESC, q.n DESC LIMIT ?",
        (limit,),
    ).fetchall():
        yield id_


# --- the story ------------------------------------------------------------------------------------------


def _named_by(conn: Connection, found: Sequence[_Finding]) -> dict[Entity, int]:
    """What the findings name, and how many of them each."""
    numbers = ", ".join(str(one.n) for one in found)
    return {
        (EntityKind(kind), value): times
        for kind, value, times in conn.execute(
            f"SELECT kind, value, count(*) FROM finding_entity WHERE finding IN ({numbers}) GROUP BY kind, value"
        )
    }


def _story(
    conn: Connection, found: Sequence[_Finding], named_by: dict[Entity, int], since: int, until: int
) -> tuple[Chapter, ...]:
    """A call that a rule made a finding of is told once: in the words of the service that found it too, else in the
    rule's."""
    told = list(_told(_once(found)))
    by_rules = {instant(one.first).replace(microsecond=0) for one in found if _is_rules(one)}
    recorded = _recorded(conn, named_by, since, until)
    return tell([*told, *(line for line in recorded if line.at.replace(microsecond=0) not in by_rules)])


def _once(found: Sequence[_Finding]) -> list[_Finding]:
    """Without those of rules that a service tells of as well: of one resource in one second, as many of each or more of
    the service's. Of fewer nobody can say which call they mean, and all are told."""
    rules = Counter(_moment(one) for one in found if _is_rules(one))
    others = Counter(_moment(one) for one in found if not _is_rules(one))
    twice = {moment for moment, n in rules.items() if others[moment] >= n}
    return [one for one in found if not (_is_rules(one) and _moment(one) in twice)]


def _is_rules(one: _Finding) -> bool:
    return one.sources == "trail"


def _moment(one: _Finding) -> tuple[int, str]:
    return one.first // 1_000_000, _MORE.sub("", one.place)


def _told(found: Sequence[_Finding]) -> Iterator[Line]:
    for one in found:
        said = phrase(one.types.split("\n"), one.title)
        where = "" if said == one.title else _MORE.sub("", one.place)  # a title names what it is about
        times = max(1, one.events)
        yield Line(instant(one.first), said, where, one.sources.split(" ")[0], one.id, one.score, times)


def _recorded(conn: Connection, named_by: dict[Entity, int], since: int, until: int) -> Iterator[Line]:
    """Notable calls by the incident's keys and on its stores and instances, from shortly before to shortly after."""
    names = sorted(NOTABLE)
    span = WINDOW.seconds * 1_000_000
    seen: set[int] = set()
    for kind, value in sorted(named_by):
        asked = {EntityKind.KEY: "key", EntityKind.BUCKET: "resource", EntityKind.INSTANCE: "resource"}.get(kind)
        if asked is None:
            continue
        for n, ident, at, name, principal in conn.execute(
            "SELECT t.n, t.id, t.at, t.name, t.principal FROM trail_entity AS e JOIN trail AS t ON t.n = e.n "
            "WHERE e.kind = ? AND e.value = ? AND e.at BETWEEN ? AND ? AND t.error = '' "
            f"AND t.name IN ({', '.join('?' * len(names))}) ORDER BY e.at LIMIT ?",
            (asked, value, since - span, until + span, *names, _EVENTS),
        ).fetchall():
            if n not in seen:
                seen.add(n)
                yield Line(instant(at), *_call(conn, n, name, principal), "trail", ident, _EVENT_WEIGHT)


def _call(conn: Connection, n: int, name: str, principal: str) -> tuple[str, str]:
    """``PutBucketPolicy by role/session``, and on what."""
    on = conn.execute(
        "SELECT value FROM trail_entity WHERE n = ? AND kind = 'resource' ORDER BY value LIMIT 1", (n,)
    ).fetchone()
    by = principal.rpartition(":")[2].partition("/")[2] or resource_name(principal)
    return token(name) + (f" by {by}" if by else ""), on[0] if on else ""

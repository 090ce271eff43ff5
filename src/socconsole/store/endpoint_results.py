"""Answers sorted by whose they are: those about one endpoint, and those about the estate around all of them; and what
changed of both."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection

from socconsole.model.endpoint import Endpoint, EndpointKind, families
from socconsole.model.posture import OWN, Verdict
from socconsole.store import posture_codec, posture_past, posture_view
from socconsole.store.instants import instant
from socconsole.store.posture_past import Change
from socconsole.store.posture_trust import Trust, family
from socconsole.store.posture_view import Row


def about(conn: Connection, trusted: Trust, endpoint: Endpoint) -> list[Row]:
    """Answers about what the endpoint is made of, and those that could not be given for its whole place: FAIL first.

    The same that count in ``endpoint_view.matrix``.
    """
    place, looked_at = endpoint.place, families(endpoint.kind)
    whole = posture_view.results(
        conn, trusted, subject=f"{place.account}/{place.region}", verdict=Verdict.UNKNOWN, answered_by=OWN
    )
    found = {row.n: row for row in (*posture_view.results(conn, trusted, endpoint=endpoint.id), *whole)}
    rows = [row for row in found.values() if family(row.result.check) in looked_at]
    return sorted(rows, key=lambda row: _RANK[row.result.verdict])


_RANK = {Verdict.FAIL: 0, Verdict.UNKNOWN: 1, Verdict.PASS: 2}


def of_estate(conn: Connection, trusted: Trust) -> list[Row]:
    """Answers about nothing that an endpoint is made of: trails, detectors, the organisation, other buckets."""
    taken: dict[str, frozenset[str]] = {}
    for thing, kind in conn.execute(
        "SELECT DISTINCT p.thing, e.kind FROM endpoint_part AS p JOIN endpoint AS e ON e.id = p.endpoint "
        "WHERE e.gone_at IS NULL"
    ):
        taken[thing] = taken.get(thing, frozenset()) | families(EndpointKind(kind))
    return [
        row
        for row in posture_view.results(conn, trusted)
        if family(row.result.check) not in taken.get(posture_codec.thing(row.result.subject), ())
    ]


def changed(conn: Connection, since: datetime) -> list[Change]:
    """Our verdicts that are others than at ``since``, newest first; of a place that was first evaluated after that,
    others than in its first round: that nobody had looked before is no change."""
    known = posture_past.looked(conn, since)
    found = [one for one in posture_past.changed_since(conn, since) if _place(one) in known]
    first: dict[int, set[str]] = {}
    for place, at in conn.execute("SELECT account || '/' || region, min(at) FROM posture_round GROUP BY 1"):
        if place not in known:
            first.setdefault(at, set()).add(place)
    for at, places in first.items():
        found += [one for one in posture_past.changed_since(conn, instant(at)) if _place(one) in places]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _place(one: Change) -> str:
    return f"{one.place.account}/{one.place.region}"

"""What has come to us lately of what only some intakes bring: data events, and calls that only read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from socconsole.store.instants import micros


@dataclass(frozen=True, slots=True)
class Came:
    """``data``: (account, Region, service) of data events; ``reads``: (account, Region) of management events that only
    read; ``origins``: the sources that brought any of them, as ``sources.origin_of`` names them."""

    data: frozenset[tuple[str, str, str]]
    reads: frozenset[tuple[str, str]]
    origins: frozenset[str]


def came(conn: Connection, since: datetime) -> Came:
    """What has come since, place by place; reads every event of that time."""
    found = conn.execute(
        "SELECT DISTINCT t.account, t.region, t.category, t.source, coalesce(o.name, '') "
        "FROM trail AS t LEFT JOIN origin AS o ON o.n = t.origin "
        "WHERE t.seen > ? AND (t.category = 'data' OR (t.category = 'management' AND t.read_only = 1))",
        (micros(since),),
    ).fetchall()
    return Came(
        frozenset((account, region, service(source)) for account, region, kind, source, _ in found if kind == "data"),
        frozenset((account, region) for account, region, kind, _, _ in found if kind == "management"),
        frozenset(origin for *_, origin in found),
    )


def service(source: str) -> str:
    """``bedrock`` of ``bedrock-agent-runtime.amazonaws.com``: whose selector records the data events of a source."""
    return source.partition(".")[0].partition("-")[0].lower()

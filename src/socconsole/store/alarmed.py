"""What a raised alarm weighs on: names on its way out, and the findings that say them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from sqlite3 import Connection
from typing import Final

from socconsole.model.egress import PathKind
from socconsole.model.world import Place
from socconsole.triage import Context, ways_out

_TOUCHED: Final = 1_000
"""Open findings of one resource that are scored again at once: more belong to no path but to a whole network."""

_UNIQUE: Final = re.compile(r"[a-z]+-(?:[0-9a-f]{8}|[0-9a-f]{17})|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f:]*:[0-9a-f:]+")
"""An id that EC2 gave, or an address."""


def names(conn: Connection) -> tuple[str, ...]:
    """Names of everything on a path with a raised alarm, as ``triage.Context.alarmed`` wants them, sorted.

    Only what is the same in no other account: ids, addresses, buckets and ARNs, not the names of roles or endpoints.
    """
    found: set[str] = set()
    for kind, account, region, resource in conn.execute(
        "SELECT DISTINCT p.kind, p.account, p.region, p.resource FROM alarm AS a "
        "JOIN egress_path AS p ON p.id = a.path WHERE a.raised = 1"
    ):
        found.add(ways_out.resource_arn(PathKind(kind), Place(account, region), resource))
        if kind == PathKind.BUCKET:
            found |= {resource, f"{resource}/*"}  # a finding may name an object in it
        elif _UNIQUE.fullmatch(resource):
            found.add(resource)
    links = conn.execute(
        "SELECT DISTINCT l.value FROM alarm AS a JOIN path_link AS l ON l.path = a.path WHERE a.raised = 1"
    )
    found.update(value for (value,) in links if _UNIQUE.fullmatch(value))
    return tuple(sorted(found))


def in_force(conn: Connection, context: Context) -> Context:
    """The context of a score with what is on a path with a raised alarm at this moment."""
    return replace(context, alarmed=(*context.alarmed, *names(conn)))


def touching(conn: Connection, named: Iterable[str]) -> list[int]:
    """Numbers of the open findings whose resources say any of these names: candidates, found by their words."""
    found: dict[int, None] = {}
    for name in named:
        words = name.rpartition(":")[2].removesuffix("/*").replace('"', " ").strip()
        if not words:
            continue
        for (n,) in conn.execute(
            "SELECT q.n FROM finding_fts AS t JOIN queue AS q ON q.text_row = t.rowid "
            "WHERE finding_fts MATCH ? AND q.closed = 0 LIMIT ?",
            (f'resources : "{words}"', _TOUCHED),
        ):
            found[n] = None
    return list(found)

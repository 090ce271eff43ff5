"""What a finding names, written with the finding, and that it waits to be correlated."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection
from typing import Final

from socconsole import triage
from socconsole.model.entity import Entity, EntityKind
from socconsole.model.finding import Finding, Kind, alias_key
from socconsole.store.instants import storable

ASIDE: Final = frozenset({Kind.VULNERABILITY, Kind.SOFTWARE})
"""Kinds that are never part of an incident: what could happen to a machine, in their thousands."""

STANDING: Final = "posture"
"""The one source whose findings are never part of an incident either: what has stood open for a year is no deed, and
every bucket of an estate has some. They are listed with the resource, by its endpoint and by ``res:``."""

_INSERT: Final = "INSERT INTO finding_entity (kind, value, finding) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_DUE: Final = "INSERT INTO incident_due (finding) VALUES (?) ON CONFLICT DO NOTHING"


def added(conn: Connection, made: Sequence[tuple[int, Finding]]) -> None:
    """Note what new findings name, in the caller's transaction; each with its number."""
    named = [(n, finding, _entities(finding)) for n, finding in made]
    conn.executemany(_INSERT, [(kind.value, value, n) for n, _, entities in named for kind, value in entities])
    conn.executemany(_DUE, [(n,) for n, finding, entities in named if _correlates(finding, entities)])


def changed(conn: Connection, n: int, finding: Finding) -> None:
    """Note what a finding names now, and that it waits, in the caller's transaction."""
    name(conn, n, finding)
    if finding.kind not in ASIDE and finding.sources != (STANDING,):
        conn.execute(_DUE, (n,))


def name(conn: Connection, n: int, finding: Finding) -> None:
    """Note what a finding names now, in the caller's transaction."""
    entities = {(kind.value, value) for kind, value in _entities(finding)}
    known = set(conn.execute("SELECT kind, value FROM finding_entity WHERE finding = ?", (n,)).fetchall())
    if entities != known:
        conn.executemany(
            "DELETE FROM finding_entity WHERE kind = ? AND value = ? AND finding = ?",
            [(*each, n) for each in known - entities],
        )
        conn.executemany(_INSERT, [(*each, n) for each in entities - known])


def _entities(finding: Finding) -> set[Entity]:
    found = {
        (kind, storable(value))
        for kind, value in triage.entities_of(finding.resources, finding.actors, finding.account)
    }
    return found | {(EntityKind.SIGNAL, alias_key(key)) for key in finding.signals}


def _correlates(finding: Finding, entities: set[Entity]) -> bool:
    """A control can only join an incident by the store that it names."""
    if finding.sources == (STANDING,):
        return False
    if finding.kind is Kind.CONTROL:
        return any(kind is EntityKind.BUCKET for kind, _ in entities)
    return finding.kind not in ASIDE

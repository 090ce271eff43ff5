"""When alarms on ways out rang, and for whose traffic: what correlation and stories have to know of their findings.

A finding of an alarm is one however often that rings, so that its own dates reach back to the first time: what it has
to do with an incident is only the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.egress import PathKind
from socconsole.model.entity import Entity, EntityKind
from socconsole.model.finding import alias_key
from socconsole.store import alarm_finding, egress, egress_codec
from socconsole.store.instants import instant

_INSTANCE: Final = re.compile(r"i-[0-9a-f]{8,17}")


@dataclass(frozen=True, slots=True)
class Ring:
    """The last time that an alarm rang."""

    since: datetime
    hosts: frozenset[Entity]
    """Instances behind its NAT gateway, as route tables have it; none for any other way out, which nobody shares."""


def rings(conn: Connection) -> dict[int, Ring]:
    """By the number of its finding, each alarm that ever rang."""
    found: dict[int, Ring] = {}
    for doc, path, rang in conn.execute("SELECT doc, path, rang FROM alarm WHERE rang IS NOT NULL").fetchall():
        key = alias_key(alarm_finding.merge_key(egress_codec.unpack_alarm(doc)))
        row = conn.execute("SELECT finding FROM alias WHERE key = ?", (key,)).fetchone()
        if row is not None:
            found[row[0]] = Ring(instant(rang), _behind(conn, path))
    return found


def _behind(conn: Connection, path_id: str | None) -> frozenset[Entity]:
    path = egress.path(conn, path_id) if path_id else None
    if path is None or path.kind is not PathKind.NAT:
        return frozenset()
    return frozenset((EntityKind.INSTANCE, link) for link in path.links if _INSTANCE.fullmatch(link))

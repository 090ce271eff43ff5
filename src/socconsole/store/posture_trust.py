"""What may be said of posture at one moment: how far its sources are believed, and that as SQL.

A PASS of a place whose source ``posture`` does not answer is UNKNOWN, and so is whatever another scanner said more than
a day ago, or through a source that is not fresh. A FAIL of ours stays one, however old: nobody has seen it mended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection
from typing import Any, Final

from socconsole.model.source import Freshness, SourceState
from socconsole.store import sources
from socconsole.store.instants import micros

SERVICE: Final = "posture"
"""The source that our own evaluations are."""

OLD: Final = timedelta(hours=24)
"""An answer of another scanner counts for this long."""

_ANSWERING: Final = (Freshness.FRESH, Freshness.PARTIAL)


def family(check: str) -> str:
    """``S3`` of ``S3-01``."""
    return check.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class Trust:
    """What may be believed at one moment. Make one with :func:`trust`, and read everything of a screen with it."""

    now: datetime
    states: tuple[SourceState, ...]
    """Of every source in scope."""
    dark: tuple[str, ...]
    """Places (``account/region``) in scope whose posture source does not answer: no PASS is said of them."""
    scope: tuple[str, ...]
    """All places in scope of posture."""
    stale: tuple[str, ...]
    """Origins whose source is not fresh."""

    @property
    def posture(self) -> tuple[SourceState, ...]:
        """The posture sources: any that is not FRESH spoils every "all PASS"."""
        return tuple(one for one in self.states if one.key.service == SERVICE)

    def parameters(self) -> dict[str, Any]:
        """What the pieces of SQL below are given."""
        return {
            "oldest": micros(self.now - OLD),
            "stale": json.dumps(self.stale),
            "dark": json.dumps(self.dark),
            "scope": json.dumps(self.scope),
        }


def trust(conn: Connection, now: datetime | None = None) -> Trust:
    """How far the sources of this store can be believed at ``now`` (default: this moment)."""
    at = now or datetime.now(UTC)
    states = tuple(sources.states(conn, now=at))
    places = {f"{one.key.account}/{one.key.region}": one for one in states if one.key.service == SERVICE}
    return Trust(
        now=at,
        states=states,
        dark=tuple(place for place, one in places.items() if one.freshness not in _ANSWERING),
        scope=tuple(places),
        stale=tuple(sources.origin_of(one.key) for one in states if one.freshness is not Freshness.FRESH),
    )


# What may be said of row r; of ours in scope, and of others wherever they looked.
SAYS: Final = """CASE
    WHEN r.answered_by <> 'own' THEN iif(r.evaluated < :oldest OR r.origin IN (SELECT value FROM json_each(:stale)),
        'UNKNOWN', r.verdict)
    WHEN r.verdict = 'PASS' AND r.account || '/' || r.region IN (SELECT value FROM json_each(:dark)) THEN 'UNKNOWN'
    ELSE r.verdict END"""
IN_SCOPE: Final = "(r.answered_by <> 'own' OR r.account || '/' || r.region IN (SELECT value FROM json_each(:scope)))"
RANK: Final = f"CASE {SAYS} WHEN 'FAIL' THEN 0 WHEN 'UNKNOWN' THEN 1 ELSE 2 END"

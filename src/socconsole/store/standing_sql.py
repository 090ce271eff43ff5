"""``triage.state`` in SQL, so that a filter on the state can use stored instants and the moment of reading.

Tests hold the two to the same answer for generated facts. Parameters: ``:now`` (microseconds) and ``:fresh`` (a
JSON list of the origins that are FRESH). Trail and meters are not asked yet whether a path fell silent, so nothing is
ever quiet: silence of sources that cannot see a path proves nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from socconsole import triage


def _span(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


_LIMIT: Final = _span(triage.SNOOZE_LIMIT)

RESOLVED: Final = "closed = 1"
SNOOZED: Final = (
    "(coalesce(snoozed_until, 0) > :now AND sequence = 0 AND snooze_print IS print "
    f"AND snoozed_until - coalesce(snoozed_at, :now) <= {_LIMIT} AND snoozed_until - :now <= {_LIMIT})"
)
_BLOCKS: Final = "(blocked_at IS NOT NULL AND (occurred IS NULL OR occurred <= blocked_at))"
_FRESH: Final = (
    "NOT EXISTS (SELECT 1 FROM observation AS o JOIN origin AS g ON g.n = o.origin "
    "WHERE o.finding = queue.n AND o.head = 1 AND g.name NOT IN (SELECT value FROM json_each(:fresh)))"
)
BLOCKED: Final = f"({_BLOCKS} AND {_FRESH})"


def _started(ended: str, start: str) -> str:
    """When it began afresh, given that something ended it: only an act after the last event counts."""
    return (
        f"(CASE WHEN {ended} IS NOT NULL AND occurred > {ended} AND ({start} IS NULL OR {start} <= {ended}) "
        f"THEN occurred ELSE {start} END)"
    )


_START: Final = _started("resolved_at", _started("blocked_at", "resumed_at"))
ACKNOWLEDGED: Final = (
    f"(CASE WHEN acked_at IS NOT NULL THEN {_START} IS NULL OR acked_at >= {_START} "
    f"ELSE workflow = 'NOTIFIED' AND {_START} IS NULL END)"
)
STATE: Final = (
    f"(CASE WHEN {RESOLVED} THEN 'resolved' WHEN {SNOOZED} THEN 'snoozed' WHEN {BLOCKED} THEN 'blocked' "
    f"WHEN {ACKNOWLEDGED} THEN 'acknowledged' ELSE 'new' END)"
)
LEAVING: Final = (
    f"(CASE WHEN leaks = 0 THEN NULL WHEN {BLOCKED} THEN 'blocked' "
    f"WHEN occurred IS NOT NULL AND :now - occurred < {_span(triage.QUIET_AFTER)} AND NOT {_BLOCKS} THEN 'yes' "
    "ELSE 'cannot_see' END)"
)
_NEVER: Final = "-9223372036854775807"
_ENDED: Final = f"max(coalesce(acked_at, {_NEVER}), coalesce(blocked_at, {_NEVER}), coalesce(resolved_at, {_NEVER}))"
FIRING: Final = (
    f"(occurred IS NOT NULL AND ((resumed_at IS NOT NULL AND {_ENDED} < resumed_at) "
    f"OR ({_ENDED} > {_NEVER} AND occurred > {_ENDED})))"
)

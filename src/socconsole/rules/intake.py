"""Whether what rules wait for is recorded, and comes here: only then does their silence say anything.

A trail that writes to a bucket tells nobody. What it records comes here by push, if that bucket is announced to us and
the queue answers, or out of its log group. Judged for each account and Region by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from socconsole.config import PushConfig
from socconsole.model.source import Freshness, SourceKey
from socconsole.model.trail import MANAGEMENT, Recording
from socconsole.rules.rule import READS
from socconsole.store import recording, rule_intake, sources
from socconsole.store.db import Connection
from socconsole.store.rule_intake import Came

LATELY: Final = timedelta(hours=1)
"""The window in which it counts whether what a rule looks at is recorded, and comes."""

_LISTED: Final = 3
"""Places that are named; of others it is said how many they are."""
_NO_READS: Final = "none came in the last hour (push or a trail's log group brings them)"
_NOT_HERE: Final = "recorded, but nothing brings them here (push from the trail's bucket, or its log group, does)"

_Place = tuple[str, str]


def lacking(conn: Connection, needs: Iterable[str], now: datetime, push: PushConfig | None) -> dict[str, str]:
    """What a rule needs → why that does not come, and where; nothing for what comes from everywhere."""
    intake = _Intake(conn, now, push, rule_intake.came(conn, now - LATELY))
    found = {}
    for need in needs:
        where: dict[str, list[_Place]] = {}
        for place in recording.places(conn) or [("", "")]:
            if why := intake.why_not(need, place):
                where.setdefault(why, []).append(place)
        said = "; ".join(f"{why}{_named(places)}" for why, places in where.items())
        if said:
            found[need] = f"{'calls that only read' if need == READS else f'data events of {need}'}: {said}"
    return found


@dataclass(frozen=True, slots=True)
class _Intake:
    conn: Connection
    now: datetime
    push: PushConfig | None
    came: Came

    def why_not(self, need: str, place: _Place) -> str:
        account, region = place
        if need == READS:
            reads = self.came.reads
            come = place in reads or (not account and bool(reads)) or self._delivered(place, MANAGEMENT)
            return "" if come else _NO_READS
        verdict, why = recording.recorded(
            self.conn, "*", (self.now - LATELY, self.now), need, account=account or None, region=region or None
        )
        if verdict is not Recording.RECORDED:
            return why
        return "" if (*place, need) in self.came.data or self._delivered(place, need) else _NOT_HERE

    def _delivered(self, place: _Place, what: str) -> bool:
        """Whether it would be brought here if it happened, however quiet it is."""
        buckets, groups = recording.delivered(self.conn, place, what)
        if self.push is not None and buckets & set(self.push.trail_buckets):
            queue = SourceKey("push", self.push.account, self.push.region)
            states = sources.states(self.conn, now=self.now)
            if any(state.key == queue and state.freshness is Freshness.FRESH for state in states):
                return True
        return any(_reader(group) in self.came.origins for group in groups)


def _reader(group: str) -> str:
    """Which source reads a log group: that of the place where it lies."""
    _, _, _, region, account, *_ = f"{group}:::::".split(":")
    return sources.origin_of(SourceKey("trail", account, region))


def _named(places: list[_Place]) -> str:
    names = [f"{account} {region}" for account, region in places if account]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f" ({', '.join(names[:_LISTED])}{more})" if names else ""

"""The ways out that findings name, each once: what leaves by it beside what is usual there, and what was contained.

Reading only. A rate at or below what is usual is told as that and never as nothing: what is stolen slowly leaves
within what is usual, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.egress import EgressPath
from socconsole.store import actions, egress, leaving
from socconsole.store.leaving import Flow
from socconsole.text import clean
from socconsole.triage.amounts import amount, per_minute

_NAMES: Final = (
    "p.gone_at IS NULL AND e.value = p.resource AND e.kind IN ('resource', p.kind) "
    "AND (p.kind = 'bucket' OR q.account IS NULL OR q.account = p.account)"
)
"""That a finding ``q`` names a way out ``p`` itself by its entity ``e``, as ``egress_view.findings_on`` has it."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way out as it stands at an instant."""

    path: EgressPath
    flow: Flow
    contained: tuple[ActionRecord, ...]
    """Containments on it that AWS says are in force, oldest first."""

    @property
    def ordinary(self) -> bool:
        """No more leaves than as a rule. False where either is not known."""
        return self.flow.rate is not None and self.flow.usual is not None and self.flow.rate <= self.flow.usual

    @property
    def exceeds(self) -> bool:
        """More leaves than as a rule. False where either is not known."""
        return self.flow.rate is not None and self.flow.usual is not None and self.flow.rate > self.flow.usual

    @property
    def blind(self) -> bool:
        """Nobody can see how much leaves; ``flow.cannot_see`` says why."""
        return self.flow.rate is None

    @property
    def leaves(self) -> bool:
        """Something is seen to leave."""
        return bool(self.flow.rate)


def of_findings(conn: Connection, ids: Iterable[str], now: datetime, more: Iterable[str] = ()) -> list[Way]:
    """The ways out that any of these findings names, and ``more`` of them by their ids; what leaves most first, as
    :func:`order` has it. However many findings: none of them is read."""
    named = conn.execute(
        "SELECT DISTINCT p.id FROM egress_path AS p CROSS JOIN finding_entity AS e CROSS JOIN queue AS q "
        f"ON q.n = e.finding WHERE {_NAMES} AND q.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return ways(conn, dict.fromkeys([*(id_ for (id_,) in named), *more]), now)


def ways(conn: Connection, paths: Iterable[str], now: datetime) -> list[Way]:
    """These ways out by their ids, what leaves most first."""
    in_force = actions.in_force(conn)
    found = [egress.path(conn, id_) for id_ in paths]
    return order(
        Way(path, leaving.flow(conn, path.id, now), contained_on(path, in_force)) for path in found if path is not None
    )


def order(found: Iterable[Way]) -> list[Way]:
    """More than usual first, of it the largest rate; then what cannot be measured; then what is usual, and by what
    nothing leaves. Bytes before what is counted otherwise: a token is no byte."""
    return sorted(found, key=_order)


def _order(one: Way) -> tuple[int, bool, float, str]:
    rank = 1 if one.flow.rate is None else 3 if not one.leaves else 2 if one.ordinary else 0
    return rank, one.flow.unit != "bytes", -(one.flow.rate or 0.0), one.path.resource


def contained_on(path: EgressPath, in_force: Sequence[ActionRecord]) -> tuple[ActionRecord, ...]:
    """The containments among ``in_force`` that hold on a way out, or on what it belongs to."""
    return tuple(
        one
        for one in in_force
        if one.place.account == path.place.account
        and one.state is ActionState.APPLIED
        and one.target in (path.resource, *path.links)
    )


def said(one: Way) -> str:
    """A way out in words: what leaves, beside what is usual, when the last of it left, and what was contained."""
    words = [f"{clean(one.path.resource, 80)} {measured(one)}"]
    last = one.flow.last_byte
    if last is not None:
        words.append(f"last byte {last:%H:%M:%SZ}")
    words += contained(one)
    return ", ".join(words)


def measured(one: Way) -> str:
    """``726 MB/min (usual 7.6 MB/min)``; of a rate that is not known why."""
    flow = one.flow
    if flow.rate is None:
        return f"how much cannot be seen ({flow.cannot_see})"
    if not flow.rate:
        return "nothing in the last measured minutes"
    usual = "not known" if flow.usual is None else f"{amount(flow.usual * 60, flow.unit)}/min"
    if one.ordinary:
        return f"{per_minute(flow.rate, flow.unit)}, not above what is usual there ({usual})"
    return f"{per_minute(flow.rate, flow.unit)} (usual: {usual})"


def contained(one: Way) -> list[str]:
    """What was contained on it and read back, and whether anything was seen to leave after that."""
    if not one.contained:
        return []
    last, newest = one.flow.last_byte, one.contained[-1]
    by = ", ".join(dict.fromkeys(each.action for each in one.contained))
    at = newest.settled or newest.intended
    words = f"contained {at:%H:%M:%SZ} by {by}"
    if last is None:
        return [words]
    if last <= at:
        return [f"{words}, after it"]
    return [f"{words}, and a byte after that" + (", as is usual there" if one.ordinary else "")]

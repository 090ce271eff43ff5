"""What a view, a query and an order mean to SQLite: which rows of ``queue`` count, and the index to read them by."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from socconsole.model.standing import State
from socconsole.store import standing_sql
from socconsole.store.filter import Params, View, compile, view_conditions
from socconsole.store.instants import micros
from socconsole.triage.query import Query


class SortBy(StrEnum):
    PRIORITY = "priority"
    SEVERITY = "severity"
    AGE = "age"
    TITLE = "title"
    PLACE = "place"


class Sort(msgspec.Struct, frozen=True):
    """An order and its direction; ``reverse`` turns the natural one round (worst, newest, A first)."""

    by: SortBy = SortBy.PRIORITY
    reverse: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """What it goes by; the last is ``n``, so that no two rows are equal."""
        return _ORDERS[self.by][0]

    @property
    def descending(self) -> bool:
        return _ORDERS[self.by][1] != self.reverse

    @property
    def sql(self) -> str:
        """For ORDER BY."""
        return ", ".join(f"{column} DESC" if self.descending else column for column in self.columns)


_ORDERS: Final[dict[SortBy, tuple[tuple[str, ...], bool]]] = {
    # Ties by when a finding was first known, which never moves: rows must not swap as events arrive.
    SortBy.PRIORITY: (("score", "first", "n"), True),
    SortBy.SEVERITY: (("severity", "score", "first", "n"), True),
    SortBy.AGE: (("at", "n"), True),
    SortBy.TITLE: (("title", "n"), False),
    SortBy.PLACE: (("place", "n"), False),
}
WORST_FIRST: Final = Sort()

_OPEN_INDEX: Final = {
    SortBy.SEVERITY: "queue_severity",
    SortBy.AGE: "queue_at",
    SortBy.TITLE: "queue_title",
    SortBy.PLACE: "queue_place",
}

# Plain conditions where there are some, because an index is chosen by them.
_LEFT_OUT: Final = {state: f"{standing_sql.STATE} <> '{state.value}'" for state in State} | {
    State.RESOLVED: "closed = 0",
    State.SNOOZED: f"(snoozed_until IS NULL OR NOT (closed = 0 AND {standing_sql.SNOOZED}))",
}
FOLDED: Final = "folded = 0"
"""Leaves out what an incident's lead stands for."""


class Scan(msgspec.Struct, frozen=True):
    """Where to read and which rows count. The index is named because SQLite cannot know that a page is wanted."""

    table: str
    where: str
    params: Params


def scan_of(
    view: View, query: Query, sort: Sort, *, now: datetime, me: str, hide: tuple[State, ...], fresh: str, folded: bool
) -> Scan:
    """Which rows a view and a query have, to be read in this order.

    ``fresh`` is JSON, the origins that answer: states depend on them, and on ``now``.
    """
    wanted = compile(query, now, me)
    parts = view_conditions(view, query)
    if hide and not query.asks("state") and not query.asks("incident"):
        parts += [_LEFT_OUT[state] for state in hide]
    elif _asks_for_open(query):
        parts.append("closed = 0")
    if folded:
        parts.append(FOLDED)
    found_by_itself = query.words or query.asks("id") or query.asks("incident")
    index = None if found_by_itself else _index(parts, sort)
    parts.append(wanted.sql)
    params = {**wanted.params, "now": micros(now), "fresh": fresh, "me": me}
    return Scan(f"queue INDEXED BY {index}" if index else "queue", " AND ".join(parts), params)


def _asks_for_open(query: Query) -> bool:
    """Whether some term on the state leaves out what is resolved anyway, so that the open findings' indexes do."""
    return any(t.field == "state" and not t.negated and State.RESOLVED not in t.values for t in query.terms)


def _index(conditions: list[str], sort: Sort) -> str | None:
    """The index made for an order under these conditions; None where there is none."""
    if "sample = 0" not in conditions:
        return None
    if "closed = 0" not in conditions:
        return "queue_score" if sort.by is SortBy.PRIORITY else None
    if sort.by is SortBy.PRIORITY:
        if "kind = 'threat'" not in conditions:
            return "queue_open"
        return "queue_lead" if FOLDED in conditions else "queue_threat"
    return _OPEN_INDEX[sort.by]

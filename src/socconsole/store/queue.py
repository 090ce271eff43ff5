"""Triage's table over ``queue``: what it holds, how many, and where a finding stands in it.

A list may be read ``folded``: then an incident's lead stands for those of its findings that are folded under it
(``folding``), and says how many they are and how many of them are new at this instant.

Rows are read in blocks through the order's own index: after a block that is known by continuing behind its last
row, elsewhere by offset over the index alone, so that a page costs the same at the top and in the middle of a
million. Nothing is read in a transaction that outlives a call.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from sqlite3 import OperationalError
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from socconsole.model.standing import Severity, State
from socconsole.store import db, sources, standing_sql
from socconsole.store.filter import View, view_conditions
from socconsole.store.instants import instant, micros
from socconsole.store.queue_row import SELECT, QueueRow, row, with_folds
from socconsole.store.queue_scan import FOLDED, WORST_FIRST, Scan, Sort, SortBy, scan_of
from socconsole.triage.query import Query

__all__ = ["EVERYTHING", "Count", "QueueReader", "QueueRow", "Sort", "SortBy", "View"]

BLOCK: Final = 128
_BLOCKS_KEPT: Final = 24
_TICK_US: Final = 1_000_000
"""States depend on the clock: what was read is used for at most this long."""

EVERYTHING: Final = Query()


class Count(msgspec.Struct, frozen=True):
    """How many rows. Where ``exact`` is False there are at least ``n``: to be shown with a ≥."""

    n: int
    exact: bool = True


_COUNTED: Final = {State.RESOLVED, State.SNOOZED}

_Key = tuple[Any, ...]


class _Block(msgspec.Struct):
    rows: list[QueueRow]
    last: _Key | None
    """Sort key of its last row, from which the next block continues."""


class QueueReader:
    """One reader over one store; for one thread at a time.

    ``me`` is the analyst, for the view of what is his and for ``owner:me``. ``hide`` names states that are left
    out unless a query speaks of states itself (a console hides what is snoozed or resolved; a report nothing).
    """

    def __init__(self, path: Path | str, me: str = "", hide: tuple[State, ...] = ()) -> None:
        self._conn = db.connect(path, readonly=True)
        self._me = me
        self._hide = hide
        self._blocks: OrderedDict[tuple[View, Query, Sort, bool, int], _Block] = OrderedDict()
        self._moment: tuple[int, int] = (-1, 0)
        self._fresh = "[]"

    def close(self) -> None:
        self._conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def version(self) -> int:
        """A number that changes whenever another connection has committed (``PRAGMA data_version``)."""
        found: int = self._conn.execute("PRAGMA data_version").fetchone()[0]
        return found

    def count(
        self,
        view: View,
        query: Query = EVERYTHING,
        *,
        now: datetime,
        budget_s: float | None = None,
        folded: bool = False,
    ) -> Count:
        """How many rows a view and a query have.

        Without a query the answer is kept by triggers and costs next to nothing. Otherwise it is counted: exactly, or
        for at most ``budget_s`` seconds, after which the count says it is a lower bound.
        """
        if not query.terms and not query.words and view is not View.MINE and _COUNTED.issuperset(self._hide):
            return Count(self._unfiltered(view, now, folded))
        scan = self._scan(view, query, now, folded=folded)
        if budget_s is None:
            counted = self._conn.execute(f"SELECT count(*) FROM {scan.table} WHERE {scan.where}", scan.params)
            return Count(counted.fetchone()[0])
        return self._count_within(scan, budget_s)

    def incidents(self, view: View) -> int:
        """How many incident candidates have a finding open in a view (all of them for the view of one's own)."""
        only = "AND threat = 1" if view is View.THREATS else ""
        found: int = self._conn.execute(f"SELECT count(*) FROM incident WHERE lead IS NOT NULL {only}").fetchone()[0]
        return found

    def totals(self, view: View) -> dict[Severity, int]:
        """How many open findings of each severity a view has, samples aside; snoozed ones count."""
        if view is View.MINE:
            rows = self._conn.execute(
                "SELECT severity, count(*) FROM queue WHERE sample = 0 AND closed = 0 AND owner = ? GROUP BY severity",
                (self._me,),
            )
        else:
            only = "AND kind = 'threat'" if view is View.THREATS else ""
            rows = self._conn.execute(
                f"SELECT severity, sum(n) FROM tally WHERE sample = 0 AND closed = 0 {only} GROUP BY severity"
            )
        return {Severity(severity): n for severity, n in rows if n}

    def window(
        self,
        view: View,
        query: Query = EVERYTHING,
        sort: Sort = WORST_FIRST,
        *,
        offset: int,
        limit: int,
        now: datetime,
        folded: bool = False,
    ) -> list[QueueRow]:
        """Rows ``offset`` to ``offset + limit`` of the order; fewer at its end."""
        self._settle(now)
        out: list[QueueRow] = []
        number, skip = divmod(max(0, offset), BLOCK)
        while len(out) < limit:
            block = self._block(view, query, sort, folded, number)
            out += block.rows[skip : skip + limit - len(out)]
            if len(block.rows) < BLOCK:
                break
            number, skip = number + 1, 0
        return out

    def position_of(
        self,
        id: str,
        view: View,
        query: Query = EVERYTHING,
        sort: Sort = WORST_FIRST,
        *,
        now: datetime,
        folded: bool = False,
    ) -> int | None:
        """Where a finding stands in the order, from 0; None when the view and the query leave it out.

        In a folded list a finding stands where its lead does."""
        self._settle(now)
        scan = self._scan(view, query, now, sort, folded)
        names = ", ".join(sort.columns)
        stands = "(SELECT n FROM finding WHERE id = :id)"
        if folded:
            stands = (
                "(SELECT iif(q.folded, i.lead, q.n) FROM finding AS f JOIN queue AS q ON q.n = f.n "
                "LEFT JOIN incident AS i ON i.id = q.incident WHERE f.id = :id)"
            )
        key = self._conn.execute(
            f"SELECT {names} FROM queue WHERE n = {stands} AND {scan.where}", {**scan.params, "id": id}
        ).fetchone()
        if key is None:
            return None
        bound = {f"k{i}": value for i, value in enumerate(key)}
        found: int = self._conn.execute(
            f"SELECT count(*) FROM {scan.table} WHERE {scan.where} AND ({names}) {'>' if sort.descending else '<'} "
            f"({', '.join(f':{name}' for name in bound)})",
            {**scan.params, **bound},
        ).fetchone()[0]
        return found

    def ids(
        self,
        view: View,
        query: Query = EVERYTHING,
        *,
        now: datetime,
        limit: int,
        sort: Sort = WORST_FIRST,
    ) -> list[str]:
        """Ids in the order of the table, for marks and bulk acts."""
        scan = self._scan(view, query, now, sort)
        return [
            id_
            for (id_,) in self._conn.execute(
                f"SELECT id FROM {scan.table} WHERE {scan.where} ORDER BY {sort.sql} LIMIT :limit",
                {**scan.params, "limit": limit},
            )
        ]

    def newest_critical_since(self, since: datetime, *, now: datetime) -> QueueRow | None:
        """The latest open critical threat first seen after ``since``; samples never."""
        return self._one(
            "severity = 4 AND sample = 0 AND closed = 0 AND kind = 'threat' AND seen > :since "
            "ORDER BY seen DESC, n DESC",
            now,
            since=micros(since),
        )

    def oldest_unacknowledged(self, now: datetime) -> QueueRow | None:
        """The threat that has been waiting longest for anyone: state new, first seen longest ago."""
        return self._one(
            "acked_at IS NULL AND sample = 0 AND closed = 0 AND kind = 'threat' "
            f"AND {standing_sql.STATE} = 'new' ORDER BY seen, n",
            now,
        )

    # --- inside ---

    def _unfiltered(self, view: View, now: datetime, folded: bool) -> int:
        parts = [*view_conditions(view, EVERYTHING), *([FOLDED] if folded else [])]
        if State.RESOLVED in self._hide:
            parts.append("closed = 0")
        where = " AND ".join(parts)
        n: int = self._conn.execute(f"SELECT coalesce(sum(n), 0) FROM tally WHERE {where}").fetchone()[0]
        if State.SNOOZED in self._hide:  # few, and found by their own index
            n -= self._conn.execute(
                f"SELECT count(*) FROM queue WHERE snoozed_until > :now AND closed = 0 AND {standing_sql.SNOOZED} "
                f"AND {where}",
                {"now": micros(now)},
            ).fetchone()[0]
        return n

    def _one(self, where: str, now: datetime, **params: int) -> QueueRow | None:
        self._settle(now)
        found = self._conn.execute(
            f"SELECT {SELECT} FROM queue WHERE {where} LIMIT 1",
            {**params, "now": micros(now), "fresh": self._fresh},
        ).fetchone()
        return None if found is None else row(found)

    def _settle(self, now: datetime) -> None:
        """Forget what was read when another connection has committed or the clock has moved on."""
        version, at = self.version(), micros(now)
        known, since = self._moment
        if version == known and 0 <= at - since < _TICK_US:
            return
        self._blocks.clear()
        self._moment = (version, at)
        self._fresh = msgspec.json.encode(sorted(sources.fresh_origins(self._conn, now))).decode()

    def _scan(self, view: View, query: Query, now: datetime, sort: Sort = WORST_FIRST, folded: bool = False) -> Scan:
        self._settle(now)
        return scan_of(view, query, sort, now=now, me=self._me, hide=self._hide, fresh=self._fresh, folded=folded)

    def _block(self, view: View, query: Query, sort: Sort, folded: bool, number: int) -> _Block:
        place = (view, query, sort, folded, number)
        known = self._blocks.get(place)
        if known is not None:
            self._blocks.move_to_end(place)
            return known
        previous = self._blocks.get((view, query, sort, folded, number - 1))
        block = self._read(view, query, sort, folded, number, None if previous is None else previous.last)
        self._blocks[place] = block
        while len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return block

    def _read(self, view: View, query: Query, sort: Sort, folded: bool, number: int, after: _Key | None) -> _Block:
        scan = self._scan(view, query, instant(self._moment[1]), sort, folded)
        names, order = ", ".join(sort.columns), sort.sql
        if after is None:
            # The index alone finds the numbers; only the block's own rows are then looked up.
            inner = f"SELECT n FROM {scan.table} WHERE {scan.where} ORDER BY {order} LIMIT :limit OFFSET :offset"
            source = f"queue WHERE n IN ({inner})"
            bound: dict[str, Any] = {"offset": number * BLOCK}
        else:
            bound = {f"k{i}": value for i, value in enumerate(after)}
            behind = f"({names}) {'<' if sort.descending else '>'} ({', '.join(f':{name}' for name in bound)})"
            source = f"{scan.table} WHERE {scan.where} AND {behind}"
        found = self._conn.execute(
            f"SELECT {SELECT}, {names} FROM {source} ORDER BY {order} LIMIT :limit",
            {**scan.params, **bound, "limit": BLOCK},
        ).fetchall()
        width = len(sort.columns)
        rows = [row(values) for values in found]
        if folded:  # every order ends in ``n``, so that is a row's number
            rows = with_folds(self._conn, rows, [values[-1] for values in found], self._moment[1], self._fresh)
        return _Block(rows, tuple(found[-1][-width:]) if found else None)

    def _count_within(self, scan: Scan, budget_s: float) -> Count:
        """Count until the time is up. Batches, so that a count cut short still knows what it saw."""
        seen = 0
        with self._deadline(budget_s) as over:
            try:
                cursor = self._conn.execute(f"SELECT 1 FROM {scan.table} WHERE {scan.where}", scan.params)
                while batch := cursor.fetchmany(1_000):
                    seen += len(batch)
            except OperationalError:
                if not over():
                    raise
                return Count(seen, exact=False)
        return Count(seen)

    @contextmanager
    def _deadline(self, budget_s: float) -> Iterator[Any]:
        end = time.monotonic() + budget_s

        def over() -> bool:
            return time.monotonic() >= end

        self._conn.set_progress_handler(over, 2_000)
        try:
            yield over
        finally:
            self._conn.set_progress_handler(None, 0)

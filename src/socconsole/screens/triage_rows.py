"""Triage's rows: the queue as a table asks for it, at a million rows too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from socconsole.store.filter import View
from socconsole.store.queue import Count, QueueRow, Sort
from socconsole.triage.query import Query
from socconsole.widgets.table import RowSource

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk

_COUNT_S: Final = 0.008
"""What counting may cost on the event loop; a longer count is finished in a thread."""
_NEAR: Final = 128


class TriageRows(RowSource[QueueRow]):
    """The queue under one view, query and order; ``folded``: with one row an incident.

    Counting and finding a position walk an index at a million rows, so both are answered from what was known
    where that still holds.
    """

    def __init__(self, desk: Desk, view: View, query: Query, sort: Sort, folded: bool = False) -> None:
        self._desk = desk
        self.view = view
        self.query = query
        self.sort = sort
        self.folded = folded
        self.total = Count(0)
        self._version = -1
        self._places: dict[str, int] = {}

    def count(self) -> int:
        version = self._desk.queue.version()
        if version != self._version or not self.total.exact:
            known = self.total
            self.total = self._desk.queue.count(
                self.view, self.query, now=self._desk.now(), budget_s=_COUNT_S, folded=self.folded
            )
            if not self.total.exact and known.n > self.total.n:
                self.total = Count(known.n, exact=False)
            if not self.total.exact and self.total.n < _NEAR:
                # Counting ran out of time before it had counted what is there to be shown.
                self.total = Count(max(self.total.n, len(self._window(0, _NEAR))), exact=False)
            self._version = version
        return self.total.n

    def window(self, offset: int, limit: int) -> Sequence[QueueRow]:
        rows = self._window(offset, limit)
        self._places = {row.id: offset + index for index, row in enumerate(rows)}
        return rows

    def key(self, row: QueueRow) -> str:
        return row.id

    def position_of(self, key: str) -> int | None:
        known = self._places.get(key)
        if known is not None:
            first = max(0, known - _NEAR)
            for index, row in enumerate(self._window(first, 2 * _NEAR)):
                if row.id == key:
                    return first + index
        return self._desk.queue.position_of(
            key, self.view, self.query, self.sort, now=self._desk.now(), folded=self.folded
        )

    def _window(self, offset: int, limit: int) -> Sequence[QueueRow]:
        return self._desk.queue.window(
            self.view, self.query, self.sort, offset=offset, limit=limit, now=self._desk.now(), folded=self.folded
        )

"""Triage: the findings that wait for someone, worst first, and beside them why."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec
from textual import events

from socconsole.model.source import Freshness, SourceState
from socconsole.screens import opening, triage_columns, words
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.health import describe
from socconsole.screens.incident_acts import FIELD, IncidentActs, folds
from socconsole.screens.marking import MARKS_LIMIT, MarkedList
from socconsole.screens.triage_rows import TriageRows
from socconsole.store import clear
from socconsole.store.filter import View
from socconsole.store.queue import EVERYTHING, QueueRow, Sort, SortBy
from socconsole.store.session import Session
from socconsole.text import clean
from socconsole.triage.query import parse
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Column
from socconsole.widgets.table import RowSource

_COUNT_PAUSE_S: Final = 2.0
_NAMED: Final = 4
"""Sources named in an empty list; the rest are counted."""
_RESTORED_S: Final = 30.0
"""How long a new shift is told that the last one's filter still stands."""
_SORT_COLUMNS: Final = {
    SortBy.PRIORITY: "score",
    SortBy.SEVERITY: "sev",
    SortBy.AGE: "",
    SortBy.TITLE: "what",
    SortBy.PLACE: "where",
}
"""The column that carries the sign of the order; the last activity has none, so the title says it."""
_ORDER_WORDS: Final = {SortBy.AGE: "last activity"}


class TriageScreen(MarkedList[QueueRow], IncidentActs):
    place: ClassVar[str] = "triage"
    titled: ClassVar[str] = "Triage"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "acknowledge", "claim", "note", "snooze", "contain", "incident", "filter", "command", "help", "case", "verify",
        "escalate", "view", "sort", "mark", "raw", "copy", "undo",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        kept = desk.session
        self.view = View(kept.view) if kept.view in set(View) else View.THREATS
        self.sort = _sort(kept.sort)
        self._counting = False
        self._begun = False
        """The rows have been painted once."""
        self._touched = False
        """A key was pressed: from then on the cursor is the analyst's."""
        try:
            parse(kept.filter)
        except ValueError:  # written by another version: better no filter than none of the findings
            return
        self.filter_text = kept.filter

    # -- the list --------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[QueueRow]]:
        return triage_columns.columns(self.desk)

    def source(self, text: str) -> RowSource[QueueRow]:
        query = parse(text) if text else EVERYTHING
        return TriageRows(self.desk, self.view, query, self.sort, folds(self.view, query, self.sort))

    @property
    def rows(self) -> TriageRows:
        if not isinstance(self.shown, TriageRows):
            raise TypeError("Triage shows triage rows")
        return self.shown

    def built(self) -> None:
        super().built()
        self._show_sort()

    def begin(self) -> None:
        """Behind the first frame, as it is known by then how many rows there is room for: the rest of the last session,
        and the detail."""
        if not self.is_built:
            return
        kept, table = self.desk.session.cursor, self.table
        if kept and not table.cursor:
            # Only among what the first page shows: the worst must not have scrolled away before anybody looked.
            at = self.rows.position_of(kept)
            if at is not None and at < table.rows_in_view:
                table.go_to(at)
        said = []
        if self.filter_text:
            said.append(f"filter restored: {clean(self.filter_text, 60)} (esc clears)")
        if self.view is not View.THREATS:
            said.append(f"view restored: {self.view.value} ({self.desk.keymap.label('view')} changes)")
        if said:
            self.say("; ".join(said), "warning", _RESTORED_S)
        self._begun = True
        self.show_detail()

    def on_key(self, event: events.Key) -> None:
        self._touched = True

    def renew(self) -> None:
        super().renew()
        if self.is_built and not self._touched and clear.of_threats(self.desk.reading()):
            # Rows come in the order in which sources answer; until all have, the worst so far is the one to see.
            self.table.go_to(0)
        if self.is_built and not self.rows.total.exact and not self._counting:
            self._counting = True
            self.work(self._count_whole(self.rows))

    async def _count_whole(self, rows: TriageRows) -> None:
        """Finish a long count away from the event loop; at most one at a time, and not one after the other."""
        try:
            total = await asyncio.to_thread(self.desk.count, rows.view, rows.query)
            if self.shown is rows and self.is_built:
                rows.total = total
                self.table.renew()
                self.show_title()
            await asyncio.sleep(_COUNT_PAUSE_S)
        finally:
            self._counting = False

    def title_text(self) -> str:
        parts = [self.view.value]
        if self.sort.by in _ORDER_WORDS:
            parts.append(f"by {_order(self.sort)}")
        if self.filter_text:
            parts.append(clean(self.filter_text, 60))
        if self.table.marks:
            parts.append(f"{words.plural(len(self.table.marks), 'mark')}")
        return "  ".join(parts)

    def count_text(self) -> str:
        total = sum(self.desk.queue.totals(self.view).values())
        if self.unfolded:
            return f"{words.plural(self.rows.total.n, 'finding')} of one incident"
        if self.rows.folded:
            return self._folded_count(total)
        shown = self.rows.total
        said = f"{'' if shown.exact else '≥'}{shown.n:,} of {total:,}"
        hidden = total - shown.n
        if self.filter_text or hidden <= 0 or not shown.exact:
            return said
        return f"{said} {glyphs.current().dot} {hidden:,} snoozed or closed"

    def _folded_count(self, total: int) -> str:
        """Findings are counted, not rows: ``14 of 16 · 3 incidents · 2 snoozed or closed``."""
        shown = self.desk.queue.count(self.view, now=self.desk.now()).n
        dot = glyphs.current().dot
        found = self.desk.queue.incidents(self.view)
        parts = [f"{shown:,} of {total:,}", *([words.plural(found, "incident")] if found else [])]
        if total > shown:
            parts.append(f"{total - shown:,} snoozed or closed")
        return f" {dot} ".join(parts)

    def empty_text(self) -> str:
        if reading := self._reading_text():
            return reading
        health = self.desk.health(threats=self.view is View.THREATS)
        what = {View.THREATS: "open threats", View.ALL: "open findings", View.MINE: "open findings of yours"}
        if self.filter_text or self.view is View.MINE:
            # A narrowed list says nothing about the rest, so it never says "clear".
            if not self.rows.total.exact:
                return "still looking …"
            narrowed = f"nothing {'of yours ' if self.view is View.MINE else ''}matches"
            gaps = "" if health.sound else f"; {health.absence(what[View.THREATS])}"
            return f"{narrowed}{gaps}"
        hidden = sum(self.desk.queue.totals(self.view).values())
        aside = f" ({hidden:,} snoozed or closed: state:snoozed,resolved)" if hidden else ""
        return health.absence(what[self.view]) + aside

    def _reading_text(self) -> str:
        """What is said of an empty list before every source has answered once; empty afterwards."""
        states, reading = self.desk.sources(), self.desk.reading()
        if self.view is View.THREATS:
            states, reading = clear.of_threats(states), clear.of_threats(reading)
        if not reading:
            return "reading … the watch is starting" if self.desk.starting and not states else ""
        named = ", ".join(f"{s.key.service} {s.key.account} {s.key.region}" for s in reading[:_NAMED])
        more = f" and {len(reading) - _NAMED} more (7 Sources)" if len(reading) > _NAMED else ""
        other = [s for s in states if s.freshness not in (Freshness.FRESH, Freshness.NEVER)]
        wrong = "".join(f"; {describe(state)}" for state in other[:_NAMED])
        return f"reading … {len(reading)} of {len(states)} sources have not answered yet: {named}{more}{wrong}"

    def empty_detail(self) -> tuple[Body, list[Section]]:
        """Beside an empty list: why its emptiness proves nothing, and what mends that, like troubles together."""
        read_now = {state.key for state in self.desk.reading()}
        alike: dict[tuple[str, str, str], list[SourceState]] = {}
        for state in self.desk.sources():
            if state.freshness is not Freshness.FRESH and state.key not in read_now:
                what = f"{state.key.service} {state.freshness}"
                alike.setdefault((what, state.detail.raw(), state.remedy), []).append(state)
        if not alike:
            return [], []
        shown: list[Section] = []
        for (what, _, remedy), states in alike.items():
            body: list[Body] = [[(what, "bad"), (f" in {words.plural(len(states), 'place')}", "quiet")]]
            body += [states[0].detail] if states[0].detail else []
            body += [[("mend it: ", "quiet"), (remedy, "strong")]] if remedy else []
            shown.append(Section("", body))
        return [("what does not answer", "warn")], shown

    def detail(self, row: QueueRow) -> tuple[Body, list[Section]]:
        from socconsole.screens.triage_detail import detail

        return detail(self.desk, row)

    def show_detail(self) -> None:
        """Behind the first frame: rows come first, and what a detail is made of is as much to load as all of them."""
        if self._begun:
            super().show_detail()

    def session(self, kept: Session, screen: str) -> Session:
        """What to remember of this screen, added to ``kept``."""
        order = ("-" if self.sort.reverse else "") + self.sort.by.value
        return msgspec.structs.replace(
            kept,
            filter=self.filter_text,
            sort=order,
            view=self.view.value,
            cursor=self.table.cursor_key or "" if self.is_built else "",
            screen=screen,
        )

    # -- what an act is about ----------------------------------------------------------------------------

    def subject(self) -> Hashable:
        table = self.table
        if table.marks:
            return tuple(sorted(table.marks))
        return (table.cursor_key,) if table.cursor_key else ()

    # -- incidents ---------------------------------------------------------------------------------------

    def lead(self) -> QueueRow | None:
        row = self.under_cursor()
        return row if row is not None and row.folds and not self.table.marks else None

    def under_cursor(self) -> QueueRow | None:
        return self.table.cursor_row if self.is_built else None

    @property
    def unfolded(self) -> bool:
        return self.filter_text.startswith(FIELD) and " " not in self.filter_text

    def incident_shown(self) -> str | None:
        return self.filter_text.removeprefix(FIELD) if self.unfolded and not self.table.marks else None

    def show_incident(self, filter_text: str, cursor: str) -> None:
        if self.apply_filter(filter_text) and not self.table.go_to_key(cursor):
            self.table.go_to(0)

    def acted(self) -> None:
        if self.is_built:
            self.table.clear_marks()

    # -- commands ------------------------------------------------------------------------------------------

    def do_open(self, asked: Invocation) -> None:
        if self.table.cursor_key:
            opening.finding(self.desk, self.table.cursor_key)

    def do_back(self, asked: Invocation) -> None:
        if self.table.marks:
            self.table.clear_marks()
        elif self.unfolded:
            self.fold_back()
        elif self.filter_text:
            self.apply_filter("")
            self.table.go_to(0)
            self.say("filter cleared")
        else:
            super().do_back(asked)

    async def every_key(self) -> tuple[Sequence[str], str]:
        rows = self.rows
        ids = await asyncio.to_thread(self.desk.ids, rows.view, rows.query, rows.sort, MARKS_LIMIT)
        if not rows.folded:
            return ids, words.plural(len(ids), "row")
        return ids, words.plural(len(ids), "finding") + (", folded ones too" if len(ids) > rows.total.n else "")

    def do_view(self, asked: Invocation) -> None:
        views = list(View)
        wanted = asked.argument.lower()
        if wanted:
            if wanted not in set(View):
                self.say(f"a view is one of {', '.join(views)}", "warning")
                return
            self.view = View(wanted)
        else:
            self.view = views[(views.index(self.view) + 1) % len(views)]
        self.apply_filter(self.filter_text)
        self.table.go_to(0)

    def do_sort(self, asked: Invocation) -> None:
        orders = list(SortBy)
        if asked.argument:
            wanted = _sort(asked.argument.lower())
            if wanted == Sort() and not asked.argument.lower().startswith((SortBy.PRIORITY.value, "score")):
                self.say(f"an order is one of {', '.join(orders)}; - in front turns it round", "warning")
                return
            self.sort = wanted
        else:
            self.sort = Sort(orders[(orders.index(self.sort.by) + 1) % len(orders)])
        self._show_sort()
        self.apply_filter(self.filter_text)
        self.table.go_to(0)
        self.say(f"sorted by {_order(self.sort)}")

    def _show_sort(self) -> None:
        rising = self.sort.by in (SortBy.TITLE, SortBy.PLACE)
        self.table.set_sort(_SORT_COLUMNS[self.sort.by], rising == self.sort.reverse)
        self.show_title()

    def filter_hint(self) -> str:
        return "sev:high src:gd unacked age:<15m words"

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        rows, now = self.rows, self.desk.now()
        ids = self.desk.ids(rows.view, rows.query, rows.sort, 1_000_000)
        return self.desk.findings_json(ids, now)


def _order(sort: Sort) -> str:
    said = _ORDER_WORDS.get(sort.by, sort.by.value)
    return f"{said}, turned round" if sort.reverse else said


def _sort(text: str) -> Sort:
    name = text.removeprefix("-").replace("score", SortBy.PRIORITY.value)
    return Sort(SortBy(name), text.startswith("-")) if name in set(SortBy) else Sort()

"""What nobody may overlook of a handoff, as rows: of each kind one before the second of any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from socconsole.reports.document import Notice, Points, Section, Table
from socconsole.screens import handoff_parts as parts
from socconsole.screens.handoff_row import (
    ACTION,
    CASE,
    HANDOFF,
    SOURCE,
    HandoffRow,
    kind_of,
    make,
    text_of,
    whole,
)
from socconsole.widgets import detail

_BEFORE_ALL: Final = frozenset({"leaving", "threat"})


def headline(found: Sequence[HandoffRow]) -> str:
    """How many of each first thing there are, in the order of the rows: ``2 blind, 1 failed, 1 overdue``."""
    counted: Counter[str] = Counter()
    for row in found:
        if row.group == "first" and row.style != "good":
            counted[row.state.split(" ", 1)[-1]] += row.n
    return ", ".join(f"{n:,} {state}" for state, n in counted.items())


def first(by: dict[str, Section]) -> list[HandoffRow]:
    """What leaves and what waits, then the rest; of all one of each kind before the second of any: forty late clocks
    do not push a failed action off the screen."""
    section = by.get("first")
    found = [row for one in (section.parts if section else ()) for row in _notice(one, by)]
    found.sort(key=lambda row: row.state.split(" ", 1)[-1] not in _BEFORE_ALL)
    seen: Counter[str] = Counter()
    ranked = []
    for row in found:
        ranked.append((seen[row.state] > 0, row))
        seen[row.state] += 1
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]


def _notice(one: object, by: dict[str, Section]) -> Iterator[HandoffRow]:
    if isinstance(one, Points):  # that it was looked for, where there is none
        yield from (make("first", "good", "nothing", item) for item in one.items)
    elif isinstance(one, Notice):
        kind = kind_of(one.about)
        blind = _alike(by.get("blind"), one.about) if kind == SOURCE else []
        yield make(
            "first", one.mood, one.label or ("unknown" if one.mood == "unknown" else "attention"),
            one.words,
            [section for each in blind for section in each] or _about(one.about, kind, by),
            kind, one.about, n=max(1, len(blind)),
        )  # fmt: skip


def _about(about: str, kind: str, by: dict[str, Section]) -> list[detail.Section]:
    """What the report says of it elsewhere."""
    if kind == ACTION:
        return [*_line_of(by.get("containments"), about), *whole(by.get(about))]
    if kind == CASE:
        return whole(by.get(about))
    if kind == HANDOFF:
        how = [("R", "accent"), (" puts the receipt on record that its taker has", "quiet")]
        return [detail.Section("settle", [how])]
    return []


def _alike(section: Section | None, source: str) -> list[list[detail.Section]]:
    """What the report says of each source of this one's service that answers as it does: they are one notice."""
    tables = [one for one in (section.parts if section else ()) if isinstance(one, Table)]
    lines = [(table.columns, row) for table in tables for row in table.rows if len(row) > 1]
    states = {text_of(row[0]): text_of(row[1]) for _, row in lines}
    service = source.partition(" ")[0]
    return [
        parts.named(columns, row)
        for columns, row in lines
        if text_of(row[0]).partition(" ")[0] == service and text_of(row[1]) == states.get(source)
    ]


def _line_of(section: Section | None, about: str) -> list[detail.Section]:
    """The line of a section's table that begins with ``about``."""
    for table in section.parts if section else ():
        if isinstance(table, Table):
            for row in table.rows:
                if row and row[0] == about:
                    return parts.named(table.columns, row)
    return []

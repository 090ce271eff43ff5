"""The handoff as the rows of its screen: what nobody may overlook, who is on, what changed, cases, containments, rest.

Pure: what was read in, rows out. A row's detail is the part of the report that it stands for. Sections are told apart
by their anchors; one that this screen knows nothing of is a row of its own all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from socconsole.reports.document import Cell, Document, Facts, Mood, Points, Section, Table, Words
from socconsole.screens import handoff_first, words
from socconsole.screens import handoff_parts as parts
from socconsole.screens.finding_sections import Stamp
from socconsole.screens.handoff_row import (
    ACTION,
    CASE,
    FINDING,
    HANDOFF,
    SAID,
    HandoffRow,
    kind_of,
    make,
    text_of,
    whole,
)
from socconsole.store.handoffs import HandedOff, Shift
from socconsole.text import clean
from socconsole.widgets import detail

_GROUPS: Final = {
    "changed": "changed", "owed": "owed", "escalations": "escalated", "snoozes": "snoozed", "queue": "queue",
}  # fmt: skip
_BY_ROW: Final = frozenset({"changed", "owed", "escalations", "snoozes"})
"""Sections of which each line is somebody's to look at."""
_MOMENTS: Final = frozenset({"When", "Since", "Ends", "Due"})
"""Columns that say when a line was, or is due."""
_WORST: Final = ("bad", "warn")
_MOMENT: Final = re.compile(r"(≈ )?\d{4}-(\d\d-\d\d \d\d:\d\d:\d\dZ)")
"""A moment as a report writes it; its row leaves the year away."""


@dataclass(frozen=True, slots=True)
class HandoffRead:
    """What was read. ``report`` is None where it could not be made; ``trouble`` says why."""

    report: Document | None = None
    shift: tuple[Shift, ...] = ()
    latest: HandedOff | None = None
    """The last handoff that was given or taken."""
    now: datetime | None = None
    trouble: str = ""


def rows(read: HandoffRead, stamp: Stamp) -> list[HandoffRow]:
    """All rows, in the order in which somebody who takes over asks."""
    found = [*_shift(read, stamp)]
    if read.report is None:
        found.insert(0, make("first", "bad", "not known", f"what is open: {read.trouble}", _say("5", "says more")))
    else:
        by = {one.anchor: one for one in read.report.sections if one.anchor}
        found = [*handoff_first.first(by), *found, *_rest(read.report, by)]
    return _keyed(found)


# --- who is on, and the last handoff ----------------------------------------------------------------------------


def _shift(read: HandoffRead, stamp: Stamp) -> Iterator[HandoffRow]:
    for one in read.shift:
        over = one.until is not None and read.now is not None and one.until <= read.now
        until = f", until {stamp(one.until)}" if one.until is not None else ""
        said = f"{clean(one.who, 60)} since {stamp(one.since)}{until}" + (", which is past" if over else "")
        facts = [detail.Section("entry", [f"{one.seq:,}"]), *_say(":shift off", "signs you off")]
        yield make("shift", "unknown" if over else "good", "on", said, facts)
    if not read.shift:
        yield make("shift", "unknown", "nobody", "nobody is signed on", _say(":shift on [UNTIL]", "signs you on"))
    if (last := read.latest) is None:
        yield make("last", "plain", "none", "no handoff was given or taken yet", _say("H", "gives one"))
        return
    way = f"given by {clean(last.who, 60)}" if last.given else f"taken from {clean(last.peer, 60)}"
    accepted = f"accepted {stamp(last.accepted)} by {clean(last.accepted_by, 60)}" if last.accepted else ""
    waits = f"unaccepted since {stamp(last.at)}"
    holds = f"{words.plural(last.cases, 'case')}, {words.plural(len(last.actions), 'containment')}"
    yield make(
        "last", "good" if accepted else "bad", "accepted" if accepted else "unaccepted",
        f"{last.id} {way}, {accepted or waits}",
        [
            detail.Section("given", [f"{stamp(last.at)} by {clean(last.who, 60)}"]),
            detail.Section("state", [accepted or waits]),
            detail.Section("holds", [holds, *([", ".join(last.actions)] if last.actions else [])]),
            detail.Section("sha256", [last.digest]), detail.Section("entry", [f"{last.seq:,}"]),
        ],
        HANDOFF, last.id,
    )  # fmt: skip


def _say(what: str, does: str) -> list[detail.Section]:
    return [detail.Section("say", [[(what, "accent"), (f" {does}", "quiet")]])]


# --- the rest -----------------------------------------------------------------------------------------------------


def _rest(report: Document, by: dict[str, Section]) -> Iterator[HandoffRow]:
    """Changes first; of the others the order of the report."""
    sections = [one for one in report.sections if one.anchor not in ("first", "blind")]
    for section in sorted(sections, key=lambda one: one.anchor != "changed"):
        kind = kind_of(section.anchor) if section.anchor[1:2] == "-" else ""
        if kind == CASE:
            yield _case(section)
        elif section.anchor == "containments":
            yield from _containments(section, by)
        elif kind != ACTION:  # an undo plan stands beside its containment
            yield from _section(section)


def _case(section: Section) -> HandoffRow:
    cells = [
        cell for one in section.parts if isinstance(one, Table) for row in one.rows for cell in row
        if isinstance(cell, Cell) and cell.words
    ]  # fmt: skip
    bad = next((cell for cell in cells if cell.mood == "bad"), None)
    state = clean(bad.words, 40) if bad else "open"
    return make("case", "bad" if bad else "plain", state, section.title, whole(section), CASE, section.anchor)


def _containments(section: Section, by: dict[str, Section]) -> list[HandoffRow]:
    """What may not hold before what does."""
    return sorted(
        _contained(section, by), key=lambda row: _WORST.index(row.style) if row.style in _WORST else len(_WORST)
    )


def _contained(section: Section, by: dict[str, Section]) -> Iterator[HandoffRow]:
    for one in section.parts:
        if not isinstance(one, Table):
            continue
        for row in one.rows:
            id_, what, where, state, who, owed = (*row, *("",) * 6)[:6]
            about = clean(parts.words_of(id_), 40)
            said = f"{text_of(what)}  {text_of(where)}, by {text_of(who)}"
            said += "" if text_of(owed) in ("", "nothing") else f"; owes {text_of(owed)}"
            mood = state.mood if isinstance(state, Cell) else "unknown"
            found = [*parts.named(one.columns, row), *whole(by.get(about))]
            yield make("contained", mood, text_of(state), said, found, ACTION, about)
        if not one.rows:
            yield make("contained", "plain", "", one.empty)


def _section(section: Section) -> Iterator[HandoffRow]:
    group = _GROUPS.get(section.anchor, clean(section.anchor or section.title)[:9].lower())
    all_of_it = whole(section)
    if section.anchor not in _BY_ROW:
        yield make(group, "plain", "", _summary(section), all_of_it)
        return
    since = detail.Section("part", [[(section.title, "quiet")]])
    for one in section.parts:
        match one:
            case Table(columns, lines, empty):
                for line in lines:
                    yield _line(section.anchor, group, columns, line, [*parts.named(columns, line), since])
                if not lines:
                    yield make(group, "plain", "", empty, [since])
            case Facts(facts):
                yield from (make(group, "plain", "", f"{name}: {clean(said, SAID)}", all_of_it) for name, said in facts)
            case Points(items):
                yield from (make(group, "plain", "", item, all_of_it) for item in items)


def _line(
    anchor: str, group: str, columns: Sequence[str], line: Sequence[Words | Cell], found: list[detail.Section]
) -> HandoffRow:
    """A line of a table: when it was, or is due, and the rest of it."""
    at = next((n for n, column in enumerate(columns[: len(line)]) if column in _MOMENTS), -1)
    when: Words | Cell = line[at] if at >= 0 else ""
    rest = [cell for n, cell in enumerate(line) if n != at]
    mood: Mood = when.mood if isinstance(when, Cell) else "unknown" if anchor == "escalations" else "plain"
    finding = text_of(line[-1]) if anchor == "snoozes" else ""
    return make(
        group, mood, _when(text_of(when)), "  ".join(filter(None, map(text_of, rest))), found,
        FINDING if finding else "", finding,
    )  # fmt: skip


def _when(said: str) -> str:
    """``11-23 03:14:07Z`` of a moment, whatever follows it; what is none, as `without undue delay`, as it is."""
    found = _MOMENT.match(said)
    return (found[1] or "") + found[2] if found else said


def _summary(section: Section) -> str:
    """A section in a line: its facts, and a small table's rows."""
    said = []
    for one in section.parts:
        if isinstance(one, Table):
            said += [" ".join(filter(None, map(text_of, row[:2]))) for row in one.rows]
        elif isinstance(one, Facts):
            said += [f"{name}: {clean(value, SAID)}" for name, value in one.rows]
    return f"{clean(section.title, 80)}: {', '.join(said)}" if said else clean(section.title, 80)


def _keyed(found: list[HandoffRow]) -> list[HandoffRow]:
    """Each with a key of its own that stays while what it says stays."""
    seen: Counter[str] = Counter()
    keyed = []
    for row in found:
        name = f"{row.group} {row.kind} {row.about}" if row.about else f"{row.group} {row.state} {row.said}"
        seen[name] += 1
        keyed.append(replace(row, key=name if seen[name] == 1 else f"{name} {seen[name]}"))
    return keyed

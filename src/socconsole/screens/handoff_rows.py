"""The handoff as the rows of its screen: what nobody may overlook, who is on, what changed, cases, containments, rest.

Pure: what was read in, rows out. A row's detail is the part of the report that it stands for. Sections are told apart
by their anchors; one that this screen knows nothing of is a row of its own all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeGuard

from socconsole.reports.document import Cell, Document, Facts, Mood, Notice, Points, Section, Table, Words
from socconsole.screens import handoff_parts as parts
from socconsole.screens import words
from socconsole.screens.finding_sections import Stamp
from socconsole.store.handoffs import HandedOff, Shift
from socconsole.text import clean
from socconsole.widgets import detail, glyphs
from socconsole.widgets.detail import Body

SOURCE, CASE, ACTION, FINDING, HANDOFF, PATH = "source", "case", "action", "finding", "handoff", "path"
"""What a row can be about, and enter opens."""

FIRST: Final = {
    "Leaving": "leaving", "Threat": "threat", "Not measured": "unmeasured", "Runs on": "runs on",
    "Blind": "blind", "Failed": "failed", "Overdue": "overdue", "In doubt": "in doubt", "Not accepted": "unaccepted",
    "Not answered in time": "unanswered",
}  # fmt: skip
"""How a first thing begins in the report, and what its row says of it."""
_BEFORE_ALL: Final = frozenset({"leaving", "threat"})
_GROUPS: Final = {
    "changed": "changed", "owed": "owed", "escalations": "escalated", "snoozes": "snoozed", "queue": "queue",
}  # fmt: skip
_BY_ROW: Final = frozenset({"changed", "owed", "escalations", "snoozes"})
"""Sections of which each line is somebody's to look at."""
_WORST: Final = ("bad", "warn")
_SAID: Final = 600
_WHEN: Final = slice(5, 20)
"""Of a moment in a report, without its year: ``11-23 03:14:07Z``."""


@dataclass(frozen=True, slots=True)
class HandoffRead:
    """What was read. ``report`` is None where it could not be made; ``trouble`` says why."""

    report: Document | None = None
    shift: tuple[Shift, ...] = ()
    latest: HandedOff | None = None
    """The last handoff that was given or taken."""
    now: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class HandoffRow:
    """One row. ``kind`` and ``about`` name what it is about; where they are empty the row is all there is to it."""

    group: str
    state: str
    style: str
    said: str
    sections: list[detail.Section] = field(default_factory=list)
    kind: str = ""
    about: str = ""
    n: int = 1
    """How many things it stands for."""
    key: str = ""

    @property
    def title(self) -> Body:
        return [(f"{self.state}  " if self.state else "", self.style), (self.said, "strong")]


def rows(read: HandoffRead, stamp: Stamp) -> list[HandoffRow]:
    """All rows, in the order in which somebody who takes over asks."""
    found = [*_shift(read, stamp)]
    if read.report is None:
        found.insert(0, _row("first", "bad", "not known", f"what is open: {read.trouble}", _say("5", "says more")))
    else:
        by = {one.anchor: one for one in read.report.sections if one.anchor}
        found = [*_first(by), *found, *_rest(read.report, by)]
    return _keyed(found)


def headline(found: Sequence[HandoffRow]) -> str:
    """How many of each first thing there are, in the order of the rows: ``2 blind, 1 failed, 1 overdue``."""
    counted: Counter[str] = Counter()
    for row in found:
        if row.group == "first" and row.style != "good":
            counted[row.state.split(" ", 1)[-1]] += row.n
    return ", ".join(f"{n:,} {state}" for state, n in counted.items())


# --- what nobody may overlook ---------------------------------------------------------------------------------


def _first(by: dict[str, Section]) -> list[HandoffRow]:
    """What leaves and what waits, then the rest; of all one of each kind before the second of any: forty blind sources
    do not push a failed action off the screen."""
    section = by.get("first")
    notices = section.parts if section else ()
    found = [*_blind(notices, by), *(row for one in notices if not _is_source(one) for row in _notice(one, by))]
    found.sort(key=lambda row: row.state.split(" ", 1)[-1] not in _BEFORE_ALL)
    seen: Counter[str] = Counter()
    ranked = []
    for row in found:
        ranked.append((seen[row.state] > 0, row))
        seen[row.state] += 1
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]


def _is_source(one: object) -> TypeGuard[Notice]:
    return isinstance(one, Notice) and _kind(one.about) == SOURCE


def _blind(notices: Sequence[object], by: dict[str, Section]) -> Iterator[HandoffRow]:
    """Sources that cannot see, those of one service that answer alike in one row: an organisation has hundreds."""
    alike: dict[tuple[str, str], list[Notice]] = {}
    for one in filter(_is_source, notices):
        service, state = one.about.partition(" ")[0], clean(one.words, _SAID).rpartition(": ")[2]
        alike.setdefault((service, state), []).append(one)
    for (service, state), each in alike.items():
        if len(each) == 1:
            yield from _notice(each[0], by)
            continue
        places = ", ".join(one.about.partition(" ")[2] for one in each)
        found = [section for one in each for section in _about(one.about, SOURCE, by)]
        said = f"{service}: {state} in {len(each):,} places: {places}"
        yield _row("first", each[0].mood, FIRST["Blind"], said, found, SOURCE, f"{service} {state}", n=len(each))


def _notice(one: object, by: dict[str, Section]) -> Iterator[HandoffRow]:
    if isinstance(one, Points):  # that it was looked for, where there is none
        yield from (_row("first", "good", "nothing", item) for item in one.items)
    elif isinstance(one, Notice):
        head, _, rest = clean(one.words, _SAID).partition(": ")
        known = FIRST.get(head)
        kind = _kind(one.about)
        yield _row(
            "first", one.mood, known or ("unknown" if one.mood == "unknown" else "attention"),
            rest if known else one.words, _about(one.about, kind, by), kind, one.about,
        )  # fmt: skip


def _kind(about: str) -> str:
    known = {"c-": CASE, "a-": ACTION, "h-": HANDOFF, "f-": FINDING, "p-": PATH}
    return known.get(about[:2], SOURCE if about else "")


def _about(about: str, kind: str, by: dict[str, Section]) -> list[detail.Section]:
    """What the report says of it elsewhere."""
    match kind:
        case "source":
            return _line_of(by.get("blind"), about)
        case "action":
            return [*_line_of(by.get("containments"), about), *_chapter(by.get(about))]
        case "case":
            return _chapter(by.get(about))
        case "handoff":
            return [
                detail.Section(
                    "settle", [[("R", "accent"), (" puts the receipt on record that its taker has", "quiet")]]
                )
            ]
    return []


def _line_of(section: Section | None, about: str) -> list[detail.Section]:
    """The line of a section's table that begins with ``about``."""
    for table in section.parts if section else ():
        if isinstance(table, Table):
            for row in table.rows:
                if row and row[0] == about:
                    return parts.named(table.columns, row)
    return []


def _chapter(section: Section | None) -> list[detail.Section]:
    return list(parts.chapter(section)) if section is not None else []


# --- who is on, and the last handoff ----------------------------------------------------------------------------


def _shift(read: HandoffRead, stamp: Stamp) -> Iterator[HandoffRow]:
    for one in read.shift:
        over = one.until is not None and read.now is not None and one.until <= read.now
        until = f", until {stamp(one.until)}" if one.until is not None else ""
        said = f"{clean(one.who, 60)} since {stamp(one.since)}{until}" + (", which is past" if over else "")
        facts = [detail.Section("entry", [f"{one.seq:,}"]), *_say(":shift off", "signs you off")]
        yield _row("shift", "unknown" if over else "good", "on", said, facts)
    if not read.shift:
        yield _row("shift", "unknown", "nobody", "nobody is signed on", _say(":shift on [UNTIL]", "signs you on"))
    if (last := read.latest) is None:
        yield _row("last", "plain", "none", "no handoff was given or taken yet", _say("H", "gives one"))
        return
    way = f"given by {clean(last.who, 60)}" if last.given else f"taken from {clean(last.peer, 60)}"
    accepted = f"accepted {stamp(last.accepted)} by {clean(last.accepted_by, 60)}" if last.accepted else ""
    waits = f"unaccepted since {stamp(last.at)}"
    holds = f"{words.plural(last.cases, 'case')}, {words.plural(len(last.actions), 'containment')}"
    yield _row(
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
        kind = _kind(section.anchor) if section.anchor[1:2] == "-" else ""
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
    return _row("case", "bad" if bad else "plain", state, section.title, _chapter(section), CASE, section.anchor)


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
            said = f"{_text(what)}  {_text(where)}, by {_text(who)}"
            said += "" if _text(owed) in ("", "nothing") else f"; owes {_text(owed)}"
            mood = state.mood if isinstance(state, Cell) else "unknown"
            found = [*parts.named(one.columns, row), *_chapter(by.get(about))]
            yield _row("contained", mood, _text(state), said, found, ACTION, about)
        if not one.rows:
            yield _row("contained", "plain", "", one.empty)


def _section(section: Section) -> Iterator[HandoffRow]:
    group = _GROUPS.get(section.anchor, clean(section.anchor or section.title)[:9].lower())
    whole = _chapter(section)
    if section.anchor not in _BY_ROW:
        yield _row(group, "plain", "", _summary(section), whole)
        return
    since = detail.Section("part", [[(section.title, "quiet")]])
    for one in section.parts:
        match one:
            case Table(columns, lines, empty):
                for line in lines:
                    yield _line(section.anchor, group, columns, line, [*parts.named(columns, line), since])
                if not lines:
                    yield _row(group, "plain", "", empty, [since])
            case Facts(facts):
                yield from (_row(group, "plain", "", f"{name}: {clean(said, _SAID)}", whole) for name, said in facts)
            case Points(items):
                yield from (_row(group, "plain", "", item, whole) for item in items)


def _line(
    anchor: str, group: str, columns: Sequence[str], line: Sequence[Words | Cell], found: list[detail.Section]
) -> HandoffRow:
    """A line of a table: when it was, or is due, and the rest of it."""
    due = next((cell for cell in line if isinstance(cell, Cell)), None)
    when, rest = (due, [cell for cell in line if cell is not due]) if due is not None else (line[0], list(line[1:]))
    mood: Mood = due.mood if due is not None else "unknown" if anchor == "escalations" else "plain"
    finding = _text(line[-1]) if anchor == "snoozes" else ""
    return _row(
        group, mood, _text(when)[_WHEN], "  ".join(filter(None, map(_text, rest))), found,
        FINDING if finding else "", finding,
    )  # fmt: skip


def _summary(section: Section) -> str:
    """A section in a line: its facts, and a small table's rows."""
    said = []
    for one in section.parts:
        if isinstance(one, Table):
            said += [" ".join(filter(None, map(_text, row[:2]))) for row in one.rows]
        elif isinstance(one, Facts):
            said += [f"{name}: {clean(value, _SAID)}" for name, value in one.rows]
    return f"{clean(section.title, 80)}: {', '.join(said)}" if said else clean(section.title, 80)


def _text(cell: Words | Cell) -> str:
    return clean(parts.words_of(cell), _SAID)


def _row(
    group: str,
    mood: Mood,
    state: str,
    said: Words,
    sections: list[detail.Section] | None = None,
    kind: str = "",
    about: str = "",
    *,
    n: int = 1,
) -> HandoffRow:
    moment = state[:1].isdigit()
    mark = parts.sign(mood) or (glyphs.current().off if state and not moment else "")
    style = "quiet" if mood == "plain" and (moment or not state) else parts.STYLES[mood]
    return HandoffRow(group, f"{mark} {state}".strip(), style, clean(said, _SAID), sections or [], kind, about, n)


def _keyed(found: list[HandoffRow]) -> list[HandoffRow]:
    """Each with a key of its own that stays while what it says stays."""
    seen: Counter[str] = Counter()
    keyed = []
    for row in found:
        name = f"{row.group} {row.kind} {row.about}" if row.about else f"{row.group} {row.state} {row.said}"
        seen[name] += 1
        keyed.append(replace(row, key=name if seen[name] == 1 else f"{name} {seen[name]}"))
    return keyed

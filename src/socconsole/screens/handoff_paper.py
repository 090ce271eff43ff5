"""What a handoff of another install holds, as it is read before it is taken over.

The report in it is as large as its giver made it, up to the file itself: it is converted once, in the thread that
examines the file, and of a long one the beginning is shown, and that there is more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.reports.document import Document
from socconsole.reports.from_data import from_data
from socconsole.screens import handoff_parts, words
from socconsole.store.instants import instant
from socconsole.text import Untrusted, clean
from socconsole.widgets.detail import Body, Section

if TYPE_CHECKING:
    from socconsole.reports.handoff_file import Parcel, Read

LINES: Final = 2_000
"""Lines of a report that are shown: forty screens of a large terminal."""
_WIDE: Final = 80
_LISTED: Final = 200
"""Cases, containments, and things left out, that are listed one by one."""
_NAMED: Final = 4
"""Columns that say which containment it is, and how it stands: id, what, where, state."""


def sections(read: Read, path: Path, size: int, stamp: Callable[[datetime], str]) -> list[Section]:
    """What would be taken over: who gives, when, what; then the report as they wrote it. It may take a second."""
    parcel, world = read.parcel, read.world
    of = f"{world.kind.value}, {clean(world.partition, 20)}" + (
        f", drill {clean(world.drill.scenario, 40)}" if world.drill else ""
    )
    report = _report(parcel)
    head = [
        Section("from", [[(Untrusted(parcel.who), "strong"), (f", install {parcel.install}", "quiet")]]),
        Section("signed by", [[(clean(read.peer, 80), "good"), (f", key {clean(read.key, 40)}", "quiet")]]),
        Section("given", [stamp(instant(parcel.at))]),
        Section("file", [f"{clean(str(path), 300)}, {size:,} bytes", f"sha256 {read.digest}"]),
        Section("world", [of]),
        Section("holds", [holds(parcel)]),
        *_listed(parcel, report),
    ]
    if report is None:
        said = "the report in it is in no shape that this program knows; what it holds is listed above"
        return [*head, Section("report", [[(said, "warn")]])]
    return [*head, *cut(handoff_parts.document(report))]


def cut(report: Iterable[Section], most: int = LINES) -> Iterator[Section]:
    """A report as far as its first ``most`` lines of 80 characters; where there is more, that there is."""
    room = most
    for one in report:
        kept: list[Body] = []
        for body in one.body:
            room -= 1 + _length(body) // _WIDE
            if room < 0:
                break
            kept.append(body)
        if kept:
            yield Section(one.label, kept, one.kept)
        if room < 0:
            said = f"the report is longer than {most:,} lines: the rest of it is not shown"
            yield Section("cut", [[(said, "warn")]])
            return


def _length(body: Body) -> int:
    pieces = [body] if isinstance(body, str | Untrusted) else [words for words, _ in body]
    return sum(len(one.raw() if isinstance(one, Untrusted) else one) for one in pieces)


def listed(parcel: Parcel) -> list[Section]:
    """Cases and containments, with what the report calls them, and what did not come along."""
    return _listed(parcel, _report(parcel))


def holds(parcel: Parcel) -> str:
    """``2 cases, 1 containment, 34 ledger entries, 3 sets of decisions on findings``."""
    cases, actions = words.plural(len(parcel.cases), "case"), words.plural(len(parcel.actions), "containment")
    entries = words.plural(len(parcel.entries), "ledger entry", "ledger entries")
    decided = words.plural(len(parcel.decisions), "set")
    return f"{cases}, {actions}, {entries}, {decided} of decisions on findings"


def _report(parcel: Parcel) -> Document | None:
    """The handoff as whoever gave it read it."""
    try:
        return from_data(parcel.document)
    except ValueError:
        return None


def _listed(parcel: Parcel, report: Document | None) -> list[Section]:
    by = {one.anchor: one for one in report.sections} if report is not None else {}
    cases: list[Body] = [found.title if (found := by.get(id_)) else id_ for id_ in parcel.cases[:_LISTED]]
    chapter = by.get("containments")
    told = handoff_parts.lines(chapter, _NAMED) if chapter is not None else {}
    actions: list[Body] = [told.get(id_, id_) for id_ in parcel.actions[:_LISTED]]
    out = [
        Section("cases", [*cases, *_more(parcel.cases)] or [[("none is open", "quiet")]]),
        Section("contained", [*actions, *_more(parcel.actions)] or [[("nothing is in force or in doubt", "quiet")]]),
    ]
    if lacks := parcel.lacks:
        out.append(Section("left out", [*([(said, "warn")] for said in lacks[:_LISTED]), *_more(lacks)]))
    return out


def _more(listed: Sequence[str]) -> list[Body]:
    """How many are not listed, if any."""
    left = len(listed) - _LISTED
    return [[(f"and {left:,} more", "warn")]] if left > 0 else []

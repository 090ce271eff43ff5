"""The parts of a report as sections of a detail pane. All words are cleaned when they are painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from socconsole.reports.document import (
    Cell,
    Document,
    Facts,
    Fixed,
    Mood,
    Notice,
    Paragraph,
    Part,
    Points,
    Section,
    Table,
    Words,
)
from socconsole.text import clean
from socconsole.widgets import detail, glyphs
from socconsole.widgets.detail import Body, Piece

STYLES: Final[dict[Mood, str]] = {"plain": "text", "good": "good", "bad": "bad", "unknown": "warn"}
_LABEL: Final = 10
"""Characters of a fact's name that stand beside it; a longer one stands before it."""


def sign(mood: Mood) -> str:
    """What says a mood without its colour; empty for none."""
    signs = glyphs.current()
    return {"plain": "", "good": signs.good, "bad": signs.bad, "unknown": signs.warn}[mood]


def document(report: Document) -> Iterator[detail.Section]:
    """A whole report, to be read from its top."""
    yield from part(Facts(report.facts))
    for notice in report.notices:
        yield from part(notice)
    for section in report.sections:
        yield detail.Section("", ["", [(section.title, "strong")]])
        yield from chapter(section)


def chapter(section: Section) -> Iterator[detail.Section]:
    """One section of a report, without its title."""
    for one in section.parts:
        yield from part(one)


def part(one: Part) -> Iterator[detail.Section]:
    """One part: facts by name, a table a row at a time."""
    match one:
        case Paragraph(words):
            yield detail.Section("", [words])
        case Notice(mood=mood):
            yield detail.Section("", [[(f"{sign(mood)} ", STYLES[mood]), (one.said, STYLES[mood])]])
        case Points(items):
            yield detail.Section("", list(items))
        case Facts(rows):
            yield from (fact(name, words) for name, words in rows)
        case Fixed(text):
            yield detail.Section("", [text], kept=True)
        case Table(columns, rows, empty):
            label = clean(next(filter(None, columns), ""))[:_LABEL].lower()
            if rows:
                yield detail.Section(label, [_row(columns, row) for row in rows])
            elif empty:
                yield detail.Section(label, [[(empty, "quiet")]])


def fact(name: str, words: Words | Cell) -> detail.Section:
    """A name and its value."""
    value: Piece = (words.words, STYLES[words.mood]) if isinstance(words, Cell) else (words, "text")
    if len(name) <= _LABEL:
        return detail.Section(name.lower(), [[value]])
    return detail.Section("", [[(f"{clean(name, 80)}: ", "quiet"), value]])


def named(columns: Sequence[str], row: Sequence[Words | Cell]) -> list[detail.Section]:
    """A row of a table as facts: one a column that has something to say."""
    return [fact(name, cell) for name, cell in zip(columns, row, strict=False) if words_of(cell)]


def lines(section: Section, columns: int) -> dict[str, Body]:
    """The lines of a section's tables, as far as their first ``columns``, by what stands in the first of them."""
    return {
        clean(words_of(row[0]), 80): _row(one.columns, row[:columns])
        for one in section.parts
        if isinstance(one, Table)
        for row in one.rows
        if row
    }


def words_of(cell: Words | Cell) -> Words:
    return cell.words if isinstance(cell, Cell) else cell


def _row(columns: Sequence[str], row: Sequence[Words | Cell]) -> Body:
    pieces: list[Piece] = []
    for column, cell in zip(columns, row, strict=False):
        if not words_of(cell):
            continue
        if pieces:
            pieces.append(("  ", "quiet"))
        if isinstance(cell, Cell):
            mark = sign(cell.mood)
            word = "UNKNOWN: " if column == "Unknown" else ""  # the head of the column, which has no place here
            pieces.append((f"{mark} {word}" if mark else "", STYLES[cell.mood]))
            pieces.append((cell.words, STYLES[cell.mood]))
        else:
            pieces.append((cell, "text"))
    return pieces

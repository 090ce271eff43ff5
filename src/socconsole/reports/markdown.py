"""A report as Markdown that reads well as it is, in a terminal, a ticket or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from socconsole.reports.document import Cell, Document, Facts, Fixed, Notice, Paragraph, Part, Points, Table, Words
from socconsole.text import clean, clean_lines

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~])")
SIGNS: Final = {"plain": "", "good": "✓ ", "bad": "✗ ", "unknown": "? "}
"""What stands before words of each mood: no form of a report relies on colour."""


def markdown(document: Document) -> str:
    """The whole report, ending in a line break. What AWS or an attacker wrote cannot become markup."""
    return "\n".join(_lines(document)).rstrip() + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {_said(document.title)}"
    yield ""
    for name, words in document.facts:
        yield f"- **{name}**: {_said(words)}"
    for notice in document.notices:
        yield from _part(notice)
    for section in document.sections:
        yield ""
        yield f"## {_said(section.title)}"
        for part in section.parts:
            yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    yield ""
    match part:
        case Paragraph(words):
            yield _said(words)
        case Notice(mood=mood):
            yield f"> **{SIGNS[mood]}{_said(part.said)}**"
        case Points(items):
            yield from (f"- {_said(item)}" for item in items)
        case Facts(rows):
            yield from (f"- **{_said(name)}**: {_said(words)}" for name, words in rows)
        case Fixed(text):
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
            yield fence
            yield from clean_lines(text)
            yield fence
        case Table():
            yield from _table(part)


def _table(table: Table) -> Iterator[str]:
    if not table.rows:
        yield _said(table.empty)
        return
    yield "| " + " | ".join(_said(column) for column in table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _cell(cell: Words | Cell) -> str:
    return SIGNS[cell.mood] + _said(cell.words) if isinstance(cell, Cell) else _said(cell)


def _said(words: Words) -> str:
    return _SPECIAL.sub(r"\\\1", clean(words))

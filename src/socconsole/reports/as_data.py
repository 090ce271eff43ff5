"""A report as JSON values: the same sections, facts and tables, with every word cleaned."""

from __future__ import annotations

from typing import Any

from socconsole.reports.document import Cell, Document, Facts, Fixed, Notice, Paragraph, Part, Points, Table, Words
from socconsole.text import clean, clean_lines


def as_data(document: Document) -> dict[str, Any]:
    """The whole report. The first key of a part is its kind: ``paragraph``, ``notice``, ``points``, ``facts`` …"""
    return {
        "title": clean(document.title),
        "facts": {name: clean(words) for name, words in document.facts},
        "notices": [_part(one) for one in document.notices],
        "sections": [
            {"title": one.title, "anchor": one.anchor, "parts": [_part(part) for part in one.parts]}
            for one in document.sections
        ],
    }


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Paragraph(words):
            return {"paragraph": clean(words)}
        case Notice(mood=mood):
            return {"notice": clean(part.said), "mood": mood}
        case Points(items):
            return {"points": [clean(item) for item in items]}
        case Facts(rows):
            return {"facts": {name: clean(words) for name, words in rows}}
        case Fixed(text):
            return {"fixed": "\n".join(clean_lines(text))}
        case Table(columns, rows, empty):
            return {"table": list(columns), "rows": [[_cell(cell) for cell in row] for row in rows], "empty": empty}


def _cell(cell: Words | Cell) -> str | dict[str, str]:
    return {"words": clean(cell.words), "mood": cell.mood} if isinstance(cell, Cell) else clean(cell)

"""A report from the JSON values that ``as_data`` made of it, as it comes with a handoff of another install.

All of its words are another's: they stay ``Untrusted``. What is in no known shape is refused, not guessed. Facts come
in the order of the data, which in a signed file is that of the alphabet.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

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
from socconsole.text import Untrusted

_KINDS: Final = ("paragraph", "notice", "points", "facts", "fixed", "table")
_Anchor = Annotated[str, msgspec.Meta(max_length=80)]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: str
    mood: Mood


class _Section(msgspec.Struct, frozen=True):
    title: str
    anchor: _Anchor
    parts: tuple[dict[str, Any], ...]


class _Report(msgspec.Struct, frozen=True):
    title: str
    facts: dict[str, str]
    notices: tuple[dict[str, Any], ...]
    sections: tuple[_Section, ...]


def from_data(data: dict[str, Any]) -> Document:
    """The report again; what notices were about is not in the data, and not in it. Raises ``ValueError``."""
    try:
        report = msgspec.convert(data, _Report)
        notices = tuple(part for one in report.notices if isinstance(part := _part(one), Notice))
        return Document(
            title=Untrusted(report.title),
            facts=_pairs(report.facts),
            sections=tuple(
                Section(one.title, tuple(_part(part) for part in one.parts), one.anchor) for one in report.sections
            ),
            notices=notices,
        )
    except (msgspec.ValidationError, LookupError) as error:
        raise ValueError("it is in no shape that this program knows") from error


def _part(data: dict[str, Any]) -> Part:
    kind = next((one for one in _KINDS if one in data), "")  # a signed file has its keys in the order of the alphabet
    match kind:
        case "paragraph":
            return Paragraph(_words(data[kind]))
        case "notice":
            return Notice(_words(data[kind]), msgspec.convert(data["mood"], Mood))
        case "points":
            return Points(tuple(Untrusted(one) for one in msgspec.convert(data[kind], tuple[str, ...])))
        case "facts":
            return Facts(_pairs(msgspec.convert(data[kind], dict[str, str])))
        case "fixed":
            return Fixed(msgspec.convert(data[kind], str))
        case "table":
            rows = msgspec.convert(data["rows"], tuple[tuple[str | _Words, ...], ...])
            return Table(
                msgspec.convert(data[kind], tuple[str, ...]),
                tuple(tuple(_cell(cell) for cell in row) for row in rows),
                msgspec.convert(data["empty"], str),
            )
    raise LookupError(kind)


def _words(value: object) -> Untrusted:
    return Untrusted(msgspec.convert(value, str))


def _cell(value: str | _Words) -> Words | Cell:
    return Untrusted(value) if isinstance(value, str) else Cell(Untrusted(value.words), value.mood)


def _pairs(facts: dict[str, str]) -> tuple[tuple[str, Words], ...]:
    return tuple((name, Untrusted(words)) for name, words in facts.items())

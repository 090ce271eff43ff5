"""A report before it has a form: sections of facts, tables and words, from which Markdown and HTML are made alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from socconsole.text import Untrusted, clean

Words = str | Untrusted
"""What stands in a report. Untrusted text is cleaned by whoever gives it a form; so is everything else."""

Mood = Literal["plain", "good", "bad", "unknown"]
"""How a cell or a notice is to be seen: by a word and a sign as well as by a colour."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is more than plain words."""

    words: Words
    mood: Mood


@dataclass(frozen=True, slots=True)
class Paragraph:
    words: Words


@dataclass(frozen=True, slots=True)
class Notice:
    """What nobody may overlook. ``about`` names what it is about (the id of a case, an action or a handoff; ``service
    account region`` of a source) for a screen that opens it; no form of the report shows it. ``label`` says in a word
    of what kind it is (``blind``, ``failed``); every form puts it before the words."""

    words: Words
    mood: Mood = "bad"
    about: str = ""
    label: str = ""

    @property
    def said(self) -> Words:
        """Its words with its label before them."""
        return f"{self.label.capitalize()}: {clean(self.words)}" if self.label else self.words


@dataclass(frozen=True, slots=True)
class Points:
    items: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, one a line."""

    rows: tuple[tuple[str, Words], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``empty`` is what is said where there is no row: why there is none, never nothing."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Words | Cell, ...], ...]
    empty: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """Commands and the like, kept as they are."""

    text: str


Part = Paragraph | Notice | Points | Facts | Table | Fixed


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    parts: tuple[Part, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. ``facts`` say of what and as of when it is."""

    title: Words
    facts: tuple[tuple[str, Words], ...]
    sections: tuple[Section, ...]
    notices: tuple[Notice, ...] = ()

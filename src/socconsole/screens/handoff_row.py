"""One row of the handoff's screen, and how one is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from socconsole.reports.document import Cell, Mood, Section, Words
from socconsole.screens import handoff_parts as parts
from socconsole.text import clean
from socconsole.widgets import detail, glyphs
from socconsole.widgets.detail import Body

SOURCE, CASE, ACTION, FINDING, HANDOFF, PATH = "source", "case", "action", "finding", "handoff", "path"
"""What a row can be about, and enter opens."""

SAID: Final = 600
"""Characters of a sentence that a row keeps."""


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


def make(
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
    """A row whose mood is said by a sign and a word, and by its colour beside them."""
    moment = state.removeprefix("≈ ")[:1].isdigit()
    mark = parts.sign(mood) or (glyphs.current().off if state and not moment else "")
    style = "quiet" if mood == "plain" and (moment or not state) else parts.STYLES[mood]
    return HandoffRow(group, f"{mark} {state}".strip(), style, clean(said, SAID), sections or [], kind, about, n)


def kind_of(about: str) -> str:
    """What an id of a report is the id of."""
    known = {"c-": CASE, "a-": ACTION, "h-": HANDOFF, "f-": FINDING, "p-": PATH}
    return known.get(about[:2], SOURCE if about else "")


def text_of(cell: Words | Cell) -> str:
    """A cell as one clean line."""
    return clean(parts.words_of(cell), SAID)


def whole(section: Section | None) -> list[detail.Section]:
    """A section of the report as the detail of a row; nothing where there is none."""
    return list(parts.chapter(section)) if section is not None else []

"""The detail pane: labelled sections of wrapped text, scrolled by lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import msgspec
from rich.cells import cell_len
from textual.binding import Binding, BindingType

from socconsole.text import Untrusted, clean, clean_lines
from socconsole.widgets import glyphs
from socconsole.widgets.painted import PaintedLines, spread
from socconsole.widgets.rows import Line, Run, fit, merge

Piece = tuple[Untrusted | str, str]
Body = Untrusted | str | Sequence[Piece]
"""One paragraph: plain text, or pieces of ``(text, style name)``. All of it is cleaned when painted."""

_LABEL_LEAST: Final = 6
_LABEL_MOST: Final = 10
_NARROW: Final = 36


class Section(msgspec.Struct, frozen=True):
    """``label`` stands beside the first line; ``kept`` keeps line breaks inside a text (records, notes)."""

    label: str
    body: Sequence[Body] = ()
    kept: bool = False


class DetailPane(PaintedLines, can_focus=True):
    """Shows one thing at a time; what does not fit is scrolled to with the cursor keys when focused, or with
    :meth:`scroll_by` from anywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_by(-1)", "Up", id="detail.up", show=False),
        Binding("down", "scroll_by(1)", "Down", id="detail.down", show=False),
        Binding("pageup", "scroll_pages(-1)", "Page up", id="detail.pageup", show=False),
        Binding("pagedown", "scroll_pages(1)", "Page down", id="detail.pagedown", show=False),
        Binding("home", "scroll_by(-1000000)", "Top", id="detail.home", show=False),
        Binding("end", "scroll_by(1000000)", "End", id="detail.end", show=False),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    DetailPane { height: 1fr; background: $background; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title: Line = ()
        self._sections: tuple[Section, ...] = ()
        self._key = ""
        self._top = 0
        self._laid: list[Line] = []
        self._laid_for: object = None

    def show_sections(self, title: Body, sections: Sequence[Section], key: str = "") -> None:
        """Show something. The scroll position is kept while ``key`` stays the same."""
        self._title = _runs(title, "strong")
        self._sections = tuple(sections)
        self._laid_for = None
        if key != self._key or not key:
            self._key, self._top = key, 0
        self.repaint()

    def scroll_by(self, lines: int) -> None:
        width, height = self.size
        most = max(0, len(self._layout(width)) - height)
        self._top = max(0, min(most, self._top + lines))
        self.repaint()

    def to_top(self) -> None:
        """Back to the first line."""
        self._top = 0
        self.repaint()

    def action_scroll_by(self, lines: int) -> None:
        self.scroll_by(lines)

    def action_scroll_pages(self, pages: int) -> None:
        self.scroll_by(pages * max(1, self.size.height - 1))

    def lines_for(self, width: int, height: int) -> list[Line]:
        laid = self._layout(width)
        self._top = max(0, min(self._top, len(laid) - height))
        out = laid[self._top : self._top + height]
        if len(laid) - self._top > height:
            # The note has a line of its own: it must not cover the end of a sentence.
            out = out[: height - 1]
            below = len(laid) - self._top - len(out)
            out.append(spread((), ((f"{glyphs.current().down} {below} more", "quiet"),), width))
        return out

    def _layout(self, width: int) -> list[Line]:
        if self._laid_for != width:
            self._laid, self._laid_for = list(_laid_out(self._title, self._sections, width)), width
        return self._laid


def _laid_out(title: Line, sections: Sequence[Section], width: int) -> Iterator[Line]:
    if title:
        yield from wrap(title, width)
        yield ((glyphs.current().rule * width, "rule"),)
    longest = max((cell_len(section.label) for section in sections), default=0)
    column = 0 if width < _NARROW else max(_LABEL_LEAST, min(_LABEL_MOST, longest)) + 1
    for section in sections:
        label = fit(clean(section.label, _LABEL_MOST), column, glyphs.current().cut) if column else ""
        if section.label and not column:
            yield ((clean(section.label, width), "quiet"),)
        first = True
        for body in section.body:
            for paragraph in _paragraphs(body, section.kept):
                for line in wrap(paragraph, width - column):
                    lead: Run = (label if first else " " * column, "quiet")
                    yield merge((lead, *line)) if column else line
                    first = False
        if first and column and label.strip():
            yield ((label, "quiet"),)


def _paragraphs(body: Body, kept: bool) -> Iterator[Line]:
    if isinstance(body, (Untrusted, str)) and kept:
        for text in clean_lines(body):
            yield ((text, "text"),)
        return
    yield _runs(body, "text")


def _runs(body: Body, style: str) -> Line:
    if isinstance(body, (Untrusted, str)):
        return ((clean(body, 4_000), style),)
    return merge((clean(text, 4_000), name) for text, name in body)


def wrap(line: Line, width: int) -> list[Line]:
    """Break a line at blanks into lines of at most ``width`` cells; longer words break where they must."""
    if width <= 0:
        return []
    out: list[Line] = []
    current: list[Run] = []
    used = 0
    for word, style in _words(line):
        size = cell_len(word)
        if used + size > width and current:
            if word.isspace():
                continue
            out.append(merge(current))
            current, used = [], 0
        while size > width:
            head = _take(word, width)
            out.append(((head, style),))
            word = word[len(head) :]
            size = cell_len(word)
        current.append((word, style))
        used += size
    out.append(merge(current))
    return out


def _take(word: str, width: int) -> str:
    """As many characters as fit into ``width`` cells, at least one."""
    used = 0
    for index, char in enumerate(word):
        used += cell_len(char)
        if used > width and index and cell_len(char):  # a mark stays with what it marks
            return word[:index]
    return word


def _words(line: Line) -> Iterator[Run]:
    for text, style in line:
        start = 0
        for index in range(1, len(text) + 1):
            if index == len(text) or (text[index] == " ") != (text[start] == " "):
                yield text[start:index], style
                start = index

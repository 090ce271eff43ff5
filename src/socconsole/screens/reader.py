"""A screen to read: one long detail, with nothing to do but scroll, copy and go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.desk import Desk
from socconsole.text import Untrusted, clean, clean_lines
from socconsole.widgets.detail import Body, DetailPane, Section


class ReadScreen(ConsoleScreen):
    place: ClassVar[str] = "read"
    titled: ClassVar[str] = "this screen"
    footer_ids: ClassVar[tuple[str, ...]] = ("back", "copy", "command", "help")

    def __init__(self, desk: Desk, title: Body, sections: Sequence[Section]) -> None:
        super().__init__(desk)
        self._title = title
        self._sections = list(sections)

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")

    def built(self) -> None:
        pane = self.query_one(DetailPane)
        pane.show_sections(self._title, self._sections)
        pane.focus()

    def do_copy(self, asked: Invocation) -> None:
        self.say(self.desk.app.send_to_clipboard(plain(self._title, self._sections)))


def plain(title: Body, sections: Sequence[Section]) -> str:
    """A detail as plain text, for the clipboard."""
    out = [_text(title)]
    for section in sections:
        out += [f"{section.label}: {_text(body)}" for body in section.body]
    return "\n".join(out)


def _text(body: Body) -> str:
    if isinstance(body, (Untrusted, str)):
        return "\n".join(clean_lines(body))
    return "".join(clean(text, 4_000) for text, _ in body)

"""A screen to read: one long detail, with nothing to do but scroll, copy and go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.desk import Desk
from socconsole.widgets.detail import DetailPane, Section


class ReadScreen(ConsoleScreen):
    place: ClassVar[str] = "read"
    titled: ClassVar[str] = "this screen"
    footer_ids: ClassVar[tuple[str, ...]] = ("back", "copy", "command", "help")

    def __init__(self, desk: Desk, title: Content, sections: Sequence[Section]) -> None:
        super().__init__(desk)
        self._title = title
        self._sections = list(sections)

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")

    def on_mount(self) -> None:
        super().on_mount()
        pane = self.query_one(DetailPane)
        pane.show_sections(self._title, self._sections)
        pane.focus()

    def do_copy(self, asked: Invocation) -> None:
        parts = [self._title.plain]
        for section in self._sections:
            content = section.content if isinstance(section.content, Content) else Content("\n").join(section.content)
            parts.append(f"{section.label}: {content.plain}")
        self.say(self.desk.app.send_to_clipboard("\n".join(parts)))

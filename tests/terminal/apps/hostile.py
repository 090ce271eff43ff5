"""Every widget of ours, fed with every payload. Keys: any key shows the next place; ``q`` says what was dropped.

Argument 2 chooses: ``ours`` (the widgets), ``raw`` (a Static without our cleaning, with the filter below it) or
``bare`` (the same without the filter: what a test must be able to see).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from socconsole.model.action import Mode
from socconsole.model.source import Freshness
from socconsole.model.world import WorldKind
from socconsole.text import Untrusted
from socconsole.widgets import safe
from socconsole.widgets.confirm import ConfirmField
from socconsole.widgets.detail import DetailPane, Section
from socconsole.widgets.footer import KeyFooter, KeyHint
from socconsole.widgets.header import HeaderState, SourceNote, StatusHeader
from socconsole.widgets.prompt import LinePrompt, NotePrompt
from socconsole.widgets.shell import KeyPaint, SafeApp
from socconsole.widgets.table import Cell, Column, WindowTable
from tests.terminal.payloads import PAYLOADS

TEXTS = list(PAYLOADS.values())


class Rows:
    def count(self) -> int:
        return len(TEXTS)

    def window(self, offset: int, limit: int) -> list[str]:
        return TEXTS[offset : offset + limit]

    def key(self, row: str) -> str:
        return str(TEXTS.index(row))

    def position_of(self, key: str) -> int | None:
        return int(key)


class Gallery(KeyPaint, Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.places = [*self.stages()]
        self.at = -1

    def compose(self) -> ComposeResult:
        yield StatusHeader()
        yield WindowTable([Column[str]("t", "T", lambda row: Cell(Untrusted(row)), 20, flex=1)], Rows())
        yield DetailPane()
        yield Static(id="plain")
        yield LinePrompt()
        yield NotePrompt()
        yield ConfirmField()
        yield KeyFooter()

    def stages(self) -> list[Callable[[], None]]:
        steps: list[Callable[[], None]] = []
        for text in TEXTS:
            steps.append(lambda text=text: self.show_everywhere(text))  # type: ignore[misc]
        return steps

    def show_everywhere(self, text: str) -> None:
        evil = Untrusted(text)
        self.query_one(StatusHeader).show_state(
            HeaderState(
                mode=Mode.TRIAGE,
                world=WorldKind.DRILL,
                place=text,
                region=text,
                who=text,
                clock=text,
                mode_note=text,
                scenario=text,
                sources=(SourceNote(text, Freshness.DENIED, text, text),),
                others=(text,),
                alert=text,
                oldest=text,
                target=text,
                unacked=1,
            )
        )
        self.query_one(KeyFooter).show_keys([KeyHint(text, text), KeyHint(text, text, why=text)], right=text)
        self.query_one(DetailPane).show_sections(
            evil, [Section(text, [evil, [(evil, "bad")]]), Section("raw", [evil], kept=True)]
        )
        self.query_one("#plain", Static).update(safe.lines(evil, "bold"))
        self.query_one(LinePrompt).ask(text, text, text)
        self.query_one(NotePrompt).ask(text, text, text)
        self.query_one(ConfirmField).ask(text, text)
        self.query_one(WindowTable).set_empty(text)
        self.app.notify(text, title=text)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if event.key == "q":
            self.query_one(KeyFooter).say(f"shown {self.at + 1} dropped {safe.dropped()}", seconds=0)
            return
        self.at += 1
        self.app.clear_notifications()
        self.places[self.at]()
        self.query_one(KeyFooter).say(f"stage {self.at + 1} {TEXTS[self.at]}", seconds=0)
        self.app.call_later(self.set_focus, None)


class Hostile(SafeApp[None]):
    CSS = "WindowTable { height: 12; } DetailPane { height: 12; } #plain { height: 3; } "

    def on_mount(self) -> None:
        self.push_screen(Gallery())

    def action_acted(self, _: str) -> None:
        self.exit(return_code=99)


class Raw(App[None]):
    """What Textual does by itself with data that nobody cleaned."""

    def compose(self) -> ComposeResult:
        for text in TEXTS:
            yield Static(text[:200], markup=False)
        yield Static("painted to the end", id="end")

    def on_key(self, event: events.Key) -> None:
        self.query_one("#end", Static).update(f"dropped {safe.dropped()}")

    CSS = "Static { height: 1; }"


if __name__ == "__main__":
    folder, what = Path(sys.argv[1]), sys.argv[2]
    if what == "ours":
        app: App[None] = Hostile()
    else:
        if what == "raw":
            safe.install_filter()
        app = Raw()
    app.run()
    (folder / "ended").touch()
    sys.exit(app.return_code)

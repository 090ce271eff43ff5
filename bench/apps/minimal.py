"""The least Textual can show: one line of text. Nothing with Textual starts faster than this."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static

TEXT = "a minimal Textual application shows this one line of text and nothing else"


class Minimal(App[None]):
    def compose(self) -> ComposeResult:
        yield Static(TEXT)


if __name__ == "__main__":
    Minimal().run()

"""The last question before an action: type what is named. It takes no paste, and no burst of keys."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from socconsole.text import clean
from socconsole.widgets import safe
from socconsole.widgets.paste import Burst
from socconsole.widgets.prompt import LineField


class TypedField(LineField):
    """An input that only fingers can fill."""

    accepts_paste: ClassVar[bool] = False

    class TooFast(Message):
        """More keys at once than anybody types; the field was emptied."""

    def __init__(self) -> None:
        super().__init__(most=2_048)
        self._burst = Burst()

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and self._burst.press(event.time):
            event.stop()
            event.prevent_default()
            self.value = ""
            self.post_message(self.TooFast())

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()


class ConfirmField(Widget):
    """``ask`` restates what will happen; ``Confirmed`` comes only when exactly the expected text was typed.

    A wrong text is said and the field emptied; Escape posts ``Cancelled``.
    """

    DEFAULT_CSS: ClassVar[str] = """
    ConfirmField {
        height: auto; layout: vertical; display: none; background: $surface;
        & > #confirm-label { height: auto; padding: 0 1; color: $state-bad; text-style: bold; }
        & > TypedField { height: 1; margin: 0 1; background: $panel; }
        & > #confirm-said { height: 1; padding: 0 1; color: $text-quiet; }
    }
    """

    class Confirmed(Message):
        def __init__(self, field: ConfirmField, typed: str) -> None:
            super().__init__()
            self.field = field
            self.typed = typed

        @property
        def control(self) -> ConfirmField:
            return self.field

    class Cancelled(Message):
        def __init__(self, field: ConfirmField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> ConfirmField:
            return self.field

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._expected = ""

    def compose(self) -> ComposeResult:
        yield Static(id="confirm-label")
        yield TypedField()
        yield Static(id="confirm-said")

    def ask(self, label: str, expected: str) -> None:
        """Ask for ``expected`` (the last six characters of a target, or all of it). Never empty."""
        if not expected:
            raise ValueError("a confirmation needs a text to type")
        self._expected = expected
        self.query_one("#confirm-label", Static).update(safe.lines(label, limit=2_000))
        self._say(f"type {clean(expected, 200)} and Enter; esc leaves everything as it is")
        field = self.query_one(TypedField)
        field.value = ""
        self.display = True
        field.focus()

    @property
    def asking(self) -> bool:
        return bool(self.display)

    def put_away(self) -> None:
        """Hide without an answer."""
        self._expected = ""
        self.display = False

    def _say(self, text: str, style: str = "") -> None:
        self.query_one("#confirm-said", Static).update(safe.show(text, style, limit=300))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._expected or event.value != self._expected:
            self._say(f"that is not {clean(self._expected, 200)}; nothing was done", "$state-warn")
            self.query_one(TypedField).value = ""
            return
        self.put_away()
        self.post_message(self.Confirmed(self, event.value))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()

    @on(TypedField.TooFast)
    def _too_fast(self, event: TypedField.TooFast) -> None:
        event.stop()
        self._say("too fast to be typing; the field was emptied, nothing was done", "$state-warn")

    @on(LineField.GivenUp)
    def _given_up(self, event: LineField.GivenUp) -> None:
        event.stop()
        self.put_away()
        self.post_message(self.Cancelled(self))

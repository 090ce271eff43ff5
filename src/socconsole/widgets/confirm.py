"""The last question before an action: type what is named. It takes no paste, and no burst of keys.

Below it is a line for a reason. It costs nobody a key who does not want it: Enter in the field above is enough,
Tab goes down and up again. Where a reason has to be given, the question begins there.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from socconsole.text import clean
from socconsole.widgets import safe
from socconsole.widgets.asking import Asked
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
        & > #confirm-why { height: 1; }
        & #confirm-why-label { width: auto; padding: 0 1; color: $text-quiet; }
        & #confirm-reason { width: 1fr; height: 1; background: $surface; }
        & > #confirm-said { height: auto; max-height: 2; padding: 0 1; color: $text-quiet; }
    }
    """

    class Confirmed(Asked):
        """``typed`` is exactly what was expected; ``reason`` is empty where none was given."""

        def __init__(self, asker: Widget, typed: str, reason: str) -> None:
            super().__init__(asker)
            self.typed = typed
            self.reason = reason

    class Cancelled(Asked):
        """Escape: everything stays as it is."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._expected = ""
        self._needs_reason = False
        self._refused = False
        """It is said what was wrong with a text that is gone."""

    def compose(self) -> ComposeResult:
        yield Static(id="confirm-label")
        yield TypedField()
        with Horizontal(id="confirm-why"):
            yield Static(id="confirm-why-label")
            yield LineField(id="confirm-reason")
        yield Static(id="confirm-said")

    def ask(self, label: str, expected: str, *, reason: bool = False, needs_reason: bool = False) -> None:
        """Ask for ``expected`` (the last six characters of a target, or all of it). Never empty.

        ``reason`` offers a line for one; ``needs_reason`` does not go on without it, and begins there.
        """
        if not expected:
            raise ValueError("a confirmation needs a text to type")
        self._expected = expected
        self._needs_reason = needs_reason
        self.query_one("#confirm-label", Static).update(safe.lines(label, limit=2_000))
        said = "reason, needed:" if needs_reason else "reason (tab):"
        self.query_one("#confirm-why-label", Static).update(safe.show(said, limit=40))
        self.query_one("#confirm-why").display = reason or needs_reason
        self._say_what_to_type()
        self._typed.value = self._reason.value = ""
        self.display = True
        (self._reason if needs_reason else self._typed).focus()

    @property
    def _typed(self) -> TypedField:
        return self.query_one(TypedField)

    @property
    def _reason(self) -> LineField:
        return self.query_one("#confirm-reason", LineField)

    @property
    def asking(self) -> bool:
        return bool(self.display)

    @property
    def takes_reason(self) -> bool:
        """Whether Tab goes to a line for a reason."""
        return bool(self.query_one("#confirm-why").display)

    def put_away(self) -> None:
        """Hide without an answer."""
        self._expected = ""
        self.display = False

    def _say(self, text: str, style: str = "") -> None:
        self.query_one("#confirm-said", Static).update(safe.show(text, style, limit=600))

    def _say_what_to_type(self) -> None:
        asked = f"type {clean(self._expected, 400)} and Enter; esc leaves everything as it is"
        first = "first the reason and Enter; then " if self._needs_reason and not self._reason.value.strip() else ""
        self._say(first + asked)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        reason = self._reason.value.strip()
        if self._needs_reason and not reason:
            self._say("a reason is needed; it stays on the ledger. Nothing was done", "$state-warn")
            self._reason.focus()
        elif self._expected in reason:  # fingers went ahead of the eyes: what confirms is no reason
            self._say("that is what goes into the line above; the reason comes first. Nothing was done", "$state-warn")
            self._reason.value = ""
            self._reason.focus()
        elif event.input is self._reason and not self._typed.value:
            self._say_what_to_type()
            self._typed.focus()  # a reason alone confirms nothing
        elif not self._expected or self._typed.value != self._expected:
            self._typed.value = ""
            self._say(f"that is not {clean(self._expected, 400)}; nothing was done", "$state-warn")
            self._refused = True
            self._typed.focus()
        else:
            typed = self._typed.value
            self.put_away()
            self.post_message(self.Confirmed(self, typed, reason))

    @on(LineField.WantsCompletion)
    def _other_line(self, event: LineField.WantsCompletion) -> None:
        event.stop()
        if self.takes_reason:
            (self._typed if self._reason.has_focus else self._reason).focus()

    @on(LineField.WantsPast)
    def _other_line_by_arrow(self, event: LineField.WantsPast) -> None:
        event.stop()
        if self.takes_reason:
            (self._typed if event.step < 0 else self._reason).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value and self._refused:  # what was wrong with the text before is not said of this one
            self._refused = False
            self._say_what_to_type()

    @on(TypedField.TooFast)
    def _too_fast(self, event: TypedField.TooFast) -> None:
        event.stop()
        self._say("too fast to be typing; the field was emptied, nothing was done", "$state-warn")
        self._refused = True

    @on(LineField.GivenUp)
    def _given_up(self, event: LineField.GivenUp) -> None:
        event.stop()
        self.put_away()
        self.post_message(self.Cancelled(self))

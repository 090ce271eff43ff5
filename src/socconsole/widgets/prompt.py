"""Inline questions: one line (commands, filters, reasons) or several (notes).

They sit above the footer, hidden until asked. Nothing blinks: a blinking cursor alone is 50 kB a minute on
the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from socconsole.text import clean, clean_lines
from socconsole.widgets import safe
from socconsole.widgets.asking import LINE_MOST as LINE_MOST
from socconsole.widgets.asking import Cancelled, Changed, Check, Submitted
from socconsole.widgets.paste import Field

NOTE_MOST = 4_000
HINT_MOST = 240
_ROOM = 24
"""Cells of a field that its hint leaves it."""


class LineField(Field, Input):
    """An input of one line whose Enter is guarded and into which only printable text is pasted."""

    submit_keys: ClassVar[frozenset[str]] = frozenset({"enter"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Cancel", id="prompt.cancel", show=False),
        Binding("tab", "complete", "Complete", id="prompt.complete", show=False),
        Binding("shift+tab", "nothing", id="prompt.stay", show=False),
        Binding("up", "past(-1)", "Earlier", id="prompt.earlier", show=False),
        Binding("down", "past(1)", "Later", id="prompt.later", show=False),
    ]

    class GivenUp(Message):
        """Escape was pressed."""

    class WantsCompletion(Message):
        """Tab was pressed."""

    class WantsPast(Message):
        """Up or down was pressed: another answer that was given before."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, most: int = LINE_MOST, id: str | None = None) -> None:
        super().__init__(compact=True, select_on_focus=False, max_length=most, id=id)
        self.cursor_blink = False
        self.held = False
        """An answer is being looked at: neither Enter nor Escape until that is over, only text."""

    async def action_submit(self) -> None:
        if self.take_submit() and not self.held:
            await super().action_submit()

    def action_give_up(self) -> None:
        if not self.held:
            self.post_message(self.GivenUp())

    def action_complete(self) -> None:
        self.post_message(self.WantsCompletion())

    def action_past(self, step: int) -> None:
        self.post_message(self.WantsPast(step))

    def action_nothing(self) -> None:
        """The focus stays in a question until it is answered."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        pasted = " ".join(clean_lines(event.text.strip(), self.max_length or LINE_MOST))
        if pasted:
            self.insert_text_at_cursor(pasted)


class LinePrompt(Widget):
    """``ask`` shows it and takes the focus; it hides itself after ``Submitted`` or ``Cancelled``.

    What its ``check`` refuses stays where it is, to be mended: no key typed after a refusal is anything but text.
    """

    DEFAULT_CSS: ClassVar[str] = """
    LinePrompt {
        height: auto; layout: vertical; display: none; background: $surface;
        & > #prompt-above { height: auto; max-height: 3; padding: 0 1; color: $text-quiet; display: none; }
        & > #prompt-line { height: 1; }
        & #prompt-label { width: auto; max-width: 60%; height: 1; padding: 0 1; color: $accent; }
        & LineField { width: 1fr; height: 1; background: $surface; }
        & #prompt-hint { width: auto; height: 1; padding: 0 1; color: $text-quiet; }
    }
    """

    Submitted = Submitted
    """Enter: what stands in the field."""
    Changed = Changed
    """What stands in the field, after each key."""
    Cancelled = Cancelled
    """Escape."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._complete: Callable[[str], str] | None = None
        self._check: Check | None = None
        self._label = ""
        self._past: list[str] = []
        """Answers given before, and last of all what is being written now."""
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static(id="prompt-above")
        with Horizontal(id="prompt-line"):
            yield Static(id="prompt-label")
            yield LineField()
            yield Static(id="prompt-hint")

    def ask(
        self,
        label: str,
        value: str = "",
        hint: str = "",
        complete: Callable[[str], str] | None = None,
        *,
        most: int = LINE_MOST,
        past: Sequence[str] = (),
        check: Check | None = None,
    ) -> None:
        """Ask for at most ``most`` characters.

        ``complete`` makes more of what was typed when Tab is pressed; ``past`` are earlier answers, the latest last;
        ``check`` says why an answer is not taken.
        """
        self._complete = complete
        self._check = check
        self._past = [*past, value]
        self._at = len(past)
        self._label = label
        self.query_one("#prompt-label", Static).update(safe.show(label, limit=120))
        self.set_hint(hint)
        field = self.query_one(LineField)
        with self.prevent(Input.Changed):
            field.max_length = most
            field.value = clean(value, most)
        field.cursor_position = len(field.value)
        self.display = True
        field.focus()

    def set_hint(self, hint: str, style: str = "") -> None:
        """Replace the hint while the question stands (an error in a query, a count).

        It stands beside the field, or above it where a half of it would be all that fits.
        """
        taken = cell_len(clean(self._label, 120)) + cell_len(clean(hint, HINT_MOST)) + 4
        above = taken + _ROOM > self.app.size.width
        for name, text in (("#prompt-above", hint if above else ""), ("#prompt-hint", "" if above else hint)):
            line = self.query_one(name, Static)
            line.update(safe.show(text, style, limit=HINT_MOST))
            line.display = bool(text)

    @property
    def asking(self) -> bool:
        return bool(self.display)

    @property
    def completes(self) -> bool:
        """Whether Tab makes more of what was typed."""
        return self._complete is not None

    @property
    def remembers(self) -> bool:
        """Whether there are earlier answers to go back to."""
        return len(self._past) > 1

    @property
    def value(self) -> str:
        return self.query_one(LineField).value

    def put_away(self) -> None:
        """Hide without an answer."""
        self.display = False

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._check is not None:
            field = self.query_one(LineField)
            field.held = True
            try:
                wrong = self._check(event.value)
                if not isinstance(wrong, str):
                    wrong = await wrong
            finally:
                field.held = False
            if wrong:
                return
        self.display = False
        self.post_message(self.Submitted(self, event.value))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value))

    @on(LineField.GivenUp)
    def _given_up(self, event: LineField.GivenUp) -> None:
        event.stop()
        self.display = False
        self.post_message(self.Cancelled(self))

    @on(LineField.WantsCompletion)
    def _wants_completion(self, event: LineField.WantsCompletion) -> None:
        event.stop()
        if self._complete is not None:
            self._write(self._complete(self.value))

    @on(LineField.WantsPast)
    def _wants_past(self, event: LineField.WantsPast) -> None:
        event.stop()
        if self._at == len(self._past) - 1:
            self._past[-1] = self.value  # down comes back to it
        at = self._at + event.step
        if 0 <= at < len(self._past):
            self._at = at
            self._write(self._past[at])

    def _write(self, text: str) -> None:
        field = self.query_one(LineField)
        field.value = clean(text, LINE_MOST)
        field.cursor_position = len(field.value)


class NoteField(Field, TextArea):
    """An input of several lines; ctrl+d submits, Enter is a line break."""

    submit_keys: ClassVar[frozenset[str]] = frozenset({"ctrl+d"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+d", "submit", "Done", id="note.submit", show=False, priority=True),
        Binding("escape", "give_up", "Cancel", id="note.cancel", show=False, priority=True),
    ]

    class Done(Message):
        """ctrl+d was pressed."""

    class GivenUp(Message):
        """Escape was pressed."""

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", compact=True)
        self.cursor_blink = False
        self.highlight_cursor_line = False

    def action_submit(self) -> None:
        if self.take_submit():
            self.post_message(self.Done())

    def action_give_up(self) -> None:
        self.post_message(self.GivenUp())

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert("\n".join(clean_lines(event.text, NOTE_MOST)))


class NotePrompt(Widget):
    """Like :class:`LinePrompt`, over several lines. At most 4,000 characters are handed over.

    Escape leaves at once where nothing was written; else it takes a second one, so that no text is lost by a key.
    """

    DEFAULT_CSS: ClassVar[str] = """
    NotePrompt {
        height: auto; layout: vertical; display: none; background: $surface;
        & > #note-label { height: 1; padding: 0 1; color: $accent; }
        & > NoteField { height: 5; padding: 0 1; border: none; background: $surface; }
    }
    """

    Submitted = Submitted
    """ctrl+d: what stands in the field."""
    Cancelled = Cancelled
    """Escape, twice where something was written."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = ""
        self._hint = ""
        self._given = ""
        self._warned = ""
        """The text that the next Escape discards; empty while none does."""

    def compose(self) -> ComposeResult:
        yield Static(id="note-label")
        yield NoteField()

    def ask(self, label: str, value: str = "", hint: str = "") -> None:
        self._label, self._hint, self._warned = label, hint, ""
        self._say(hint)
        field = self.query_one(NoteField)
        field.load_text("\n".join(clean_lines(value, NOTE_MOST)))
        field.move_cursor(field.document.end)
        self._given = field.text
        self.display = True
        field.focus()

    def _say(self, hint: str, style: str = "$text-quiet") -> None:
        said = Content.assemble(safe.show(self._label, limit=120), "  ", safe.show(hint, style, limit=120))
        self.query_one("#note-label", Static).update(said)

    @property
    def asking(self) -> bool:
        return bool(self.display)

    def put_away(self) -> None:
        """Hide without an answer."""
        self.display = False

    @on(NoteField.Done)
    def _done(self, event: NoteField.Done) -> None:
        event.stop()
        self.display = False
        self.post_message(self.Submitted(self, self.query_one(NoteField).text[:NOTE_MOST].strip()))

    @on(NoteField.Changed)
    def _changed(self, event: NoteField.Changed) -> None:
        event.stop()
        if self._warned and self.query_one(NoteField).text != self._warned:
            self._warned = ""
            self._say(self._hint)

    @on(NoteField.GivenUp)
    def _given_up(self, event: NoteField.GivenUp) -> None:
        event.stop()
        text = self.query_one(NoteField).text
        if text.strip() and text not in (self._given, self._warned):
            self._warned = text
            self._say("not kept yet: ctrl+d keeps it, esc again throws it away", "$state-warn")
            return
        self.display = False
        self.post_message(self.Cancelled(self))

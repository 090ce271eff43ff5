"""Asking the analyst: one question at a time, whose prompt takes the keys, and what is typed before it stands."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual import events, on
from textual.screen import Screen
from textual.widget import Widget

from socconsole.widgets import glyphs
from socconsole.widgets.asking import LINE_MOST, Cancelled, Check, Submitted
from socconsole.widgets.footer import SAY_S, KeyHint
from socconsole.widgets.shell import KeyPaint, focused_field

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk
    from socconsole.widgets.prompt import LinePrompt, NotePrompt

_COMING_S: Final = 2.0
"""For so long keys wait for a question that is on its way."""


class AskingScreen(KeyPaint, Screen[None], inherit_bindings=False):
    """A screen that asks. What it shows besides, and what keys do otherwise, is said by whoever derives from it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._answer: asyncio.Future[str | None] | None = None
        self._focus_before: Widget | None = None
        self._making = asyncio.Lock()
        self._coming: float | None = None
        """When a question was asked for that does not stand yet (``time.monotonic``)."""
        self._early: list[str] = []
        """Keys typed meanwhile."""

    # -- what a question needs of the screen -----------------------------------------------------------

    @property
    @abstractmethod
    def is_built(self) -> bool:
        """Whether its widgets are there."""

    @abstractmethod
    def say(self, text: str, kind: str = "", seconds: float = SAY_S) -> None:
        """One line for the analyst."""

    @abstractmethod
    def hush(self) -> None:
        """Take back what was said."""

    @abstractmethod
    def show_keys(self) -> None:
        """The keys that work now."""

    # -- prompts -----------------------------------------------------------------------------------------

    async def make_prompts(self) -> None:
        """The questions' widgets, made behind the first frame, which needs none; who asks earlier waits for them."""
        from socconsole.widgets.prompt import LinePrompt, NotePrompt

        async with self._making:
            if self.is_built and self.query_one_optional(LinePrompt) is None:
                await self.mount(LinePrompt(id="line"), NotePrompt(id="note"), before="#footer")

    @property
    def asking(self) -> bool:
        """Whether a question stands, so that keys are an answer."""
        return self._answer is not None

    def answer_keys(self) -> Sequence[KeyHint]:
        """What keys do while a question stands."""
        if self._note_prompt.asking:
            return KeyHint("ctrl+d", "keep"), KeyHint("esc", "leave"), KeyHint("enter", "new line")
        prompt = self._line_prompt
        keys = [KeyHint("enter", "keep"), KeyHint("esc", "leave")]
        if prompt.completes:
            keys.append(KeyHint("tab", "complete"))
        return [*keys, KeyHint(glyphs.current().up, "earlier")] if prompt.remembers else keys

    # -- before a question stands ------------------------------------------------------------------------

    def held(self, event: events.Key) -> bool:
        """Whether a key waits for a question that is on its way: its answer must not become commands. Keys that say
        nothing (arrows, escape) go on."""
        if self._coming is not None and event.time - self._coming > _COMING_S:
            self.expect_no_question()  # a question that takes so long is none that somebody types blindly into
        if self._coming is None or not (event.is_printable or event.key in ("enter", "tab", "backspace")):
            return False
        self._early.append(event.character if event.is_printable and event.character else event.key)
        return True

    def expect_question(self, at: float) -> None:
        """A question is on its way since ``at`` (``time.monotonic``)."""
        self._coming = at

    def expect_no_question(self) -> None:
        """None comes: what was typed for it is told, and gone."""
        self._typed_early("-")

    async def until_asked(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do what brings a question; where it ends without one, none is expected any more."""
        try:
            await doing
        finally:
            self.expect_no_question()

    def _typed_early(self, value: str) -> str:
        """What a field begins with: ``value``, else what was typed before it stood. What has no place there is told."""
        early, self._early, self._coming = self._early, [], None
        keys = [key for key in early if value or len(key) > 1]
        if keys:
            self.say(f"ignored {' '.join(keys)}: the question did not stand yet", "warning")
        return value or "".join(key for key in early if len(key) == 1)

    # -- the question ------------------------------------------------------------------------------------

    async def ask(
        self,
        label: str,
        value: str = "",
        hint: str = "",
        complete: Callable[[str], str] | None = None,
        *,
        most: int = LINE_MOST,
        kind: str = "",
        given: str = "",
        check: Check | None = None,
        trouble: str = "",
    ) -> str | None:
        """One line from the analyst; None when he thought better of it.

        Up goes back to earlier answers of the same ``kind`` (``:``, ``/``, ``reason``), on whatever screen.
        What ``check`` refuses stays in the field with its question, and why is said in the footer, where a sentence
        has room; ``trouble`` is said there from the beginning. ``given`` was typed with the command already: where
        ``check`` takes it, nothing is asked, else it stands in the field.
        """
        past = self.desk.past(kind)
        checked = self._checked(check) if check is not None else None
        if given:
            trouble = await checked(given) if checked is not None else ""
            if not trouble:
                return given
            value = given

        def begin() -> None:
            self._line_prompt.ask(label, self._typed_early(value), hint, complete, most=most, past=past, check=checked)
            if trouble:
                self.say(trouble, "error", 0)

        line = await self._ask(begin)
        self.desk.remember(kind, line or "")
        return line

    def _checked(self, check: Check) -> Callable[[str], Coroutine[Any, Any, str]]:
        """A check that says what it refuses."""

        async def checked(line: str) -> str:
            try:
                found = check(line)
                wrong = found if isinstance(found, str) else await found
            except Exception as fault:  # one that failed must not end the console of a night: it is said
                wrong = f"not done, by a defect of ours: {type(fault).__name__}"
            if wrong and self.is_built:
                self.say(wrong, "error", 0)
            return wrong

        return checked

    async def ask_lines(self, label: str, value: str = "", hint: str = "") -> str | None:
        """The same over several lines."""
        return await self._ask(lambda: self._note_prompt.ask(label, self._typed_early(value), hint))

    def hint(self, text: str) -> None:
        """Another hint beside the question that stands."""
        self._line_prompt.set_hint(text)

    @property
    def _line_prompt(self) -> LinePrompt:
        from socconsole.widgets.prompt import LinePrompt

        return self.query_one(LinePrompt)

    @property
    def _note_prompt(self) -> NotePrompt:
        from socconsole.widgets.prompt import NotePrompt

        return self.query_one(NotePrompt)

    async def _ask(self, begin: Callable[[], object]) -> str | None:
        await self.make_prompts()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if not focused_field(self.focused):  # else one question follows another: the prompt is no place to go back to
            self._focus_before = self.focused
        before = self._focus_before
        self.hush()
        begin()
        self.show_keys()
        try:
            return await answer
        finally:
            if self._answer is answer:
                self._answer = None
                self.hush()
                self.show_keys()
                # At once: focus() would wait its turn, behind the next question's own.
                self.set_focus(before if before is not None and before.is_attached else None)

    @on(Submitted)
    def _submitted(self, event: Submitted) -> None:
        event.stop()
        self._settle(event.value)

    @on(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        event.stop()
        self._settle(None)

    def _settle(self, value: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(value)

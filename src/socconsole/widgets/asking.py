"""What the widgets that ask tell a screen. The widgets themselves (``prompt``) are made behind the first frame."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from textual.message import Message
from textual.widget import Widget

LINE_MOST: Final = 500
"""Characters of an answer of one line, where the question does not say otherwise."""

Check = Callable[[str], str | Awaitable[str]]
"""What is wrong with an answer, in a sentence; empty where it is taken. One that waits may do what the answer asks for:
nobody waits for the disk with his text gone."""


def needed(what: str) -> Check:
    """The check that something was typed: ``what`` is ``a reason``."""
    return lambda text: "" if text.strip() else f"{what} is needed; nothing was recorded"


def alone(text: str) -> str:
    """The check of a question whose answer is Enter: what was meant for something else confirms nothing."""
    return "enter alone does it; esc leaves it as it is" if text.strip() else ""


def one_after_other(choices: Sequence[str]) -> Callable[[str], str]:
    """What tab makes of a line: the next of ``choices``; of a beginning, the next that begins so."""

    def turn(line: str) -> str:
        begin = "" if line.strip() in choices else line.strip()
        found = [word for word in choices if word.lower().startswith(begin.lower())]
        if not found:
            return line
        at = found.index(line.strip()) + 1 if line.strip() in found else 0
        return found[at % len(found)]

    return turn


class Asked(Message):
    """A message of a widget that asks. ``control`` is that widget, so that a screen can tell two of them apart."""

    def __init__(self, asker: Widget) -> None:
        super().__init__()
        self.asker = asker

    @property
    def control(self) -> Widget:
        return self.asker


class Answered(Asked):
    """An :class:`Asked` with what was typed."""

    def __init__(self, asker: Widget, value: str) -> None:
        super().__init__(asker)
        self.value = value


class Submitted(Answered):
    """What stands in the field is the answer."""


class Changed(Answered):
    """What stands in the field, after each key."""


class Cancelled(Asked):
    """There will be no answer."""

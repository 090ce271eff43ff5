"""What the widgets that ask tell a screen. The widgets themselves (``prompt``) are made behind the first frame."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from textual.message import Message
from textual.widget import Widget

LINE_MOST: Final = 500
"""Characters of an answer of one line, where the question does not say otherwise."""

Check = Callable[[str], str | Awaitable[str]]
"""What is wrong with an answer, in a sentence; empty where it is taken. One that waits may do what the answer asks for:
nobody waits for the disk with his text gone."""


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

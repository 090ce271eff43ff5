"""What was asked and what came of it: a value, or why there is none. Never a default in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from socconsole.text import Untrusted

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class NotRead(Exception):
    """Somebody needed what was not read; whoever judges says UNKNOWN."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(unread.call)
        self.unread = unread


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """AWS answered, wholly and understood."""

    value: T_co

    def get(self) -> T_co:
        return self.value


@dataclass(frozen=True, slots=True)
class Unread:
    """It was asked, and there is no answer to rely on: denied, throttled, half, or in a shape that we do not know."""

    call: str
    """``service:Operation``."""
    why: Untrusted
    """What kind of trouble, and what was said."""

    def get(self) -> NoReturn:
        """Raises :class:`NotRead`."""
        raise NotRead(self)


Read = Known[T_co] | Unread
"""An answer as checks see it: ``get()`` is the value, or ends the check as UNKNOWN."""


def whole(parts: Iterable[Read[T]]) -> Read[tuple[T, ...]]:
    """All of them, or the first that was not read: half a list is no list."""
    found: list[T] = []
    for part in parts:
        if isinstance(part, Unread):
            return part
        found.append(part.value)
    return Known(tuple(found))

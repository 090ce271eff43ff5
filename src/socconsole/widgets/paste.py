"""Keys that a person meant, told apart from keys that a paste brought.

A terminal without bracketed paste delivers a paste as keys. An analyst does not press two different keys
within 30 ms, so a key that acts is held that long and only let through when it came alone. Keys that do not
act (moving, typing into a field) are never held.

Pure: time comes in with each call, in seconds of any monotonic clock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import ClassVar, Final, Generic, TypeVar

import msgspec

WINDOW_S: Final = 0.030
"""A different key nearer than this makes an acting key part of a paste."""

BURST_LIMIT: Final = 4
"""Keys within the window that a confirm field still accepts."""

E = TypeVar("E")


class Field:
    """Marks a widget into which keys are typed: there they are text, not commands."""

    accepts_paste: ClassVar[bool] = True
    """Whether a bracketed paste may go in; where not, it is dropped, and that is said."""

    submit_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys that act in this field; they are held like any acting key."""

    _may_submit = False

    def allow_submit(self) -> None:
        """The guard let a submitting key through to this field: it may act once.

        Textual looks a key's binding up when the key has bubbled, not when it arrived. Without this, an Enter
        that arrived before a field had the focus would submit the field that has it by then.
        """
        self._may_submit = True

    def take_submit(self) -> bool:
        """Whether a submission may go on; the next one needs a key of its own."""
        allowed, self._may_submit = self._may_submit, False
        return allowed


class Held(msgspec.Struct, Generic[E], frozen=True):
    """An acting key that waits: the caller's ``event``, and what it would have acted on when pressed."""

    key: str
    at: float
    event: E
    subject: Hashable


class Discarded(msgspec.Struct, frozen=True):
    """Acting keys that were not let through, and why, in words for the analyst."""

    keys: tuple[str, ...]
    why: str


PASTED: Final = "arrived with other keys, like a paste"
MOVED: Final = "another key moved on before it could act"


class KeyGuard(Generic[E]):
    """Decides which keys act.

    Feed every key that arrives to :meth:`press`, in order; it says whether the key goes on now. Acting keys
    that came alone come out of :meth:`due` once their window has passed; those that did not come out of
    :meth:`discards`. One key repeated is autorepeat, not a paste.
    """

    def __init__(self, window_s: float = WINDOW_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.window_s = window_s
        self._clock = clock
        self._last_key = ""
        self._last_at = float("-inf")
        self._other_at = float("-inf")
        self._held: list[Held[E]] = []
        self._discards: list[Discarded] = []

    def now(self) -> float:
        return self._clock()

    def press(
        self,
        key: str,
        *,
        typed: bool,
        acting: bool,
        event: E,
        subject: Hashable = None,
        at: float | None = None,
    ) -> bool:
        """Take note of a key; True when it goes on at once, False when it is held or discarded.

        ``typed`` says that a paste could have brought it (it stands for a character, Enter and Tab included).
        A key that is not typed (an arrow) while an acting key waits discards that one: it would act on
        something else than what was under the cursor.
        """
        at = self._clock() if at is None else at
        if self.window_s <= 0:
            return True
        if not typed:
            if not acting:
                self._drop_held(lambda held: True, MOVED)
            return True
        if key != self._last_key:
            self._other_at, self._last_key = self._last_at, key
        self._last_at = at
        self._drop_held(lambda held: held.key != key and at - held.at < self.window_s, PASTED)
        if not acting:
            # What was held long enough but not yet fetched keeps its turn: it was pressed first.
            return True
        if at - self._other_at < self.window_s:
            self._discard((key,), PASTED)
        else:
            self._held.append(Held(key, at, event, subject))
        return False

    def paste(self, at: float | None = None) -> None:
        """A bracketed paste arrived: whatever acts within a window of it is part of it."""
        at = self._clock() if at is None else at
        self._other_at = self._last_at = at
        self._last_key = ""
        self._drop_held(lambda held: True, PASTED)

    def due(self, at: float | None = None) -> list[Held[E]]:
        """Acting keys whose window has passed, oldest first; each is given out once."""
        at = self._clock() if at is None else at
        # A timer may fire a hair early; half a millisecond is no key press.
        ready = [held for held in self._held if at - held.at >= self.window_s - 0.0005]
        self._held = [held for held in self._held if held not in ready]
        return ready

    def discard(self, held: Held[E], why: str) -> None:
        """The caller found a reason not to let a due key act."""
        self._discard((held.key,), why)

    def discards(self) -> list[Discarded]:
        """What was discarded since the last call, neighbours with one reason merged."""
        taken, self._discards = self._discards, []
        return taken

    @property
    def next_due(self) -> float | None:
        """When :meth:`due` will next have something; None when nothing is held."""
        return self._held[0].at + self.window_s if self._held else None

    def _drop_held(self, which: Callable[[Held[E]], bool], why: str) -> None:
        kept: list[Held[E]] = []
        for held in self._held:
            if which(held):
                self._discard((held.key,), why)
            else:
                kept.append(held)
        self._held = kept

    def _discard(self, keys: tuple[str, ...], why: str) -> None:
        last = self._discards[-1] if self._discards else None
        if last is not None and last.why == why:
            self._discards[-1] = Discarded(last.keys + keys, why)
        else:
            self._discards.append(Discarded(keys, why))


class Burst:
    """Refuses input that no fingers made: more than ``limit`` keys within ``window_s``."""

    def __init__(self, limit: int = BURST_LIMIT, window_s: float = WINDOW_S) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: deque[float] = deque(maxlen=limit + 1)

    def press(self, at: float) -> bool:
        """Take note of a key; True when it makes the burst too dense to be typing."""
        self._times.append(at)
        return len(self._times) > self._limit and at - self._times[0] <= self._window_s

    def clear(self) -> None:
        self._times.clear()

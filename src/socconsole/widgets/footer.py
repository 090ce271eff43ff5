"""The footer: the keys that work now, and one line for what was just done or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.css.scalar import Scalar
from textual.timer import Timer

from socconsole.text import Untrusted, clean
from socconsole.widgets.detail import wrap
from socconsole.widgets.painted import PaintedLines, spread, width_of
from socconsole.widgets.rows import Line, Run, merge

SAY_S: Final = 6.0
MOST_LINES: Final = 5
"""That what is said may take; of an 80 columns wide terminal, some 390 characters."""
_KINDS: Final = {"": "strong", "good": "good", "warning": "warn", "error": "bad"}


class KeyHint(msgspec.Struct, frozen=True):
    """``key`` as it is written on a keyboard. ``why`` says why it does not work now; empty when it does."""

    key: str
    label: str
    why: str = ""


class KeyFooter(PaintedLines):
    """Keys on the left, a standing note on the right; :meth:`say` covers the keys for some seconds.

    One line high, but for what is said and needs more: a refusal that is cut at the edge keeps its way out to itself.
    """

    DEFAULT_CSS: ClassVar[str] = """
    KeyFooter { dock: bottom; height: 1; background: $bar-background; color: $bar-foreground; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints: tuple[KeyHint, ...] = ()
        self._right = ""
        self._said: tuple[str, str] | None = None
        self._hush: Timer | None = None

    def show_keys(self, hints: Sequence[KeyHint], right: str = "") -> None:
        """Most needed first: what does not fit is left out from the end."""
        self._hints = tuple(hints)
        self._right = right
        self.repaint()

    def say(self, text: Untrusted | str, kind: str = "", seconds: float = SAY_S) -> None:
        """Say one thing in place of the keys. ``kind``: nothing, ``good``, ``warning`` or ``error``.

        ``seconds`` of 0 leaves it until :meth:`hush` or the next one.
        """
        self._said = (clean(text, 400), _KINDS.get(kind, "strong"))
        if self._hush is not None:
            self._hush.stop()
        self._hush = self.set_timer(seconds, self.hush) if seconds else None
        self._take_room()
        self.repaint()

    @property
    def saying(self) -> str:
        return self._said[0] if self._said else ""

    def hush(self) -> None:
        """Show the keys again."""
        self._said = None
        self._take_room()
        self.repaint()

    def _take_room(self) -> None:
        lines = len(self._wrapped(self.size.width)) if self._said is not None and self.size else 1
        if self.styles.height != (wanted := Scalar.from_number(lines)):
            self.styles.height = wanted

    def _on_resize(self, event: events.Resize) -> None:
        self._take_room()
        super()._on_resize(event)

    def _wrapped(self, width: int) -> list[Line]:
        """What is said, in as many lines as it needs and may have."""
        if self._said is None:
            return []
        return [((" ", ""), *line, (" ", "")) for line in wrap((self._said,), width - 2)[:MOST_LINES]]

    def lines_for(self, width: int, height: int) -> list[Line]:
        right: Line = ((f"  {clean(self._right, 60)} ", "quiet"),) if self._right else ()
        if self._said is not None:
            *above, last = self._wrapped(width)[:height]
            # What was just said matters more than what always stands there.
            return [*above, spread(last, right if width_of((*last, *right)) <= width else (), width)]
        room = width - width_of(right)
        runs: list[Run] = []
        for hint in self._hints:
            more = _hint(hint)
            if width_of((*runs, *more)) > room:
                break
            runs += more
        return [spread(merge(runs), right, width)]


def _hint(hint: KeyHint) -> list[Run]:
    key, label = clean(hint.key, 12), clean(hint.label, 32)
    if hint.why:
        # Brackets say without colour what the quiet style says with it.
        return [(f" ({key} {label}) ", "quiet")]
    return [(f" {key} ", "accent"), (f"{label} ", "text")]

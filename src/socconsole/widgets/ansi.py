"""Styled text as terminal sequences, in as few bytes as its styles allow.

Textual closes every run with a reset and opens the next one from nothing: some forty bytes a run in true
colour, most of which repeat the background. Here a run says only what differs from the run before it, and a
blank, which shows no more than its ground, says only that.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

_RESET: Final = "\x1b[0m"
# SGR numbers of the attributes, in the order of rich's attribute bits: what turns one on, what turns it off.
_ON: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
_OFF: Final = ("22", "22", "23", "24", "25", "25", "27", "28", "29", "24", "54", "54", "55")
_SEEN_ON_BLANKS: Final = ~0b100111
"""All attributes but bold, dim, italic and rapid blinking: underlines and frames show, and reversing swaps colours."""


class Codes(NamedTuple):
    """A style: rich's attribute bits, foreground and background as SGR parameters; empty is the default."""

    attributes: int = 0
    front: str = ""
    back: str = ""


_PLAIN: Final = Codes()


@functools.lru_cache(4096)
def _codes(style: Style, system: ColorSystem) -> Codes:
    front, back = style.color, style.bgcolor
    return Codes(
        style._attributes & style._set_attributes,
        ";".join(front.downgrade(system).get_ansi_codes()) if front is not None else "",
        ";".join(back.downgrade(system).get_ansi_codes(foreground=False)) if back is not None else "",
    )


def _listed(bits: int, codes: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(code for bit, code in enumerate(codes) if bits & (1 << bit)))


@functools.lru_cache(4096)
def _step(now: Codes, want: Codes) -> str:
    """The shorter of two ways from one style to another: what differs, or a reset and everything."""
    if now == want:
        return ""
    if want == _PLAIN:
        return _RESET
    off = _listed(now.attributes & ~want.attributes, _OFF)
    # Some codes turn two attributes off (bold and dim): the one that stays is said again.
    kept = sum(1 << bit for bit, code in enumerate(_OFF) if code in off)
    change = [*off, *_listed(want.attributes & (~now.attributes | kept), _ON)]
    if now.front != want.front:
        change.append(want.front or "39")
    if now.back != want.back:
        change.append(want.back or "49")
    anew = ["0", *_listed(want.attributes, _ON), *(code for code in want[1:] if code)]
    return f"\x1b[{min(';'.join(change), ';'.join(anew), key=len)}m"


class Pen:
    """Writes one run after the other, wherever on the screen, and remembers the style it stands in."""

    def __init__(self, system: ColorSystem) -> None:
        self._system = system
        self._now = _PLAIN

    def write(self, segments: Iterable[Segment]) -> str:
        """The text of ``segments`` with its styles. Hyperlinks and control segments are not rendered: nothing of
        ours has any."""
        out: list[str] = []
        for text, style, control in segments:
            if not text or control:
                continue
            want = _PLAIN if style is None else _codes(style, self._system)
            if text.isspace() and not (want.attributes | self._now.attributes) & _SEEN_ON_BLANKS:
                want = self._now._replace(back=want.back)
            out += (_step(self._now, want), text)
            self._now = want
        return "".join(out)

    def rest(self) -> str:
        """Back to the terminal's default style."""
        now, self._now = self._now, _PLAIN
        return _step(now, _PLAIN)


def render(segments: Iterable[Segment], system: ColorSystem) -> str:
    """``segments`` by themselves; begins and ends in the terminal's default style."""
    pen = Pen(system)
    return pen.write(segments) + pen.rest()

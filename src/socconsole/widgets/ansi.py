"""A strip as terminal sequences, in as few bytes as its styles allow.

Textual closes every run with a reset and opens the next one from nothing: some forty bytes a run in true
colour, most of which repeat the background. Here a run says only what differs from the run before it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

_RESET: Final = "\x1b[0m"
# SGR numbers of the attributes, in the order of rich's attribute bits.
_ATTRIBUTES: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")

Codes = tuple[str, str, str]
_PLAIN: Final[Codes] = ("", "", "")


@functools.lru_cache(4096)
def _codes(style: Style, system: ColorSystem) -> Codes:
    """Attributes, foreground and background of a style, each as SGR parameters; empty for the default."""
    bits = style._attributes & style._set_attributes
    attributes = ";".join(code for bit, code in enumerate(_ATTRIBUTES) if bits & (1 << bit))
    front, back = style.color, style.bgcolor
    return (
        attributes,
        ";".join(front.downgrade(system).get_ansi_codes()) if front is not None else "",
        ";".join(back.downgrade(system).get_ansi_codes(foreground=False)) if back is not None else "",
    )


def _step(now: Codes, want: Codes) -> str:
    """The sequence that leads from one style to another."""
    if now == want:
        return ""
    if want == _PLAIN:
        return _RESET
    if now[0] != want[0]:
        # Attributes cannot be taken back one by one on every terminal, so begin anew.
        parts = [part for part in want if part]
        return f"\x1b[{';'.join(parts if now == _PLAIN else ['0', *parts])}m"
    parts = []
    if now[1] != want[1]:
        parts.append(want[1] or "39")
    if now[2] != want[2]:
        parts.append(want[2] or "49")
    return f"\x1b[{';'.join(parts)}m"


def render(segments: Iterable[Segment], system: ColorSystem) -> str:
    """The text of ``segments`` with its styles; begins and ends in the terminal's default style.

    Hyperlinks and control segments are not rendered: nothing of ours has any.
    """
    out: list[str] = []
    now = _PLAIN
    for text, style, control in segments:
        if not text or control:
            continue
        want = _PLAIN if style is None else _codes(style, system)
        out += (_step(now, want), text)
        now = want
    if now != _PLAIN:
        out.append(_RESET)
    return "".join(out)

"""Untrusted text on a screen: the way in, and the last line before the terminal.

Textual parses a ``str`` as markup in most of its widgets (a title can then run an action of ours on a click,
or crash the app) and passes terminal escapes through in nearly all of them. So data reaches a widget only as
:class:`~textual.content.Content` or rich :class:`~rich.text.Text`, made here from cleaned characters.

The filter in ``Strip.render`` is the net below that: it removes what no cleaned text can hold, and counts it. A
count that is not zero is a defect of ours.
"""

from __future__ import annotations

import re
from typing import Final

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual.content import Content
from textual.strip import Strip

from socconsole.text import BLOCK_LIMIT, LINE_LIMIT, Untrusted, clean, clean_lines
from socconsole.widgets import ansi

_PALETTE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/,()+-]{0,127}")
# Control, zero-width and bidirectional characters. Rich gives them no cells, so removing them moves nothing.
_UNPAINTABLE: Final = dict.fromkeys(
    (
        *range(0x20),
        *range(0x7F, 0xA0),
        0x00AD,
        0x034F,
        0x061C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),
        *range(0xFE00, 0xFE10),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0200),
    )
)


def show(value: Untrusted | str, style: str = "", limit: int = LINE_LIMIT) -> Content:
    """One printable line as content that nothing parses. ``style`` is a Textual style (``bold $error``)."""
    text = clean(value, limit)
    return Content.styled(text, style) if style else Content(text)


def lines(value: Untrusted | str, style: str = "", limit: int = BLOCK_LIMIT) -> Content:
    """The same for a text in which line breaks mean something."""
    text = "\n".join(clean_lines(value, limit))
    return Content.styled(text, style) if style else Content(text)


def rich_text(value: Untrusted | str, style: str = "", limit: int = LINE_LIMIT) -> Text:
    """The same for the sinks that take rich text (``exit(message=…)``, tables printed on the way out)."""
    return Text(clean(value, limit), style=style, no_wrap=True, end="")


def palette_name(text: str) -> str:
    """``text`` itself if it is harmless where markup cannot be switched off (palette, key labels).

    Raises ``ValueError`` for anything else: such places name commands, never data.
    """
    if not _PALETTE_NAME.fullmatch(text):
        raise ValueError(f"not a name for a palette: {clean(text, 80)!a}")
    return text


class _LastLine:
    """The filter's state: installed once a process, counting what it had to remove."""

    installed = False
    dropped = 0


def dropped() -> int:
    """How many segments the filter had to change since the process began. Anything but 0 is our defect."""
    return _LastLine.dropped


def install_filter() -> None:
    """Filter everything that is painted from now on. Calling it again changes nothing."""
    if _LastLine.installed:
        return
    _LastLine.installed = True

    def filtered_render(self: Strip, console: Console) -> str:
        # A strip that holds its rendering has been through here already.
        if self._render_cache is None:
            _filter_segments(self._segments)
            self._render_cache = ansi.render(self._segments, console._color_system or ColorSystem.TRUECOLOR)
        return self._render_cache

    Strip.render = filtered_render  # type: ignore[method-assign]


def painted(strip: Strip) -> list[Segment]:
    """What may be painted of a strip: its segments, through the filter."""
    _filter_segments(strip._segments)
    return strip._segments


def _filter_segments(segments: list[Segment]) -> None:
    for index, (text, style, control) in enumerate(segments):
        # A hyperlink (OSC 8) hands the terminal an address; nothing of ours needs one, and none is rendered.
        linked = style is not None and style.link is not None
        painted = text if text.isprintable() else text.translate(_UNPAINTABLE)
        if linked or painted != text:
            _LastLine.dropped += 1
            segments[index] = Segment(painted, style, control)

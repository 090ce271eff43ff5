"""What goes to the terminal for one frame: the cells that changed, and each change of style once.

Textual sends a changed span from the left edge of the widget it is in, and begins and ends every line in the
default style: a second that passes in the header's clock costs the whole line. Here a span is cut at both ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from socconsole.widgets import ansi, safe

Placed = tuple[int, int, Strip]
"""Line, column (both from 0), and what stands there."""


class ExactUpdate(CompositorUpdate):
    """Strips and their places, written by one pen."""

    def __init__(self, placed: Iterable[Placed]) -> None:
        self._placed = placed

    def render_segments(self, console: Console) -> str:
        pen = ansi.Pen(console._color_system or ColorSystem.TRUECOLOR)
        out: list[str] = []
        here: tuple[int, int] | None = None
        for y, x, strip in self._placed:
            if here != (y, x):
                out.append(f"\x1b[{y + 1};{x + 1}H")
            out.append(pen.write(safe.painted(strip)))
            here = (y, x + strip.cell_length)
        out.append(pen.rest())
        return "".join(out)


def exact(update: RenderableType | None) -> RenderableType | None:
    """The same picture in fewer bytes, where ``update`` is one of Textual's; anything else as it is."""
    if isinstance(update, ChopsUpdate):
        return cast("RenderableType", ExactUpdate(_spans(update)))  # Textual asks only what CompositorUpdate has
    if isinstance(update, LayoutUpdate):
        return cast("RenderableType", ExactUpdate(_lines(update)))
    return update


def _spans(update: ChopsUpdate) -> Iterator[Placed]:
    for y, first, end in update.spans:
        for chop_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            left, right = max(x, first), min(chop_end, end)
            if strip is not None and left < right:
                yield y, left, strip.crop(left - x, right - x)


def _lines(update: LayoutUpdate) -> Iterator[Placed]:
    for y, strips in enumerate(update.strips, start=update.region.y):
        x = update.region.x
        for strip in strips:
            yield y, x, strip
            x += strip.cell_length

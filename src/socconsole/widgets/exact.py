"""What is rendered for one frame, and what of it goes to the terminal: what changed, and each change of style once.

Textual renders every widget of the screen whole whenever a cell changes, sends a changed span from the left edge of
the widget it is in, and begins and ends every line in the default style. Here only lines between the first and the
last change are rendered, and a span is cut at both ends: a second in the header's clock costs its own cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from socconsole.widgets import ansi, safe

Placed = tuple[int, int, Strip]
"""Line, column (both from 0), and what stands there."""


class ExactCompositor(Compositor):
    """Renders of each widget the lines that are asked for."""

    def _get_renders(self, crop: Region | None = None) -> Iterator[tuple[Region, Region, list[Strip]]]:
        for widget, (region, clip) in self.visible_widgets.items():
            near = clip if crop is None else clip.intersection(Region(clip.x, crop.y, clip.width, crop.height))
            seen = region.intersection(near)
            if seen:
                yield region, near, widget.render_lines(seen.translate(-region.offset))


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

"""Meters as text: a sparkline of one line, and a chart of several with its threshold and marks.

Pure but for the widget at the end. A value of None is a gap and is painted as one: nothing measured is not nothing
left. In plain ASCII a column is full or empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len

from socconsole.widgets import glyphs
from socconsole.widgets.painted import PaintedLines
from socconsole.widgets.rows import Line, fit, merge

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_FULL: Final = 8
_ASCII: Final = " .:-=+*#@"

Values = Sequence[float | None]


def spark(values: Values, top: float | None = None) -> str:
    """One cell a value, against the largest or ``top``; a gap is a dot."""
    signs, gap = _signs()
    known = [value for value in values if value is not None]
    most = top if top is not None else max(known, default=0.0)
    return "".join(gap if value is None else signs[_level(value, most, _FULL)] for value in values)


def bars(values: Values, height: int, top: float) -> list[str]:
    """``height`` lines of one cell a value, the highest line first."""
    signs, gap = _signs()
    lines: list[str] = []
    for line in range(height - 1, -1, -1):
        cells = []
        for value in values:
            if value is None:
                cells.append(gap if line == 0 else " ")
            else:
                level = _level(value, top, _FULL * height) - _FULL * line
                cells.append(signs[max(0, min(_FULL, level))])
        lines.append("".join(cells))
    return lines


def stretched(values: Values, width: int) -> list[float | None]:
    """As many values as cells, each the largest of those that fall together."""
    if not values:
        return [None] * width
    out: list[float | None] = []
    for cell in range(width):
        first = cell * len(values) // width
        last = max(first + 1, (cell + 1) * len(values) // width)
        out.append(max((one for one in values[first:last] if one is not None), default=None))
    return out


def _level(value: float, most: float, full: int) -> int:
    if most <= 0 or value <= 0:
        return 0
    return max(1, min(full, round(value / most * full)))  # whatever left is seen, however little


def _signs() -> tuple[str, str]:
    plain = glyphs.current().cut.isascii()
    return (_ASCII, ".") if plain else (_EIGHTHS, "·")


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows. ``marks`` are (part of the width from 0 to 1, style); ``axis`` names both its ends."""

    values: tuple[float | None, ...]
    unit_top: str
    """What the highest line stands for, in words: ``41 MB/min``."""
    axis: tuple[str, str]
    top: float
    threshold: float | None = None
    threshold_word: str = ""
    marks: tuple[tuple[float, str], ...] = ()


class ChartPane(PaintedLines):
    """Draws one chart over all of its room."""

    DEFAULT_CSS: ClassVar[str] = """
    ChartPane { height: 40%; min-height: 6; background: $background; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chart: Chart | None = None

    def show(self, chart: Chart | None) -> None:
        self._chart = chart
        self.repaint()

    def lines_for(self, width: int, height: int) -> list[Line]:
        return [] if self._chart is None else drawn(self._chart, width, height)


def drawn(chart: Chart, width: int, height: int) -> list[Line]:
    """The chart in ``height`` lines: marks, bars with the threshold among them, the axis."""
    label = min(12, max(cell_len(chart.unit_top), cell_len(chart.threshold_word)))
    room, tall = width - label - 1, height - 2
    if room < 8 or tall < 1:
        return []
    values = stretched(chart.values, room)
    rows = bars(values, tall, chart.top)
    at = None if chart.threshold is None else tall - 1 - min(tall - 1, int(chart.threshold / chart.top * tall))
    out: list[Line] = [_marked(chart, label, room)]
    cut = glyphs.current().cut
    for number, cells in enumerate(rows):
        word = chart.unit_top if number == 0 else ""
        if number == at:
            word = chart.threshold_word
            cells = "".join(glyphs.current().rule if cell == " " else cell for cell in cells)
        style = "warn" if number == at else "quiet"
        over = at is not None and number < at
        out.append(merge(((fit(word, label, cut, "right") + " ", style), (cells, "bad" if over else "accent"))))
    ends = chart.axis[0] + " " * max(1, room - cell_len(chart.axis[0]) - cell_len(chart.axis[1])) + chart.axis[1]
    out.append(((" " * (label + 1) + fit(ends, room, cut), "quiet"),))
    return out


def _marked(chart: Chart, label: int, room: int) -> Line:
    cells: list[tuple[str, str]] = [(" ", "quiet")] * room
    for part, style in chart.marks:
        if 0 <= part <= 1:
            cells[min(room - 1, int(part * room))] = (glyphs.current().down, style)
    return merge(((" " * (label + 1), "quiet"), *cells))

"""A widget made of lines of runs, which paints only the cells that changed.

Textual repaints whole widgets; on a slow link that is felt. Here a subclass says what its lines are, and what
differs from the last time is all that goes out.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from socconsole.widgets.rows import Line, changed_span, fill


class Look(NamedTuple):
    """What a name of a run means: theme variables for text and ground (none: the widget's own), and weight."""

    color: str
    background: str = ""
    bold: bool = False


LOOKS: Final[Mapping[str, Look]] = {
    "text": Look("foreground"),
    "quiet": Look("text-quiet"),
    "strong": Look("text-strong", bold=True),
    "critical": Look("severity-critical", bold=True),
    "high": Look("severity-high", bold=True),
    "medium": Look("severity-medium"),
    "low": Look("severity-low"),
    "info": Look("severity-info"),
    "good": Look("state-good"),
    "warn": Look("state-warn"),
    "bad": Look("state-bad", bold=True),
    "mark": Look("mark", bold=True),
    "accent": Look("accent"),
    "head": Look("text-quiet", "bar-background"),
    "rule": Look("rule"),
    "cursor": Look("cursor-foreground", "cursor-background", bold=True),
    "cursor-blurred": Look("cursor-foreground", "cursor-background"),
    "mode-read": Look("mode-foreground", "mode-read", bold=True),
    "mode-triage": Look("mode-foreground", "mode-triage", bold=True),
    "mode-respond": Look("mode-foreground", "mode-respond", bold=True),
    "banner": Look("banner-foreground", "banner-background", bold=True),
}
"""The names a run or a cell may use. They are no component classes: Textual would work out every one of them for
every such widget whenever its styles or its focus change, which took a third of the first frame."""


class PaintedLines(Widget):
    """Override :meth:`lines_for`; call :meth:`repaint` when it would answer something else."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._lines: list[Line] = []
        self._line_width = 0
        self._rich_styles: dict[str, Style] = {}

    @abstractmethod
    def lines_for(self, width: int, height: int) -> Sequence[Line]:
        """At most ``height`` lines, each of any width up to ``width`` cells."""

    @property
    def painted_text(self) -> list[str]:
        """What stands on each line, without colour."""
        return ["".join(text for text, _ in line) for line in self._lines]

    def repaint(self) -> None:
        """Ask for the lines again and paint what differs; nothing if nothing does."""
        if not self.size:
            return
        if not self._fits:
            self._compose_lines()
            self.refresh()
            return
        for y, line in enumerate(self._fresh()):
            self.put_line(y, line)

    @property
    def _fits(self) -> bool:
        """Whether the lines were made for the size there is now."""
        return (self._line_width, len(self._lines)) == self.size

    def _compose_lines(self) -> None:
        self._lines, self._line_width = self._fresh(), self.size.width

    def _fresh(self) -> list[Line]:
        width, height = self.size
        fresh = [fill(line, width) for line in self.lines_for(width, height)]
        return fresh + [fill((), width)] * (height - len(fresh))

    def put_line(self, y: int, line: Line) -> None:
        """Replace one line of full width, painting the cells that differ."""
        span = changed_span(self._lines[y], line)
        if span is not None:
            self._lines[y] = line
            self.refresh(Region(span[0], y, span[1] - span[0], 1))

    def render_line(self, y: int) -> Strip:
        if not self._fits:  # laid out, and painted before the message of it came: the first frame is such a one
            self._compose_lines()
        return Strip([Segment(text, self.line_style(name)) for text, name in self._lines[y]], self.size.width)

    def line_style(self, name: str) -> Style:
        """The theme's rendering of a style name; an unknown name is plain text."""
        style = self._rich_styles.get(name)
        if style is None:
            style = self._rich_styles[name] = self._styled(LOOKS.get(name, LOOKS["text"]))
        return style

    def _styled(self, look: Look) -> Style:
        variables = self.app.theme_variables
        ground = self.background_colors[1]
        if look.background:
            ground += Color.parse(variables[look.background])
        color = ground + Color.parse(variables[look.color])
        return Style(color=color.rich_color, bgcolor=ground.rich_color if ground.a else None, bold=look.bold or None)

    def notify_style_update(self) -> None:
        before, self._rich_styles = self._rich_styles, {}
        super().notify_style_update()
        if self.is_attached and any(self.line_style(name) != style for name, style in before.items()):
            self.refresh()  # another theme

    def _on_resize(self, event: events.Resize) -> None:
        if not self._fits:
            self.repaint()


def width_of(line: Line) -> int:
    """Cells of a line."""
    return sum(cell_len(text) for text, _ in line)


def spread(left: Line, right: Line, width: int, style: str = "text") -> Line:
    """``left`` at the left edge, ``right`` at the right one; ``left`` is cut where they would meet."""
    room = width - width_of(right)
    if room <= 0:
        return fill(right, width)
    return (*fill(left, room, style), *right)

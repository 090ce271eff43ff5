"""A widget made of lines of runs, which paints only the cells that changed.

Textual repaints whole widgets; on a slow link that is felt. Here a subclass says what its lines are, and what
differs from the last time is all that goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from socconsole.widgets.rows import Line, changed_span, fill

STYLES: Final = (
    "text",
    "quiet",
    "strong",
    "critical",
    "high",
    "medium",
    "low",
    "info",
    "good",
    "warn",
    "bad",
    "mark",
    "accent",
    "head",
    "rule",
    "cursor",
    "cursor-blurred",
    "mode-read",
    "mode-triage",
    "mode-respond",
    "banner",
)
"""The names a run or a cell may use; each is the component class ``painted--NAME``, coloured by the theme."""


class PaintedLines(Widget):
    """Override :meth:`lines_for`; call :meth:`repaint` when it would answer something else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"painted--{name}" for name in STYLES}
    DEFAULT_CSS = """
    PaintedLines {
        & .painted--text { color: $foreground; }
        & .painted--quiet { color: $text-quiet; }
        & .painted--strong { color: $text-strong; text-style: bold; }
        & .painted--critical { color: $severity-critical; text-style: bold; }
        & .painted--high { color: $severity-high; text-style: bold; }
        & .painted--medium { color: $severity-medium; }
        & .painted--low { color: $severity-low; }
        & .painted--info { color: $severity-info; }
        & .painted--good { color: $state-good; }
        & .painted--warn { color: $state-warn; }
        & .painted--bad { color: $state-bad; text-style: bold; }
        & .painted--mark { color: $mark; text-style: bold; }
        & .painted--accent { color: $accent; }
        & .painted--head { color: $text-quiet; background: $bar-background; }
        & .painted--rule { color: $rule; }
        & .painted--cursor { color: $cursor-foreground; background: $cursor-background; text-style: bold; }
        & .painted--cursor-blurred { color: $cursor-foreground; background: $cursor-background; }
        & .painted--mode-read { color: $mode-foreground; background: $mode-read; text-style: bold; }
        & .painted--mode-triage { color: $mode-foreground; background: $mode-triage; text-style: bold; }
        & .painted--mode-respond { color: $mode-foreground; background: $mode-respond; text-style: bold; }
        & .painted--banner { color: $banner-foreground; background: $banner-background; text-style: bold; }
    }
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._lines: list[Line] = []
        self._line_width = 0
        self._rich_styles: dict[str, Style] = {}

    def lines_for(self, width: int, height: int) -> Sequence[Line]:
        """At most ``height`` lines, each of any width up to ``width`` cells."""
        raise NotImplementedError

    @property
    def painted_text(self) -> list[str]:
        """What stands on each line, without colour."""
        return ["".join(text for text, _ in line) for line in self._lines]

    def repaint(self) -> None:
        """Ask for the lines again and paint what differs; nothing if nothing does."""
        width, height = self.size
        if not width or not height:
            return
        fresh = [fill(line, width) for line in self.lines_for(width, height)]
        fresh += [fill((), width)] * (height - len(fresh))
        if len(fresh) != len(self._lines) or width != self._line_width:
            self._lines, self._line_width = fresh, width
            self.refresh()
            return
        for y, line in enumerate(fresh):
            self.put_line(y, line)

    def put_line(self, y: int, line: Line) -> None:
        """Replace one line of full width, painting the cells that differ."""
        span = changed_span(self._lines[y], line)
        if span is not None:
            self._lines[y] = line
            self.refresh(Region(span[0], y, span[1] - span[0], 1))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines) or width != self._line_width:
            return Strip.blank(width, self.line_style("text"))
        return Strip([Segment(text, self.line_style(name)) for text, name in self._lines[y]], width)

    def line_style(self, name: str) -> Style:
        """The theme's rendering of a style name; an unknown name is plain text."""
        style = self._rich_styles.get(name)
        if style is None:
            known = name if name in STYLES else "text"
            style = self._rich_styles[name] = self.get_component_rich_style(f"painted--{known}")
        return style

    def notify_style_update(self) -> None:
        self._rich_styles.clear()
        super().notify_style_update()

    def _on_resize(self, event: events.Resize) -> None:
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

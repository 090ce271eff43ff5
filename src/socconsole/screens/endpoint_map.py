"""One endpoint as a small map: what it may read, itself, where it sends. Pure but for the widget at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, Final

from socconsole.model.endpoint import Endpoint, Exposure
from socconsole.model.known import Read, Unread
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.painted import PaintedLines
from socconsole.widgets.rows import Line, Run, fit, merge

_ARN: Final = re.compile(r"arn:[a-z-]+:([a-z0-9-]+):[^:]*:[^:]*:(.+)")
_ARROW: Final = 3
"""Cells of an arrow, a blank on either side aside."""
_BOX: Final = (24, 40)
"""Cells of the box in the middle, least and most."""

_UNICODE: Final = ("┌", "─", "┐", "│", "└", "┘", "──▶")
_ASCII: Final = ("+", "-", "+", "|", "+", "+", "-->")

EXPOSED: Final = {
    Exposure.INTERNET: "open to the internet",
    Exposure.ACCOUNT: "through AWS's API",
    Exposure.VPC: "open to its whole VPC",
    Exposure.PRIVATE: "private, to named sources",
    Exposure.UNKNOWN: "? who reaches it",
}


def drawn(endpoint: Endpoint, width: int, height: int) -> list[Line]:
    """The map in ``height`` lines of ``width`` cells."""
    box = max(_BOX[0], min(_BOX[1], width // 3))
    side = (width - box) // 2 - _ARROW - 2
    if side < 8 or height < 3:
        return []
    reads = _side("may read", endpoint.reads, "no role: nothing", height)
    sends = _side("sends to", endpoint.sends, "? not looked at", height)
    return [
        merge(
            (
                *_cell(reads[row], side),
                _arrow(reads[row], row),
                *_box(endpoint, box, height, row),
                _arrow(sends[row], row),
                *_cell(sends[row], width - side - box - 2 * (_ARROW + 2)),
            )
        )
        for row in range(height)
    ]


def short(arn: str) -> str:
    """``s3 corpus/*`` of an ARN; what is none stays as it is."""
    found = _ARN.match(arn)
    return f"{found[1]} {found[2].removeprefix(found[1])}" if found else arn


def _side(head: str, read: Read[Sequence[str]] | None, none: str, height: int) -> list[Run]:
    """A title, and what was read; the last line counts what has no room."""
    if isinstance(read, Unread):
        lines: list[Run] = [(f"? not read ({read.call})", "warn")]
    elif read is None:
        lines = [(none, "warn" if none.startswith("?") else "quiet")]
    else:
        lines = [(short(one), "text") for one in read.value] or [("nothing", "quiet")]
    room = height - 1
    if len(lines) > room:
        lines = [*lines[: room - 1], (f"and {len(lines) - room + 1} more", "quiet")]
    found: list[Run] = [(head, "quiet"), *lines]
    return found + [("", "text")] * (height - len(found))


def _cell(run: Run, width: int) -> tuple[Run, ...]:
    return ((fit(clean(run[0], 400), width, glyphs.current().cut), run[1]),)


def _arrow(run: Run, row: int) -> Run:
    return (f" {_signs()[6]} " if row and run[0] else " " * (_ARROW + 2), "quiet")


def _box(endpoint: Endpoint, width: int, height: int, row: int) -> tuple[Run, ...]:
    left, rule, right, wall, low_left, low_right, _ = _signs()
    if row in (0, height - 1):
        ends = (left, right) if row == 0 else (low_left, low_right)
        kind = fit(f" {endpoint.kind.value} ", min(width - 4, len(endpoint.kind.value) + 2), "") if row == 0 else ""
        return ((f"{ends[0]}{rule}{kind}{rule * (width - 3 - len(kind))}{ends[1]}", "accent"),)
    said = _inside(endpoint)
    text, style = said[row - 1] if row <= len(said) else ("", "text")
    inner = fit(clean(text, 200), width - 4, glyphs.current().cut)
    return ((f"{wall} ", "accent"), (inner, style), (f" {wall}", "accent"))


def _inside(endpoint: Endpoint) -> list[Run]:
    """What matters most comes first: a small map shows no more."""
    bad = {Exposure.INTERNET: "bad", Exposure.UNKNOWN: "warn"}.get(endpoint.exposure, "text")
    routed = len([one for one in endpoint.regions if one != endpoint.place.region])
    where = endpoint.place.region + (f" and {routed} more" if routed else "")
    return [
        (clean(endpoint.name, 200) or endpoint.arn, "strong"),
        (EXPOSED[endpoint.exposure], bad),
        (where if endpoint.regions else f"{where}, others ?", "text"),
        (clean(endpoint.model, 200) if endpoint.model is not None else "", "quiet"),
        (endpoint.role.rpartition("/")[2], "quiet"),
    ]


def _signs() -> tuple[str, ...]:
    return _ASCII if glyphs.current().cut.isascii() else _UNICODE


class EndpointMap(PaintedLines):
    DEFAULT_CSS: ClassVar[str] = """
    EndpointMap { height: 7; background: $background; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._endpoint: Endpoint | None = None

    def show(self, endpoint: Endpoint | None) -> None:
        self._endpoint = endpoint
        self.repaint()

    def lines_for(self, width: int, height: int) -> list[Line]:
        return [] if self._endpoint is None else drawn(self._endpoint, width, height)

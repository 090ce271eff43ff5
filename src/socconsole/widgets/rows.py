"""Rows as runs of styled text: columns, cells, cutting by cells, and what changed between two lines.

Pure: no widget, no terminal. A *run* is ``(text, style name)``; a line is a tuple of runs that fills its
width exactly, with as few runs as its styles allow (each run costs some forty bytes on the wire).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, Literal, TypeVar

import msgspec
from rich.cells import cell_len, set_cell_size

from socconsole.text import Untrusted, clean

Row = TypeVar("Row")
Run = tuple[str, str]
Line = tuple[Run, ...]

GAP: Final = 1
"""Cells between columns."""

_CELL_LIMIT: Final = 300

SOLID: Final = frozenset({"mode-read", "mode-triage", "mode-respond", "banner"})
"""Styles whose background ends with their text."""


class Cell(msgspec.Struct, frozen=True):
    """What stands in one column of one row.

    ``text`` is cleaned when it is painted, whoever wrote it. ``style`` names one of the table's styles
    (``text``, ``quiet``, ``strong``, ``critical`` … ``info``, ``good``, ``warn``, ``bad``, ``mark``).
    """

    text: Untrusted | str
    style: str = "text"


class Column(msgspec.Struct, Generic[Row], frozen=True):
    """``width`` is in cells, and the least when ``flex`` (its share of what is left over) is not 0.

    Where not all columns fit, those of the lowest ``priority`` go first. ``ends`` shows how a long text begins and how
    it ends: of names whose end tells them apart, ids of models.
    """

    id: str
    title: str
    paint: Callable[[Row], Cell]
    width: int
    flex: int = 0
    priority: int = 50
    align: Literal["left", "right"] = "left"
    ends: bool = False


def layout(columns: Sequence[Column[Row]], width: int) -> list[tuple[Column[Row], int]]:
    """The columns that fit into ``width`` cells, in order, each with its width.

    One column is always kept, cut to what there is.
    """
    kept = list(columns)
    while len(kept) > 1 and _least(kept) > width:
        kept.remove(min(reversed(kept), key=lambda column: column.priority))
    widths = [column.width for column in kept]
    spare = width - _least(kept)
    if spare < 0 and kept:
        widths[0] = max(0, widths[0] + spare)
    weights = sum(column.flex for column in kept)
    if spare > 0 and weights:
        given = 0
        for index, column in enumerate(kept):
            share = spare * column.flex // weights
            widths[index] += share
            given += share
        last = max(index for index, column in enumerate(kept) if column.flex)
        widths[last] += spare - given
    return list(zip(kept, widths, strict=True))


def _least(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + GAP * max(0, len(columns) - 1)


def fit(text: str, width: int, cut: str, align: Literal["left", "right"] = "left") -> str:
    """``text`` in exactly ``width`` cells; what does not fit ends in the sign ``cut``."""
    if width <= 0:
        return ""
    if text.isascii():
        size = len(text)
        if size > width:
            return text[: width - 1] + cut
        return text.rjust(width) if align == "right" else text.ljust(width)
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + cut
    space = " " * (width - size)
    return space + text if align == "right" else text + space


def fit_ends(text: str, width: int, cut: str) -> str:
    """``text`` in exactly ``width`` cells, of a longer one its beginning and a little more of its end."""
    if cell_len(text) <= width or width < _ENDS_LEAST:
        return fit(text, width, cut)
    head = (width - 1) * 2 // 5
    tail = text[-(width - 1 - head) :]
    while cell_len(tail) > width - 1 - head:
        tail = tail[1:]
    return fit(set_cell_size(text, head) + cut + tail, width, cut)


_ENDS_LEAST: Final = 8
"""Cells below which two ends of a text say less than its beginning."""


def merge(runs: Iterable[Run]) -> Line:
    """Join neighbours of one style; blanks take the style before them, as they show none of their own."""
    out: list[Run] = []
    for text, style in runs:
        if not text:
            continue
        blank = text.isspace() and style not in SOLID and bool(out) and out[-1][1] not in SOLID
        if out and (out[-1][1] == style or blank):
            out[-1] = (out[-1][0] + text, out[-1][1])
        else:
            out.append((text, style))
    return tuple(out)


def row_line(columns: Sequence[tuple[Column[Row], int]], row: Row, width: int, gutter: Sequence[Run], cut: str) -> Line:
    """One row as a line of ``width`` cells, ``gutter`` first."""
    runs: list[Run] = list(gutter)
    for index, (column, cells) in enumerate(columns):
        cell = column.paint(row)
        if index:
            runs.append((" " * GAP, "text"))
        text = clean(cell.text, _CELL_LIMIT)
        fitted = fit_ends(text, cells, cut) if column.ends else fit(text, cells, cut, column.align)
        runs.append((fitted, cell.style))
    return fill(merge(runs), width)


def head_line(
    columns: Sequence[tuple[Column[Row], int]],
    width: int,
    gutter: int,
    sort: tuple[str, str] | None,
    cut: str,
) -> Line:
    """The titles; ``sort`` is the id of the sorted column and the sign of its direction."""
    text = " " * gutter
    for index, (column, cells) in enumerate(columns):
        title = column.title
        if sort is not None and sort[0] == column.id:
            title = f"{title}{sort[1]}"
        text += (" " * GAP if index else "") + fit(title, cells, cut, column.align)
    return fill(((text, "head"),), width)


def one_style(line: Line, style: str) -> Line:
    """The same text in a single run."""
    return (("".join(text for text, _ in line), style),)


def fill(line: Line, width: int, style: str = "text") -> Line:
    """Pad or cut a line to exactly ``width`` cells."""
    size = sum(cell_len(text) for text, _ in line)
    if size == width:
        return line
    if size < width:
        last = line[-1][1] if line else style
        return merge((*line, (" " * (width - size), style if last in SOLID else last)))
    out: list[Run] = []
    left = width
    for text, name in line:
        cells = cell_len(text)
        if cells >= left:
            out.append((set_cell_size(text, left), name))
            break
        out.append((text, name))
        left -= cells
    return merge(out)


def changed_span(old: Line, new: Line) -> tuple[int, int] | None:
    """The cells ``(first, end)`` in which two lines of one width differ; None when they are the same."""
    if old == new:
        return None
    before = [(char, style) for text, style in old for char in text]
    after = [(char, style) for text, style in new for char in text]
    same = 0
    for left, right in zip(before, after, strict=False):
        if left != right:
            break
        same += 1
    tail = 0
    longest = min(len(before), len(after)) - same
    while tail < longest and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    # A combining mark belongs to the character before it: take in one more wherever there could be any.
    plain = all(char.isascii() for char, _ in after) and all(char.isascii() for char, _ in before)
    if not plain:
        same, tail = max(0, same - 3), max(0, tail - 3)
    chars = [char for char, _ in after]
    first = cell_len("".join(chars[:same]))
    end = cell_len("".join(chars)) - cell_len("".join(chars[len(chars) - tail :]))
    return first, end

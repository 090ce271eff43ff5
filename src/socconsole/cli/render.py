"""What the plain form of a list is made of: text in columns that drives no terminal."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from socconsole.text import Untrusted, clean

_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` in terminal cells; 0 for the last column, which takes what is left.

    ``least`` is the width of the terminal from which on the column is shown.
    """

    title: str
    width: int
    least: int = 0
    right: bool = False


class Table:
    """Rows aligned for a terminal, one at a time, so that a long list begins to flow at once."""

    def __init__(self, columns: Sequence[Column], width: int | None) -> None:
        self._shown = [width is None or column.least <= width for column in columns]
        self._columns = [column for column, shown in zip(columns, self._shown, strict=True) if shown]
        taken = sum(column.width + _GAP for column in self._columns if column.width)
        self._rest = None if width is None else max(8, width - taken)

    def head(self) -> str:
        return self._line([column.title for column in self._columns])

    def row(self, values: Sequence[str | Untrusted]) -> str:
        """One line; every value is cleaned here, whatever it is."""
        return self._line([clean(value, 4_000) for value, shown in zip(values, self._shown, strict=True) if shown])

    def _line(self, values: Sequence[str]) -> str:
        shown: list[str] = []
        for column, value in zip(self._columns, values, strict=True):
            room = column.width or self._rest
            if room is None or (self._rest is None and cells(value) > room):
                shown.append(value)
            else:
                shown.append(fit(value, room, right=column.right))
        return (" " * _GAP).join(shown).rstrip()


@contextmanager
def while_somebody_reads() -> Iterator[None]:
    """Around what prints a list: when the reader goes away (``| head``), the rest of the verb still speaks.

    Its exit code then says what it would have said; the block's own output ends.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminal_width() -> int | None:
    """Cells of the terminal that stdout is, or of ``COLUMNS``; None for a file or pipe: nothing is cut then."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return max(20, shutil.get_terminal_size().columns)
    return None


def cells(text: str) -> int:
    """How many terminal cells a cleaned text takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def fit(text: str, room: int, *, right: bool = False) -> str:
    """Exactly ``room`` cells: padded, or cut with an ellipsis."""
    length = cells(text)
    if length > room:
        kept: list[str] = []
        length = 1
        for char in text:
            if length + _cells_of(char) > room:
                break
            length += _cells_of(char)
            kept.append(char)
        text = "".join(kept) + "\u2026"
    pad = " " * (room - length)
    return pad + text if right else text + pad


def span(seconds: float | None) -> str:
    """A length of time in its largest unit: ``8s``, ``4m``, ``2h``, ``3d``; ``-`` for none."""
    if seconds is None:
        return "-"
    for unit, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= unit:
            return f"{int(seconds // unit)}{letter}"
    return f"{max(0, int(seconds))}s"


def since(at: datetime | None, now: datetime) -> str:
    return "-" if at is None else span((now - at).total_seconds())


def count(n: int, one: str) -> str:
    """``1 finding``, ``1,204 findings``."""
    return f"{n:,} {one}{'' if n == 1 else 's'}"

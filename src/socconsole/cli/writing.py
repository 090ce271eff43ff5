"""Files that a command writes: new, owner-only, and never over one that is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from socconsole.cli.exits import Code, put, say, stop
from socconsole.text import clean, csv_line

if TYPE_CHECKING:
    from socconsole.reports import Document

Rows = Callable[[], Iterable[Iterable[object]]]
"""Of a table, its head first."""


def report(
    document: Document, data: Callable[[], dict[str, Any]], form: str, output: Path | None, rows: Rows | None = None
) -> None:
    """A report in one of ``FORMS``, or as ``csv`` where it has ``rows``, to a new file or to standard output."""
    from socconsole.reports.files import FORMS, formed

    forms = FORMS if rows is None else (*FORMS, "csv")
    if form not in forms:
        stop(Code.BAD_INPUT, f"this report is one of {', '.join(forms)}, not {form!a}", "--format html")
    if form == "json" and output is None:
        put(data())
        return
    if form == "csv" and rows is not None:
        text = "".join(f"{csv_line(row)}\n" for row in rows())
    else:
        text = formed(document, data, form)
    if output is None:
        sys.stdout.write(text)
        return
    new_file(output, text.encode())
    say(f"{clean(str(output), 200)}: {len(text.encode()):,} bytes")


def new_file(path: Path, data: bytes) -> None:
    """Owner-only; ends the command where it is there already, or cannot be written."""
    from socconsole.reports import files

    try:
        files.new_file(path, data)
    except files.NotWritten as trouble:
        stop(Code.BAD_INPUT, str(trouble), "-o another-name" if trouble.taken else "")

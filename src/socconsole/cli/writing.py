"""Files that a command writes: new, owner-only, and never over one that is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socconsole.cli.exits import Code, put, say, stop
from socconsole.text import ascii_json, clean, csv_line

if TYPE_CHECKING:
    from socconsole.reports import Document

FORMS: Final = ("md", "html", "json")


Rows = Callable[[], Iterable[Iterable[object]]]
"""Of a table, its head first."""


def report(
    document: Document, data: Callable[[], dict[str, Any]], form: str, output: Path | None, rows: Rows | None = None
) -> None:
    """A report in one of ``FORMS``, or as ``csv`` where it has ``rows``, to a new file or to standard output."""
    from socconsole.reports import html, markdown

    forms = FORMS if rows is None else (*FORMS, "csv")
    if form not in forms:
        stop(Code.BAD_INPUT, f"this report is one of {', '.join(forms)}, not {form!a}", "--format html")
    if form == "json" and output is None:
        put(data())
        return
    if form == "csv" and rows is not None:
        text = "".join(f"{csv_line(row)}\n" for row in rows())
    else:
        text = (
            html(document) if form == "html" else markdown(document) if form == "md" else ascii_json(data(), indent=1)
        )
    if output is None:
        sys.stdout.write(text)
        return
    new_file(output, text.encode())
    say(f"{clean(str(output), 200)}: {len(text.encode()):,} bytes")


def new_file(path: Path, data: bytes) -> None:
    """Owner-only; ends the command where it is there already, or cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError:
        stop(Code.BAD_INPUT, f"{clean(str(path), 200)} is there already", "-o another-name")
    except OSError as error:
        stop(Code.BAD_INPUT, f"{clean(str(path), 200)} cannot be written: {error.strerror}")

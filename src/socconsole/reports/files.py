"""Files that reports become: new, owner-only, and never over one that is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from socconsole.reports.document import Document
from socconsole.reports.html import html
from socconsole.reports.markdown import markdown
from socconsole.text import ascii_json, clean

FORMS: Final = ("md", "html", "json")
"""What a report may be, and what the names of such files end in."""


class NotWritten(Exception):
    """The file is as it was, or not there; the message says why. ``taken``: there is one of that name already."""

    def __init__(self, message: str, *, taken: bool = False) -> None:
        super().__init__(message)
        self.taken = taken


def formed(document: Document, data: Callable[[], dict[str, Any]], form: str) -> str:
    """A report in one of :data:`FORMS`; ``data`` is what its JSON holds."""
    if form == "json":
        return ascii_json(data(), indent=1)
    return html(document) if form == "html" else markdown(document)


def new_file(path: Path, data: bytes) -> None:
    """Raises :class:`NotWritten`; a file of which only a part could be written is taken away again."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise NotWritten(f"{clean(str(path), 200)} is there already", taken=True) from None
    except OSError as error:
        raise NotWritten(f"{clean(str(path), 200)} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise NotWritten(f"{clean(str(path), 200)} cannot be written: {error.strerror}") from error

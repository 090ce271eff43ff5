"""Files that people are given: new, owner-only, whole or not there, and never over one that is there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def path_of(name: str) -> Path:
    """A file as somebody types its name. Raises :class:`NotWritten`."""
    try:
        return Path(name.strip()).expanduser()
    except RuntimeError as error:  # ~somebody whom this host does not know
        raise NotWritten(f"{clean(name, 200)}: {clean(str(error), 200)}") from error


def form_of(path: Path) -> str:
    """Which of :data:`FORMS` a file's name says. Raises :class:`NotWritten`."""
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise NotWritten(f"the file's name has to end in {', '.join(f'.{one}' for one in FORMS)}")
    return form


def formed(document: Document, data: Callable[[], dict[str, Any]], form: str) -> str:
    """A report in one of :data:`FORMS`; ``data`` is what its JSON holds."""
    if form == "json":
        return ascii_json(data(), indent=1)
    return html(document) if form == "html" else markdown(document)


def new_file(path: Path, data: bytes) -> None:
    """Raises :class:`NotWritten`."""
    with held_back(path, data):
        pass


@contextmanager
def held_back(path: Path, data: bytes) -> Iterator[None]:
    """A new file of which the ledger has to know first: its entry is made within the block.

    There is only an empty file under its name until the block has ended, and none where that raised: whoever is
    killed in between leaves nothing behind that nobody's record knows. Raises :class:`NotWritten`.
    """
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}") if path.name else path
    with _said(path):
        _new(path, b"")
    try:
        with _said(path):
            _new(aside, data)
        yield
        with _said(path):
            os.replace(aside, path)
    except BaseException:  # an interrupt too: what is left would be a file that nobody's record knows
        aside.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise


def _new(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _said(path: Path) -> Iterator[None]:
    named = clean(str(path), 200)
    try:
        yield
    except FileExistsError as error:
        raise NotWritten(f"{named} exists already", taken=True) from error
    except OSError as error:
        raise NotWritten(f"{named} cannot be written: {error.strerror or type(error).__name__}") from error
    except ValueError as error:  # a name that no file can have
        raise NotWritten(f"{named} cannot be written: {clean(str(error), 200)}") from error

"""Writing what is shown to a file of the analyst's own: CSV that no spreadsheet runs, or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from socconsole.reports.files import NotWritten, new_file, path_of
from socconsole.store.reading import rfc3339
from socconsole.text import Untrusted, ascii_json, csv_line


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """All rows under the first row's columns; lists are joined with ``; ``, a nested object is JSON."""
    if not rows:
        return ""
    columns = list(rows[0])
    lines = [csv_line(columns), *(csv_line(_flat(row.get(column)) for column in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """One JSON array, ASCII only."""
    return ascii_json([{name: _moment(value) for name, value in row.items()} for row in rows], indent=2) + "\n"


def write(name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write ``rows`` to ``name`` (mode 0600) by its suffix. Raises ``files.NotWritten``; never replaces a file."""
    path = path_of(name)
    makers = {".csv": as_csv, ".json": as_json}
    maker = makers.get(path.suffix.lower())
    if maker is None:
        raise NotWritten("the file's name has to end in .csv or .json")
    new_file(path, maker(rows).encode())
    return path


def _moment(value: object) -> object:
    """A moment as RFC 3339 in UTC, as `findings --json` writes them; anything else as it is."""
    return rfc3339(value) if isinstance(value, datetime) else value


def _flat(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return Untrusted("; ".join(_words(item) for item in value))
    if isinstance(value, Mapping):
        return ascii_json(value) if value else ""
    return _moment(value)


def _words(item: object) -> str:
    """One item of a list: a resource is its type and id, an actor its kind, value and detail."""
    if isinstance(item, Mapping):
        return " ".join(_words(part) for part in item.values() if part is not None)
    return item.raw() if isinstance(item, Untrusted) else str(item)

"""Writing what is shown to a file of the analyst's own: CSV that no spreadsheet runs, or JSON."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from socconsole.text import Untrusted, ascii_json, clean

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")


class ExportError(Exception):
    """Nothing was written; the message says why."""


def csv_cell(value: object) -> str:
    """One cell as inert text: cleaned, and quoted with ``'`` where a spreadsheet would see a formula."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    shown = clean(value) if isinstance(value, Untrusted) else clean(str(value))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """All rows under the first row's columns; lists are joined with ``; ``."""
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        columns = list(rows[0])
        writer.writerow(columns)
        for row in rows:
            writer.writerow([csv_cell(_flat(row.get(column))) for column in columns])
    return out.getvalue()


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """One JSON array, ASCII only."""
    return ascii_json(list(rows), indent=2) + "\n"


def write(name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write ``rows`` to ``name`` (mode 0600) by its suffix. Raises ``ExportError``; never replaces a file."""
    path = Path(name).expanduser()
    makers = {".csv": as_csv, ".json": as_json}
    maker = makers.get(path.suffix.lower())
    if maker is None:
        raise ExportError("the file's name has to end in .csv or .json")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ExportError(f"{clean(str(path))} exists already; choose another name") from None
    except OSError as trouble:
        raise ExportError(f"{clean(str(path))}: {trouble.strerror}") from trouble
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(maker(rows))
    except OSError as trouble:
        path.unlink(missing_ok=True)
        raise ExportError(f"{clean(str(path))}: {trouble.strerror}") from trouble
    return path


def _flat(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return "; ".join(csv_cell(_flat(item)) for item in value)
    if isinstance(value, Mapping):
        return " ".join(csv_cell(_flat(item)) for item in value.values())
    return value

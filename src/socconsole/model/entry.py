"""Ledger entries: what was decided or done, by whom, about what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from socconsole.text import Untrusted

ADOPTED: Final = "adopted"
"""The verb of an entry that another install had made (``store.adopted``)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be recorded.

    ``verb`` is a command's ledger verb (``acknowledge``, ``intent``, ``outcome``, ``system`` …).
    ``data`` goes into the signed body: JSON values only, no floats that are not finite, no free text.
    ``private`` holds free text and personal data: kept in a side table, its salted hash in the body.
    """

    verb: str
    who: str
    subjects: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands in the ledger. ``private`` lacks what was erased."""

    seq: int
    at: datetime
    install: str
    session: str
    entry: Entry
    hash: str
    """Hexadecimal SHA-256."""
    erased: frozenset[str] = frozenset()
    """Names of the free texts that it had and that were erased since. What is in neither never was."""


def line_json(line: Line) -> dict[str, Any]:
    """An entry as ``ledger show --json`` prints it and Activity exports it.

    ``private`` holds free text and personal data, without what was erased.
    """
    return {
        "seq": line.seq,
        "at": line.at.isoformat().replace("+00:00", "Z"),
        "verb": line.entry.verb,
        "who": line.entry.who,
        "subjects": list(line.entry.subjects),
        "data": dict(line.entry.data),
        "private": {name: Untrusted(text) for name, text in line.entry.private.items()},
        "install": line.install,
        "session": line.session,
        "hash": line.hash,
    }


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """Whether the record is whole; ``at`` names the first bad entry (None: the file itself)."""

    whole: bool
    entries: int
    head: str
    at: int | None = None
    reason: str = ""
    unanchored_since: datetime | None = None

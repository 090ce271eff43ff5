"""Handing a pack over: the file written, and what it is put on the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.config import Config
from socconsole.model.case import Case
from socconsole.model.entry import Entry
from socconsole.reports.files import held_back
from socconsole.reports.pack import pack
from socconsole.store import db, decisions, ledger
from socconsole.store.instants import micros

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

PACKED: Final = "case_packed"


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack as it was written; ``sha256`` is that of the file, ``manifest`` that of the list of files within."""

    path: Path
    bytes: int
    sha256: str
    manifest: str
    files: int
    missing: tuple[str, ...]
    """SHA-256 of evidence that the ledger names and that is not there or not what was kept."""
    seq: int
    """Its ledger entry."""


def write(
    folder: StateFolder,
    config: Config,
    case: Case,
    path: Path,
    who: str,
    now: datetime,
    *,
    redacted: bool = False,
    recipients: Sequence[str] = (),
) -> Packed:
    """The evidence pack of a case as a new file, encrypted to ``recipients`` (age keys) if there are any.

    It is on the ledger before there is a file of it. Raises ``ledger.LedgerError``, ``sealing.BadRecipient`` and
    ``files.NotWritten``, with no file left behind.
    """
    with db.reading(folder) as conn:
        made = pack(folder, conn, config, case, now, redacted=redacted)
    data = made.data
    if recipients:
        from socconsole.reports.sealing import seal  # a library of its own, for those who encrypt

        data = seal(data, recipients)
    digest = hashlib.sha256(data).hexdigest()
    said = {
        "case": case.id,
        "now": micros(now),
        "manifest": made.manifest,
        "sha256": digest,
        "bytes": len(data),
        "redacted": redacted,
        "recipients": list(recipients),
    }
    with held_back(path, data):
        (line,) = ledger.append(folder, [Entry(PACKED, who, data=said)])
    decisions.catch_up(folder)
    return Packed(path, len(data), digest, made.manifest, made.files, made.missing, line.seq)

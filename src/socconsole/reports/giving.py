"""Giving a handoff: the report as it stands now, the signed file of it, and its entry on the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from socconsole.config import Config
from socconsole.reports import accepting, handoff_file
from socconsole.reports.as_data import as_data
from socconsole.reports.files import held_back
from socconsole.reports.handoff import handoff
from socconsole.reports.handoff_file import BadHandoff, Given
from socconsole.store import db, keys, project

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder


@dataclass(frozen=True, slots=True)
class Gave:
    """A handoff that was given: where its file lies, what is in it, and its entry."""

    path: Path
    given: Given
    seq: int


def give(
    folder: StateFolder,
    config: Config,
    path: Path,
    who: str,
    now: datetime,
    *,
    since: datetime | None = None,
    to: str = "",
) -> Gave:
    """Make the signed file of everything that is open at ``now``, and put on record that it was made; ``since`` and
    ``to`` as :func:`handoff` has them.

    Raises :class:`BadHandoff`, ``files.NotWritten`` and ``ledger.LedgerError``; there is no file then. There is never
    one that no entry knows: it would be accepted over there, and its receipt refused here.
    """
    try:
        project.project(folder)  # what was begun and is not in the store yet would be missing from the file
    except db.Error as trouble:
        raise BadHandoff(f"no file was made: the store: {trouble}", "try again") from trouble
    signer = keys.load(folder.keys)
    if signer is None:
        raise BadHandoff("this install has no signing key yet", "socconsole ledger key")
    with db.reading(folder) as conn:
        told = project.last_applied(conn)  # before anything is read: what is told twice is seen, what is not is lost
        document = as_data(handoff(folder, conn, config, now, since=since, to=to))
        made = handoff_file.make(folder, conn, document, who, signer, now)
    if len(made.data) > handoff_file.MOST:
        raise BadHandoff(
            f"{len(made.data):,} bytes: no install accepts a file of that size", "close cases that are done"
        )
    with held_back(path, made.data):
        line = accepting.give(folder, made, who, now, told)
    return Gave(path, made, line.seq)

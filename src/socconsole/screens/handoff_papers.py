"""What the handoff screen reads, writes, gives and takes. All of it blocks: call it in a thread.

Whatever goes wrong is a :class:`NotDone` with a sentence for the analyst; nothing was taken over or recorded then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.reports import metrics
from socconsole.reports.as_data import as_data
from socconsole.reports.files import NotWritten, form_of, formed, path_of
from socconsole.reports.files import new_file as new
from socconsole.reports.handoff import handoff
from socconsole.screens import handoff_paper
from socconsole.screens.handoff_rows import HandoffRead
from socconsole.store import db, handoffs
from socconsole.text import clean
from socconsole.widgets import detail

if TYPE_CHECKING:
    from socconsole.reports.accepting import Taken
    from socconsole.reports.document import Section
    from socconsole.reports.giving import Gave
    from socconsole.reports.handoff_file import Read
    from socconsole.screens.desk import Desk
    from socconsole.store.handoffs import HandedOff
    from socconsole.store.state import StateFolder

RECEIPT: Final = "socconsole-receipt."
"""How a receipt begins: what does not is the name of a file that holds one."""
_RECEIPT_MOST: Final = 10_000
_MEASURED_S: Final = 60.0


class NotDone(Exception):
    """It was refused, or could not be done; says why, and what mends it."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A file whose signature is good, as it was read: what is taken over later are these bytes and no others."""

    path: Path
    data: bytes
    read: Read
    before: HandedOff | None
    """The same handoff, where it was accepted here already."""
    receipt: str
    """Its receipt then."""
    paper: list[detail.Section] = field(default_factory=list)
    """What it holds, as it is read on the screen (``handoff_paper``)."""


class Measured:
    """How long things took, read at most once a minute: it takes every entry of the ledger, and its section says as of
    when it is. The same is read anew at once where it is asked since another moment, as after another handoff."""

    def __init__(self) -> None:
        self._kept: tuple[float, datetime, datetime, Section] | None = None

    def __call__(self, folder: StateFolder, now: datetime, since: datetime) -> Section:
        """As ``metrics.section``, and raises as it does."""
        if self._kept is not None:
            read, then, from_, section = self._kept
            same = since == from_ or since - from_ == now - then  # or as long ago as it was
            if same and time.monotonic() - read < _MEASURED_S:
                return section
        section = metrics.section(folder, now, since)
        self._kept = (time.monotonic(), now, since, section)
        return section


def read(desk: Desk, measured: Measured, conn: db.Connection, now: datetime) -> HandoffRead:
    """The handoff as it stands, and who is on."""
    from socconsole.store.ledger import LedgerError

    shift = tuple(handoffs.on_shift(conn))
    latest = next(iter(handoffs.latest(conn, 1)), None)
    try:
        report = handoff(desk.folder, conn, desk.config, now, measured=measured)
    except LedgerError as trouble:
        return HandoffRead(None, shift, latest, now, f"{trouble.message}; {trouble.remedy}")
    return HandoffRead(report, shift, latest, now)


def write(desk: Desk, name: str) -> tuple[Path, int]:
    """The report to a new file, in the form that its name says; the file and its size in bytes."""
    with _said(name):
        path = path_of(name)
        form = form_of(path)
        with db.reading(desk.folder) as conn:
            report = handoff(desk.folder, conn, desk.config, desk.now())
        data = formed(report, lambda: as_data(report), form).encode()
        new(path, data)
    return path, len(data)


def new_file(name: str, data: bytes) -> Path:
    """A file that was not there before, readable by its owner alone."""
    with _said(name):
        path = path_of(name)
        new(path, data)
    return path


def give(desk: Desk, name: str) -> Gave:
    """The signed file for another install, and its entry on the ledger."""
    from socconsole.reports import giving
    from socconsole.reports.handoff_file import SUFFIX

    with _said(name):
        path = path_of(name)
        if path.suffix.lower() != SUFFIX:
            raise NotWritten(f"the name of a signed handoff ends in {SUFFIX}")
        return giving.give(desk.folder, desk.config, path, desk.analyst, desk.now())


def examine(desk: Desk, name: str) -> Examined:
    """Somebody's file, its signature checked; nothing of it is taken over."""
    from socconsole.reports import accepting, handoff_file
    from socconsole.store import keys

    with _said(name):
        path = path_of(name)
        with path.open("rb") as file:
            data = file.read(handoff_file.MOST + 1)
        signer = keys.load(desk.folder.keys)
        found = handoff_file.read(data, desk.config.peers, signer.id if signer is not None else "")
        with db.reading(desk.folder) as conn:
            before = handoffs.get(conn, found.parcel.id)
        receipt = accepting.receipt_again(desk.folder, before) if before is not None else ""
    return Examined(path, data, found, before, receipt, handoff_paper.sections(found, path, len(data), desk.stamp))


def accept(desk: Desk, examined: Examined) -> Taken:
    """Take it over, all of it or nothing."""
    from socconsole.reports import accepting

    with _said(str(examined.path)):
        return accepting.accept(desk.folder, desk.config, examined.data, desk.analyst, desk.now())


def receipt(desk: Desk, said: str) -> str:
    """Put a receipt on record: the line itself, or the name of a file that holds it. Returns what to say of it."""
    from socconsole.reports import accepting

    line = said.strip()
    pasted = line.startswith(RECEIPT)
    with _said("the receipt" if pasted else line):
        if not pasted:
            with path_of(line).open(encoding="ascii", errors="replace") as file:
                line = file.read(_RECEIPT_MOST)
        id_, by, peer, seq = accepting.receipt(desk.folder, desk.config, line, desk.analyst, desk.now())
    return f"{id_}: accepted by {clean(by, 80)} ({clean(peer, 80)}), ledger entry {seq:,}"


def receipt_again(desk: Desk, id_: str) -> str:
    """The receipt of a handoff that was accepted here, once more; empty where there is none to give."""
    from socconsole.reports import accepting

    with _said(id_), db.reading(desk.folder) as conn:
        found = handoffs.get(conn, id_)
        return accepting.receipt_again(desk.folder, found) if found is not None else ""


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Everything that may go wrong, in words."""
    from socconsole.reports.handoff_file import BadHandoff
    from socconsole.reports.receipts import BadReceipt
    from socconsole.store.ledger import EntryRefused, LedgerError
    from socconsole.store.locks import LockHeld
    from socconsole.store.project import ProjectError

    named = clean(name, 200)
    try:
        yield
    except BadHandoff as bad:
        anew = "; then start the console again, which read its configuration when it started"
        remedy = bad.remedy + (anew if "[[peers]]" in bad.remedy else "")
        raise NotDone(_with(f"refused: {clean(str(bad), 600)}", remedy)) from bad
    except BadReceipt as bad:
        raise NotDone(f"refused: {clean(str(bad), 600)}") from bad
    except LockHeld as held:
        raise NotDone(f"refused: process {held.pid} is accepting a handoff right now, or settling one") from held
    except LedgerError as trouble:
        raise NotDone(_with(f"not done: {clean(trouble.message, 600)}", trouble.remedy)) from trouble
    except (EntryRefused, ProjectError, db.Error) as trouble:
        raise NotDone(f"not done: {clean(str(trouble), 600)}") from trouble
    except NotWritten as trouble:
        raise NotDone(str(trouble)) from trouble
    except OSError as trouble:
        raise NotDone(f"{named}: {trouble.strerror or type(trouble).__name__}") from trouble
    except ValueError as trouble:  # a name that no file can have
        raise NotDone(f"{named}: {clean(str(trouble), 200)}") from trouble


def _with(said: str, remedy: str) -> str:
    return f"{said}; {clean(remedy, 600)}" if remedy else said

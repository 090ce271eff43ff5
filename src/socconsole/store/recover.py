"""Rebuilding ``store.db`` when it is gone or damaged: from the raw imports and the ledger; AWS gives the rest.

An ``import`` entry names in ``data.evidence`` the SHA-256 of what is kept of a file: its bytes, or those without the
secrets of its trail records, and then in ``data.original`` the file's own SHA-256. ``private.file`` is its name. An
``evaluated`` entry names the file of one round of posture checks in the same way.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.model.entry import LedgerVerdict
from socconsole.model.posture import Evaluation
from socconsole.model.source import SourceKey
from socconsole.model.world import Place
from socconsole.store import correlating, db, evidence, ledger, posture_codec, posture_others, project, sources
from socconsole.store.ownership import StateError
from socconsole.store.state import LockHeld, StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from socconsole import triage
    from socconsole.formats import Record
    from socconsole.model.entry import Line

IMPORT: Final = "import"
"""Ledger verb of a file that was imported."""

_BATCH: Final = 500
_SIDE_FILES: Final = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovering came to."""

    rebuilt: bool
    """False when the store was sound: it was only brought up to the ledger."""
    why: str
    """What was wrong with the store."""
    aside: Path | None
    """Where the damaged store was moved to; None when there was none."""
    entries: int
    """Ledger entries applied."""
    findings: int
    """Findings in the store now, those that only AWS knows excepted."""
    imports: int
    missing: tuple[str, ...]
    """SHA-256 of imported files and of evaluations whose evidence is missing or was changed."""
    unapplied: int
    """Entries in a shape that this program does not know."""
    verdict: LedgerVerdict
    """Of the ledger that it was rebuilt from. A broken one is still used as far as it can be read."""


def recover(
    root: Path,
    *,
    who: str = "recover",
    accept_loss: bool = False,
    force: bool = False,
    context: triage.Context | None = None,
) -> Recovered:
    """Make ``store.db`` whole again. ``force`` rebuilds a store that looks sound; ``context`` is for the scores.

    The watch must not run, and consoles have to be restarted afterwards. ``accept_loss`` puts on record, signed
    by ``who``, that the ledger is shorter than its checkpoint says. Raises ``StateError`` and ``LedgerError``.
    """
    folder = StateFolder.open(root, without_store=True)
    with _alone(folder):
        if accept_loss and not ledger.verify(root).whole:
            ledger.accept_loss(folder, who, "accepted when the store was recovered")
        verdict = ledger.verify(root)
        why = "it was asked for" if force else _fault(folder)
        if not why:
            db.prepare(folder)
            applied = project.project(folder)
            return _told(folder, verdict, applied, rebuilt=False)
        aside = _set_aside(folder.store_db)
        db.prepare(folder)
        imports, missing = _import_again(folder, context)
        missing += _evaluate_again(folder, context)
        applied = project.project(folder)
        return _told(folder, verdict, applied, True, why, aside, imports, missing)


@contextmanager
def _alone(folder: StateFolder) -> Iterator[None]:
    try:
        with folder.lock("watch"):
            yield
    except LockHeld as held:
        raise StateError(f"the watch runs (process {held.pid})", f"stop it first: kill {held.pid}") from held


def _fault(folder: StateFolder) -> str:
    """What is wrong with the store; empty when it is sound and belongs to the ledger."""
    path = folder.store_db
    if not path.exists():
        return "it was missing"
    if path.stat().st_size == 0:
        return "it was empty"
    try:
        if not db.version(path):
            return "it held no tables"
        with closing(db.connect(path, readonly=True)) as conn:
            told = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if told != "ok":
                return f"it was damaged: {told}"
        db.prepare(folder)
        project.project(folder)
    except (sqlite3.DatabaseError, ValueError, StateError) as error:  # ValueError: names that are no text any more
        return f"it was damaged: {error}"
    except project.ProjectError as error:
        return error.message
    return ""


def _set_aside(path: Path) -> Path | None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    moved = None
    for suffix in _SIDE_FILES:
        old = path.with_name(path.name + suffix)
        if old.exists():
            os.replace(old, aside.with_name(aside.name + suffix))
            moved = aside
    return moved


def _import_again(folder: StateFolder, context: triage.Context | None) -> tuple[int, tuple[str, ...]]:
    """Read the raw imports anew, dated by their entries, in their order."""
    from socconsole.formats import read_bytes

    done, missing = 0, []
    with closing(db.connect(folder.store_db)) as conn:
        for line in ledger.lines(folder, verbs=(IMPORT,)):
            digest = str(line.entry.data.get("evidence", ""))
            try:
                data = evidence.get(folder, digest)
            except evidence.EvidenceError:
                missing.append(digest)
                continue
            _take_in(conn, read_bytes(data), line, context)
            done += 1
        correlating.finish(conn, datetime.now(UTC))
        posture_others.finish(conn, datetime.now(UTC))
    return done, tuple(missing)


def _take_in(conn: sqlite3.Connection, records: Iterable[Record], line: Line, context: triage.Context | None) -> None:
    from socconsole.store import findings

    each = iter(records)
    origin = f"file:{line.entry.private.get('file', line.seq)}"
    while batch := list(islice(each, _BATCH)):
        findings.commit(conn, batch, answer=None, origin=origin, now=line.at, context=context)


def _evaluate_again(folder: StateFolder, context: triage.Context | None) -> tuple[str, ...]:
    """Take in every round of posture anew, in their order; what is kept of none is told. A round that found what the
    one before it did is not read again."""
    from socconsole.store import findings

    missing: dict[str, None] = {}
    last: dict[Place, Evaluation] = {}
    with closing(db.connect(folder.store_db)) as conn:
        for line in ledger.lines(folder, verbs=(posture_codec.EVALUATED,)):
            digest = str(line.entry.data.get("evidence", ""))
            try:
                at = datetime.fromisoformat(line.entry.data["at"])
                known = last.get(Place(str(line.entry.data["account"]), str(line.entry.data["region"])))
                if known is None or known.evidence != digest:
                    known = posture_codec.unpack(evidence.get(folder, digest), at)
                evaluation = replace(known, at=at, evidence=digest)
            except (evidence.EvidenceError, ValueError, LookupError, TypeError, OSError, EOFError):
                missing[digest] = None
                continue
            last[evaluation.place] = evaluation
            origin = sources.origin_of(SourceKey("posture", evaluation.place.account, evaluation.place.region))
            findings.commit(
                conn, (), answer=None, origin=origin, now=at, context=context, live=True, evaluation=evaluation
            )
    return tuple(missing)


def _told(
    folder: StateFolder,
    verdict: LedgerVerdict,
    applied: int,
    rebuilt: bool,
    why: str = "",
    aside: Path | None = None,
    imports: int = 0,
    missing: tuple[str, ...] = (),
) -> Recovered:
    StateFolder.open(folder.root)  # which notes that there is a store again
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        count = conn.execute("SELECT count(*) FROM finding").fetchone()[0]
        passed = len(project.unapplied(conn))
    return Recovered(rebuilt, why, aside, applied, count, imports, missing, passed, verdict)

"""A copy of a state folder that can be opened, read and verified by itself, taken while others work on it.

The private signing key stays where it is: a copy that is written to starts a new key and says so on its ledger.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from socconsole.model.entry import LedgerVerdict
from socconsole.store import evidence, ledger, ledger_head
from socconsole.store.evidence import EvidenceError
from socconsole.store.ledger_file import open_readonly
from socconsole.store.ownership import StateError, check_folder
from socconsole.store.state import MARKER, StateFolder

_FOLDERS: Final = ("evidence", "keys", "locks", "logs")
_PAGES: Final = 2_000
"""Pages copied before others get their turn."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """``missing`` names evidence that could not be copied because it is gone or was changed."""

    path: Path
    files: int
    size: int
    """Bytes."""
    verdict: LedgerVerdict
    """Of the copied ledger."""
    missing: tuple[str, ...]


def backup(root: Path, dest: Path) -> BackedUp:
    """Copy the state folder ``root`` to ``dest``, which must not exist or be empty.

    Store first, ledger after it: the copied ledger holds every entry that the copied store has applied. Raises
    ``StateError``, ``LedgerError`` and ``OSError``; the copy is then incomplete and says so when it is opened.
    """
    folder = StateFolder.open(root)
    dest = Path(os.path.abspath(dest))
    if dest.exists() and any(dest.iterdir()):
        raise StateError(f"{dest} is not empty", "name a new folder")
    dest.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(dest, 0o700)
    check_folder(dest)
    for name in _FOLDERS:
        (dest / name).mkdir(mode=0o700, exist_ok=True)
    if folder.store_db.exists():
        _copy_database(folder.store_db, dest / "store.db")
    # The checkpoint before the ledger: it may lag behind the copy, never run ahead of it.
    head = folder.keys / ledger_head.NAME
    if head.exists():
        _copy(head, dest / "keys" / ledger_head.NAME)
    _copy_database(folder.ledger_db, dest / "ledger.db")
    missing = []
    for digest in evidence.names(folder):
        try:
            evidence.get(folder, digest)
        except EvidenceError:
            missing.append(digest)
            continue
        _copy(folder.evidence / digest, dest / "evidence" / digest)
    world = root / "world.toml"
    if world.exists():
        _copy(world, dest / world.name)
    _copy(folder.root / MARKER, dest / MARKER)  # last: it says that the rest is there
    files = [path for path in dest.rglob("*") if path.is_file()]
    return BackedUp(
        path=dest,
        files=len(files),
        size=sum(path.stat().st_size for path in files),
        verdict=ledger.verify(dest),
        missing=tuple(missing),
    )


def _copy_database(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    with closing(open_readonly(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=_PAGES)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target, follow_symlinks=False)
    os.chmod(target, 0o600)

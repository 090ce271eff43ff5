"""The last tabletop exercise: what the drills that are kept here say of themselves.

Each drill has a state folder of its own beside the live one, with a ledger that opens with its world. An exercise is
one in which somebody decided or did something and that is over; a drill that was only looked at is none, and one that
somebody still plays was not held yet. Those that somebody kept in
another place (``drill --store``) are not seen.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from socconsole.model.entry import Line
from socconsole.model.estate.readiness import Drill, Drills
from socconsole.model.world import WorldKind
from socconsole.store import ledger_read, locks
from socconsole.store.ledger_file import LedgerError
from socconsole.store.ownership import StateError
from socconsole.store.project_decisions import FIELD_OF
from socconsole.store.state import StateFolder
from socconsole.text import clean, token

_DECIDED: Final = (*FIELD_OF, "intent")
"""Ledger verbs by which somebody took part."""

KEPT_ALIVE: Final = "drill.keep"
"""The lock that whoever plays a drill holds on it (``drill.launch.hold``)."""


def drills(root: Path) -> Drills:
    """The exercises in the folders below ``root``, the newest of them. Raises nothing: what cannot be read is named.

    A folder without a ledger is no drill yet.
    """
    found: list[Drill] = []
    running: list[str] = []
    unreadable: list[str] = []
    try:
        folders = sorted(path.parent for path in root.glob("*/ledger.db"))
    except OSError as error:
        return Drills(None, (clean(f"{root}: {error.strerror}"),))
    for path in folders:
        try:
            drill = _drill(path)
            goes_on = drill is not None and locks.shared(path / "locks" / KEPT_ALIVE)
        except (StateError, LedgerError, OSError, ValueError, LookupError, TypeError) as error:
            unreadable.append(clean(f"{path.name}: {error}", 200))
            continue
        if drill is not None and goes_on:
            running.append(drill.name)
        elif drill is not None:
            found.append(drill)
    return Drills(max(found, key=lambda one: one.at, default=None), tuple(unreadable), tuple(running))


def _drill(path: Path) -> Drill | None:
    folder = StateFolder.open(path, without_store=True)
    if folder.world.kind is not WorldKind.DRILL or folder.world.drill is None:
        return None
    last: tuple[Line, ...] = ledger_read.window(folder, 0, 1, verbs=_DECIDED).lines
    if not last:
        return None
    at: datetime = last[0].at
    return Drill(clean(path.name), token(folder.world.drill.scenario), at)

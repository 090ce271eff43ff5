"""The drills that are kept on this machine: which runs, which was worked last."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Kept(NamedTuple):
    """A drill's state folder. ``touched`` is when something was last put on its record, seconds since the epoch."""

    running: bool
    touched: float
    root: Path

    def scenario(self) -> str:
        """Empty where the folder cannot be opened."""
        from socconsole.store.state import StateError, StateFolder

        try:
            world = StateFolder.open(self.root, without_store=True).world
        except StateError:
            return ""
        return world.drill.scenario if world.drill else ""


def drills_root() -> Path:
    from socconsole.store.state import state_home

    return state_home() / "drills"


def kept_drills() -> list[Kept]:
    """All of them: what runs before what was left, the last worked first."""
    from socconsole.store import locks

    found = []
    for ledger in drills_root().glob("*/ledger.db"):
        root = ledger.parent
        # Notes are written ahead: the ledger itself may be older than its last entry.
        ahead = ledger.with_name("ledger.db-wal")
        touched = max(one.stat().st_mtime for one in (ledger, ahead) if one.exists())
        found.append(Kept(locks.shared(root / "locks" / "drill.server"), touched, root))
    return sorted(found, reverse=True)


def resuming(root: Path) -> str:
    return f"socconsole drill --resume --store {shlex.quote(str(root))}"


def meant(words: Sequence[str]) -> str:
    """The same command line on the drill that was probably meant, where there is no live state; empty without one."""
    found = kept_drills()
    if not found:
        return ""
    which = "the drill that runs" if found[0].running else "the drill that was left last"
    return f"{shlex.join(['socconsole', *words, '--store', str(found[0].root)])}   ({which})"

"""The state folder: everything this program keeps, owner-only, belonging to one world.

``store.db`` what AWS says and what the ledger says of it · ``ledger.db`` what was decided and done ·
``evidence/`` what AWS cannot give again · ``keys/`` · ``locks/`` · ``logs/`` · ``marker.json`` which
says that there was something here, so that an emptied folder is never taken for a new one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import orjson

from socconsole.model.world import DrillWorld, World, WorldKind
from socconsole.store import ledger_read, locks
from socconsole.store.ledger_file import LedgerError
from socconsole.store.locks import LockHeld
from socconsole.store.ownership import StateError, check_file, check_file_system, check_folder

__all__ = ["LockHeld", "StateError", "StateFolder", "state_home"]

HOME_VARIABLE: Final = "SOCCONSOLE_HOME"
MARKER: Final = "marker.json"
ACCOUNTS_ADDED: Final = "accounts_added"
"""Ledger verb: ``data.accounts`` joined a live world."""

_FOLDERS: Final = ("evidence", "keys", "locks", "logs")
_SQLITE: Final = b"SQLite format 3\x00"
_LOCK_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def state_home() -> Path:
    """Where state folders are kept: ``SOCCONSOLE_HOME``, else the user's state folder of the platform."""
    moved = os.environ.get(HOME_VARIABLE)
    if moved:
        return Path(moved).expanduser()
    import platformdirs

    return platformdirs.user_state_path("socconsole", appauthor=False)


@dataclass(frozen=True, slots=True)
class StateFolder:
    """An opened state folder. ``install`` names it in every entry, ``session`` this process."""

    root: Path
    world: World
    install: str
    session: str

    @classmethod
    def create(cls, root: Path, world: World) -> Self:
        """Make a new state folder (mode 0700) with its keys and a ledger that opens with the world.

        ``root`` may exist if it is empty and ours. Raises ``StateError``, also for a folder that has or had a
        state: that is opened, or named otherwise.
        """
        os.umask(0o077)
        root = Path(os.path.abspath(root))
        try:
            root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_file_system(root.parent)
            root.mkdir(mode=0o700, exist_ok=True)
            if not any(root.iterdir()):
                os.chmod(root, 0o700)  # a folder the user has just made, before anything is in it
        except OSError as error:
            raise StateError(f"{root} cannot be made: {error.strerror}", _MOVE) from error
        check_folder(root)
        for name in _FOLDERS:
            (root / name).mkdir(mode=0o700, exist_ok=True)
        with locks.hold(root / "locks" / "folder.lock", wait_s=_WAIT_S):
            if (root / MARKER).exists() or (root / "ledger.db").exists():
                raise StateError(f"{root} holds a state already", "open it, or name another folder with --store")
            from socconsole.store import ledger  # who opens a folder only reads its first entry

            folder = cls(root, world, f"i-{os.urandom(6).hex()}", _session())
            try:
                ledger.start(folder, world_data(world), "socconsole")
            except LedgerError as error:
                raise StateError(error.message, error.remedy) from error
            _write_marker(root, folder.install, store=False)  # last: it says that the rest is there
        return folder

    @classmethod
    def open(cls, root: Path, *, without_store: bool = False) -> Self:
        """Open a state folder. ``StateError`` says why not: missing, emptied, not ours, open to others.

        ``without_store`` is for ``recover``: it also opens a folder whose ``store.db`` is gone or damaged.
        """
        os.umask(0o077)
        root = Path(os.path.abspath(root))
        if not os.path.lexists(root):
            raise StateError(
                f"there is no state folder at {root}",
                "start `socconsole`, `socconsole watch` or `socconsole import`, which make one",
            )
        check_folder(root)
        check_file_system(root)
        check_file(root / MARKER)
        install, had_store = _read_marker(root)  # before anything is made in a folder that may not be ours
        for name in _FOLDERS:
            (root / name).mkdir(mode=0o700, exist_ok=True)
            check_folder(root / name)
        for file in ("ledger.db", "ledger.db-wal", "store.db", "store.db-wal"):
            check_file(root / file)
        _check_ledger(root)
        folder = cls(root, World(WorldKind.IMPORT), install, _session())
        try:
            world = _world(folder)
        except LedgerError as error:
            raise StateError(error.message, error.remedy) from error
        if not without_store:
            has_store = _check_store(root / "store.db", had_store)
            if has_store and not had_store:
                _write_marker(root, install, store=True)
        return replace(folder, world=world)

    @property
    def store_db(self) -> Path:
        return self.root / "store.db"

    @property
    def ledger_db(self) -> Path:
        return self.root / "ledger.db"

    @property
    def evidence(self) -> Path:
        return self.root / "evidence"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def lock(self, name: str, wait_s: float = 0.0) -> AbstractContextManager[None]:
        """Hold a named lock for a block; raises ``LockHeld(name, pid)`` on entering it."""
        return locks.hold(self._lock_path(name), wait_s)

    def holder(self, name: str) -> int | None:
        """Process id of whoever holds a lock (0: not known), None when nobody does."""
        return locks.holder(self._lock_path(name))

    def with_accounts(self, accounts: Iterable[str], who: str) -> StateFolder:
        """The folder with further accounts in its live world, by an entry; ``StateError`` in other worlds."""
        fresh = [account for account in dict.fromkeys(accounts) if account not in self.world.accounts]
        if not fresh:
            return self
        if self.world.kind is not WorldKind.LIVE:
            raise StateError(
                f"a {self.world.kind.value} state folder takes no accounts", "name the live one with --store"
            )
        from socconsole.model.entry import Entry
        from socconsole.store import ledger

        ledger.append(self, [Entry(ACCOUNTS_ADDED, who, data={"accounts": fresh})])
        return replace(self, world=replace(self.world, accounts=(*self.world.accounts, *fresh)))

    def _lock_path(self, name: str) -> Path:
        if not _LOCK_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a lock")
        return self.locks / f"{name}.lock"


_WAIT_S: Final = 2.0
_MOVE: Final = "set SOCCONSOLE_HOME to a folder that you can write to"


def world_data(world: World) -> dict[str, Any]:
    """A world as the ledger's first entry holds it. The drill's start is RFC 3339."""
    drill = world.drill
    return {
        "kind": world.kind.value,
        "partition": world.partition,
        "accounts": list(world.accounts),
        "drill": None
        if drill is None
        else {
            "scenario": drill.scenario,
            "seed": drill.seed,
            "port": drill.port,
            "started": drill.started.isoformat(),
            "speed": drill.speed,
        },
    }


def world_of(data: Mapping[str, Any]) -> World:
    """The inverse of :func:`world_data`; raises ``ValueError`` or ``LookupError`` for anything else."""
    drill = data["drill"]
    return World(
        kind=WorldKind(data["kind"]),
        partition=data["partition"],
        accounts=tuple(data["accounts"]),
        drill=None
        if drill is None
        else DrillWorld(
            scenario=drill["scenario"],
            seed=drill["seed"],
            port=drill["port"],
            started=datetime.fromisoformat(drill["started"]),
            speed=float(drill["speed"]),
        ),
    )


def _world(folder: StateFolder) -> World:
    """The world as the first entry and later additions say. The entries' signatures are not checked here."""
    first = next(iter(ledger_read.bodies(folder, 1)), {})
    damaged = StateError(
        f"{folder.ledger_db} does not open with a world of this folder",
        "restore ledger.db from a backup; `socconsole ledger verify` says what is wrong with it",
    )
    if first.get("verb") != ledger_read.WORLD or first.get("install") != folder.install:
        raise damaged
    try:
        world = world_of(first["data"])
        if world.kind is not WorldKind.LIVE:
            return world
        added = [
            account
            for entry in ledger_read.bodies(folder, verbs=(ACCOUNTS_ADDED,))
            for account in entry["data"]["accounts"]
        ]
    except (ValueError, LookupError, TypeError) as error:
        raise damaged from error
    return replace(world, accounts=tuple(dict.fromkeys((*world.accounts, *added))))


def _check_ledger(root: Path) -> None:
    path = root / "ledger.db"
    if not path.exists() or path.stat().st_size == 0:
        raise StateError(
            f"the ledger of {root} is gone ({path} is missing or empty)",
            "restore ledger.db from a backup, or start anew in another folder with --store",
        )


def _check_store(path: Path, had_store: bool) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        if had_store:
            raise StateError(f"{path} is missing or empty, although there was a store", "run `socconsole recover`")
        return False
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            raise StateError(f"{path} is damaged: it is no SQLite database", "run `socconsole recover`")
    return True


def _write_marker(root: Path, install: str, *, store: bool) -> None:
    fresh = root / f"{MARKER}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({"format": 1, "install": install, "store": store}))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, root / MARKER)


def _read_marker(root: Path) -> tuple[str, bool]:
    """(install, whether a store was seen). ``StateError`` for a folder that is not one of ours."""
    try:
        told = orjson.loads((root / MARKER).read_bytes())
        if told["format"] == 1:
            return str(told["install"]), bool(told["store"])
    except FileNotFoundError as error:
        raise StateError(f"{root} is no state folder of socconsole", "name another one with --store") from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StateError(f"{root / MARKER} is damaged", "restore it from a backup") from error
    raise StateError(f"{root} was made by a newer socconsole", "upgrade socconsole")


def _session() -> str:
    return f"s-{os.urandom(4).hex()}"

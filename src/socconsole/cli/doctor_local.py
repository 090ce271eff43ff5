"""``doctor`` on this machine: the configuration, the state folder, the ledger, the watch and the terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.cli.checks import Check, fail, ok, warn
from socconsole.cli.exits import Code
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

_LOW_DISK: Final = 1 << 30
_NO_DISK: Final = 100 << 20
_SMALLEST: Final = (60, 10)
_ROOMY: Final = (80, 24)


def configuration(path: Path | None, root: Path) -> tuple[Config | None, Check]:
    from socconsole.config import ConfigError, default_path, load

    found = path or default_path()
    try:
        settings = load(path, root=root)
    except ConfigError as error:
        return None, fail(
            "config", clean(str(error)), "socconsole config init   (prints a whole example)", Code.BAD_INPUT
        )
    if not found.exists():
        return settings, ok("config", f"no file at {clean(str(found))}: the defaults are in force")
    return settings, ok("config", clean(str(found)))


def folder(root: Path, named: bool) -> tuple[StateFolder | None, list[Check]]:
    """The state folder, and what is to be said of it and its ledger. ``named``: the user asked for this one."""
    from socconsole.store.state import StateError, StateFolder

    if not os.path.lexists(root):
        said = f"there is no state folder at {clean(str(root))}"
        if named:
            return None, [fail("store", said, "socconsole doctor   (without --store)", Code.BAD_INPUT)]
        return None, [warn("store", said + " yet", "socconsole watch --once   (makes it)")]
    try:
        opened = StateFolder.open(root)
    except StateError as error:
        found = [fail("store", clean(str(error)), error.remedy, Code.BAD_INPUT)]
        return None, found + (list(_ledger(root)) if (root / "ledger.db").exists() else [])
    return opened, [*_store(opened), *_ledger(root), *_watch(opened), *_handoffs(opened)]


def _store(folder: StateFolder) -> Iterator[Check]:
    from socconsole.store import health

    yield ok("store", f"{clean(str(folder.root))}: {folder.world.kind.value} world, owner-only, on a local disk")
    found = health.examine(folder)
    if found.fault:
        yield fail("store", f"store.db is damaged: {clean(found.fault)}", "socconsole recover")
    elif found.schema > found.newest_schema:
        yield fail("store", f"store.db was written by a newer socconsole (schema {found.schema})", "upgrade socconsole")
    elif found.size:
        extent = "" if found.complete else " as far as 5 s allowed to look"
        yield ok("store", f"store.db is whole{extent}, {_size(found.size)}, schema {found.schema}")
    free = shutil.disk_usage(folder.root).free
    if free < _NO_DISK:
        yield fail("disk", f"{_size(free)} free: nothing can be recorded soon", f"df -h {folder.root}")
    elif free < _LOW_DISK:
        yield warn("disk", f"{_size(free)} free", f"df -h {folder.root}")
    else:
        yield ok("disk", f"{_size(free)} free")


def _ledger(root: Path) -> Iterator[Check]:
    from socconsole.store.ledger_verify import verify

    verdict = verify(root)
    if not verdict.whole:
        where = f"at entry {verdict.at}" if verdict.at is not None else "as a file"
        yield fail("ledger", f"broken {where}: {clean(verdict.reason)}", "restore ledger.db from a backup")
        return
    note = f"; {clean(verdict.reason)}" if verdict.reason else ""
    yield ok("ledger", f"whole, {verdict.entries:,} entries, head {verdict.head[:16]}{note}")


def _watch(folder: StateFolder) -> Iterator[Check]:
    from socconsole.model.world import WorldKind
    from socconsole.store import db, sources

    if folder.world.kind is WorldKind.IMPORT:
        yield ok("watch", "none is needed: imported only, no live source")
        return
    pid = folder.holder("watch")
    alive = False
    if folder.store_db.exists():
        with db.reading(folder) as conn:
            alive = sources.watch_alive(conn)
    if alive:
        yield ok("watch", f"running (pid {pid})" if pid else "running")
    elif pid:
        yield warn("watch", f"process {pid} holds the lock and gives no sign of life", f"kill {pid}; socconsole watch")
    else:
        yield warn("watch", "not running: timers stopped, nothing new arrives", "socconsole watch")


def _handoffs(folder: StateFolder) -> Iterator[Check]:
    from socconsole.store import handoffs

    for one in handoffs.waiting(folder):
        said = f"{one.id} of {one.at:%Y-%m-%dT%H:%M:%SZ} is not accepted: nobody is known to have taken over"
        yield warn("handoff", said, "socconsole handoff receipt LINE   (the line that they were given)")


def _size(n: int) -> str:
    size = float(n)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def terminal(environ: Mapping[str, str], clipboard: str) -> Iterator[Check]:
    """What the console will find. ``clipboard`` is the configured way to it."""
    tty = next((fd for fd in (1, 2, 0) if os.isatty(fd)), None)
    if tty is None:
        yield warn(
            "terminal", "none here: the console needs one", "run `socconsole doctor` in the terminal you work in"
        )
    else:
        columns, lines = os.get_terminal_size(tty)
        said = f"{columns}x{lines}"
        if columns < _SMALLEST[0] or lines < _SMALLEST[1]:
            yield fail("terminal", f"{said} is too small: 60x10 at least", "make the window larger")
        elif columns < _ROOMY[0] or lines < _ROOMY[1]:
            yield warn("terminal", f"{said}: some columns are left out below 80x24", "make the window larger")
        else:
            yield ok("terminal", said)
    term = environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        yield warn("terminal", f"TERM is {term or 'not set'}", "export TERM=xterm-256color")
    else:
        yield ok("terminal", f"TERM {clean(term, 60)}, {_colours(term, environ)}")
    yield _encoding(environ)
    if "TMUX" in environ:
        yield _tmux(clipboard)


def _colours(term: str, environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "no colour (NO_COLOR is set): letters and glyphs carry the severity"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in term else "16 colours"


def _encoding(environ: Mapping[str, str]) -> Check:
    named = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    if "utf-8" in named.lower() or "utf8" in named.lower():
        return ok("terminal", f"UTF-8 ({clean(named, 60)})")
    return warn("terminal", f"the locale ({clean(named, 60) or 'not set'}) is not UTF-8", "export LC_ALL=C.UTF-8")


def _tmux(clipboard: str) -> Check:
    """tmux passes a program's OSC 52 on only where ``set-clipboard`` is ``on`` (tmux(1))."""
    try:
        told = subprocess.run(
            ["tmux", "show-options", "-sv", "set-clipboard"], capture_output=True, text=True, timeout=2, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return warn("terminal", "inside tmux, which does not answer: copying may not reach the clipboard")
    value = clean(told.stdout.strip(), 20)
    if value == "on" or (clipboard == "tmux" and value == "external"):
        return ok("terminal", f"tmux hands copies on (set-clipboard {value})")
    return warn("terminal", f"tmux keeps copies to itself (set-clipboard {value})", "tmux set -s set-clipboard on")

"""The console's start, with or without typer: what `socconsole` without a verb does.

A plain start is read here by itself: typer and what it brings cost as much as the whole first frame of a small
program. Whatever is not plain (a verb, help, a word in doubt) is typer's, with its messages.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from socconsole.cli.exits import Code, stop
from socconsole.cli.opening import check_keys, live_root, load_config, open_folder

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

NO_SCREEN: Final = frozenset({"", "dumb", "unknown"})
_OPTIONS: Final = ("--mode", "--store", "--config")


class Plain(NamedTuple):
    """What a start without a verb asks for."""

    mode: str = ""
    store: Path | None = None
    config: Path | None = None


def plain(words: Sequence[str]) -> Plain | None:
    """The command line of a plain start; None where typer has to say what is meant, or what is wrong."""
    if "_SOCCONSOLE_COMPLETE" in os.environ:  # a shell asks for words that could follow
        return None
    said: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in _OPTIONS:
            return None
        if not equals:
            value = next(rest, "")
        if not value or value.startswith("-"):
            return None
        said[name] = value
    paths = {name: Path(said[f"--{name}"]) if f"--{name}" in said else None for name in ("store", "config")}
    return Plain(said.get("--mode", ""), paths["store"], paths["config"])


def start(asked: Plain) -> int:
    """Open the console on the state folder that is meant; its exit code. ``Stop`` when there is nothing to open."""
    root = asked.store or live_root()
    if asked.store is None and not root.exists():
        from socconsole.cli import first_start

        first_start.begin(asked.config)
    return run(open_folder(root), asked.config, asked.mode or None)


def run(folder: StateFolder, config: Path | None, mode: str | None) -> int:
    """Open the console on a state folder; its exit code when the analyst leaves it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        stop(Code.BAD_INPUT, "the console needs a terminal", "socconsole findings   (for a pipe)")
    if os.environ.get("TERM", "") in NO_SCREEN:
        stop(Code.BAD_INPUT, f"TERM={os.environ.get('TERM', '')!a} has no screen", "TERM=xterm-256color socconsole")
    # Collecting while the modules load finds nothing to free and costs a tenth of the first frame; the app turns
    # it on again behind that frame.
    gc.disable()
    settings = load_config(config, folder.root)
    check_keys(settings)
    from socconsole.app import run_console

    # The console never loads the AWS rooms, where modes are weighed; READ said anywhere is all it has to know.
    said = (mode or "", os.environ.get("SOCCONSOLE_MODE", ""))
    if "READ" in (one.strip().upper() for one in said):
        mode = "READ"
    return run_console(folder, settings, config_path=config, mode=mode)

"""What a command works on: the state folder and the configuration in force. Imports neither typer nor Textual."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from socconsole.cli.exits import Code, stop

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateError, StateFolder


def live_root() -> Path:
    """Where the live state is kept: ``<state home>/live``."""
    from socconsole.store.state import state_home

    return state_home() / "live"


def load_config(path: Path | None, root: Path | None = None) -> Config:
    """The configuration in force; ``root`` is the state folder whose ``world.toml`` stands in for its accounts."""
    from socconsole.config import ConfigError, load

    try:
        return load(path, root=root)
    except ConfigError as error:
        stop(Code.BAD_INPUT, str(error))


def check_keys(config: Config) -> None:
    """``Stop`` where a remapped key is no command's, means two things on one screen, or is the terminal's own."""
    if not config.keys:
        return
    from socconsole.screens.keymap import Keymap, KeymapError

    try:
        Keymap({command: (key,) for command, key in config.keys.items()})
    except KeymapError as error:
        stop(Code.BAD_INPUT, f"[keys] in the configuration: {error}", "socconsole config path   (names the file)")


def open_folder(store: Path | None) -> StateFolder:
    """The state folder a command works on, brought up to date; ``Stop`` with the way out when there is none."""
    from socconsole.store.db import prepare
    from socconsole.store.state import StateError, StateFolder

    root = store or live_root()
    try:
        folder = StateFolder.open(root)
        prepare(folder)
    except StateError as error:
        stop(Code.BAD_INPUT, str(error), way_out(store, error))
    return folder


def way_out(store: Path | None, error: StateError) -> str:
    """What helps where a folder cannot be opened: where nobody named one and none is live, the drill that is meant."""
    from socconsole.cli.kept import meant

    return ("" if store or live_root().exists() else meant(sys.argv[1:])) or error.remedy


def open_configured(store: Path | None, config: Path | None) -> tuple[StateFolder, Config]:
    """The state folder, and the configuration for it; asks nobody who he is (``world.open_world`` may ask AWS)."""
    folder = open_folder(store)
    return folder, load_config(config, folder.root)

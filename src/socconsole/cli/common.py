"""What every command shares: exit codes, the common options, and the two ways to speak.

Data goes to stdout, talk to stderr. The exit code is the highest of all that applied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from socconsole.text import ascii_json, clean_lines

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.model.source import SourceState
    from socconsole.store.state import StateFolder


TALK_LIMIT: Final = 40_000
"""Characters of one piece of talk: an `aws` line with a whole bucket policy in it is long."""


class Code(IntEnum):
    """Exit codes; part of the contract with scripts."""

    DONE = 0
    NO = 1
    """The answer is no: a broken ledger, a failed check, not applied."""
    BAD_INPUT = 2
    NOT_FRESH = 3
    """A source in scope is not fresh and complete; AWS unreachable or denied; in doubt or partial."""
    REFUSED = 4
    """Refused by a rail, unarmed or unconfirmed."""
    FAULT = 70
    INTERRUPTED = 130


class Stop(Exception):
    """End the command with a code, a message for stderr and the command that mends it."""

    def __init__(self, code: Code, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


StoreOption = Annotated[
    Path | None, typer.Option("--store", help="State folder (a drill's, a backup's); default: the live one.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON Lines on standard output.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="AWS profile, as in ~/.aws/config.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="AWS region.")]
AccountOption = Annotated[str | None, typer.Option("--account", help="12-digit account id.")]


def say(text: str = "") -> None:
    """Talk: stderr. Cleaned here once more: an option or a path that a person pasted may hold anything."""
    for line in clean_lines(text, TALK_LIMIT):
        print(line, file=sys.stderr)


def put(value: Mapping[str, Any]) -> None:
    """Data: one JSON object on one line of stdout, ASCII only, so that no terminal is driven by it."""
    print(ascii_json(value))


def put_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def stop(code: Code, message: str, remedy: str = "") -> NoReturn:
    raise Stop(code, message, remedy)


def finish(code: Code) -> NoReturn:
    raise typer.Exit(int(code))


def live_root() -> Path:
    """Where the live state is kept: ``<state home>/live``."""
    from socconsole.store.state import state_home

    return state_home() / "live"


def drills_root() -> Path:
    from socconsole.store.state import state_home

    return state_home() / "drills"


def load_config(path: Path | None, root: Path | None = None) -> Config:
    """The configuration in force; ``root`` is the state folder whose ``world.toml`` stands in for its accounts."""
    from socconsole.config import ConfigError, load

    try:
        return load(path, root=root)
    except ConfigError as error:
        stop(Code.BAD_INPUT, str(error))


def check_keys(config: Config) -> None:
    """``Stop`` where a remapped key is no command's, means two things on one screen, or is the terminal's own."""
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
        stop(Code.BAD_INPUT, str(error), error.remedy)
    return folder


def freshness_code(states: Iterable[SourceState], *, talk: bool = True) -> Code:
    """``DONE`` when every source in scope is fresh and complete, else ``NOT_FRESH`` with each one named."""
    from socconsole.model.source import Freshness
    from socconsole.text import clean

    code = Code.DONE
    for state in states:
        if state.freshness is Freshness.FRESH:
            continue
        code = Code.NOT_FRESH
        if talk:
            where = f"{state.key.service} {state.key.account} {state.key.region}"
            age = "" if state.age_s is None else f", last complete answer {state.age_s:.0f} s ago"
            detail = clean(state.detail)
            say(f"not fresh: {where}: {state.freshness.value}{age}{': ' + detail if detail else ''}")
            if state.remedy:
                say(f"  mend it with: {clean(state.remedy)}")
    return code

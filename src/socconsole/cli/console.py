"""The console itself: what `socconsole` without a verb does."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socconsole import __version__
from socconsole.cli.common import Code, ConfigOption, StoreOption, check_keys, live_root, load_config, open_folder, stop

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

ModeOption = Annotated[
    str, typer.Option("--mode", help="READ or TRIAGE: the most this console may do; the strictest said anywhere wins.")
]
NO_SCREEN = frozenset({"", "dumb", "unknown"})


def register(app: typer.Typer) -> None:
    app.callback(invoke_without_command=True)(console)


def _version(show: bool) -> None:
    if show:
        print(f"socconsole {__version__}")
        raise typer.Exit


def console(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    mode: ModeOption = "",
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """From alarm to contained, in a terminal, with proof."""
    if context.invoked_subcommand is not None:
        return
    root = store or live_root()
    if not root.exists() and store is None:
        _first_start(config)
    raise typer.Exit(run(open_folder(root), config, mode or None))


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


def _first_start(config: Path | None) -> None:
    """Make the live state folder, in a process of its own: the console's never loads an AWS library."""
    command = [sys.executable, "-m", "socconsole", "watch", "--once"]
    if config is not None:
        command += ["--config", str(config)]
    print("socconsole: first start: asking AWS who we are …", file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if not live_root().exists():
        stop(
            Code(done.returncode) if done.returncode in tuple(Code) else Code.FAULT,
            "no AWS account to watch yet",
            "socconsole doctor   (what is missing), or: socconsole drill   (an exercise that needs no account)",
        )

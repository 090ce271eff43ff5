"""The console itself, as typer knows it: what `socconsole` without a verb does."""

from __future__ import annotations

from typing import Annotated

import typer

from socconsole import __version__
from socconsole.cli.first_start import VERB
from socconsole.cli.options import ConfigOption, StoreOption
from socconsole.cli.start import Plain, start

ModeOption = Annotated[
    str, typer.Option("--mode", help="READ or TRIAGE: the most this console may do; the strictest said anywhere wins.")
]


def register(app: typer.Typer) -> None:
    app.callback(invoke_without_command=True)(console)
    app.command(VERB, hidden=True)(_make_live)


def _make_live(config: ConfigOption = None) -> None:
    """Ask AWS who we are, and make the live state folder for it: the console's first start, in a process of its own."""
    from socconsole.cli.world import open_world

    open_world(None, config)


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
    raise typer.Exit(start(Plain(mode, store, config)))

"""``config``: where the configuration is, what is wrong with it, applying it, an example, and its schema."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from socconsole.cli.exits import Code, say, stop
from socconsole.cli.opening import check_keys, live_root, load_config, open_configured
from socconsole.cli.options import ConfigOption, StoreOption


def register(app: typer.Typer) -> None:
    config_app = typer.Typer(help="Where the configuration is, whether it holds, applying it, an example, its schema.")
    app.add_typer(config_app, name="config")

    @config_app.command("path")
    def path(config: ConfigOption = None) -> None:
        """Print the path of the configuration file in force."""
        found = _path(config)
        print(found)
        if not found.exists():
            say("there is no such file yet: the defaults are in force (`socconsole config init --write` makes one)")

    @config_app.command("check")
    def check(config: ConfigOption = None, store: StoreOption = None) -> None:
        """Say whether the configuration holds; exit code 2 with file, line and key when not."""
        found = _path(config)
        settings = load_config(config, store or live_root())
        check_keys(settings)
        say(f"{found}: {'whole' if found.exists() else 'no such file: the defaults are in force'}")
        for account in settings.accounts:
            say(f"  {account.account} {', '.join(account.regions)}" + (f" ({account.name})" if account.name else ""))

    @config_app.command("apply")
    def apply(config: ConfigOption = None, store: StoreOption = None) -> None:
        """Score what is stored by the datasets and critical resources in force; a watch does so when it starts."""
        from socconsole.store import db, rescore
        from socconsole.store.declared import context_of

        folder, settings = open_configured(store, config)
        context = context_of(settings)
        changed = 0
        with db.writing(folder) as conn:
            while (part := rescore.advance(conn, context)) is not None:
                changed += part
        say(f"scored by the configuration in force: {changed:,} {'score' if changed == 1 else 'scores'} changed")

    @config_app.command("init")
    def init(
        write: Annotated[bool, typer.Option("--write", help="Write it to its place; never replaces a file.")] = False,
        config: ConfigOption = None,
    ) -> None:
        """Print a commented example."""
        from socconsole.config import EXAMPLE

        if write:
            _write(_path(config), EXAMPLE)
        else:
            print(EXAMPLE, end="")

    @config_app.command("schema")
    def schema() -> None:
        """Print the JSON Schema of the configuration file."""
        from socconsole.config import schema as schema_of
        from socconsole.text import ascii_json

        print(ascii_json(schema_of(), indent=2))


def _path(config: Path | None) -> Path:
    from socconsole.config import default_path

    return (config or default_path()).absolute()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        stop(Code.BAD_INPUT, f"{path} exists already", "socconsole config check")
    except OSError as error:
        stop(Code.BAD_INPUT, f"{path}: {error.strerror}")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    print(path)

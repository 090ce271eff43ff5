"""What every verb shares: the common options, how it ends, and what it works on.

Data goes to stdout, talk to stderr. The exit code is the highest of all that applied.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from socconsole.cli.exits import TALK_LIMIT, Code, Stop, put, put_lines, say, stop
from socconsole.cli.opening import check_keys, drills_root, live_root, load_config, open_folder

if TYPE_CHECKING:
    from socconsole.store.clear import Clear

__all__ = [
    "TALK_LIMIT",
    "AccountOption",
    "Code",
    "ConfigOption",
    "JsonOption",
    "ProfileOption",
    "RegionOption",
    "Stop",
    "StoreOption",
    "check_keys",
    "drills_root",
    "finish",
    "freshness_code",
    "live_root",
    "load_config",
    "open_folder",
    "put",
    "put_lines",
    "say",
    "stop",
]

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="State folder (a drill's, a backup's); default: the live one.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON Lines on standard output.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="AWS profile, as in ~/.aws/config.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="AWS region.")]
AccountOption = Annotated[str | None, typer.Option("--account", help="12-digit account id.")]


def finish(code: Code) -> NoReturn:
    raise typer.Exit(int(code))


def freshness_code(judged: Clear) -> Code:
    """``DONE`` when every source in scope is fresh and complete, else ``NOT_FRESH`` with each one named."""
    from socconsole.text import clean

    if judged.answered:
        return Code.DONE
    if not judged.total:
        say("not fresh: no source is in scope yet")
        say("  mend it with: socconsole watch --once")
    for state in judged.lacking:
        where = f"{state.key.service} {state.key.account} {state.key.region}"
        age = "" if state.age_s is None else f", last complete answer {state.age_s:.0f} s ago"
        detail = clean(state.detail)
        say(f"not fresh: {where}: {state.freshness.value}{age}{': ' + detail if detail else ''}")
        if state.remedy:
            say(f"  mend it with: {clean(state.remedy)}")
    return Code.NOT_FRESH

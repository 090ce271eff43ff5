"""The first start: from no state at all to a console that is open, before any source has been read.

Where the configuration names accounts, nothing has to be asked: the folder is made and the console opens; the watch
that it starts says what answers. With a bare profile AWS has to say which account it is, in one call and in a process
of its own, because the console's never loads an AWS library.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.cli.exits import Code, say, stop
from socconsole.cli.opening import live_root, load_config
from socconsole.processes import ours

if TYPE_CHECKING:
    from socconsole.config import Config

VERB: Final = "first-start"
"""The hidden verb of the process that asks AWS; see ``console``."""


def begin(config: Path | None) -> None:
    """Make the live state folder; ``Stop`` where there is no account to watch."""
    settings = load_config(config)
    if settings.accounts:
        _make(settings)
    else:
        _ask_aws(config)


def _make(settings: Config) -> None:
    from socconsole.model.regions import partition_of
    from socconsole.model.world import World, WorldKind
    from socconsole.store.state import StateError, StateFolder

    first = settings.accounts[0]
    accounts = tuple(dict.fromkeys(account.account for account in settings.accounts))
    world = World(WorldKind.LIVE, partition=partition_of(first.regions[0]), accounts=accounts)
    try:
        StateFolder.create(live_root(), world)
    except StateError as error:
        stop(Code.BAD_INPUT, error.message, error.remedy)


def _ask_aws(config: Path | None) -> None:
    say("socconsole: first start: asking AWS who we are …")
    command = ours("socconsole", VERB)
    if config is not None:
        command += ["--config", str(config)]
    done = subprocess.run(command, check=False)
    if not live_root().exists():
        from socconsole.cli.kept import meant

        stop(
            Code(done.returncode) if done.returncode in tuple(Code) else Code.FAULT,
            "no AWS account to watch yet",
            "socconsole doctor   (what is missing), or: "
            + (meant(()) or "socconsole drill   (an exercise that needs no account)"),
        )

"""``python -m socconsole.actor``: the console's child process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from socconsole.actor.identity import base_mode, name_of
from socconsole.actor.loop import Actor
from socconsole.actor.pipes import Replies, Requests
from socconsole.aws import logs
from socconsole.aws.mask import mask
from socconsole.aws.modes import ModeError
from socconsole.config import ConfigError, load
from socconsole.model.wire import Failed
from socconsole.store import db, project
from socconsole.store.ledger import LedgerError
from socconsole.store.state import StateError, StateFolder

_STDIN, _STDOUT = 0, 1


def main() -> int:
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="python -m socconsole.actor", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="state folder")
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--mode", default="", help="READ keeps everything here; RESPOND is only entered by asking")
    options = parser.parse_args()
    return asyncio.run(_run(options.store, options.config, options.mode))


async def _run(store: Path, config_path: Path | None, mode: str) -> int:
    replies = Replies(_STDOUT)
    try:
        folder = StateFolder.open(store)
        logs.to(folder.logs / "actor.log")
        logs.uncaught()
        config = load(config_path, root=folder.root)
        base = base_mode(config, mode)
        db.prepare(folder)
        project.project(folder)
    except (StateError, ConfigError, ModeError, LedgerError, project.ProjectError) as error:
        replies.say(Failed(kind="input", why=str(error), remedy=getattr(error, "remedy", "")))
        replies.close()
        return 2
    except (db.Error, OSError) as error:  # busy for longer than it should be, a full disk, a damaged file
        logging.getLogger("socconsole.actor").exception("cannot start")
        why = f"the state folder cannot be used: {mask(str(error))}"
        replies.say(Failed(kind="fault", why=why, remedy=f"socconsole doctor --store {store}"))
        replies.close()
        return 2
    await Actor(folder, config, base, name_of(config), Requests(_STDIN), replies).run()
    replies.close()
    return 0


if __name__ == "__main__":
    code = main()
    # A thread may still wait in read(0) for a console that will never write again: not worth waiting for.
    sys.stdout.flush()
    os._exit(code)

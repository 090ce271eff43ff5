"""``python -m socconsole.actor``: the console's child process."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from socconsole.actor.loop import Actor
from socconsole.actor.pipes import Replies, Requests
from socconsole.config import ConfigError, load
from socconsole.model.action import Mode
from socconsole.model.wire import Failed
from socconsole.store import db, project
from socconsole.store.state import StateError, StateFolder


def main() -> int:
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="python -m socconsole.actor", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="state folder")
    parser.add_argument("--config", type=Path, help="configuration file")
    parser.add_argument("--mode", default="", help="READ, TRIAGE or RESPOND; the strictest said anywhere wins")
    options = parser.parse_args()
    return asyncio.run(_run(options.store, options.config, options.mode))

"""How one process of ours starts another."""

from __future__ import annotations

import sys
from pathlib import Path


def ours(module: str, *words: str) -> list[str]:
    """The command that runs ``module`` of this installation, whatever folder the analyst works in.

    ``-P`` because ``-m`` alone puts that folder first on Python's path: a ``six.py`` among somebody's evidence would
    run with the analyst's credentials.
    """
    return [sys.executable, "-P", "-m", module, *words]


def actor_argv(store: Path, config: Path | None, *extra: str) -> list[str]:
    """The command that starts the actor of a state folder."""
    argv = ours("socconsole.actor", "--store", str(store))
    if config is not None:
        argv += ["--config", str(config)]
    return [*argv, *extra]


def watch_argv(store: Path, config: Path | None, linger_minutes: float) -> list[str]:
    """The command of a watch for a state folder; it lingers after the last console."""
    argv = ours("socconsole", "watch", "--store", str(store))
    argv += ["--linger", f"{linger_minutes:g}"]
    return [*argv, "--config", str(config)] if config is not None else argv

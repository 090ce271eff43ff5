"""How one process of ours starts another."""

from __future__ import annotations

import sys


def ours(module: str, *words: str) -> list[str]:
    """The command that runs ``module`` of this installation, whatever folder the analyst works in.

    ``-P`` because ``-m`` alone puts that folder first on Python's path: a ``six.py`` among somebody's evidence would
    run with the analyst's credentials.
    """
    return [sys.executable, "-P", "-m", module, *words]

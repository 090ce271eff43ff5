"""The first help page, ready to print: working it out from every verb takes ten times as long as Python's start.

``help.txt`` is what typer says at full width; a test compares the two and tells how to write it anew.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_FULL_WIDTH: Final = 80
"""Typer wraps at this many columns at most; in a narrower terminal it has to lay the page out itself."""
_FILE: Final = os.path.join(os.path.dirname(__file__), "help.txt")
PROGRAM: Final = "socconsole"
"""The name in ``help.txt``, in the place of how the program was called."""


def page() -> str | None:
    """What ``--help`` prints; None where only typer knows."""
    package = getattr(sys.modules["__main__"], "__package__", None)
    called = f"python -m {package}" if package else os.path.basename(sys.argv[0])
    if called not in (PROGRAM, f"python -m {PROGRAM}") or _columns() < _FULL_WIDTH:
        return None
    try:
        with open(_FILE, encoding="utf-8") as file:
            return file.read().replace(f"Usage: {PROGRAM} ", f"Usage: {called} ", 1)
    except OSError:
        return None


def _columns() -> int:
    """As ``shutil.get_terminal_size``, which costs more to import than all of this."""
    said = os.environ.get("COLUMNS", "")
    if said.isdigit() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else _FULL_WIDTH
    except (OSError, ValueError):  # no terminal, or closed
        return _FULL_WIDTH

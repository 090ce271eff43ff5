"""Signals that end the console: each leaves through the app's own door, so the terminal is restored.

Without handlers these signals kill the process on the spot: no cleanup, the terminal left in raw mode, on its
alternate screen, reporting the mouse.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Any, Final

from textual.app import App

INTERRUPTED: Final = 130
"""The exit code of anything that a signal ended."""

ENDING: Final = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


@contextlib.contextmanager
def end_on_signals(app: App[Any]) -> Iterator[None]:
    """While inside, an ending signal calls ``app.exit``; a second one is left to the system.

    Belongs to the main thread's event loop; elsewhere (tests in threads) it does nothing. SIGHUP that a
    launcher chose to ignore is handled all the same: a console without a terminal is of no use.
    """
    loop = asyncio.get_running_loop()
    taken: list[signal.Signals] = []

    def leave(number: signal.Signals) -> None:
        for other in tuple(taken):
            loop.remove_signal_handler(other)
            taken.remove(other)
        app.exit(return_code=INTERRUPTED)

    try:
        for number in ENDING:
            loop.add_signal_handler(number, leave, number)
            taken.append(number)
    except (ValueError, RuntimeError, NotImplementedError):
        # Not the main thread.
        taken.clear()
    try:
        yield
    finally:
        for number in tuple(taken):
            loop.remove_signal_handler(number)

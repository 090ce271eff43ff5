"""The terminal driver: Textual's for Linux and macOS, made safe against terminals that stall or vanish.

* Output goes through :class:`~socconsole.widgets.writer.FrameWriter`, which never blocks the event loop.
* Input that ends (``/dev/null``, a closed pipe) or fails (the terminal is gone) ends the app instead of
  spinning on a core; bytes that are no UTF-8 become U+FFFD instead of a crash.
"""

from __future__ import annotations

import os
import selectors
import sys
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Mapping
from typing import Any

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from socconsole.widgets.bracketed import BracketedPaste
from socconsole.widgets.writer import REST, FrameWriter

_READ = 4096
_POLL_S = 0.1


class SafeDriver(LinuxDriver):
    """Hand it to an app as ``driver_class``. It calls ``app.exit()`` when the terminal is gone."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._frames: FrameWriter | None = None
        self._gone = threading.Event()
        super().__init__(app, debug=debug, mouse=mouse, size=size)

    # The base class makes its own writer inside a method that does much else. Taking the assignment is the
    # narrowest way to give it ours.
    @property  # type: ignore[override]
    def _writer_thread(self) -> FrameWriter | None:
        return self._frames

    @_writer_thread.setter
    def _writer_thread(self, offered: object) -> None:
        if offered is None:
            self._frames = None
            return
        stream = sys.__stderr__
        if stream is None:
            raise RuntimeError("the console needs its standard error: Textual paints there")
        self._frames = FrameWriter(
            stream.fileno(), stream.encoding or "utf-8", on_recovered=self._recovered, on_dead=self._lost
        )

    def write(self, data: str) -> None:
        if self._frames is not None:
            self._frames.write(data)

    def _recovered(self) -> None:
        self._on_loop(self._repaint)

    def _repaint(self) -> None:
        self.write(REST)
        self._app.screen.refresh()

    def _lost(self) -> None:
        if not self._gone.is_set():
            self._gone.set()
            self._on_loop(self._app.exit)

    def _on_loop(self, call: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            # The loop is closed: the app has ended, and nobody is left to tell.
            return

    def stop_application_mode(self) -> None:
        if self._frames is not None:
            self._frames.make_way()
            self.write(REST)
        super().stop_application_mode()

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:
            self._lost()
        except Exception as error:
            # A defect in parsing input must not leave a console that ignores its keyboard.
            self._on_loop(lambda error=error: self._app._handle_exception(error))

    def run_input_thread(self) -> None:
        """Read the terminal and post what it says, until told to stop or the terminal ends."""
        parser = XTermParser(self._debug)
        pastes = BracketedPaste()
        decode = getincrementaldecoder("utf-8")("replace").decode
        arrived, parsed = time.monotonic(), False
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                waiting = parsed and bool(selector.select(0))
                parsed = False
                if waiting or selector.select(_POLL_S):
                    data = os.read(self.fileno, _READ)
                    if not data:
                        self._lost()
                        return
                    # What came in one read came at one time, and what waited while we parsed came with it:
                    # the guard against pastes measures the terminal, not how busy this process is.
                    # After a rest nothing came with anything, however late this thread got its turn.
                    arrived, parsed = arrived if waiting else time.monotonic(), True
                    text = pastes.feed(decode(data))
                    # Nothing at all would tell the parser that its input has ended: half a character is not that.
                    for event in parser.feed(text) if text else ():
                        event.time = arrived
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
        try:
            for _ in parser.feed(""):
                pass
        except (EOFError, ParseError):
            # The parser's way to say that it was told the end.
            return


def terminal_trouble(environ: Mapping[str, str], *, is_terminal: bool) -> str:
    """Why a full-screen console cannot run here, as a sentence; empty when it can."""
    if not is_terminal:
        return "the console needs a terminal; without one, use the commands (socconsole --help)"
    if environ.get("TERM") == "dumb":
        return "TERM=dumb cannot move a cursor; set TERM, or use the commands (socconsole --help)"
    return ""

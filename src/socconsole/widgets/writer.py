"""Writing to a terminal that may stop reading.

Textual's own writer waits for a slow terminal with the event loop in its hands: a frozen ssh client then
freezes timers and everything else. This one never waits. While the terminal is behind, frames are thrown
away; once it has caught up, one full repaint brings the screen back.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

BACKLOG_LIMIT: Final = 256 * 1024
"""Characters that may wait; about three full truecolor frames. More than that is not a picture of now."""

JOIN_S: Final = 1.0
"""How long a leaving app waits for a terminal that does not read."""

FRAME_BEGINS: Final = "\x1b[?2026h"
"""What Textual writes before each frame, by itself; the frame and its end always follow."""

REST: Final = "\x1b[?2026l\x1b[0m"
"""Ends a synchronised update and a style that a dropped frame may have left open."""


class FrameWriter(threading.Thread):
    """Writes in a thread; :meth:`write` returns at once, always.

    ``on_recovered`` is called (in this thread) when the terminal reads again after frames were dropped,
    ``on_dead`` when it is gone for good.
    """

    def __init__(
        self,
        fd: int,
        encoding: str,
        *,
        on_recovered: Callable[[], None],
        on_dead: Callable[[], None],
    ) -> None:
        super().__init__(daemon=True, name="socconsole-output")
        self._fd = fd
        self._encoding = encoding
        self._on_recovered = on_recovered
        self._on_dead = on_dead
        self._ready = threading.Condition()
        self._queue: deque[str] = deque()
        self._waiting = 0
        self._stopping = False
        self.behind = False
        """Frames are being dropped."""
        self.dead = False

    def write(self, text: str) -> None:
        with self._ready:
            if self.dead or self._stopping:
                return
            if self._waiting and self._waiting + len(text) > BACKLOG_LIMIT:
                self._queue.clear()
                self._waiting = 0
                self.behind = True
            if self.behind:
                return
            self._queue.append(text)
            self._waiting += len(text)
            if text != FRAME_BEGINS:  # what follows wakes the thread: once a frame is enough
                self._ready.notify()

    def make_way(self) -> None:
        """Forget frames that wait, so that what is written next (the goodbye) is next in line."""
        with self._ready:
            self._queue.clear()
            self._waiting = 0
            self.behind = False

    def flush(self) -> None:
        """Nothing is buffered here."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def run(self) -> None:
        while True:
            with self._ready:
                while not self._queue and not self.behind and not self._stopping:
                    self._ready.wait()
                # All that waits goes out in one write: fewer packets on a slow link.
                text = "".join(self._queue)
                self._queue.clear()
                if not text and self._stopping:
                    return
            if text:
                try:
                    self._put(text.encode(self._encoding, "replace"))
                except OSError:
                    with self._ready:
                        self.dead = True
                    self._on_dead()
                    return
            with self._ready:
                self._waiting = sum(map(len, self._queue))
                recovered = self.behind and not self._queue
                if recovered:
                    self.behind = False
            if recovered:
                self._on_recovered()

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                # Another program left the shared terminal in non-blocking mode.
                select.select([], [self._fd], [], 1.0)

    def stop(self) -> None:
        """Write what waits and end; gives up on a terminal that does not read."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        self.join(JOIN_S)

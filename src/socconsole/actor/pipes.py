"""The actor's two pipes, each on a thread of its own: neither a silent nor a stalled console holds up an action.

Both use bare descriptors. A buffered ``sys.stdin`` that a thread still reads aborts the interpreter at exit.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from typing import Final

import msgspec

from socconsole.model.wire import Reply

LINE_LIMIT: Final = 16_000_000
"""Bytes of one request; nobody sends more."""

_CHUNK: Final = 65_536
_encoder: Final = msgspec.json.Encoder()


class Requests:
    """Lines from a descriptor; None for its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    async def next(self) -> bytes | None:
        return await self._lines.get()

    def _read(self) -> None:
        pending = b""
        try:
            while chunk := os.read(self._descriptor, _CHUNK):
                *whole, pending = (pending + chunk).split(b"\n")
                for line in whole:
                    self._put(line)
                if len(pending) > LINE_LIMIT:
                    break
            self._put(None)
        except OSError:
            self._put(None)
        except RuntimeError:
            pass  # the loop is closed: nobody listens any more

    def _put(self, line: bytes | None) -> None:
        self._loop.call_soon_threadsafe(self._lines.put_nowait, line)


class Replies:
    """Replies to a descriptor, in order. A reader that went away is no trouble: what is said then is lost."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="replies", daemon=True)
        self._thread.start()

    def say(self, reply: Reply) -> None:
        self._lines.put(_encoder.encode(reply) + b"\n")

    def close(self, timeout: float = 1.0) -> None:
        """Write what is left, for at most ``timeout`` seconds."""
        self._lines.put(None)
        self._thread.join(timeout)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                return

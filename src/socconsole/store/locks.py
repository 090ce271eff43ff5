"""Locks between processes: ``flock`` on a file that names its holder's process id.

The kernel frees a lock when its process ends, however it ends; the id in the file is only for telling people.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PAUSE_S: Final = 0.002
_GRACE_S: Final = 0.05
"""Even an impatient taker tries this long, because :func:`holder` takes a free lock for an instant."""


class LockHeld(Exception):
    """Another process (or thread) has the lock. ``pid`` is 0 where it could not be read."""

    def __init__(self, name: str, pid: int) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{name} is held by {who}")
        self.name = name
        self.pid = pid


@contextmanager
def hold(path: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock for the block; ``LockHeld`` when it is not free within ``wait_s`` seconds.

    Blocks its thread while it waits. Two threads of one process exclude each other as well.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if not _try(descriptor, fcntl.LOCK_EX):
        if wait_s > _GRACE_S:
            waiter = _Waiter(descriptor)
            if not waiter.wait(wait_s):
                raise LockHeld(path.stem, waiter.pid)
        elif not _try_for(descriptor, _GRACE_S):
            pid = _pid(descriptor)
            os.close(descriptor)
            raise LockHeld(path.stem, pid)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


class _Waiter:
    """Waits for a lock in the kernel's queue, for so long and no longer.

    ``flock`` has no time limit, and trying again and again is unfair: of four writers some waited over a second,
    where the queue takes milliseconds. So a thread stands in the queue. When the time is up, it keeps the
    descriptor, and closes it as soon as its turn comes.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._guard = threading.Lock()
        self._turn = threading.Event()
        self._gave_up = False
        self.pid = 0
        """The holder, once waiting was in vain."""

    def wait(self, seconds: float) -> bool:
        threading.Thread(target=self._queue, name="lock", daemon=True).start()
        if self._turn.wait(seconds):
            return True
        with self._guard:
            if self._turn.is_set():
                return True
            self._gave_up = True
            self.pid = _pid(self._descriptor)
            return False

    def _queue(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._guard:
            if self._gave_up:
                os.close(self._descriptor)
            else:
                self._turn.set()


def holder(path: Path) -> int | None:
    """Process id of the lock's holder; 0 when it is held but the id cannot be read, None when it is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        return None if _try(descriptor, fcntl.LOCK_SH) else _pid(descriptor)
    finally:
        os.close(descriptor)


def shared(path: Path) -> bool:
    """Whether anybody holds the lock, alone or with others, who then leave no id in it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _try_for(descriptor: int, seconds: float) -> bool:
    """Without a thread that would be left standing in the queue: who asks again and again would pile them up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
        if _try(descriptor, fcntl.LOCK_EX):
            return True
    return False


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else 0

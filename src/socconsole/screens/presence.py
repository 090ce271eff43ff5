"""Being there: the console's heartbeat, which keeps a watch alive, and the start of a watch where none lives."""

from __future__ import annotations

import os
import subprocess
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from socconsole.store import db, sources

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

LOG: Final = "watch.log"
BEAT_S: Final = 3.0
RETRY_S: Final = 60.0
"""A watch that ended at once is not started again before this."""


class Presence:
    """Beats in a thread of its own, so that neither the disk nor a busy store ever holds up the screen."""

    def __init__(self, folder: StateFolder, who: str, watch: list[str] | None) -> None:
        self._folder = folder
        self._who = who
        self._watch = watch
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self._tried: float | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self.trouble = ""
        """Why there is no heartbeat or no watch, in a sentence; empty when all is well."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say that this console is gone. Waits for the thread for at most two seconds."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        try:
            self._beat()
        except Exception as fault:  # a thread's traceback would be painted over the screen
            self.trouble = f"no heartbeat: {type(fault).__name__}: {fault}"

    def _beat(self) -> None:
        conn = db.connect(self._folder.store_db)
        # A heartbeat lost with the power is no loss: it does not wait for the disk.
        conn.execute("PRAGMA synchronous = NORMAL")
        try:
            while not self._ended.is_set():
                try:
                    sources.beat(conn, os.getpid(), datetime.now(UTC), who=self._who, console=True)
                    self.trouble = ""
                    if self._watch is not None and not sources.watch_alive(conn):
                        self._start_watch(self._watch)
                        self.trouble = self.trouble or self._why_it_ended()
                except conn.OperationalError as trouble:  # locked for longer than it should be: the next beat tells
                    self.trouble = f"no heartbeat: {trouble}"
                self._ended.wait(BEAT_S)
            sources.leave(conn, os.getpid(), console=True)
        finally:
            conn.close()

    def _start_watch(self, argv: list[str]) -> None:
        now = sources.host_clock().seconds
        if self._tried is not None and now - self._tried < RETRY_S:
            return
        if self._folder.holder("watch") is not None:
            return
        self._tried = now
        try:
            self._child = start_watch(self._folder, argv)
        except OSError as trouble:
            self.trouble = f"the watch cannot be started: {trouble.strerror}"

    def _why_it_ended(self) -> str:
        """A watch that this console started and that is gone again says why in its log, not on this screen."""
        code = None if self._child is None else self._child.poll()
        if code in (None, 0):
            return ""
        return f"the watch ended with code {code}: see {self._folder.logs / LOG}"


def start_watch(folder: StateFolder, argv: list[str]) -> subprocess.Popen[bytes]:
    """Start a watch in a session of its own, so that it survives this terminal."""
    log = os.open(folder.logs / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    finally:
        os.close(log)
    # Reaped when it ends, so that it does not stay behind as a zombie of this console.
    threading.Thread(target=child.wait, name="watch-reaper", daemon=True).start()
    return child

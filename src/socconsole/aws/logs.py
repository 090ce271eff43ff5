"""Logs of the processes that speak with AWS: one printable line a record, no secret in it, rotated, owner-only.

What AWS said cannot forge a line or drive a terminal that shows the file, and neither keys nor the values of
variables are ever written. Several processes may write to one file: whoever finds it moved goes on in the new one.
"""

from __future__ import annotations

import fcntl
import io
import logging
import logging.handlers
import os
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

from socconsole.aws.mask import mask
from socconsole.text import clean

LOG_BYTES: Final = 2_000_000
LOG_FILES: Final = 5
"""Older files kept beside the one that is written."""

_SAFE: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_LINE: Final = 2_000
_FRAMES: Final = 4


def to(path: Path) -> None:
    """Log this process to ``path``, and to its terminal where it has one: our own news and everybody's warnings."""
    handlers: list[logging.Handler] = [_Shared(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")]
    if sys.stderr.isatty():
        handlers.append(logging.StreamHandler())
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(Clean())
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("socconsole").setLevel(logging.INFO)
    logging.captureWarnings(True)


def uncaught() -> None:
    """Log what ends this process or a thread of it, instead of printing it with all it says: for a child's main."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


class Clean(logging.Formatter):
    """One printable line a record, secrets taken out; of an exception what it says and where it came from."""

    def __init__(self) -> None:
        super().__init__("%(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record, self.datefmt)} {record.levelname} {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            frames = traceback.extract_tb(record.exc_info[2])[-_FRAMES:]
            where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
            line += f" | {type(record.exc_info[1]).__name__}: {record.exc_info[1]} at {where}"
        return clean(mask(line), _LINE)


class _Shared(logging.handlers.RotatingFileHandler):
    """Rotates a file that other processes write to and rotate as well."""

    def shouldRollover(self, record: logging.LogRecord) -> int:
        self._follow()
        return int(super().shouldRollover(record))

    def doRollover(self) -> None:
        lock = os.open(f"{self.baseFilename}.lock", os.O_WRONLY | os.O_CREAT | _SAFE, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._follow():  # else another process has just done it
                super().doRollover()
        finally:
            os.close(lock)

    def _follow(self) -> bool:
        """Go on in the file that has the name now, if that is another one than ours."""
        try:
            there = os.stat(self.baseFilename)
            same = self.stream is not None and os.path.samestat(os.fstat(self.stream.fileno()), there)
        except FileNotFoundError:
            same = False
        if not same:
            if self.stream is not None:
                self.stream.close()
            self.stream = self._open()
        return not same

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFE, 0o600)
        return io.TextIOWrapper(io.FileIO(descriptor, "a"), encoding=self.encoding, write_through=True)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("socconsole").critical("ended by what nobody caught", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)

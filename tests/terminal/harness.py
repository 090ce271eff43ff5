"""A real terminal for tests: a program on a pty, its bytes, its screen, and what bytes it may send.

Nothing is read unless a test waits for something, so a test that waits for nothing is a terminal that stalls.

However busy the machine is, a key is pressed when the program has taken the last one, and the screen is read when
the program has painted it to the end: see :meth:`Terminal.rest`.
"""

from __future__ import annotations

import array
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

PATIENCE_S = 60.0
"""How long a condition may take on a loaded machine; nothing waits this long when all is well."""

PACE_S = 0.04
"""Between keys, from when the program has taken one to the next; keys within 30 ms are a paste to the console."""

_TELLS = Path("/proc/self/task")

_LOOK_S = 0.003
"""Between two looks at whether the program rests."""

_FRAME_S = 2.0
"""How long the rest of a frame is waited for: a program that never rests never ends its last one."""

# What pyte does not know, and what would make it write rubbish on its screen.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*u|\x1b\[\?[0-9;]*\$p|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)")
_SYNC_QUERY = b"\x1b[?2026$p"
_SYNC_ANSWER = b"\x1b[?2026;2$y"

# COLUMNS and LINES go before the terminal's own size with many programs; test runners set them.
_NOT_INHERITED = ("NO_COLOR", "TMUX", "SSH_CONNECTION", "COLUMNS", "LINES")

APPS = Path(__file__).parent / "apps"


class Terminal:
    """A program on a pty of its own, in a session of its own. Use it in a ``with`` block."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.columns, self.rows = columns, rows
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0
        self._lines_read: list[str] = []
        self._read_at = (0, 0)
        self.fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._inner = inner
        self.modes_before = termios.tcgetattr(inner)
        environ = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        environ |= {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TEXTUAL_FPS": "240",
            **(env or {}),
        }
        self.process = subprocess.Popen(
            list(argv),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=environ,
            cwd=cwd,
            preexec_fn=_take_terminal,
            close_fds=True,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()
        if self._inner >= 0:
            os.close(self._inner)
            self._inner = -1

    # -- the keyboard --------------------------------------------------------------------------------

    def send(self, data: bytes | str) -> None:
        """Bytes at once, as a paste without brackets arrives."""
        os.write(self.fd, data.encode() if isinstance(data, str) else data)

    def type(self, keys: str | Sequence[str], pace: float = PACE_S) -> None:
        """Keys one by one, each ``pace`` seconds after the last was taken; what the program writes is read."""
        for key in keys:
            self.send(key)
            self.rest()
            self._pump_for(pace)
            self.rest()

    def paste(self, text: str) -> None:
        """A bracketed paste."""
        self.send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """The window changes its size."""
        self.columns, self.rows = columns, rows
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    # -- the screen ----------------------------------------------------------------------------------

    @property
    def display(self) -> list[str]:
        """What a person sees, line by line."""
        size = self.columns, self.rows
        if self._fed < len(self.raw) or self._read_at != size:
            self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", bytes(self.raw[self._fed :])))
            self._fed, self._read_at = len(self.raw), size
            # Not pyte's own ``display``: it stumbles over half of a wide character.
            rows = (self._screen.buffer[y] for y in range(self.rows))
            self._lines_read = ["".join(row[x].data for x in range(self.columns)).rstrip() for row in rows]
        return list(self._lines_read)

    @property
    def text(self) -> str:
        return "\n".join(self.display)

    def wait_for(self, condition: str | Callable[[], bool], patience: float = PATIENCE_S) -> None:
        """Read until a text stands on the screen, or until a condition holds; and to the end of that frame."""
        met = condition if callable(condition) else lambda: condition in self.text
        end = time.monotonic() + patience
        while not met():
            left = end - time.monotonic()
            if left <= 0 or (not self._pump(min(left, 0.1)) and self.process.poll() is not None and not met()):
                said = condition if isinstance(condition, str) else "the condition"
                raise AssertionError(f"waited in vain for {said!r}; the screen says\n{self.text}")
        self.rest(_FRAME_S)

    def quiet(self, for_s: float = 0.25, patience: float = PATIENCE_S) -> int:
        """Read until nothing has come for a while, and the program rests; the number of bytes that came."""
        start, end = len(self.raw), time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            if self._pump(for_s):
                continue
            seen = len(self.raw)
            if self.rest(left) and len(self.raw) == seen:
                return seen - start
        raise AssertionError("the program never stops writing")

    def rest(self, patience: float = PATIENCE_S) -> bool:
        """Read until the program has taken every key and done what there was to do; False if it is always at it.

        As Linux tells it: no byte waits in the terminal, none of the program's threads wants the processor, and
        none has run between two looks. So a machine that gives it no time is waited for, and a quick one is not.
        Elsewhere a twentieth of a second has to do.
        """
        if not _TELLS.exists():
            self._pump_for(0.05)
            return True
        end, before = time.monotonic() + patience, None
        while time.monotonic() < end:
            ran = None if self._pump(_LOOK_S) else self._idle()
            if ran is not None and ran == before:
                return True
            before = ran
        return False

    def _idle(self) -> int | None:
        """For how long the program has run so far (ns), if it is not running and no key waits for it; else None."""
        if self._inner >= 0:
            waiting = array.array("i", [0])
            fcntl.ioctl(self._inner, termios.FIONREAD, waiting)
            if waiting[0]:
                return None
        ran = 0
        try:
            for task in Path(f"/proc/{self.process.pid}/task").iterdir():
                state = (task / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
                if state in "RD":
                    return None
                ran += int((task / "schedstat").read_text("ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):  # a thread has ended, or all of them
            return None if self.process.poll() is None else 0
        return ran

    # -- the end -------------------------------------------------------------------------------------

    def wait_exit(self, patience: float = PATIENCE_S) -> int:
        """Read until the program has ended; its return code (negative: the signal)."""
        end = time.monotonic() + patience
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"the program did not end; the screen says\n{self.text}")
            if self.fd >= 0:
                self._pump(0.02)
            else:
                time.sleep(0.02)  # no terminal is left to wait on
        while self.fd >= 0 and self._pump(0.05):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """The ssh connection drops: the terminal's other end closes."""
        if self._inner >= 0:
            os.close(self._inner)
            self._inner = -1
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    @property
    def restored(self) -> list[str]:
        """What the program left behind on its terminal; nothing when it cleaned up."""
        left: list[str] = []
        now, before = termios.tcgetattr(self._inner), self.modes_before
        # VMIN and VTIME share slots with VEOF and VEOL in canonical mode.
        if now[:4] != before[:4]:
            left.append("terminal modes")
        raw = bytes(self.raw)
        for number, name in ((1049, "alternate screen"), (1000, "mouse"), (1003, "mouse moves"), (2004, "paste")):
            if raw.rfind(b"\x1b[?%dh" % number) > raw.rfind(b"\x1b[?%dl" % number):
                left.append(name)
        if raw.rfind(b"\x1b[?25l") > raw.rfind(b"\x1b[?25h"):
            left.append("hidden cursor")
        return left

    # -- reading -------------------------------------------------------------------------------------

    def _pump(self, timeout: float) -> bool:
        """Read one chunk; False when none came."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        if not data:
            return False
        self.raw += data
        if _SYNC_QUERY in data:
            self.send(_SYNC_ANSWER)
        return True

    def _pump_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._pump(left)


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def python(*args: str) -> list[str]:
    """This interpreter, as a command."""
    return [sys.executable, *args]


# -- what may be written to a terminal -------------------------------------------------------------------

_TOKEN = re.compile(
    rb"(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    rb"|(?P<osc>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"
    rb"|(?P<dcs>\x1b[PX^_][^\x1b]*\x1b\\)"
    rb"|(?P<esc>\x1b.?)"
    # Textual steps to the next line right before it says where to go.
    rb"|(?P<step>\r?\n(?=\x1b\[))"
    rb"|(?P<control>[\x00-\x1f\x7f])"
    rb"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
_ALLOWED_CSI = (
    re.compile(rb"\x1b\[[0-9;]*m"),  # colours
    re.compile(rb"\x1b\[[0-9;]*H"),  # cursor position
    re.compile(rb"\x1b\[\?(?:7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"),  # our modes
    re.compile(rb"\x1b\[\?(?:2026|2048)\$p"),  # what can you do?
    re.compile(rb"\x1b\[[<>][0-9]*u"),  # keyboard protocol
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*)?\Z")  # where reading stopped, mid-sequence
_POINTER = re.compile(rb"\x1b\]22;[a-z-]*(?:\x07|\x1b\\)")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def violations(raw: bytes, *, also: Sequence[re.Pattern[bytes]] = ()) -> list[str]:
    """Everything in ``raw`` that a console of ours has no reason to send, with its place."""
    found: list[str] = []
    raw = _UNFINISHED.sub(b"", raw)
    for match in _TOKEN.finditer(raw):
        token, kind = match.group(), match.lastgroup
        if any(pattern.fullmatch(token) for pattern in also):
            continue
        if kind == "text":
            text = token.decode("utf-8", "surrogateescape")
            bad = sorted({f"U+{ord(char):04X}" for char in text if unicodedata.category(char) in _HIDDEN})
            if bad:
                found.append(f"{match.start()}: {' '.join(bad)} in {text[:60]!a}")
            if _marks(text) > 2:
                found.append(f"{match.start()}: {_marks(text)} combining marks in a row")
        elif (
            (kind == "csi" and any(pattern.fullmatch(token) for pattern in _ALLOWED_CSI))
            or kind == "step"
            or (kind == "osc" and _POINTER.fullmatch(token))
        ):
            continue
        else:
            found.append(f"{match.start()}: {kind} {token[:60]!r}")
    return found


def _marks(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char).startswith("M") else 0
        longest = max(longest, run)
    return longest


def painted(raw: bytes) -> bytes:
    """The part that was written while the program had the screen."""
    start = raw.find(b"\x1b[?1049h")
    end = raw.rfind(b"\x1b[?1049l")
    return raw[start : end if end > start else len(raw)]

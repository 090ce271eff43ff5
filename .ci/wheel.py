"""Build the wheel, install it into a clean environment, and start what it installs.

Catches what an editable install hides: files missing from the wheel (themes, scenarios, aws/operations/) and
dependencies that only the developer's environment has.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 90
END_LIMIT_S = 15


def run(*command: str | Path, **kwargs: object) -> None:
    subprocess.run([str(part) for part in command], check=True, **kwargs)  # type: ignore[call-overload]


def first_screen(program: Path, home: Path, wanted: bytes) -> float:
    """Start the drill on a pty and return the seconds until ``wanted`` is painted."""
    started = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        size = {"COLUMNS": "120", "LINES": "40"}
        environment = {**os.environ, "TERM": "xterm-256color", "SOCCONSOLE_HOME": str(home), **size}
        os.execve(program, [str(program), "drill", "leak"], environment)
    seen = b""
    try:
        while wanted not in seen:
            if time.monotonic() - started > START_LIMIT_S:
                raise SystemExit(f"the wheel's drill painted no {wanted!r} within {START_LIMIT_S} s:\n{seen[-3000:]!r}")
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    raise SystemExit(f"the wheel's drill ended early:\n{seen[-3000:]!r}") from None
        return time.monotonic() - started
    finally:
        end(pid, terminal)


def end(pid: int, terminal: int) -> None:
    """End the program in order; its terminal is read meanwhile, or its last words would block it."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_LIMIT_S
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise SystemExit(f"the wheel's drill did not end within {END_LIMIT_S} s of SIGTERM")
        if select.select([terminal], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):  # the terminal's other end is closed
                os.read(terminal, 65536)


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="socconsole-wheel-"))
    try:
        run(sys.executable, "-m", "build", "--wheel", "--outdir", work / "dist", ROOT, stdout=subprocess.DEVNULL)
        (wheel,) = (work / "dist").glob("*.whl")
        run(os.environ.get("PYTHON") or sys.executable, "-m", "venv", work / "venv")
        python = work / "venv/bin/python"
        quietly = ("--quiet", "--disable-pip-version-check")
        run(python, "-m", "pip", "install", *quietly, "-c", ROOT / "constraints.txt", f"{wheel}[drill]")
        program = work / "venv/bin/socconsole"
        run(program, "--version", cwd=work)
        run(program, "drill", "--list", cwd=work, stdout=subprocess.DEVNULL)
        took = first_screen(program, work / "home", b"Triage")
        print(f"{wheel.name}: installed clean, drill on screen after {took:.1f} s")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()

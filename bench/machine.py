"""What the machine says of a process and of itself: CPU in nanoseconds, memory, load, time stolen by others."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HAVE_PROC = Path("/proc/self/schedstat").exists()


def compiled(cache: Path) -> None:
    """Have every program from now on run from bytecode that is kept in ``cache``, as an installed one does.

    Where ``PYTHONDONTWRITEBYTECODE`` is set, the console would be compiled at each start and its peers, which an
    installer has compiled, would not: unlike work.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(cache)


def cpu_ns(pid: int) -> int:
    """CPU time of all threads a process has now, in nanoseconds (``schedstat``)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError, ValueError):  # a thread that has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total


def rss_bytes(pid: int) -> int:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Processes that a process has started and that are still there."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def wait_gone(pids: list[int], patience_s: float = 20.0) -> None:
    """Wait until none of these processes runs any more: what ends late would be measured with the next run."""
    end = time.monotonic() + patience_s
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > end:
            raise RuntimeError(f"processes {pids} outlived what started them")
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Moment:
    """Load average of the last minute, and jiffies (all, stolen by other machines) so far."""

    load: float
    jiffies: int
    stolen: int


def moment() -> Moment:
    load = os.getloadavg()[0]
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return Moment(load, 0, 0)
    return Moment(load, sum(fields), fields[7])


def describe(before: Moment, after: Moment) -> str:
    """The machine and how busy it was, in a line."""
    spent = after.jiffies - before.jiffies
    steal = f"{100 * (after.stolen - before.stolen) / spent:.1f} %" if spent else "not known"
    busy = "; load above 1.5 at the start: run it again on a quiet machine" if before.load > 1.5 else ""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"textual {version('textual')}; load {before.load:.2f} at the start, {after.load:.2f} at the end, "
        f"steal {steal}{busy}"
    )

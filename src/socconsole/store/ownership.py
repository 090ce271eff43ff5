"""Who may look into a state folder, and what it must stand on: checked before anything in it is opened."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final


class StateError(Exception):
    """The state folder cannot be used. ``remedy`` is the command or setting that mends it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


# Names as mount(8) and /proc/self/mountinfo print them; 9p and after: shares of a virtual machine's host.
_NETWORK: Final = (
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "davfs",
        "afs",
        "ncpfs",
        "coda",
    }
    | {"ceph", "glusterfs", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2", "orangefs", "pvfs2"}
    | {"osxfuse", "macfuse", "9p", "virtiofs", "vboxsf", "prl_fs", "vmhgfs"}
)
_LOCAL_FUSE: Final = frozenset({"fuse.fuse-overlayfs", "fuseblk"})
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def check_folder(path: Path) -> None:
    """Raises ``StateError`` unless ``path`` is a folder of ours that nobody else can enter or replace."""
    _check(path, folder=True)
    parent = path.absolute().parent
    told = parent.stat()
    if told.st_mode & _OTHERS_WRITE and not told.st_mode & stat.S_ISVTX:
        raise StateError(
            f"others can replace {path}: {parent} is writable for them",
            f"chmod go-w {parent}, or set SOCCONSOLE_HOME to a folder of your own",
        )


def check_file(path: Path) -> None:
    """Raises ``StateError`` when ``path`` exists and is a link, not ours, or open to others."""
    if os.path.lexists(path):
        _check(path, folder=False)


def _check(path: Path, *, folder: bool) -> None:
    told = path.lstat()
    if stat.S_ISLNK(told.st_mode):
        raise StateError(f"{path} is a symbolic link", "name the folder it points to with --store")
    if folder and not stat.S_ISDIR(told.st_mode):
        raise StateError(f"{path} is not a folder", "name another one with --store")
    if not folder and not stat.S_ISREG(told.st_mode):
        raise StateError(f"{path} is not a plain file", "move it away")
    if told.st_uid != os.geteuid():
        raise StateError(
            f"{path} belongs to user {told.st_uid}, not to you ({os.geteuid()})",
            "work as its owner, or set SOCCONSOLE_HOME to a folder of your own",
        )
    if told.st_mode & _OTHERS:
        mode = stat.S_IMODE(told.st_mode)
        raise StateError(f"{path} is open to others (mode {mode:04o})", f"chmod go-rwx {path}")


def check_file_system(path: Path, mounts: list[tuple[str, str]] | None = None) -> None:
    """Raises ``StateError`` on a network file system: SQLite's WAL and ``flock`` work on one host only.

    ``mounts`` is [(mount point, type)] as :func:`mount_table` gives it.
    """
    where = os.path.realpath(path)
    best, kind = "", ""
    for point, type_ in mount_table() if mounts is None else mounts:
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, type_
    if kind in _NETWORK or (kind.startswith("fuse") and kind not in _LOCAL_FUSE):
        raise StateError(
            f"{path} lies on a network file system ({kind} at {best}), which cannot be shared safely",
            "set SOCCONSOLE_HOME to a folder on a local disk, such as /var/lib/socconsole",
        )


def mount_table() -> list[tuple[str, str]]:
    """Mount points and their file system types, in order of mounting; empty where the system does not say."""
    if sys.platform == "linux":
        try:
            lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            return []
        return [mount for line in lines if (mount := _mountinfo(line))]
    try:
        told = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    # macOS: "//me@nas/share on /Volumes/share (smbfs, nodev, nosuid)"
    found = []
    for line in told.splitlines():
        _, _, rest = line.partition(" on ")
        point, _, options = rest.rpartition(" (")
        found.append((point, options.partition(",")[0].rstrip(")")))
    return found


def _mountinfo(line: str) -> tuple[str, str] | None:
    """proc(5): the fifth field is the mount point, the first after ``-`` the type."""
    left, dash, right = line.partition(" - ")
    fields = left.split(" ")
    if not dash or len(fields) < 5:
        return None
    point = fields[4]
    for octal, char in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        point = point.replace(octal, char)
    return point, right.split(" ", 1)[0]

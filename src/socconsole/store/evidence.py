"""Evidence: bytes that AWS cannot give again, kept under their own SHA-256, never changed.

Raw imports, before-states, quarantined bodies. The file's name is its proof; the ledger holds the name.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_NAME: Final = re.compile("[0-9a-f]{64}")


class EvidenceError(Exception):
    """Evidence that is missing or is not what was kept. ``digest`` is what was asked for."""

    def __init__(self, digest: str, message: str) -> None:
        super().__init__(message)
        self.digest = digest


def put(folder: StateFolder, data: bytes) -> str:
    """Keep ``data`` and return its SHA-256 (64 hexadecimal digits); it is on disk when this returns.

    The same bytes are kept once. A file under that name with other bytes is replaced. Raises ``OSError``.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = folder.evidence / digest
    if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
        return digest
    fresh = folder.evidence / f".{digest[:16]}.{secrets.token_hex(4)}"
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        _sync(folder)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return digest


def get(folder: StateFolder, digest: str) -> bytes:
    """The bytes that were kept under ``digest``; ``EvidenceError`` when they are gone or are not those bytes."""
    if not _NAME.fullmatch(digest):
        raise EvidenceError(digest, f"{digest[:80]!a} is no SHA-256")
    try:
        data = (folder.evidence / digest).read_bytes()
    except OSError as error:
        raise EvidenceError(digest, f"evidence {digest[:12]}… cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise EvidenceError(digest, f"evidence {digest[:12]}… was changed")
    return data


def names(folder: StateFolder) -> Iterator[str]:
    """What is kept, in no order."""
    for entry in os.scandir(folder.evidence):
        if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            yield entry.name


def _sync(folder: StateFolder) -> None:
    """The new name has to outlive a power cut as well."""
    descriptor = os.open(folder.evidence, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

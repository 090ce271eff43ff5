"""Every request the embedded AWS received, in order: what tests judge by and what a resumed drill replays."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import orjson

_SECRET: Final = re.compile(r"secret|password|sessiontoken|privatekey|plaintext", re.IGNORECASE)
_READING: Final = re.compile(
    r"(Get|List|Describe|Lookup|Head|Select|Search|Simulate|Generate|AssumeRole|BatchGet|StartQuery|StopQuery|"
    r"Query|Scan|Filter|ReceiveMessage|Decode|Verify|Test|Validate|Check|Estimate)"
)
_NOT_READING: Final = frozenset({"GenerateDataKey"})


def changes_state(operation: str) -> bool:
    """Whether an operation writes, judged by its name as CloudTrail's ``readOnly`` roughly does."""
    return operation in _NOT_READING or not _READING.match(operation)


def masked(value: Any, key: str = "") -> Any:
    """Parameters as they may be kept: secrets replaced, bytes as base64, times as RFC 3339."""
    if key and _SECRET.search(key) and isinstance(value, str | bytes):
        return "***"
    if isinstance(value, Mapping):
        return {str(k): masked(v, str(k)) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


@dataclass(slots=True)
class Entry:
    """One request and its answer. ``time`` is the host's, ``scenario_time`` the world's, both RFC 3339."""

    n: int
    time: str
    scenario_time: str
    account: str
    region: str
    service: str
    op: str
    params: dict[str, Any]
    access_key: str
    principal: str
    """ARN of the caller; a session's is the ``assumed-role`` ARN."""
    role: str
    """Role name, empty for users."""
    session: str
    source_identity: str
    tags: dict[str, str]
    by: str
    """``client``, or ``scenario`` for the timeline's own moves."""
    mutating: bool
    dry_run: bool = False
    status: int = 0
    code: str = ""
    """Error code, empty when it succeeded."""
    fault: str = ""
    """Kind of the fault rule that answered, if one did."""
    address: str = "127.0.0.1"
    user_agent: str = ""
    issued: str = ""
    """Access key id that the answer handed out."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Journal:
    entries: list[Entry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _file: IO[bytes] | None = field(default=None, repr=False)
    _next: int = 1

    def attach(self, path: Path) -> None:
        """Write every further entry to a file; numbers go on where the file ends."""
        with self._lock:
            last = max((entry.n for entry in read(path)), default=0)
            self._next = max(self._next, last + 1)
            self._file = path.open("ab", buffering=0)

    def number(self) -> int:
        with self._lock:
            n = self._next
            self._next += 1
        return n

    def append(self, entry: Entry) -> None:
        with self._lock:
            self.entries.append(entry)
            if self._file is not None:
                self._file.write(orjson.dumps(entry.as_json()) + b"\n")

    def calls(
        self,
        service: str | None = None,
        op: str | None = None,
        *,
        account: str | None = None,
        role: str | None = None,
        by: str | None = "client",
        mutating: bool | None = None,
        after: int = 0,
        where: Callable[[Entry], bool] = lambda entry: True,
    ) -> list[Entry]:
        """Entries that match everything given, oldest first; ``by=None`` adds the scenario's own moves."""
        with self._lock:
            seen = list(self.entries)
        return [
            entry
            for entry in seen
            if entry.n > after
            and (service is None or entry.service == service)
            and (op is None or entry.op == op)
            and (account is None or entry.account == account)
            and (role is None or entry.role == role)
            and (by is None or entry.by == by)
            and (mutating is None or entry.mutating == mutating)
            and where(entry)
        ]

    def ended(self, index: int) -> list[Entry]:
        """What ended since there were ``index`` entries, in that order; numbers are given when a request begins."""
        with self._lock:
            return self.entries[index:]

    @property
    def head(self) -> int:
        """Number of the last request; pass it as ``after`` to see only what follows."""
        with self._lock:
            return self.entries[-1].n if self.entries else 0

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def read(path: Path) -> Iterable[Entry]:
    """Entries of a journal file; a torn last line (the server was killed) is left out."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield Entry(**orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError):
                continue

"""One batch of records: which are new, which replace another, which findings they make, change or turn into one.

The common cases are cheap by design: a record that is stored already costs one index probe, a detection with a
single record is never decoded again. Everything read and written for a batch goes through a handful of
prepared statements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

import msgspec

from socconsole import triage
from socconsole.model.finding import Finding, Observation, Severity, alias_key
from socconsole.store import alarmed, reading, rows
from socconsole.store.codec import Codec, pack_observation
from socconsole.store.instants import instant, micros, micros_or_none, storable

_CHUNK: Final = 500


@dataclass(slots=True)
class _Stored:
    """A version of a record, in the store or about to be."""

    n: int
    finding: int
    digest: bytes
    updated: int
    live: bool
    head: bool


@dataclass(slots=True)
class _Touched:
    """A finding that this batch makes or changes."""

    created: bool
    fresh: dict[int, Observation] = field(default_factory=dict)
    """Its records of this batch by observation number; whatever else it has is in the store."""
    keys: set[str] = field(default_factory=set)


class Intake:
    """One batch of one origin, in the caller's transaction. ``live``: AWS speaks now, and no file of yesterday.

    Numbers are given ahead and rows written together, a chunk at a time; ``new``, ``updated`` and ``unchanged`` count
    records.
    """

    def __init__(self, conn: Connection, origin: str, live: bool, now: datetime, context: triage.Context) -> None:
        self._conn = conn
        self._codec = Codec(conn)
        self._origin = _origin(conn, origin)
        self._live = live
        self._now = now
        self._at = micros(now)
        self._context = alarmed.in_force(conn, context)
        self.new = self.updated = self.unchanged = 0
        self._versions: dict[bytes, list[_Stored]] = {}
        self._alias: dict[str, int] = {}
        self._touched: dict[int, _Touched] = {}
        self._insert: dict[int, tuple[Observation, bytes, _Stored]] = {}
        self._rewrite: dict[int, tuple[Observation, _Stored]] = {}
        self._demote: list[int] = []
        self._next_finding = _next(conn, "finding")
        self._next_observation = _next(conn, "observation")

    def take(self, observations: Sequence[Observation]) -> None:
        """Store them, and the findings that they make, change or join."""
        for start in range(0, len(observations), _CHUNK):
            chunk = observations[start : start + _CHUNK]
            self._take(chunk)
            self._write()

    def _take(self, chunk: Sequence[Observation]) -> None:
        idents = [ident_of(obs) for obs in chunk]
        self._load_versions(idents)
        changed = [(obs, ident) for obs, ident in zip(chunk, idents, strict=True) if not self._is_head(obs, ident)]
        self.unchanged += len(chunk) - len(changed)
        keys = {id(obs): tuple(alias_key(key) for key in obs.merge_keys) for obs, _ in changed}
        self._load_aliases({key for found in keys.values() for key in found})
        for obs, ident in changed:
            self._place(obs, ident, keys[id(obs)])

    def _is_head(self, obs: Observation, ident: bytes) -> bool:
        return any(known.head and known.digest == obs.digest for known in self._versions[ident])

    def _place(self, obs: Observation, ident: bytes, keys: tuple[str, ...]) -> None:
        versions = self._versions[ident]
        head = next((known for known in versions if known.head), None)
        if head is not None and head.digest == obs.digest:  # earlier in this very batch
            self.unchanged += 1
            return
        updated = _order(obs)
        twin = next((known for known in versions if known.digest == obs.digest), None)
        wins = head is None or self._wins(head, obs, updated, known=twin is not None)
        if not wins and (self._live or twin is not None):
            self.unchanged += 1
            return
        finding, created = self._finding(keys)
        touched = self._touched.setdefault(finding, _Touched(created))
        touched.keys.update(keys)
        if created:
            self.new += 1
        else:
            self.updated += 1
        if wins and self._live and head is not None and head.live:
            head.digest, head.updated, head.finding = obs.digest, updated, finding
            touched.fresh[head.n] = obs
            if head.n in self._insert:
                self._insert[head.n] = (obs, ident, head)
            else:
                self._rewrite[head.n] = (obs, head)
            return
        if wins and head is not None:
            head.head = False
            self._touched.setdefault(head.finding, _Touched(False)).fresh.pop(head.n, None)
            self._demote.append(head.n)
        stored = _Stored(self._next_observation, finding, obs.digest, updated, self._live, wins)
        self._next_observation += 1
        versions.append(stored)
        self._insert[stored.n] = (obs, ident, stored)
        if wins:
            touched.fresh[stored.n] = obs

    def _wins(self, head: _Stored, obs: Observation, updated: int, *, known: bool) -> bool:
        """Whether a record that is not the head becomes it; ``known``: it is stored, and lost when it came."""
        if self._live:
            return not head.live or obs.updated is None or updated >= head.updated
        if head.live or updated != head.updated:
            return updated > head.updated
        return not known and _weight(obs.severity, obs.body) >= self._weight_of(head)

    def _weight_of(self, version: _Stored) -> tuple[int, int]:
        if version.n in self._insert:
            obs = self._insert[version.n][0]
            return _weight(obs.severity, obs.body)
        severity = reading.observation(self._conn, self._codec, version.n).severity
        dictionary, data = self._conn.execute(
            "SELECT dictionary, data FROM body WHERE observation = ?", (version.n,)
        ).fetchone()
        return _weight(severity, self._codec.unpack(data, dictionary))

    def _finding(self, keys: tuple[str, ...]) -> tuple[int, bool]:
        """The finding that has any of these names, made one if they were several; else a new one."""
        known = sorted({self._alias[key] for key in keys if key in self._alias})
        if not known:
            n, created = self._next_finding, True
            self._next_finding += 1
        else:
            n, created = known[0], False
            for other in known[1:]:
                self._join(other, n)
        for key in keys:
            self._alias[key] = n
        return n, created

    # --- reading ahead ---

    def _load_versions(self, idents: Sequence[bytes]) -> None:
        wanted = [ident for ident in dict.fromkeys(idents) if ident not in self._versions]
        for ident in wanted:
            self._versions[ident] = []
        for n, ident, finding, digest, updated, live, head in self._conn.execute(
            f"SELECT n, ident, finding, digest, updated, live, head FROM observation WHERE ident IN ({_marks(wanted)})",
            wanted,
        ):
            self._versions[ident].append(
                _Stored(n, finding, digest, _OLDEST if updated is None else updated, bool(live), bool(head))
            )

    def _load_aliases(self, keys: set[str]) -> None:
        wanted = [key for key in keys if key not in self._alias]
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            self._alias.update(
                self._conn.execute(f"SELECT key, finding FROM alias WHERE key IN ({_marks(part)})", part)
            )

    # --- writing ---

    def _join(self, other: int, survivor: int) -> None:
        """Two findings turned out to be one: the older keeps its id, the younger's stays an alias of it."""
        self._write()
        conn = self._conn
        conn.execute("UPDATE observation SET finding = ? WHERE finding = ?", (survivor, other))
        conn.execute("UPDATE alias SET finding = ? WHERE finding = ?", (survivor, other))
        conn.execute("UPDATE decided SET n = ? WHERE n = ?", (survivor, other))
        conn.execute(
            "UPDATE finding SET seen = min(seen, (SELECT seen FROM finding WHERE n = ?)) WHERE n = ?",
            (other, survivor),
        )
        conn.execute("DELETE FROM finding WHERE n = ?", (other,))
        self._alias = {key: survivor if n == other else n for key, n in self._alias.items()}
        for versions in self._versions.values():
            for known in versions:
                if known.finding == other:
                    known.finding = survivor
        self._touched[survivor] = _Touched(False)

    def _write(self) -> None:
        conn, pack, dictionary = self._conn, self._codec.pack, self._codec.dictionary
        touched, self._touched = self._touched, {}
        insert, self._insert = self._insert, {}
        rewrite, self._rewrite = self._rewrite, {}
        if self._demote:
            conn.executemany("UPDATE observation SET head = 0 WHERE n = ?", [(n,) for n in self._demote])
            self._demote = []
        if insert:
            conn.executemany(
                "INSERT INTO observation (n, finding, ident, digest, origin, format, updated, seen, live, head) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        n, known.finding, ident, known.digest, self._origin, obs.format.value,
                        micros_or_none(obs.updated), self._at, known.live, known.head,
                    )
                    for n, (obs, ident, known) in insert.items()
                ],
            )  # fmt: skip
            conn.executemany(
                "INSERT INTO body (observation, dictionary, doc, data) VALUES (?, ?, ?, ?)",
                [(n, dictionary, pack(pack_observation(obs)), pack(obs.body)) for n, (obs, _, _) in insert.items()],
            )
        if rewrite:
            conn.executemany(
                "UPDATE observation SET finding = ?, digest = ?, origin = ?, updated = ? WHERE n = ?",
                [
                    (known.finding, known.digest, self._origin, micros_or_none(obs.updated), n)
                    for n, (obs, known) in rewrite.items()
                ],
            )
            conn.executemany(
                "UPDATE body SET dictionary = ?, doc = ?, data = ? WHERE observation = ?",
                [(dictionary, pack(pack_observation(obs)), pack(obs.body), n) for n, (obs, _) in rewrite.items()],
            )
        self._write_findings(touched)

    def _write_findings(self, touched: dict[int, _Touched]) -> None:
        made: list[tuple[int, Finding, str]] = []
        aliases: list[tuple[str, int]] = []
        for n, change in touched.items():
            if change.created:
                heads = list(change.fresh.values())
                merged = triage.merge(heads, self._now, self._context)
                made.append((n, merged, alias_key(heads[0].merge_keys[0])))
            else:
                heads = self._heads(n, change)
                was = rows.before(self._conn, n)
                merged = triage.merge(heads, instant(was.seen), self._context)
                rows.update(self._conn, n, merged, was, self._now)
            aliases += [(key, n) for key in change.keys]
        rows.insert(self._conn, made, self._now)
        self._conn.executemany("INSERT INTO alias (key, finding) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", aliases)

    def _heads(self, n: int, change: _Touched) -> list[Observation]:
        """All records a finding is made of now: those of this batch as they are, the others from the store."""
        heads: list[Observation] = []
        for (number,) in self._conn.execute(
            "SELECT n FROM observation WHERE finding = ? AND head = 1 ORDER BY n", (n,)
        ).fetchall():
            fresh = change.fresh.get(number)
            heads.append(fresh if fresh is not None else reading.observation(self._conn, self._codec, number))
        return heads


_OLDEST: Final = -(1 << 62)


def _order(obs: Observation) -> int:
    return _OLDEST if obs.updated is None else micros(obs.updated)


def _weight(severity: Severity, body: bytes) -> tuple[int, int]:
    """How much a record says: values that are there, and how bad it calls itself."""
    values = 0
    parts: list[Any] = [msgspec.json.decode(body)]
    while parts:  # a record may be nested as deep as its sender likes
        part = parts.pop()
        if isinstance(part, dict):
            parts += part.values()
        elif isinstance(part, list):
            parts += part
        else:
            values += part not in (None, "")
    return values, int(severity)


def ident_of(obs: Observation) -> bytes:
    """Which record of which service this is: another version of it replaces it, another record joins it."""
    name = "\x1f".join((obs.format.value, obs.native_id, obs.merge_keys[0]))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:16]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _next(conn: Connection, table: str) -> int:
    # Numbers of deleted rows may come back: nothing outside this file's own joins ever refers to them.
    top: int = conn.execute(f"SELECT coalesce(max(n), 0) + 1 FROM {table}").fetchone()[0]
    return top


def _origin(conn: Connection, name: str) -> int:
    kept = storable(name, 500)
    conn.execute("INSERT INTO origin (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (kept,))
    n: int = conn.execute("SELECT n FROM origin WHERE name = ?", (kept,)).fetchone()[0]
    return n

"""The trail as rules read it: a connection that cannot write, and that no rule can hold for long.

A rule's condition is SQL made by ``rules.pipeline`` of somebody's YAML. It sees the columns below and nothing else,
it is interrupted when its time is up, and its regular expressions run in RE2, whose time grows with the text alone.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Final

from socconsole.store import db, trail
from socconsole.store.instants import micros
from socconsole.store.trail_schema import TRAIL_DDL

LIMIT_S: Final = 2.0
"""Seconds of processor time that one rule may take for one query over a batch."""

_WAIT: Final = 10
"""How many times as long it may take by the clock, on a machine that does other things."""

MOST: Final = 10_000
"""Events that a part of a correlation looks at in one timespan besides the new ones: the latest."""

_STEPS: Final = 2_000
"""SQLite's own instructions between two looks at the clock: well under a millisecond."""

Function = Callable[..., str | float | bool | None]
Functions = Mapping[str, tuple[int, Function]]
"""SQL function → (how many arguments, what it does). All have to be pure."""


class TooSlow(Exception):
    """A rule's time was up."""


class Unusable(Exception):
    """SQLite refused a rule's condition; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as findings are made of it. ``at`` in microseconds."""

    n: int
    id: str
    account: str
    region: str
    at: int
    record: str


def memory() -> Connection:
    """An empty trail that is on no disk: for trying rules out."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("CREATE TABLE origin (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
    for statement in TRAIL_DDL:
        conn.execute(statement)
    return conn


@contextmanager
def opened(path: Path | str, functions: Functions) -> Iterator[RuleReader]:
    """A reader on a store, for the length of the block."""
    conn = db.connect(path, readonly=True)
    try:
        yield RuleReader(conn, functions)
    finally:
        conn.close()


def reads_come(conn: Connection, since: datetime) -> bool:
    """Whether any call that only reads has come since: an intake that brings changes alone has none."""
    found = conn.execute(
        "SELECT 1 FROM trail WHERE seen > ? AND read_only = 1 AND category = 'management' LIMIT 1", (micros(since),)
    )
    return found.fetchone() is not None


class RuleReader:
    """Runs conditions over a connection, which is its own."""

    def __init__(self, conn: Connection, functions: Functions) -> None:
        self._conn = conn
        for name, (arguments, act) in {**functions, **_OWN}.items():
            conn.create_function(name, arguments, act, deterministic=True)

    def head(self) -> int:
        """The number of the event that came last; 0 before the first."""
        return trail.head(self._conn)

    def matches(self, condition: str, after: int, upto: int, limit_s: float = LIMIT_S) -> list[tuple[int, int]]:
        """(n, at) of the events with ``after < n <= upto`` that fit, in the order of arrival."""
        return self._timed(
            f"SELECT n, at FROM ({_SHOWN} WHERE n > :after AND n <= :upto) WHERE {condition} ORDER BY n",
            {"after": after, "upto": upto},
            limit_s,
        )

    def around(
        self,
        parts: Sequence[tuple[str, Sequence[str], str]],
        since: int,
        until: int,
        after: int,
        upto: int,
        limit_s: float = LIMIT_S,
    ) -> list[tuple[Any, ...]]:
        """(n, at, part, value, *group) of what fits any part with ``since <= at <= until`` and ``n <= upto``.

        A part is (condition, the fields grouped by, the field counted or empty). Of events up to ``after`` the latest
        ``MOST`` of each part are enough, so that a burst costs no more than that; what lacks a field of the group is
        left out.
        """
        found: list[tuple[Any, ...]] = []
        for number, (condition, group_by, value) in enumerate(parts):
            fields = {f"f{place}": field for place, field in enumerate(group_by)}
            groups = "".join(f", trail_first(event, :{name})" for name in fields)
            columns = f"n, at, {number}, {'trail_first(event, :value)' if value else 'NULL'}{groups}"
            # What is new is found by its number, the rest backwards in time and no further than needed: a plus keeps
            # SQLite from finding either by the other.
            new = f"{_SHOWN} WHERE n > :after AND n <= :upto AND +at BETWEEN :since AND :until"
            old = f"{_SHOWN} WHERE at BETWEEN :since AND :until AND +n <= :after"
            rows = self._timed(
                f"SELECT {columns} FROM ({new}) WHERE {condition} "
                f"UNION ALL SELECT * FROM (SELECT {columns} FROM ({old}) WHERE {condition} "
                "ORDER BY at DESC LIMIT :most)",
                {
                    "since": since, "until": until, "after": after, "upto": upto, "most": MOST, "value": value,
                    **fields,
                },
                limit_s,
            )  # fmt: skip
            found += [row for row in rows if None not in row[4:]]
        return found

    def events(self, numbers: Sequence[int]) -> list[Event]:
        """Events by number, in the order of time."""
        rows = self._conn.execute(
            "SELECT t.n, t.id, t.account, t.region, t.at, t.event FROM json_each(?) AS one "
            "CROSS JOIN trail AS t ON t.n = one.value ORDER BY t.at, t.n",
            (json.dumps(list(numbers)),),
        )
        return [Event(*row) for row in rows]

    def _timed(self, statement: str, arguments: Mapping[str, Any], limit_s: float) -> list[Any]:
        worked, waited = time.thread_time() + limit_s, time.monotonic() + limit_s * _WAIT

        def is_up() -> bool:
            return time.thread_time() > worked or time.monotonic() > waited

        self._conn.set_progress_handler(is_up, _STEPS)
        try:
            return self._conn.execute(statement, arguments).fetchall()
        except sqlite3.OperationalError as error:
            if is_up():
                raise TooSlow(f"it took longer than {limit_s:g} s") from error
            raise Unusable(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise Unusable(str(error)) from error
        finally:
            self._conn.set_progress_handler(None, 0)


_SHOWN: Final = "SELECT n, at, name, source, event FROM trail"
"""What a condition can see."""


@functools.lru_cache(maxsize=512)
def _pattern(text: str) -> Any:
    # Only here: it is compiled code of some size, and nothing but a rule needs it.
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options)


def _regexp(pattern: str, value: str | None) -> bool:
    return value is not None and _pattern(pattern).search(value) is not None


@functools.lru_cache(maxsize=512)
def _network(text: str) -> Any:
    return ip_network(text)


def _in_network(value: str | None, network: str) -> bool:
    try:
        return value is not None and ip_address(value) in _network(network)
    except ValueError:  # the name of a service, or anything else that is no address
        return False


_OWN: Final[Functions] = {"regexp": (2, _regexp), "trail_in_network": (2, _in_network)}

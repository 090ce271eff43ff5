"""The trail as rules read it: a connection that cannot write, and that no rule can hold for long.

A rule's condition is SQL made by ``rules.pipeline`` of somebody's YAML. It sees the columns below and nothing else,
it is interrupted when its time is up, and its regular expressions run in RE2, whose time grows with the text alone.
"""

from __future__ import annotations

import functools
import json
import re
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Final, Protocol

from socconsole.store import db, trail
from socconsole.store.trail_schema import TRAIL_DDL

LIMIT_S: Final = 2.0
"""Seconds of processor time that one rule may take over a batch: for what is new, and for what was before."""

_WAIT: Final = 10
"""How many times as long it may take by the clock, on a machine that does other things."""

MOST: Final = 10_000
"""Events that came before the new ones and are looked at for one group in one timespan: the latest."""

_STEPS: Final = 2_000
"""SQLite's own instructions between two looks at the clock: well under a millisecond."""

Function = Callable[..., str | float | bool | None]
Functions = Mapping[str, tuple[int, Function]]
"""SQL function → (how many arguments, what it does). All have to be pure."""


class TooSlow(Exception):
    """A rule's time was up."""


class Unusable(Exception):
    """SQLite refused a rule's condition; ``str()`` says why."""


Group = tuple[str, ...]
"""The values of the fields that a correlation groups by."""


class Asked(Protocol):
    """One of the conditions that a correlation is made of."""

    @property
    def condition(self) -> str: ...

    @property
    def group_by(self) -> tuple[str, ...]: ...

    @property
    def value(self) -> str:
        """The field counted or summed; empty where the events themselves are."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event that fits a condition. ``at`` in microseconds."""

    n: int
    at: int
    value: str | None
    group: Group


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


class Deadline:
    """Says whether the time that begins now is up."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self.limit_s = limit_s
        self._worked, self._waited = time.thread_time() + limit_s, time.monotonic() + limit_s * _WAIT

    def __call__(self) -> bool:
        return time.thread_time() > self._worked or time.monotonic() > self._waited


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
        statement = f"SELECT n, at FROM ({_SHOWN} WHERE n > :after AND n <= :upto) WHERE {condition} ORDER BY n"
        return list(self._timed(statement, {"after": after, "upto": upto}, Deadline(limit_s)))

    def arrived(self, asked: Asked, after: int, upto: int, limit_s: float = LIMIT_S) -> list[Row]:
        """What fits of ``after < n <= upto``; what lacks a field of the group is no part of any."""
        shown = f"{_SHOWN} WHERE n > :after AND n <= :upto"
        return list(self._rows(asked, shown, "n", {"after": after, "upto": upto}, Deadline(limit_s)))

    def earlier(
        self,
        asked: Asked,
        groups: Iterable[Group],
        since: int,
        until: int,
        after: int,
        most: int | None,
        is_up: Deadline,
    ) -> tuple[list[Row], dict[Group, str]]:
        """What fits of ``since <= at <= until`` and ``n <= after`` in these groups, and which of them were not read
        whole, with why.

        Of each group the latest ``most`` are read (None: all of them), so that a busy one neither hides another nor
        costs more. The time is for all that shares ``is_up``: those groups first that should not suffer for the others.
        """
        found: list[Row] = []
        cut: dict[Group, str] = {}
        for where, its in _places(asked, groups):
            room: dict[Group, int | None] = dict.fromkeys(its, most)
            arguments = {**where, "since": since, "until": until, "after": after}
            try:
                with closing(self._rows(asked, _NAMED if where else _ALL, "at DESC", arguments, is_up)) as rows:
                    for row in rows:
                        group = folded(row.group)
                        if group not in room:
                            continue
                        left = room[group]
                        if left == 0:
                            cut[group] = f"only the latest {most:,} events were looked at"
                            del room[group]
                            if not room:
                                break
                            continue
                        room[group] = None if left is None else left - 1
                        found.append(row)
            except TooSlow as why:
                cut |= dict.fromkeys(room, str(why))
        return found, cut

    def events(self, numbers: Sequence[int]) -> list[Event]:
        """Events by number, in the order of time."""
        rows = self._conn.execute(
            "SELECT t.n, t.id, t.account, t.region, t.at, t.event FROM json_each(?) AS one "
            "CROSS JOIN trail AS t ON t.n = one.value ORDER BY t.at, t.n",
            (json.dumps(list(numbers)),),
        )
        return [Event(*row) for row in rows]

    def _rows(
        self, asked: Asked, shown: str, order: str, arguments: Mapping[str, Any], is_up: Deadline
    ) -> Generator[Row, None, None]:
        fields = {f"f{place}": field for place, field in enumerate(asked.group_by)}
        groups = "".join(f", trail_first(event, :{name})" for name in fields)
        statement = (
            f"SELECT n, at, {'trail_first(event, :value)' if asked.value else 'NULL'}{groups} "
            f"FROM ({shown}) WHERE {asked.condition} ORDER BY {order}"
        )
        with closing(self._timed(statement, {**arguments, **fields, "value": asked.value}, is_up)) as rows:
            for n, at, value, *group in rows:
                if None not in group:
                    yield Row(n, at, value, tuple(group))

    def _timed(self, statement: str, arguments: Mapping[str, Any], is_up: Deadline) -> Generator[Any, None, None]:
        """Rows one by one, until the time is up: TooSlow. One statement at a time."""
        self._conn.set_progress_handler(is_up, _STEPS)
        try:
            yield from self._conn.execute(statement, arguments)
        except sqlite3.OperationalError as error:
            if is_up():
                raise TooSlow(f"it took longer than {is_up.limit_s:g} s") from error
            raise Unusable(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise Unusable(str(error)) from error
        finally:
            self._conn.set_progress_handler(None, 0)


def folded(group: Group) -> Group:
    """As groups are compared: without their case."""
    return tuple(value.lower() for value in group)


def _places(asked: Asked, groups: Iterable[Group]) -> Iterator[tuple[dict[str, str], list[Group]]]:
    """Where the earlier events of groups are found: under what they name, or else among all (once for all of them)."""
    under: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        under.setdefault(_entity(asked.group_by, group), []).append(folded(group))
    for (kind, value), its in under.items():
        yield ({"kind": kind, "entity": value} if kind else {}), its


def _entity(group_by: Sequence[str], group: Group) -> tuple[str, str]:
    """Kind and value in ``trail_entity`` of all events of a group; empty where nothing there is sure to find them."""
    for field, kind in _KINDS.items():
        if field in group_by:
            value = group[list(group_by).index(field)]
            if _PLAIN.fullmatch(value):
                return kind, value
    return "", ""


_KINDS: Final = {
    "userIdentity.accessKeyId": "key",
    "userIdentity.sessionContext.sessionIssuer.arn": "issuer",
    "sourceIPAddress": "address",
}
"""Fields that every event is kept under (``trail.entities``), the most telling first."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9.:/_-]{1,120}")
"""Text that is kept as it stands in the record."""

_SHOWN: Final = "SELECT n, at, name, source, event FROM trail"
"""What a condition can see."""

# Backwards in time and no further than needed: a plus keeps SQLite from going by the number.
_ALL: Final = f"{_SHOWN} WHERE at BETWEEN :since AND :until AND +n <= :after"
_NAMED: Final = (
    "SELECT t.n, e.at, t.name, t.source, t.event FROM trail_entity AS e CROSS JOIN trail AS t ON t.n = e.n "
    "WHERE e.kind = :kind AND e.value = :entity AND e.at BETWEEN :since AND :until AND e.n <= :after"
)


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

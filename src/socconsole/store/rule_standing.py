"""How the rules stand, as the watch last said: how many run, which wait in vain, which could not keep up.

Kept in words, because who reads it (the console, ``sources``) loads no rules.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Final

from socconsole.store.db import transaction
from socconsole.store.instants import instant, micros

_STANDING: Final = "rules"
_TROUBLES: Final = "rules_short"

TOLD_FOR: Final = timedelta(days=1)
"""How long it is told that a rule did not see everything, from the last time that it was so."""


@dataclass(frozen=True, slots=True)
class Standing:
    """``unknown``: why a rule's silence says nothing → titles of the rules of which that is so."""

    run: int
    broken: int
    unknown: Mapping[str, Sequence[str]]


def keep(conn: Connection, standing: Standing, rules: Collection[str]) -> None:
    """Keep what the watch knows of its rules (``rules``: their ids), and forget the troubles of those that are gone.
    Writes only what changed, since a commit wakes every console."""
    said = {
        "run": standing.run,
        "broken": standing.broken,
        "unknown": {k: list(v) for k, v in standing.unknown.items()},
    }
    short = _kept(conn, _TROUBLES) or {}
    left = {rule: told for rule, told in short.items() if rule in rules}
    if said != _kept(conn, _STANDING) or left != short:
        with transaction(conn):
            _put(conn, _STANDING, said)
            _put(conn, _TROUBLES, left)


def words(conn: Connection, now: datetime) -> list[str]:
    """What Sources say of the rules; nothing as long as no watch has said anything."""
    said = _kept(conn, _STANDING)
    if said is None:
        return []
    broken = f", {said['broken']} cannot be run (`socconsole rules list` says why)" if said["broken"] else ""
    lines = [f"{said['run']} run{broken}"]
    lines += [f"UNKNOWN, {why}: {', '.join(titles)}" for why, titles in said["unknown"].items()]
    return lines + [f"UNKNOWN, rule {rule}: {why}" for rule, why in troubles(conn, now).items()]


def troubles(conn: Connection, now: datetime) -> dict[str, str]:
    """Rule id → why, and when, it has not seen everything; of the last day."""
    return {
        rule: f"{told['why']} at {instant(told['at']):%Y-%m-%d %H:%MZ}: it did not see everything"
        for rule, told in _recent(conn, now).items()
    }


def add_troubles(conn: Connection, new: Mapping[str, str], now: datetime) -> None:
    """Note rules that could not look at all of a pass, in the caller's transaction."""
    if new:
        said = {rule: {"why": why, "at": micros(now)} for rule, why in new.items()}
        _put(conn, _TROUBLES, {**_recent(conn, now), **said})


def _recent(conn: Connection, now: datetime) -> dict[str, Any]:
    since = micros(now - TOLD_FOR)
    return {rule: told for rule, told in (_kept(conn, _TROUBLES) or {}).items() if told["at"] > since}


def _kept(conn: Connection, key: str) -> Any:
    row = conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def _put(conn: Connection, key: str, value: object) -> None:
    conn.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )

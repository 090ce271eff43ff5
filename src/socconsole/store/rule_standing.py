"""How the rules stand, as the watch last said: how many run, which wait in vain, which could not keep up.

Kept in words, because who reads it (the console, ``sources``) loads no rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from socconsole.store.db import transaction

_STANDING: Final = "rules"
_TROUBLES: Final = "rule_troubles"


@dataclass(frozen=True, slots=True)
class Standing:
    """``unknown``: why a rule's silence says nothing → titles of the rules of which that is so."""

    run: int
    broken: int
    unknown: Mapping[str, Sequence[str]]


def keep(conn: Connection, standing: Standing) -> None:
    """Keep what the watch knows of its rules; writes only what changed, since a commit wakes every console."""
    said = {
        "run": standing.run,
        "broken": standing.broken,
        "unknown": {k: list(v) for k, v in standing.unknown.items()},
    }
    if said != _kept(conn, _STANDING):
        with transaction(conn):
            _put(conn, _STANDING, said)


def words(conn: Connection) -> list[str]:
    """What Sources say of the rules; nothing as long as no watch has said anything."""
    said = _kept(conn, _STANDING)
    if said is None:
        return []
    broken = f", {said['broken']} cannot be run (`socconsole rules list` says why)" if said["broken"] else ""
    lines = [f"{said['run']} run{broken}"]
    lines += [f"UNKNOWN, {why}: {', '.join(titles)}" for why, titles in said["unknown"].items()]
    return lines + [f"UNKNOWN, rule {rule}: {why}" for rule, why in troubles(conn).items()]


def troubles(conn: Connection) -> dict[str, str]:
    """Rule id → since when, and why, it has not seen everything."""
    return _kept(conn, _TROUBLES) or {}


def add_troubles(conn: Connection, new: Mapping[str, str], now: datetime) -> None:
    """Note rules that could not look at all of a pass, in the caller's transaction."""
    if new:
        when = f"{now:%Y-%m-%d %H:%MZ}"
        said = {rule: f"{why} at {when}: what came then was not looked at by it" for rule, why in new.items()}
        _put(conn, _TROUBLES, {**troubles(conn), **said})


def _kept(conn: Connection, key: str) -> Any:
    row = conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def _put(conn: Connection, key: str, value: object) -> None:
    conn.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )

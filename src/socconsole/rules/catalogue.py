"""The rules in force, as the configuration has them: loaded when first needed, again when a file of theirs changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from socconsole.config import Config
from socconsole.model.trail import Recording
from socconsole.rules.fields import Fields
from socconsole.rules.rule import Rule
from socconsole.store import recording
from socconsole.store.db import Connection

LATELY: Final = timedelta(minutes=15)
"""The window in which it counts whether a trail records what a rule looks at."""

_Stamps = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rules with what they ask records by. ``stamps`` are those of the team's files when they were read."""

    rules: tuple[Rule, ...]
    fields: Fields
    stamps: _Stamps

    @classmethod
    def of(cls, config: Config) -> Catalogue:
        """Read and translate everything: a few hundred milliseconds, pySigma's import with it."""
        # Only here: it costs more than the start of a console, and only the watch and `rules` need it.
        from socconsole.rules.loader import load

        stamps = _stamps(config)
        accounts = [account.account for account in config.accounts]
        rules = load([Path(each) for each in config.rules], off=config.rules_off, accounts=accounts)
        return cls(tuple(rules), Fields(accounts), stamps)

    def stale(self, config: Config) -> bool:
        """Whether a file of the team's was added, changed or taken away since."""
        return self.stamps != _stamps(config)


def blind(conn: Connection, rules: tuple[Rule, ...], now: datetime) -> dict[str, str]:
    """Rule id → why its silence says nothing: the data events that it waits for are not, or not all, recorded."""
    verdicts = {
        service: recording.recorded(conn, "*", (now - LATELY, now), service)
        for service in sorted({service for rule in rules for service in rule.needs})
    }
    found = {}
    for rule in rules:
        lacking = [
            f"data events of {service}: {why}"
            for service in sorted(rule.needs)
            for verdict, why in (verdicts[service],)
            if verdict is not Recording.RECORDED
        ]
        if lacking:
            found[rule.id] = "; ".join(lacking)
    return found


def _stamps(config: Config) -> _Stamps:
    return frozenset(stamp for each in config.rules for stamp in _of(Path(each)))


def _of(path: Path) -> Iterator[tuple[str, int, int]]:
    try:
        files = [path] if path.is_file() else [*path.rglob("*.yml"), *path.rglob("*.yaml")]
        for file in files:
            told = file.stat()
            yield str(file), told.st_mtime_ns, told.st_size
    except OSError:  # gone between two looks, or not to be read: the loader says which
        yield str(path), 0, 0

"""The rules in force, as the configuration has them: loaded when first needed, again when a file of theirs changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from socconsole.config import Config, PushConfig
from socconsole.rules.fields import Fields
from socconsole.rules.intake import lacking
from socconsole.rules.rule import Rule
from socconsole.store.db import Connection
from socconsole.store.rule_standing import Standing

_Stamps = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rules with what they ask records by. ``stamps`` are those of the team's files when they were read; ``push`` is
    what brings the trail here besides its listing."""

    rules: tuple[Rule, ...]
    fields: Fields
    stamps: _Stamps
    push: PushConfig | None = None

    @classmethod
    def of(cls, config: Config) -> Catalogue:
        """Read and translate everything: a few hundred milliseconds, pySigma's import with it."""
        # Only here: it costs more than the start of a console, and only the watch and `rules` need it.
        from socconsole.rules.loader import load

        stamps = _stamps(config)
        accounts = [account.account for account in config.accounts]
        rules = load([Path(each) for each in config.rules], off=config.rules_off, accounts=accounts)
        return cls(tuple(rules), Fields(accounts), stamps, config.push)

    def stale(self, config: Config) -> bool:
        """Whether a file of the team's was added, changed or taken away since."""
        return self.stamps != _stamps(config)


def blind(conn: Connection, rules: Sequence[Rule], now: datetime, push: PushConfig | None = None) -> dict[str, str]:
    """Rule id → why its silence says nothing: what it waits for is not recorded, or does not come here."""
    why = lacking(conn, sorted({need for rule in rules for need in rule.needs}), now, push)
    found = {rule.id: "; ".join(why[need] for need in sorted(rule.needs) if need in why) for rule in rules}
    return {id_: said for id_, said in found.items() if said}


def standing(conn: Connection, catalogue: Catalogue, now: datetime) -> Standing:
    """How the rules stand, for Sources."""
    running = [rule for rule in catalogue.rules if rule.runs]
    why = blind(conn, running, now, catalogue.push)
    unknown: dict[str, list[str]] = {}
    for rule in running:
        if rule.id in why:
            unknown.setdefault(why[rule.id], []).append(rule.title)
    return Standing(len(running), sum(rule.standing == "broken" for rule in catalogue.rules), unknown)


def _stamps(config: Config) -> _Stamps:
    return frozenset(stamp for each in config.rules for stamp in _of(Path(each)))


def _of(path: Path) -> Iterator[tuple[str, int, int]]:
    try:
        files = [path] if path.is_file() else [path, *path.rglob("*.yml"), *path.rglob("*.yaml")]
        for file in files:
            told = file.stat()
            yield str(file), told.st_ctime_ns, told.st_size  # who may write to it counts too
    except OSError:  # gone between two looks, or not to be read: the loader says which
        yield str(path), 0, 0

"""From file to :class:`Config`: strict, and an error names file, key and line."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from socconsole.config.escalation import escalation_faults
from socconsole.config.tables import PUBLIC_KEY, Config, PushConfig

PATH_VARIABLE: Final = "SOCCONSOLE_CONFIG"
WORLD_FILE: Final = "world.toml"
"""In a state folder: the accounts and datasets it watches, in place of the configuration's (a drill's, a profile's)."""

RULES_FOLDER: Final = "rules"
"""Beside the configuration: where the team's own rules are looked for."""

PLAYBOOKS_FOLDER: Final = "playbooks"
"""Beside the configuration: where the team's own playbooks are looked for."""


class ConfigError(Exception):
    """What is wrong, with file, key and line (0 and empty where there is none)."""

    def __init__(self, path: Path, key: str, line: int, message: str) -> None:
        self.path, self.key, self.line, self.message = path, key, line, message
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {key + ': ' if key else ''}{message}")


def default_path() -> Path:
    """``SOCCONSOLE_CONFIG``, else ``config.toml`` in the user's configuration folder."""
    named = os.environ.get(PATH_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path("socconsole", appauthor=False) / "config.toml"


_OWN: Final = (
    "alone",
    "analyst",
    "cases",
    "dataset",
    "entity",
    "intervals",
    "peers",
    "share",
    "allow_profile_to_respond",
)
"""What a ``world.toml`` may set besides its accounts."""


def load(path: Path | None = None, *, root: Path | None = None) -> Config:
    """The configuration in force; the defaults where there is no file.

    ``root`` is a state folder: where it has a ``world.toml``, the accounts are that file's, so that a drill
    never sees those of production, and so is what else of ``_OWN`` it sets. Raises :class:`ConfigError`, also for
    a ``path`` that was named and is not there.
    """
    named = path is not None or PATH_VARIABLE in os.environ
    path = path or default_path()
    if path.exists():
        config = _read(path)
    elif named:
        raise ConfigError(path, "", 0, "there is no such file; `socconsole config init` prints one")
    else:
        config = Config()
    beside = path.absolute().parent
    cases = msgspec.structs.replace(config.cases, playbooks=_playbooks(config, beside))
    config = msgspec.structs.replace(config, rules=_rules(config, beside), cases=cases)
    if root is not None and (root / WORLD_FILE).exists():
        own = _read(root / WORLD_FILE)
        said = tomllib.loads((root / WORLD_FILE).read_text("utf-8"))
        # What it does not say is as the team configured it: a live world's file names accounts and nothing else.
        changes: dict[str, Any] = {name: getattr(own, name) for name in _OWN if name in said}
        changes["push"] = own.push  # a queue goes with its accounts: a drill must not empty production's
        config = msgspec.structs.replace(config, accounts=own.accounts, **changes)
    return config


def _rules(config: Config, beside: Path) -> tuple[str, ...]:
    """Where the team's rules are, whatever folder a process works in."""
    if config.rules:
        return tuple(str(beside / Path(each).expanduser()) for each in config.rules)
    return (str(beside / RULES_FOLDER),) if (beside / RULES_FOLDER).is_dir() else ()


def _playbooks(config: Config, beside: Path) -> str:
    if config.cases.playbooks:
        return str(beside / Path(config.cases.playbooks).expanduser())
    return str(beside / PLAYBOOKS_FOLDER) if (beside / PLAYBOOKS_FOLDER).is_dir() else ""


def _read(path: Path) -> Config:
    try:
        _check_owner(path)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, "", 0, f"cannot be read: {error}") from error
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ConfigError(path, "", int(found[1]) if found else 0, str(error)) from error
    try:
        config = msgspec.convert(parsed, Config)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        key = where.rstrip("`").removeprefix("$").removeprefix(".")
        unknown = re.search(r"unknown field `(.+?)`", message)
        if unknown:
            key = f"{key}.{unknown[1]}".lstrip(".")
        raise ConfigError(path, key, _line_of(text, key), message) from error
    _check(config, path, text)
    return config


def _check_owner(path: Path) -> None:
    """Whoever can write the configuration decides which roles are assumed: only its owner, or root, may."""
    if why := exposed(path):
        raise ConfigError(path, "", 0, why)


def exposed(path: Path) -> str:
    """Why others than this user and root could change a file or folder, in words; empty where they cannot.

    Raises ``OSError``.
    """
    real = path.resolve()
    for what in (real, real.parent):
        told = what.stat()
        shared = told.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if shared and not (what == real.parent and told.st_mode & stat.S_ISVTX):
            return f"others may write to {what}; run: chmod go-w {what}"
    owner = real.stat().st_uid
    return "" if owner in (os.geteuid(), 0) else f"it belongs to user {owner}, neither to you nor to root"


def _check(config: Config, path: Path, text: str) -> None:
    """What types cannot say."""
    seen: set[str] = set()
    for n, account in enumerate(config.accounts):
        if account.account in seen:
            key = f"accounts[{n}].account"
            raise ConfigError(path, key, _line_of(text, key), f"{account.account} stands twice")
        seen.add(account.account)
    for n, runbook in enumerate(config.runbook):
        key = f"runbook[{n}].id"
        if bool(runbook.document) == bool(runbook.function):
            raise ConfigError(path, key, _line_of(text, key), "a runbook is either a document or a function")
        if any(other.id == runbook.id for other in config.runbook[:n]):
            raise ConfigError(path, key, _line_of(text, key), f"{runbook.id} stands twice")
    for n, party in enumerate(config.third_party):
        key = f"third_party[{n}].name"
        if any(other.name == party.name for other in config.third_party[:n]):
            raise ConfigError(path, key, _line_of(text, key), f"{party.name} stands twice")
    for n, peer in enumerate(config.peers):
        if not re.search(PUBLIC_KEY, peer.public_key):
            key = f"peers[{n}].public_key"
            said = "paste all that `socconsole ledger key` prints there, BEGIN and END lines too, between triple quotes"
            raise ConfigError(path, key, _line_of(text, key), f"no public key: {said}; or its 64 hexadecimal digits")
    _check_entities(config, path, text)
    if config.push is not None:
        _check_push(config.push, seen, path, text)
    if found := escalation_faults(config):
        raise ConfigError(path, found[0], _line_of(text, found[0]), found[1])
    from socconsole.commands import BY_ID

    for id_ in config.keys:
        if id_ not in BY_ID:
            raise ConfigError(path, f"keys.{id_}", _line_of(text, f"keys.{id_}"), "no command has this id")


def _check_entities(config: Config, path: Path, text: str) -> None:
    for n, entity in enumerate(config.entity):
        import zoneinfo  # not before the first frame where nothing has a zone: it brings the whole of sysconfig

        key = f"entity[{n}].zone"
        try:
            zoneinfo.ZoneInfo(entity.zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigError(
                path, key, _line_of(text, key), f"{entity.zone} is no time zone (Europe/Berlin)"
            ) from error
        if any(other.name == entity.name for other in config.entity[:n]):
            key = f"entity[{n}].name"
            raise ConfigError(path, key, _line_of(text, key), f"{entity.name} stands twice")
    known = {entity.name: {one.name for one in entity.controllers} for entity in config.entity}
    for n, dataset in enumerate(config.dataset):
        key = f"dataset[{n}].entity"
        if dataset.entity and dataset.entity not in known:
            raise ConfigError(path, key, _line_of(text, key), f"{dataset.entity} is none of [[entity]]")
        key = f"dataset[{n}].controllers"
        if missing := [one for one in dataset.controllers if one not in known.get(dataset.entity, ())]:
            raise ConfigError(path, key, _line_of(text, key), f"{missing[0]} is none of [[entity.controllers]]")
        key = f"dataset[{n}].people"
        if dataset.people and not 0 <= dataset.people[0] <= dataset.people[1]:
            raise ConfigError(path, key, _line_of(text, key), "at least and at most, in this order")


def _check_push(push: PushConfig, accounts: set[str], path: Path, text: str) -> None:
    key = "push.account"
    if push.account not in accounts:
        raise ConfigError(path, key, _line_of(text, key), f"{push.account} is none of [[accounts]]")
    if push.queue_url.split("/")[-2] != push.account:
        raise ConfigError(path, key, _line_of(text, key), "the queue's URL names another account")


def _line_of(text: str, key: str) -> int:
    """The line a key is set on, counted from 1; of its table where the key is missing there; 0 if neither is.

    ``accounts[1].regions[0]`` is looked for below the second ``[[accounts]]``.
    """
    wanted = re.sub(r"\.?\[\.\.\.\]", "", key)
    best, best_size = 0, 0
    table, seen = "", dict[str, int]()
    for n, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            table = f"{head[1]}[{seen.setdefault(head[1], 0)}]"
            seen[head[1]] += 1
            path = table
        elif head := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            path = table = head[1]
        elif assigned := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            path = f"{table}.{assigned[1]}".lstrip(".")
        else:
            continue
        inside = wanted == path or wanted.startswith((f"{path}.", f"{path}["))
        if inside and len(path) > best_size:
            best, best_size = n, len(path)
    return best

"""``rules``: the Sigma rules over the trail, and which of them fire on given records."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import live_root, load_config, open_folder
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.model.trail import TrailEvent
    from socconsole.rules.catalogue import Catalogue
    from socconsole.rules.rule import Rule

STDIN: Final = "-"
_GZIP: Final = b"\x1f\x8b"

rules_app = typer.Typer(help="Sigma rules over the trail: which there are, and what fires on given records.")


def register(app: typer.Typer) -> None:
    app.add_typer(rules_app, name="rules")


@rules_app.command("list")
def list_(as_json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
    """Every rule, ours and the team's: whether it runs, and why not, or why its silence says nothing."""
    root = store or live_root()
    catalogue = _catalogue(config, root)
    blind = _blind(catalogue, root if store is not None or root.exists() else None)
    for rule in catalogue.rules:
        if as_json:
            put(_json(rule, blind))
        else:
            print(_line(rule, blind))
    broken = sum(rule.standing == "broken" for rule in catalogue.rules)
    say(
        f"{sum(rule.runs for rule in catalogue.rules)} run, {len(blind)} of them UNKNOWN, {broken} cannot be run"
        if blind
        else f"{sum(rule.runs for rule in catalogue.rules)} run, {broken} cannot be run"
    )


@rules_app.command("test")
def try_rules(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="CloudTrail records, as import takes them; - is stdin.")
    ],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say which rules fire on which record. Nothing is stored, and no state folder is needed.

    Exit code 0, 1 where a record could not be read, 2 where none could be.
    """
    from socconsole.rules.trial import try_out

    catalogue = _catalogue(config, None)
    told = list(_records(files))
    read = [(file, place, record) for file, place, record, _ in told if record is not None]
    unread = [(file, place, why) for file, place, record, why in told if record is None]
    for file, place, why in unread:
        say(f"{clean(file)}: record {place}: {why}")
    trials, troubles = try_out([record for _, _, record in read], catalogue.rules, catalogue.fields)
    for id_, why in troubles.items():
        say(f"rule {id_} could not look: {why}")
    fired: dict[int, list[Rule]] = {}
    for trial in trials:
        for number in trial.records:
            fired.setdefault(number, []).append(trial.rule)
    for number, (file, place, record) in enumerate(read):
        if as_json:
            put(_tried(file, place, record, fired.get(number, ())))
        else:
            titles = "; ".join(clean(rule.title) for rule in fired.get(number, ())) or "-"
            print(f"{clean(file)}:{place}  {record.source} {record.name}  {titles}")
    if not read:
        stop(Code.BAD_INPUT, "no CloudTrail record could be read")
    finish(Code.NO if unread or troubles else Code.DONE)


def _catalogue(config: Path | None, root: Path | None) -> Catalogue:
    settings = load_config(config, root)
    # Only here: pySigma costs more to import than all else that this command line does.
    from socconsole.rules.catalogue import Catalogue

    return Catalogue.of(settings)


def _blind(catalogue: Catalogue, root: Path | None) -> Mapping[str, str]:
    """Rules that run and whose silence says nothing: their data is not recorded, or they could not keep up."""
    from socconsole.rules.catalogue import blind
    from socconsole.store import db, rule_standing

    running = tuple(rule for rule in catalogue.rules if rule.runs)
    if root is None:
        why = "no state folder says what the trails record"
        return {rule.id: f"{', '.join(sorted(rule.needs))}: {why}" for rule in running if rule.needs}
    with db.reading(open_folder(root)) as conn:
        now = datetime.now(UTC)
        short = {id_: why for id_, why in rule_standing.troubles(conn, now).items() if id_ in {r.id for r in running}}
        return {**short, **blind(conn, running, now, catalogue.push)}


def _reason(rule: Rule, blind: Mapping[str, str]) -> str:
    return f"UNKNOWN: {blind[rule.id]}" if rule.runs and rule.id in blind else rule.reason


def _json(rule: Rule, blind: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": _level(rule),
        "tags": list(rule.tags),
        "source": rule.source,
        "enabled": rule.runs or rule.standing == "part",
        "reason": _reason(rule, blind),
    }


def _level(rule: Rule) -> str:
    """Sigma's word for it."""
    return "informational" if rule.severity == 0 else rule.severity.name.lower()


def _line(rule: Rule, blind: Mapping[str, str]) -> str:
    standing = "UNKNOWN" if rule.runs and rule.id in blind else str(rule.standing)
    reason = _reason(rule, blind).removeprefix("UNKNOWN: ")
    line = f"{standing:8} {_level(rule):13} {rule.id}  {clean(rule.title)}  [{clean(rule.source)}]"
    return f"{line}\n{'':22} {clean(reason)}" if reason else line


def _tried(file: str, place: int, record: TrailEvent, rules: Any) -> dict[str, Any]:
    return {
        "file": file.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "record": place,
        "event_id": record.id,
        "source": record.source,
        "name": record.name,
        "rules": [{"id": rule.id, "title": rule.title, "level": _level(rule)} for rule in rules],
    }


def _records(files: list[str]) -> Iterator[tuple[str, int, TrailEvent | None, str]]:
    """(file, place counted from 1, the record, or why there is none)."""
    from socconsole.formats import Quarantined, read_bytes
    from socconsole.model.trail import TrailEvent

    for name in files:
        try:
            data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        except OSError as error:
            stop(Code.BAD_INPUT, f"{clean(name)}: {error.strerror or 'cannot be read'}")
        if data.startswith(_GZIP):
            stop(
                Code.BAD_INPUT, f"{clean(name)}: compressed: pipe it in with `gunzip -c FILE | socconsole rules test -`"
            )
        for place, record in enumerate(read_bytes(data), start=1):
            if isinstance(record, TrailEvent):
                yield name, place, record, ""
            else:
                why = clean(record.reason) if isinstance(record, Quarantined) else "no CloudTrail record"
                yield name, place, None, why

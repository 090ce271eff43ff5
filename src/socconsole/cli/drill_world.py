"""The state folders of a drill and their configuration: whoever plays, and the next shift, who takes the handoff."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from socconsole.drill.launch import Running, ScenarioInfo
    from socconsole.drill.scenario import Company
    from socconsole.store.state import StateFolder

NEXT_SHIFT: Final = "next-shift"
"""Folder within a drill's own: a second install on the same AWS."""
ANALYST, NEXT_ANALYST = "oncall1", "oncall2"
INTERVALS = "\n[intervals]\nsecurityhub = 3\nguardduty = 5\ntrail = 5\nalarms = 5\nmetrics = 15\negress = 60\n"
"""Nobody else shares the embedded AWS, and its minutes are short."""


def make(root: Path, info: ScenarioInfo, running: Running) -> None:
    """Both folders, each knowing the other's key. Raises ``StateError``."""
    from socconsole.store.state import StateFolder

    ours = StateFolder.create(root, running.world)
    theirs = StateFolder.create(root / NEXT_SHIFT, running.world)
    _configure(ours, info, ANALYST, ("day shift", theirs), push_table(running.push))
    # Messages of the queue belong to who reads them first: the next shift polls.
    _configure(theirs, info, NEXT_ANALYST, ("night shift", ours), "")


def _configure(folder: StateFolder, info: ScenarioInfo, who: str, peer: tuple[str, StateFolder], push: str) -> None:
    from socconsole.cli.world import write_accounts

    accounts = [(account, label, "", info.regions) for account, label in info.accounts]
    write_accounts(folder.root, accounts, head=head(who), more=INTERVALS + push + peers(*peer) + company(info.company))


def head(analyst: str = ANALYST) -> str:
    """``alone``: whoever plays has no second person, though the next shift's key is known."""
    return f"analyst = {json.dumps(analyst)}\nalone = true\nshare = 1.0"


def peers(name: str, other: StateFolder) -> str:
    """``[[peers]]`` with another install's key."""
    from socconsole.store import keys

    signer = keys.load(other.keys)
    if signer is None:
        return ""
    return f"\n[[peers]]\nname = {json.dumps(name)}\npublic_key = {json.dumps(signer.public.hex())}\n"


def push_table(push: Mapping[str, object] | None) -> str:
    """``[push]`` as the configuration has it; empty where everything is polled."""
    if push is None:
        return ""
    return "\n[push]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in push.items())


def company(company: Company) -> str:
    """Its tables as the configuration has them; what is empty there is left out."""
    import msgspec

    lines = ["", "[cases]", f"decide = {_toml(company.decide)}"] if company.decide else []
    for name, tables in (("entity", company.entity), ("dataset", company.dataset)):
        for table in tables:
            said = msgspec.to_builtins(table)
            lines += ["", f"[[{name}]]", *(f"{key} = {_toml(value)}" for key, value in said.items() if value)]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A value in one line. What JSON writes of texts, numbers and truth is TOML too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(said)}" for key, said in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)

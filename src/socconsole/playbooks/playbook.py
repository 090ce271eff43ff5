"""Playbooks: what to do in which order, as data that a team overrides or adds to.

One TOML file a playbook. A step says why, how (a containment of ours, a command, or words), what evidence it has to
produce, who decides it and when to escalate. A step that names containments ticks itself when one of them was applied
and verified for a finding of the case; the others are ticked by hand, with a note.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

Who = Literal["analyst", "lead", "legal", "dpo", "owner", "management"]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to do."""

    id: str
    title: str
    why: str
    do: str
    """How, in words or as a command line; ``${case}`` and ``${finding}`` are filled in where it is shown."""
    actions: tuple[str, ...] = ()
    """Ids of containments any of which, verified, does it."""
    evidence: str = ""
    """What it has to leave behind."""
    decides: Who = "analyst"
    escalate: str = ""
    """When to call somebody, and whom."""
    optional: bool = False
    """Leaving it out needs no reason at closing."""


class Playbook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of incident."""

    id: str
    title: str
    when: str
    """What it is for, in a sentence."""
    types: tuple[str, ...] = ()
    """Regular expressions; a finding whose type one of them finds suggests this playbook."""
    step: tuple[Step, ...]


class BadPlaybook(ValueError):
    """A file that is no playbook; the message names it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """That a step was done, by whom and how it is known; ``by_action`` is the containment that did it."""

    at: datetime
    who: str
    note: str
    by_action: str = ""
    skipped: bool = False
    """Left out on purpose, with the reason as its note."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A step as it stands in a case."""

    step: Step
    tick: Tick | None

    @property
    def missed(self) -> bool:
        return self.tick is None and not self.step.optional


def playbooks(folder: Path | None = None) -> Mapping[str, Playbook]:
    """All by id: ours, and those of ``folder``, which win. Raises :class:`BadPlaybook`."""
    found, bad = readable(folder)
    if bad:
        raise bad[0]
    return found


def readable(folder: Path | None = None) -> tuple[Mapping[str, Playbook], tuple[BadPlaybook, ...]]:
    """Those that can be read, and what is wrong with each file that cannot: one broken file hides no other."""
    found = dict(_builtin())
    bad: list[BadPlaybook] = []
    try:
        # Not ``glob``, which takes a folder that may not be read for an empty one.
        paths = sorted(one for one in folder.iterdir() if one.suffix == ".toml") if folder is not None else []
    except OSError as error:
        paths = []
        bad.append(BadPlaybook(f"{folder}: {error.strerror or error}"))
    for path in paths:
        try:
            one = read(path.name, path.read_text("utf-8"))
        except BadPlaybook as error:
            bad.append(error)
        except (OSError, UnicodeDecodeError) as error:
            bad.append(BadPlaybook(f"{path.name}: {error}"))
        else:
            found[one.id] = one
    return found, tuple(bad)


@functools.cache
def _builtin() -> Mapping[str, Playbook]:
    files = resources.files("socconsole.playbooks").joinpath("builtin").iterdir()
    made = [read(one.name, one.read_text("utf-8")) for one in files if one.name.endswith(".toml")]
    return {one.id: one for one in sorted(made, key=lambda each: each.id)}


def read(name: str, text: str) -> Playbook:
    """One file. Raises :class:`BadPlaybook`."""
    try:
        made = msgspec.convert({"id": name.removesuffix(".toml"), **tomllib.loads(text)}, Playbook)
        ids = [step.id for step in made.step]
        if len(set(ids)) != len(ids):
            raise ValueError("two of its steps have one id")
        for pattern in made.types:
            re.compile(pattern)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, re.error) as error:
        raise BadPlaybook(f"{name}: {error}") from error
    return made


def suggested(types: Collection[str], known: Mapping[str, Playbook]) -> tuple[str, ...]:
    """Ids of the playbooks that the types of a case's findings call for, the one that most of them do first."""
    votes = {
        one.id: sum(any(re.search(pattern, each) for pattern in one.types) for each in types) for one in known.values()
    }
    return tuple(id_ for id_, n in sorted(votes.items(), key=lambda pair: (-pair[1], pair[0])) if n)


def standing(
    playbook: Playbook, ticks: Mapping[str, Tick], done: Iterable[tuple[str, str, datetime, str]]
) -> tuple[Standing, ...]:
    """Every step with its tick: by hand (``ticks`` by step), or else by the first of ``done`` (action, its id, when it
    was verified, who) that it names."""
    finished = sorted(done, key=lambda one: one[2])
    found = []
    for step in playbook.step:
        tick = ticks.get(step.id)
        if tick is None:
            by = next((one for one in finished if one[0] in step.actions), None)
            if by is not None:
                tick = Tick(by[2], by[3], f"{by[0]} verified", by[1])
        found.append(Standing(step, tick))
    return tuple(found)

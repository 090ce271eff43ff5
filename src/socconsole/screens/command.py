"""The ``:`` language: a verb of the registry and its argument. The line itself is a prompt."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from socconsole.commands import BY_VERB, Command
from socconsole.model.standing import Severity
from socconsole.store.filter import View
from socconsole.store.queue import SortBy
from socconsole.text import clean
from socconsole.triage.query_fields import FIELDS, FLAGS

ALIASES: Final = {
    "quit": "q",
    "q!": "q",
    "wq": "q",
    "?": "help",
    "acknowledge": "ack",
    "standdown": "stand-down",
}

NAMES_ITS_SUBJECT: Final = frozenset({"contain", "undo", "incident", "pivot", "case"})
"""Commands whose argument says what they are about."""

NEEDS_ARGUMENT: Final = {
    "respond": "REASON: why this session has to contain",
    "export": "FILE.csv or FILE.json",
    "contain": "ACTION TARGET [--account A] [--region R], or the key X on a finding",
    "undo": "ACTION-ID, or the key U",
}
"""Verbs that mean nothing without an argument, and what it is."""

Choices = Callable[[str], Sequence[str]]
"""The argument words a verb takes at this moment, by verb."""


class CommandError(Exception):
    """The line is not a command; the message says what to type instead."""


@dataclass(frozen=True, slots=True)
class Typed:
    command: Command
    argument: str


def parse(line: str) -> Typed:
    """Read one line; a colon before it does no harm. Raises ``CommandError``."""
    verb, _, argument = line.strip().lstrip(":").lstrip().partition(" ")
    verb = ALIASES.get(verb.lower(), verb.lower())
    command = BY_VERB.get(verb)
    if command is None:
        if not verb:
            raise CommandError("type a command, or ? for the list")
        near = difflib.get_close_matches(verb, [*BY_VERB, *ALIASES], n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else "; ? lists them"
        raise CommandError(f"no command {clean(verb, 40)}{hint}")
    return Typed(command, argument.strip())


def complete(line: str, choices: Choices) -> list[str]:
    """Whole lines that ``line`` could become, in the registry's order."""
    verb, space, argument = line.lstrip().partition(" ")
    if not space:
        return [name for name in BY_VERB if name.startswith(verb.lower())]
    head, _, last = argument.rpartition(" ")
    start = f"{verb} {head} " if head else f"{verb} "
    return [
        start + word
        for word in choices(f"{verb} {head}".strip())
        if word.lower().startswith(last.lower()) and word != last
    ]


def shared_start(lines: Sequence[str]) -> str:
    """The longest start that all ``lines`` have."""
    first, last = min(lines), max(lines)
    same = 0
    while same < len(first) and same < len(last) and first[same] == last[same]:
        same += 1
    return first[:same]


def words_after(head: str, themes: Iterable[str], undoable: Iterable[str]) -> list[str]:
    """What can follow a verb (and the words typed after it)."""
    from socconsole.model.case import CaseStatus

    verb = head.partition(" ")[0]
    if verb == "undo":
        return list(undoable)
    if verb == "filter":
        return [f"{field.name}:" for field in FIELDS] + list(FLAGS)
    return {
        "theme": sorted(themes),
        "sort": [name for by in SortBy for name in (by.value, f"-{by.value}")],
        "view": [view.value for view in View],
        "time": ["utc", "local"],
        "verdict": ["true", "false", "benign", "unknown"],
        "snooze": ["30m", "4h", "1d", "7d"],
        "set": ["severity", "status", "owner", "hypothesis", "title"],
        "set severity": [severity.name.lower() for severity in sorted(Severity, reverse=True)],
        "set status": [status.value for status in CaseStatus if status not in (CaseStatus.CLOSED, CaseStatus.MERGED)],
        "hold": ["on", "off"],
        "shift": ["on", "off"],
        "moment": ["classified", "high_risk", "personal_data"],
    }.get(head, [])

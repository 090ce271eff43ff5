"""Entries of another install, taken onto this ledger with a handoff (``adopted``), and how they are read again.

An adopted entry is this install's own, signed by its own key, and says what another one had recorded: ``origin``
(``install``, ``seq``, ``hash``, ``at`` in µs), ``handoff``, ``by`` (who did it there), ``verb`` and ``data``; its
subjects and private texts are those of the original. :func:`as_made` reads it as that original, under the sequence
that it has here: so the projections make of it what they made of it there. Of a decision on findings ``stands`` names
those for which something later is decided here already: it changes nothing about them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from socconsole.model.entry import ADOPTED as ADOPTED
from socconsole.model.entry import Entry, Line
from socconsole.store import project_actions, project_cases
from socconsole.store.instants import instant, micros

DECISIONS: Final = frozenset({"acknowledge", "claim", "note", "verdict", "snooze", "take_back"})
"""What is decided on findings."""

VERBS: Final = project_actions.VERBS | project_cases.VERBS | DECISIONS
"""What may be adopted: cases, containments and decisions on findings, and nothing that decides about this install."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry was written first."""

    install: str
    seq: int
    hash: str
    at: datetime


def as_made(line: Line) -> Line:
    """An adopted entry as the original, under its sequence here; any other entry as it is.

    Raises ``LookupError``, ``TypeError`` or ``ValueError`` for one in an unknown shape.
    """
    if line.entry.verb != ADOPTED:
        return line
    data = line.entry.data
    verb = str(data["verb"])
    if verb not in VERBS:
        raise ValueError(f"{verb!a} is no entry to adopt")
    origin = origin_of(line)
    return Line(
        seq=line.seq,
        at=origin.at,
        install=origin.install,
        session="",
        entry=Entry(verb, str(data["by"]), line.entry.subjects, data["data"], line.entry.private),
        hash=origin.hash,
        erased=line.erased,
    )


def origin_of(line: Line) -> Origin:
    """Where it was written first: here, unless it was adopted."""
    if line.entry.verb != ADOPTED:
        return Origin(line.install, line.seq, line.hash, line.at)
    told: Mapping[str, Any] = line.entry.data["origin"]
    return Origin(str(told["install"]), int(told["seq"]), str(told["hash"]), instant(int(told["at"])))


def stands(line: Line) -> frozenset[str]:
    """The findings about which an adopted decision changes nothing here."""
    if line.entry.verb != ADOPTED:
        return frozenset()
    return frozenset(str(one) for one in line.entry.data.get("stands", ()))


def entry(origin: Origin, made: Entry, handoff: str, who: str, stands: Collection[str] = ()) -> Entry:
    """What puts ``made``, written elsewhere, onto this ledger; ``who`` accepted it."""
    data: dict[str, Any] = {
        "handoff": handoff,
        "origin": {
            "install": origin.install,
            "seq": origin.seq,
            "hash": origin.hash,
            "at": micros(origin.at),
        },
        "by": made.who,
        "verb": made.verb,
        "data": made.data,
    }
    return Entry(ADOPTED, who, made.subjects, {**data, "stands": sorted(stands)} if stands else data, made.private)

"""A case as it is worked: what stands open, and what happened in it, from the ledger and the trail. Reading only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final

from socconsole.config import Config
from socconsole.model.case import Case
from socconsole.model.clock import ClockState
from socconsole.model.entity import THINGS
from socconsole.model.entry import Line
from socconsole.model.finding import Leaving
from socconsole.store import (
    actions,
    adopted,
    case_clocks,
    case_leaving,
    case_playbooks,
    cases,
    entry_words,
    escalations,
    ledger,
    pivot,
)
from socconsole.store.instants import instant
from socconsole.text import Untrusted, clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_LOOKED_AT: Final = 500
"""Findings whose resources are looked for in the trail, the worst first."""
_THINGS: Final = 12
_EVENTS: Final = 50
_LOOKS: Final = ("get", "head", "list", "describe", "lookup", "batchget")

LEDGER: Final = "ledger"
TRAIL: Final = "trail"


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a case's history. ``source`` is LEDGER (``ref``: sequence) or TRAIL (``ref``: the event's number)."""

    at: datetime
    who: Untrusted
    verb: str
    words: Untrusted
    source: str
    ref: int


def still_open(conn: Connection, config: Config, case: Case, now: datetime) -> tuple[str, ...]:
    """What speaks against closing it, in words: clocks, ways out that are not known to be shut, doubtful actions."""
    said: list[str] = []
    running = [one for one in case_clocks.of_case(conn, config, case, now) if one.open and one.role != "team"]
    if running:
        first = running[0]
        asks = "is not answered" if first.state is ClockState.ASK else "runs"
        said.append(f"{len(running)} clock{'s' * (len(running) > 1)} open: {first.id} {asks}")
    told = case_leaving.tally(conn, case, now)
    for leaving, words in ((Leaving.YES, "still leaving"), (Leaving.CANNOT_SEE, "cannot be seen")):
        if n := told.said[leaving]:
            said.append(f"{n:,} finding{'s' * (n > 1)} {words}")
    if told.missing:
        said.append(f"{told.missing:,} of its findings were not looked at: the store does not know them")
    for playbook, steps in case_playbooks.of_case(conn, config, case):
        missed = [one.step.id for one in steps if one.missed]
        if missed:
            said.append(f"{playbook.id}: {len(missed)} step{'s' * (len(missed) > 1)} not done ({', '.join(missed)})")
    if gone := case_playbooks.gone(conn, config, case):
        said.extend(f"playbook {one} is no longer there" for one in gone)
    if case_playbooks.taken(conn, case):
        said.extend(case_playbooks.trouble(config))
    uncertain = {one.id for one in actions.in_doubt(conn)}
    doubtful = [one.id for one in cases.actions_of(conn, case) if one.id in uncertain]
    if doubtful:
        said.append(f"in doubt: {', '.join(doubtful)}")
    return tuple(said)


@dataclass(frozen=True, slots=True)
class History:
    """What happened in a case, oldest first, and in words what was not looked at."""

    lines: tuple[Happened, ...]
    left_out: tuple[str, ...]


def history(folder: StateFolder, conn: Connection, case: Case) -> History:
    """Everything on the ledger about it, all of its findings and their containments; and what the trail has of changes
    to its resources since it was opened. Of many findings the resources of the worst 500 are looked for."""
    about = {event.seq: event.at for event in cases.events(conn, case.id)}
    decided = {
        seq
        for (seq,) in conn.execute(
            "SELECT DISTINCT seq FROM decision_log WHERE finding_id IN (SELECT value FROM json_each(?))",
            (json.dumps(case.findings),),
        )
    }
    done = {record.intent_seq for record in cases.actions_of(conn, case)}
    told = escalations.entries_about(conn, (case.id, *case.findings))
    lines = ledger.get(folder, sorted({*about, *decided, *done, *told}))
    found = [happened(adopted.as_made(line), about.get(seq)) for seq, line in lines.items()]
    calls, left_out = _by_others(conn, case)
    return History(tuple(sorted([*found, *calls], key=lambda one: (one.at, one.ref))), left_out)


def happened(line: Line, at: datetime | None = None) -> Happened:
    """An entry in words; ``at`` is when it was in the world's time, where that is known better."""
    data = line.entry.data
    when = at or (instant(int(data["now"])) if "now" in data else line.at)
    return Happened(when, Untrusted(line.entry.who), line.entry.verb, entry_words.said(line), LEDGER, line.seq)


def _by_others(conn: Connection, case: Case) -> tuple[list[Happened], tuple[str, ...]]:
    """Calls since it was opened that may have changed its resources, by whomever: what was done outside the console is
    among them, and what the attacker did. And what of the trail was not looked at, in words."""
    things = {
        entity: None
        for finding in case.findings[:_LOOKED_AT]
        for entity in pivot.of_finding(conn, finding)
        if entity[0] in THINGS
    }
    left_out: list[str] = []
    if (more := len(case.findings) - _LOOKED_AT) > 0:
        left_out.append(f"the trail was not asked for the resources of {more:,} more of its findings")
    if (more := len(things) - _THINGS) > 0:
        left_out.append(f"nor for {more:,} of {len(things):,} resources that the others name")
    found: dict[int, Happened] = {}
    for entity in list(things)[:_THINGS]:
        moments = pivot.moments(conn, entity, _EVENTS)
        if len(moments) >= _EVENTS and moments[-1].at >= case.opened:
            left_out.append(f"of {clean(entity[1], 80)} only the newest {_EVENTS} lines of the trail were looked at")
        for one in moments:
            name = clean(one.what, 80)
            if one.severity is not None or one.at < case.opened or name.partition(" ")[2].lower().startswith(_LOOKS):
                continue
            if isinstance(one.ref, int) and one.ref not in found:
                failed = f", refused: {one.error}" if one.error else ""
                words = Untrusted(f"{name} on {entity[1]} in {one.account} {one.region}{failed}")
                found[one.ref] = Happened(one.at, one.who, "call", words, TRAIL, one.ref)
    return list(found.values()), tuple(left_out)

"""What the watch says of clocks whose time runs out: which warnings are due, and the findings that come of them.

A clock is warned about once at each of :data:`AT` percent of its time; a deadline that moved is another one, and is
warned about anew, as one is that was settled and comes back. From :data:`LOUD` on a finding of our own stands in the
queue, until the clock is no longer open, or no longer near its end. What had passed when a case was opened stood before
whoever opened it: of all that was over by then one warning is given, for the case and not for each clock, so that a
case of the past does not flood the queue; the next one comes when that one is settled.
A case that was closed although clocks by law were open is still warned about: `clock sent`, `applies` and `decide`
work on closed cases too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from socconsole.clocks import clocks
from socconsole.config import Config
from socconsole.model.clock import Clock, ClockState, Facts
from socconsole.model.entry import Entry, Line
from socconsole.model.finding import Format, Severity
from socconsole.model.ours import ours
from socconsole.store import case_clocks, case_glance, cases, findings, own
from socconsole.store.instants import instant, micros
from socconsole.text import Untrusted, clean

AT: Final = (50, 75, 90, 100)
LOUD: Final = 75
"""Percent."""

WARNED: Final = "clock_warned"
SETTLED: Final = "clock_settled"
OVER: Final = 100


@dataclass(slots=True)
class _Told:
    """What was put on record about one clock of one case."""

    highest: dict[int, int] = field(default_factory=dict)
    """Percent by due (µs), since it was last settled."""
    standing: bool = False
    """Its finding is open."""


def due(conn: Connection, config: Config, who: str, now: datetime) -> list[Entry]:
    """The entries that are to be written now: warnings that are due, and the end of those whose cause is gone.

    Depends on nothing but the store and ``now``: whoever asks twice, or after a restart, gets nothing twice.
    """
    told = _told(conn)
    found: list[Entry] = []
    standing = {(case, name) for (case, name), one in told.items() if one.standing}
    for case in cases.each(conn):
        facts = case_clocks.facts(conn, config, case)
        running = clocks(facts, now)
        found += _warnings(case.id, facts, running, told, who, now)
        standing -= {(case.id, name) for name in _near(running, now)}
    for case in cases.closed_anyway(conn):
        facts = case_clocks.facts(conn, config, case)
        running = case_clocks.still_running(clocks(facts, now))
        found += _warnings(case.id, facts, running, told, who, now)
        standing -= {(case.id, name) for name in _near(running, now)}
    return [
        *(
            Entry(SETTLED, who, data={"case": case, "clock": name, "now": micros(now)})
            for case, name in sorted(standing)
        ),
        *found,
    ]


def _near(running: tuple[Clock, ...], now: datetime) -> set[str]:
    """Those whose findings stand."""
    return {one.id for one in running if one.open and (case_glance.spent(one, now) or 0) * 100 >= LOUD}


def _warnings(
    case: str,
    facts: Facts,
    running: tuple[Clock, ...],
    told: dict[tuple[str, str], _Told],
    who: str,
    now: datetime,
) -> Iterator[Entry]:
    of_case = {name: one for (id_, name), one in told.items() if id_ == case}
    opened = micros(facts.opened)
    late_told = any(when <= opened for one in of_case.values() for when in one.highest)
    late = [one for one in running if one.open and one.due is not None and one.due <= facts.opened]
    # By law before the team's own, and what certainly runs before what nobody answered yet.
    late.sort(key=lambda one: (one.role == case_clocks.TEAM.role, one.state is ClockState.ASK, one.due))
    for clock in running:
        if not clock.open or clock.due is None:
            continue
        if clock in late:
            if clock is late[0] and not late_told:
                yield _entry(case, clock, OVER, who, now, len(late) - 1)
            continue
        percent = _passed(clock, facts.opened, now)
        known = of_case.get(clock.id)
        if percent and (known is None or known.highest.get(micros(clock.due), 0) < percent):
            yield _entry(case, clock, percent, who, now)


def _passed(clock: Clock, opened: datetime, now: datetime) -> int:
    """The highest of ``AT`` that passed since the case was opened; 0 for none. The watch was not always there: of
    several that passed the last one is said."""
    if clock.due is None:
        return 0
    start = clock.start if clock.start is not None else opened
    whole = clock.due - start
    return max((one for one in AT if opened < start + whole * one / OVER <= now), default=0)


def _entry(case: str, clock: Clock, percent: int, who: str, now: datetime, more: int = 0) -> Entry:
    data: dict[str, Any] = {
        "case": case,
        "clock": clock.id,
        "percent": percent,
        "fraction": percent / OVER,
        "due": micros(clock.due) if clock.due is not None else None,
        "now": micros(now),
        "title": clock.title,
        "entity": clock.entity,
        "role": clock.role,
        "to": clock.to,
        "asks": clock.asks if clock.state is ClockState.ASK else "",
        "about": clock.about,
        "more": more,
    }
    return Entry(WARNED, who, data=data)


def _told(conn: Connection) -> dict[tuple[str, str], _Told]:
    rows = conn.execute(
        "SELECT case_id, verb, data FROM case_event WHERE verb IN (?, ?) ORDER BY seq", (WARNED, SETTLED)
    )
    found: dict[tuple[str, str], _Told] = {}
    for case, verb, text in rows:
        data = json.loads(text)
        if data["case"] != case:  # told of the case that was merged into this one
            continue
        one = found.setdefault((case, data["clock"]), _Told())
        if verb == SETTLED:
            one.standing = False
            one.highest.clear()  # should it come back, nothing stands that says so
            continue
        one.highest[data["due"]] = max(one.highest.get(data["due"], 0), data["percent"])
        one.standing |= data["percent"] >= LOUD
    return found


# --- what the entries do, each in the caller's transaction ----------------------------------------------------


def warned(conn: Connection, line: Line, at: int) -> None:
    """``clock_warned``: from ``LOUD`` percent on, a finding says so; one for each clock, which speaks again."""
    data = line.entry.data
    percent = int(data["percent"])
    if percent < LOUD:
        return
    by = instant(int(data["due"]))
    over = percent >= OVER
    # What law or contract asks is worse than what the team promised itself.
    severity = (Severity.HIGH if over else Severity.MEDIUM) if data["role"] == case_clocks.TEAM.role else (
        Severity.CRITICAL if over else Severity.HIGH
    )  # fmt: skip
    name, case = str(data["clock"]), str(data["case"])
    what = f"{clean(str(data['title']), 160)} ({clean(name, 120)})"
    about = ", if aware when it was detected" if data["about"] else ""
    said = f"{what}: due {by:%Y-%m-%d %H:%MZ}{about}. Case {case}, for {clean(str(data['entity']), 120)}"
    said += f", to {clean(str(data['to']), 120)}." if data["to"] else "."
    if data["asks"]:
        said += f" Nobody has answered yet, and that is not a no: {clean(str(data['asks']), 300)}"
    if data["more"]:
        said += f" {data['more']} more of its clocks were over when the case was opened: `clock show {case}`."
    said += (
        f" `case show {case}` has what is known; `clock sent`, `clock applies` and `clock decide` say what was done."
    )
    state = "OVERDUE" if over else f"{percent} % of its time has passed"
    whole = {"product": own.SOURCE, "type": own.CLOCK, **data}
    alarm = ours(
        Format.OWN,
        _name(case, name),
        Untrusted(f"Deadline {state}: {clean(name, 120)}, case {case}"),
        Untrusted(said),
        severity,
        json.dumps(whole, sort_keys=True, separators=(",", ":")).encode("ascii"),
        product=own.SOURCE,
        types=(own.CLOCK,),
        occurred=instant(at),
        published=instant(at),
        updated=line.at,
    )
    findings.take(conn, [alarm], origin=own.SOURCE, now=line.at)


def settled(conn: Connection, line: Line, at: int) -> None:
    """``clock_settled``: it was met, is not owed, does not apply, moved away, or its case is closed with none open."""
    data = line.entry.data
    own.close(conn, findings.alias_key(_name(str(data["case"]), str(data["clock"]))), line.at)


def _name(case: str, clock: str) -> str:
    """The one merge key of a clock's finding: cases have names that are given once."""
    return f"{own.SOURCE}/clock/{case}/{clock}"

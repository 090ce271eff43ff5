"""An open case in the handoff: what is believed, known, done and pending, and what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.config import Config
from socconsole.model.action import ActionState
from socconsole.model.case import Case
from socconsole.model.clock import Clock, ClockState
from socconsole.reports.case_report import due, named
from socconsole.reports.document import Cell, Facts, Mood, Section, Table, Words
from socconsole.reports.times import stamp
from socconsole.store import case_playbooks, case_view, cases, six_lines
from socconsole.store.db import Connection
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_RUN: Final = (ClockState.RUNNING, ClockState.OVERDUE)

_HISTORY: Final = 8
"""Latest entries that are told; ``case show`` has all of them."""


def section(
    folder: StateFolder, conn: Connection, config: Config, case: Case, clocks: tuple[Clock, ...], now: datetime
) -> Section:
    """One open case as it stands at ``now``. Raises ``ledger.LedgerError``."""
    return Section(
        f"{case.id} {case.severity.name}: {clean(case.title, 120)}",
        (
            _about(case),
            _lines(conn, config, case, now),
            _done(folder, conn, case),
            _pending(conn, config, case, now),
            _clocks(clocks, now),
        ),
        case.id,
    )


def _about(case: Case) -> Facts:
    told = ", ".join(f"{clean(one.name, 60)} at {stamp(one.at)}" for one in case.told)
    return Facts(
        (
            ("Hypothesis", clean(case.hypothesis) or "nobody said one"),
            ("Status", case.status.value + (", under legal hold" if case.held else "")),
            ("Owner", clean(case.owner) or "nobody"),
            ("Opened", f"{stamp(case.opened)} by {clean(case.opened_by, 60)}"),
            ("Findings", f"{len(case.findings):,}"),
            ("Told", told or "nobody, as far as is on record"),
            ("Evidence", f"{_records(len(case.evidence))} kept; socconsole evidence {case.id} -o FILE packs them"),
        )
    )


def _records(n: int) -> str:
    return f"{n:,} record{'' if n == 1 else 's'}"


def _lines(conn: Connection, config: Config, case: Case, now: datetime) -> Table:
    rows = tuple(
        (one.line.value, one.answer, Cell(one.unknown, "unknown") if one.unknown else "", one.source)
        for one in six_lines.six_lines(conn, config, case, now)
    )
    return Table(("", "Known", "Unknown", "Source"), rows, "")


def _done(folder: StateFolder, conn: Connection, case: Case) -> Table:
    """The latest of what responders did; calls of the trail are anybody's."""
    own = [one for one in case_view.history(folder, conn, case).lines if one.source == case_view.LEDGER]
    rows = tuple((stamp(one.at), one.who, one.words) for one in own[-_HISTORY:])
    left = f" (the latest {_HISTORY} of {len(own):,})" if len(own) > _HISTORY else ""
    return Table(("When", "Who", f"Done{left}"), rows, "nothing is on record")


def _pending(conn: Connection, config: Config, case: Case, now: datetime) -> Table:
    rows: list[tuple[Words | Cell, ...]] = [
        (one, "", "") for one in case_view.still_open(conn, config, case, now) if "not done (" not in one
    ]
    for playbook, steps in case_playbooks.of_case(conn, config, case):
        rows += [(one.step.title, one.step.decides, f"{playbook.id}/{one.step.id}") for one in steps if one.missed]
    rows += [
        (Cell(f"{one.action} on {clean(one.target, 120)} is in doubt", "unknown"), "", one.id)
        for one in cases.actions_of(conn, case)
        if one.state is ActionState.IN_DOUBT
    ]
    return Table(("Pending", "Who decides", "Step"), tuple(rows), "nothing is pending by its playbooks and clocks")


def _clocks(clocks: tuple[Clock, ...], now: datetime) -> Table:
    """The open ones, each by itself; of a law of which nobody said whether it applies, what would be due first."""
    rows = [_clock(one, named(one), now) for one in clocks if one.state in _RUN]
    asked: dict[str, list[Clock]] = {}
    for one in sorted((one for one in clocks if one.state is ClockState.ASK), key=lambda one: one.due or now):
        asked.setdefault(one.regime, []).append(one)
    for regime, (first, *more) in asked.items():
        entities = ", ".join(dict.fromkeys([first.entity, *(one.entity for one in more)]))
        rows.append(_clock(replace(first, entity=entities), f"{regime.upper()}: {first.asks}", now))
    rows += [_clock(one, named(one), now) for one in clocks if one.state is ClockState.WAITING]
    return Table(("Clock", "Entity", "To", "State", "Due", "Left"), tuple(rows), "no clock is open")


def _clock(one: Clock, title: str, now: datetime) -> tuple[Words | Cell, ...]:
    return title, one.entity, one.to, Cell(one.state.value.replace("_", " "), _mood(one)), due(one), _left(one, now)


def _mood(clock: Clock) -> Mood:
    if clock.state is ClockState.OVERDUE:
        return "bad"
    return "unknown" if clock.state in (ClockState.ASK, ClockState.WAITING) else "plain"


def _left(clock: Clock, now: datetime) -> str:
    if clock.due is None:
        return ""
    minutes = int((clock.due - now).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    length = f"{hours // 24} d {hours % 24} h" if hours >= 72 else f"{hours} h {rest:02} min"
    return length + (" too late" if minutes < 0 else "")

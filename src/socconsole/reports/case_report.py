"""A case as a report: the six lines, clocks, containments, history. From the store and the ledger alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.config import Config
from socconsole.model.action import ActionState
from socconsole.model.case import Case, Line
from socconsole.model.clock import Clock, ClockState
from socconsole.reports.document import Cell, Document, Facts, Mood, Notice, Points, Section, Table
from socconsole.reports.times import stamp
from socconsole.store import case_clocks, case_playbooks, case_view, cases, reading, six_lines
from socconsole.store.db import Connection
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_LISTED: Final = 200
"""Findings that are listed; how many more there are is said."""

WITHHELD: Final = "known, and withheld here"
"""What stands for names in a redacted report."""

_NAMING: Final = frozenset({Line.WHO, Line.ELSEWHERE, Line.NEXT})
"""Lines whose answers name whoever acted."""

_MOODS: Final[dict[ClockState, Mood]] = {
    ClockState.OVERDUE: "bad",
    ClockState.MET_LATE: "bad",
    ClockState.MET: "good",
    ClockState.ASK: "unknown",
    ClockState.WAITING: "unknown",
}
_STATES: Final[dict[ActionState, Mood]] = {ActionState.APPLIED: "good", ActionState.NOT_APPLIED: "bad"}


def case_report(
    folder: StateFolder, conn: Connection, config: Config, case: Case, now: datetime, *, redacted: bool = False
) -> Document:
    """The report of a case at ``now``. ``redacted`` leaves out who acted, who controllers are, free text, playbooks and
    the history: what an authority or a customer needs is what data, how many people, whether it still leaves, the
    clocks and what was contained."""
    open_ = case_view.still_open(conn, config, case, now)
    return Document(
        title=case.id if redacted else case.title,
        facts=_facts(case, now, redacted),
        notices=_notices(open_, redacted),
        sections=(
            _lines(conn, config, case, now, redacted),
            _clocks(case_clocks.of_case(conn, config, case, now), redacted),
            _actions(conn, case),
            *(() if redacted else _playbooks(conn, config, case)),
            _findings(conn, case, now, redacted),
            *(() if redacted else (_told(case), _history(folder, conn, case))),
        ),
    )


def _facts(case: Case, now: datetime, redacted: bool) -> tuple[tuple[str, str], ...]:
    said = [
        ("Case", case.id),
        ("Severity", case.severity.name),
        ("Status", case.status.value + (", under legal hold" if case.held else "")),
        ("Opened", stamp(case.opened)),
        ("Closed", stamp(case.closed) if case.closed else "no"),
        ("As of", stamp(now)),
        ("Findings", f"{len(case.findings):,}"),
    ]
    if not redacted:
        said += [
            ("Owner", clean(case.owner)),
            ("Opened by", clean(case.opened_by)),
            ("Hypothesis", clean(case.hypothesis) or "nobody said one"),
        ]
    return tuple(said)


def _notices(open_: Sequence[str], redacted: bool) -> tuple[Notice, ...]:
    if redacted and open_:
        return (Notice(f"{len(open_)} matters of this case are still open"),)
    return tuple(Notice(f"still open: {one}") for one in open_)


def _lines(conn: Connection, config: Config, case: Case, now: datetime, redacted: bool) -> Section:
    rows = tuple(
        (
            one.line.value,
            WITHHELD if redacted and one.line in _NAMING and clean(one.answer) else one.answer,
            Cell(one.unknown, "unknown") if one.unknown else "",
            one.source,
        )
        for one in six_lines.six_lines(conn, config, case, now)
    )
    return Section("The six lines", (Table(("", "Known", "Unknown", "Source"), rows, ""),), "lines")


def _clocks(clocks: tuple[Clock, ...], redacted: bool) -> Section:
    rows = tuple(
        (
            named(one),
            one.entity,
            "a controller" if redacted and one.role == "processor" else one.to,
            Cell(one.state.value.replace("_", " "), _MOODS.get(one.state, "plain")),
            due(one),
            stamp(one.met) if one.met else "",
        )
        for one in clocks
    )
    asked = dict.fromkeys(f"{one.entity}: {one.asks}" for one in clocks if one.state is ClockState.ASK)
    parts = (Table(("What", "Entity", "To", "State", "Due", "Done"), rows, "no clock: no legal entity is concerned"),)
    return Section("Clocks", (*parts, *((Points(tuple(asked)),) if asked else ())), "clocks")


def named(clock: Clock) -> str:
    """What is due, after the regime that asks for it; the team's own say it themselves."""
    return clock.title if clock.role == "team" else f"{clock.regime.upper()}: {clock.title}"


def due(clock: Clock) -> str:
    """When it is due, in words; ``≈`` where that stands on an assumption."""
    if clock.due is None:
        return "not yet running" if clock.state is ClockState.WAITING else "without undue delay"
    about = "≈ " if clock.about else ""
    earlier = clock.conservative
    more = f" (if aware at detection {stamp(earlier)})" if earlier and earlier != clock.due else ""
    return f"{about}{stamp(clock.due)}{more}"


def _actions(conn: Connection, case: Case) -> Section:
    rows = tuple(
        (
            stamp(one.intended),
            one.named,
            one.target,
            f"{one.place.account} {one.place.region}",
            Cell(one.state.value.replace("_", " "), _STATES.get(one.state, "unknown")),
            f"undone by {one.undone_by}" if one.undone_by else "",
            one.id,
        )
        for one in cases.actions_of(conn, case)
    )
    columns = ("Intended", "Action", "Target", "Where", "State", "Undone", "Id")
    return Section("Containments", (Table(columns, rows, "none was made for its findings"),), "actions")


def _playbooks(conn: Connection, config: Config, case: Case) -> list[Section]:
    return [
        Section(
            f"Playbook: {playbook.title}",
            (
                Table(
                    ("Step", "State", "When", "By"),
                    tuple(
                        (
                            one.step.title,
                            Cell("left out" if one.tick.skipped else "done", "good")
                            if one.tick
                            else Cell("open", "unknown"),
                            stamp(one.tick.at) if one.tick else "",
                            (one.tick.by_action or "hand") if one.tick else "",
                        )
                        for one in steps
                    ),
                    "it has no steps",
                ),
            ),
            playbook.id,
        )
        for playbook, steps in case_playbooks.of_case(conn, config, case)
    ]


def _findings(conn: Connection, case: Case, now: datetime, redacted: bool) -> Section:
    listed = list(reading.each(conn, case.findings[:_LISTED], now))
    rows = tuple(
        (
            one.finding.severity.name,
            "" if redacted else one.finding.title,
            ", ".join(one.finding.types[:2]),
            f"{one.finding.account or '?'} {one.finding.region or '?'}",
            stamp(one.finding.occurred) if one.finding.occurred else "not told",
            one.state.value,
            one.finding.id,
        )
        for one in listed
    )
    columns = ("Severity", "Finding", "Type", "Where", "Happened", "State", "Id")
    left = len(case.findings) - len(listed)
    more = (Notice(f"{left:,} more are not listed, or not known to this install", "unknown"),) if left else ()
    return Section("Findings", (Table(columns, rows, "none: it was opened by hand"), *more), "findings")


def _told(case: Case) -> Section:
    rows = tuple((stamp(one.at), one.name, one.how) for one in case.told)
    return Section("Who was told", (Table(("When", "Who", "How"), rows, "nobody yet, as far as is on record"),), "told")


def _history(folder: StateFolder, conn: Connection, case: Case) -> Section:
    told = case_view.history(folder, conn, case)
    rows = tuple((stamp(one.at), one.who, one.words, f"{one.source} {one.ref}") for one in told.lines)
    words = "Calls from the trail are everybody's since the case was opened, the attacker's among them."
    left_out = tuple(Notice(one, "unknown") for one in told.left_out)
    table = Table(("When", "Who", "What", "Source"), rows, "nothing")
    return Section("History", (*left_out, table, Facts((("Note", words),))), "history")

"""The parts of the handoff that belong to no case: changes, containments with their undo plans, what is owed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import rfc8785

from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.case import Case
from socconsole.model.clock import Clock, ClockState
from socconsole.model.finding import Severity
from socconsole.reports.case_report import due, named
from socconsole.reports.document import Cell, Facts, Fixed, Mood, Part, Points, Section, Table, Words
from socconsole.reports.times import stamp
from socconsole.store import actions, escalations, handoff_view, outbox
from socconsole.store.actions import Stored
from socconsole.store.db import Connection
from socconsole.store.handoff_view import Changed
from socconsole.store.handoffs import HandedOff
from socconsole.text import ascii_json, clean

_MOODS: Final[dict[ActionState, Mood]] = {ActionState.APPLIED: "good", ActionState.NOT_APPLIED: "bad"}


def differences(changed: Changed, since: datetime, previous: HandedOff | None) -> Section:
    """What happened since the last handoff, on this install."""
    rows: list[tuple[str, Words, Words]] = [(stamp(one.at), one.who, one.words) for one in changed.cases]
    rows += [(stamp(one.intended), one.who, f"{_what(one)}: {_state(one)}") for one in changed.actions]
    rows.sort(key=lambda row: row[0], reverse=True)
    decided = ", ".join(f"{n:,} × {verb.replace('_', ' ')}" for verb, n in changed.decided.items())
    parts: list[Part] = [
        Table(
            ("When", "Who", "What"),
            tuple(rows),
            "no case, clock or containment changed",
        )
    ]
    if changed.more:
        parts.append(Points((f"{changed.more:,} earlier changes to cases are not listed; the ledger has them",)))
    parts.append(Facts((("Decisions on findings", decided or "none"),)))
    of = f"the handoff {previous.id}, " if previous else ""
    return Section(f"Changed since {of}{stamp(since)}", tuple(parts), "changed")


def containments(
    conn: Connection, in_force: Sequence[ActionRecord], doubtful: Iterable[ActionRecord], failed: Iterable[ActionRecord]
) -> list[Section]:
    """What is in force, what may be, what is not; and of all that may hold, the exact calls that undo it."""
    owing = {one.action.id: one for one in handoff_view.owed(conn)}
    uncertain = [*doubtful, *failed]
    rows = tuple(
        (
            one.id,
            _what(one),
            f"{one.place.account} {one.place.region}",
            Cell(one.state.value.replace("_", " "), _MOODS.get(one.state, "unknown")),
            f"{clean(one.who, 60)} at {stamp(one.intended)}",
            f"{owing[one.id].what} by {stamp(owing[one.id].due)}" if one.id in owing else "nothing",
        )
        for one in dict.fromkeys([*in_force, *uncertain])
    )
    columns = ("Id", "Containment", "Where", "State", "By", "Owed")
    listed = Section("Containments", (Table(columns, rows, "none is in force, in doubt or failed"),), "containments")
    holding = [one for one in dict.fromkeys([*in_force, *uncertain]) if one.state is not ActionState.NOT_APPLIED]
    stored = [found for one in holding if (found := actions.whole(conn, one.id)) is not None]
    return [listed, *(_undo(one) for one in stored)]


def _undo(stored: Stored) -> Section:
    record = stored.record
    calls = "\n".join(f"{one.service}:{one.operation} {ascii_json(one.params)}" for one in stored.undo_calls)
    before = hashlib.sha256(rfc8785.dumps(dict(stored.before))).hexdigest()
    facts = Facts(
        (
            ("Undo", f"socconsole undo {record.id}"),
            ("Reversible", stored.reversible.value),
            ("State before, SHA-256", before),
            ("All that was read before, SHA-256", stored.evidence or "nothing was kept"),
            ("Leave", record.leave or "the analyst's own"),
        )
    )
    plan: Part = Fixed(calls) if calls else Points(("nothing undoes it by itself",))
    return Section(f"Undo plan of {record.id}: {_what(record)}", (facts, plan), record.id)


def owed(conn: Connection, now: datetime, closed: Sequence[tuple[Case, Sequence[Clock]]] = ()) -> Section:
    """Approvals and looks that somebody owes; and of cases that were ``closed`` over clocks those that run on."""
    rows: list[tuple[Words | Cell, ...]] = [
        (
            "a second person's approval" if one.what == "approval" else "a look whether it is still needed",
            f"{_what(one.action)} ({one.action.id})",
            Cell(f"{stamp(one.due)}{', overdue' if one.due < now else ''}", "bad" if one.due < now else "plain"),
            clean(one.action.who, 60),
        )
        for one in handoff_view.owed(conn)
    ]
    for case, running in closed:
        for clock in (one for one in running if one.state is not ClockState.ASK):
            over = clock.state is ClockState.OVERDUE
            about = f"{case.id}, closed {stamp(case.closed)}: {clean(case.title, 80)}" if case.closed else case.id
            cell = Cell(f"{due(clock)}{', overdue' if over else ''}", "bad" if over else "plain")
            rows.append((f"{named(clock)}, {clean(clock.entity, 80)}", about, cell, clean(case.owner, 60)))
        if asked := _asked(running):
            rows.append((f"an answer whether it applies: {', '.join(asked)}", case.id, "", clean(case.owner, 60)))
    none = "no approval and no look at a containment is owed, and no clock of a closed case runs on"
    return Section("Owed", (Table(("What", "About", "Due", "Acted"), tuple(rows), none),), "owed")


def running_on(clocks: Sequence[Clock]) -> str:
    """The clocks of a case that was closed over them, in a line: each that runs, and what nobody answered."""
    said = [f"{named(one)} {due(one)}" for one in clocks if one.state is not ClockState.ASK]
    asked = _asked(clocks)
    return "; ".join([*said, *([f"nobody said whether {', '.join(asked)} applies"] if asked else [])])


def _asked(clocks: Sequence[Clock]) -> list[str]:
    return list(dict.fromkeys(one.regime.upper() for one in clocks if one.state is ClockState.ASK))


def escalated(conn: Connection) -> Section:
    """Escalations that nobody answered."""
    rows = tuple(
        (stamp(one.fired), one.path, clean(one.who, 60), ", ".join(one.abouts), one.id)
        for one in escalations.going(conn)
    )
    columns = ("Since", "Path", "Set going by", "About", "Id")
    return Section("Escalations without an answer", (Table(columns, rows, "none"),), "escalations")


def snoozes(conn: Connection, now: datetime, until: datetime) -> Section:
    """Findings that come back in the next shift."""
    rows = tuple((stamp(one.until), one.title, one.finding) for one in handoff_view.snoozes_ending(conn, now, until))
    return Section(f"Snoozes that end by {stamp(until)}", (Table(("Ends", "Finding", "Id"), rows, "none"),), "snoozes")


def waiting(conn: Connection, threats: dict[Severity, int], totals: dict[Severity, int]) -> Section:
    """The queue by severity, threats apart from what else is open, and what AWS was not told yet."""
    unsent = outbox.waiting(conn)
    rows = tuple(
        (one.name, f"{threats.get(one, 0):,}", f"{totals.get(one, 0) - threats.get(one, 0):,}")
        for one in sorted(Severity, reverse=True)
    )
    writes = (
        f"{unsent.unsent + unsent.claimed:,} on their way, {unsent.kept_back:,} kept back (made in READ; socconsole "
        f"send), {unsent.failed:,} failed"
    )
    return Section(
        "Queue: open threats",
        (
            Table(("Severity", "Open threats", "Other open findings (posture, controls …)"), rows, ""),
            Facts((("Decisions that Security Hub was not told", writes if unsent.total else "none"),)),
        ),
        "queue",
    )


def _what(record: ActionRecord) -> str:
    return f"{record.named} on {clean(record.target, 200)}"


def _state(record: ActionRecord) -> str:
    return record.state.value.replace("_", " ") + (f", undone by {record.undone_by}" if record.undone_by else "")

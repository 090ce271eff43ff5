"""The handoff: what the next shift has to know, what cannot be seen first. From the store and the ledger alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from socconsole.config import Config
from socconsole.model.action import ActionRecord
from socconsole.model.case import Case
from socconsole.model.clock import Clock, ClockState
from socconsole.model.source import SourceKey
from socconsole.reports import handoff_cases, handoff_first, handoff_rest, metrics
from socconsole.reports.case_report import named
from socconsole.reports.document import Cell, Document, Mood, Notice, Points, Section, Table, Words
from socconsole.reports.times import stamp
from socconsole.store import (
    actions,
    case_clocks,
    cases,
    clear,
    handoff_view,
    handoffs,
    ledger,
    project,
    quarantine,
    queue,
    sources,
)
from socconsole.store.clear import Clear
from socconsole.store.db import Connection
from socconsole.store.filter import View
from socconsole.store.handoff_view import Changed
from socconsole.store.handoffs import HandedOff, Shift
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

NEXT_SHIFT: Final = timedelta(hours=12)
"""Snoozes that end within this time are told."""
_PLACES: Final = 3
"""Places in which a service is blind alike that are named before all else; the others stand in the table."""
FIRST_LOOK: Final = timedelta(hours=24)
"""How far back the first handoff of all looks."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is open at ``now``, read once."""

    now: datetime
    since: datetime
    previous: HandedOff | None
    """The handoff that ``since`` is the moment of; None where there was none, or another moment was asked for."""
    who: str
    to: str
    shift: tuple[Shift, ...]
    judged: Clear
    open: tuple[tuple[Case, tuple[Clock, ...]], ...]
    closed: tuple[tuple[Case, tuple[Clock, ...]], ...]
    """Cases that were closed over clocks by law or contract, and those of them that run on."""
    leaving: tuple[Notice, ...]
    threats: tuple[Notice, ...]
    changed: Changed
    in_force: tuple[ActionRecord, ...]
    doubtful: tuple[ActionRecord, ...]
    failed: tuple[ActionRecord, ...]
    unaccepted: tuple[HandedOff, ...]
    behind: int
    """Entries of the ledger that the store had not taken in when this was read."""
    passed: int
    """Entries that the store passed over, because this program does not know their shape."""

    @property
    def overdue(self) -> list[tuple[Case, Clock]]:
        both = (*self.open, *self.closed)
        return [(case, one) for case, clocks in both for one in clocks if one.state is ClockState.OVERDUE]

    @property
    def unanswered(self) -> list[tuple[Case, Clock]]:
        """Of each law of which nobody said whether it applies, the first clock that would be overdue if it did."""
        found: dict[tuple[str, str, str], tuple[Case, Clock]] = {}
        for case, clocks in (*self.open, *self.closed):
            for one in clocks:
                if one.state is ClockState.ASK and one.due is not None and one.due < self.now:
                    found.setdefault((case.id, one.regime, one.entity), (case, one))
        return list(found.values())


def handoff(
    folder: StateFolder,
    conn: Connection,
    config: Config,
    now: datetime,
    *,
    since: datetime | None = None,
    to: str = "",
    measured: Callable[[StateFolder, datetime, datetime], Section] = metrics.section,
) -> Document:
    """The handoff as it stands at ``now``; ``since`` replaces the moment of the last one, ``measured`` what reads the
    metrics. Raises ``ledger.LedgerError``."""
    with queue.QueueReader(folder.store_db) as reader:
        scene = _scene(folder, conn, config, now, since, to, reader)
        threats, totals = reader.totals(View.THREATS), reader.totals(View.ALL)
    return Document(
        title="Handoff",
        facts=_facts(scene, handoff_first.counted(threats, totals)),
        notices=(),
        sections=(
            _first(scene),
            _blind(scene),
            handoff_rest.differences(scene.changed, scene.since, scene.previous),
            *(handoff_cases.section(folder, conn, config, case, clocks, now) for case, clocks in scene.open),
            *handoff_rest.containments(conn, scene.in_force, scene.doubtful, scene.failed),
            handoff_rest.owed(conn, now, scene.closed),
            handoff_rest.escalated(conn),
            handoff_rest.snoozes(conn, now, now + NEXT_SHIFT),
            handoff_rest.waiting(conn, threats, totals),
            measured(folder, now, scene.since),
        ),
    )


def _scene(
    folder: StateFolder,
    conn: Connection,
    config: Config,
    now: datetime,
    since: datetime | None,
    to: str,
    reader: queue.QueueReader,
) -> Scene:
    applied = project.last_applied(conn)  # before all else is read, and the ledger's head after: never too few
    previous = handoff_view.last(conn) if since is None else None
    told = previous and (previous.at if previous.given else previous.accepted)
    began = since or told or now - FIRST_LOOK
    states = sources.states(conn, now=now)
    return Scene(
        now=now,
        since=began,
        previous=previous,
        who=config.who,
        to=to,
        shift=tuple(handoffs.on_shift(conn)),
        judged=clear.judge(
            states,
            world=folder.world.kind,
            watch_alive=sources.watch_alive(conn),
            held=sum(quarantine.counts(conn)),
        ),
        open=tuple((one, case_clocks.of_case(conn, config, one, now)) for one in cases.each(conn)),
        closed=tuple(
            (one, running)
            for one in cases.closed_anyway(conn)
            if (running := case_clocks.still_running(case_clocks.of_case(conn, config, one, now)))
        ),
        leaving=tuple(handoff_first.leaving(conn, reader, now)),
        threats=tuple(handoff_first.threats(reader, now)),
        changed=handoff_view.changed(
            folder, conn, began, handoff_view.told_up_to(folder, previous) if previous else None
        ),
        in_force=tuple(actions.in_force(conn)),
        doubtful=tuple(actions.in_doubt(conn)),
        failed=tuple(handoff_view.failed(conn, min(began, now - FIRST_LOOK))),
        unaccepted=tuple(handoffs.unaccepted(conn)),
        behind=max(0, ledger.head(folder).seq - applied),
        passed=len(project.unapplied(conn)),
    )


def _facts(scene: Scene, findings: str) -> tuple[tuple[str, Words], ...]:
    on = ", ".join(f"{clean(one.who, 60)} since {stamp(one.since)}" for one in scene.shift)
    judged = scene.judged
    seen = f"{judged.fresh} of {judged.total} sources fresh" if judged.total else "no source is in scope"
    worst = max((case.severity for case, _ in scene.open), default=None)
    status = (
        f"cases open: {len(scene.open):,}{f' (the worst {worst.name})' if worst is not None else ''}; "
        f"{f'closed over clocks that run on: {len(scene.closed):,}; ' if scene.closed else ''}"
        f"{findings}; containments in force: {len(scene.in_force):,}; {seen}"
        + ("" if judged.answered else ": that something is not listed does not say that it is not there")
    )
    return (
        ("Status", status),
        ("From", clean(scene.who, 80)),
        ("To", clean(scene.to, 80) or "whoever accepts it"),
        ("Shift", on or "nobody signed on"),
        ("As of", f"{stamp(scene.now)} (UTC)"),
    )


def _first(scene: Scene) -> Section:
    """What nobody may overlook, what leaves now before all else; that it was looked for where there is none."""
    rows: list[Notice] = [*scene.leaving, *scene.threats]
    rows += _unread(scene)
    judged = scene.judged
    if judged.imported:
        rows.append(Notice("Imported findings only: no live source stands behind this", "unknown"))
    elif not judged.total:
        rows.append(Notice("No source is in scope: nothing was looked at", "bad"))
    rows += _blind_first(judged)
    if not judged.watch_alive and not judged.imported:
        rows.append(Notice("The watch does not run: timers stopped, nothing new arrives", "bad"))
    if judged.held:
        rows.append(Notice(f"{judged.held:,} records could not be read and are in quarantine", "unknown"))
    rows += [Notice(f"{_named(one)}: {_state(one)}", about=one.id, label="failed") for one in scene.failed]
    rows += [
        Notice(f"{_named(one)}: nobody knows whether AWS did it", "unknown", one.id, "in doubt")
        for one in scene.doubtful
    ]
    for case, clock in scene.overdue:
        due = stamp(clock.due) if clock.due else ""
        rows.append(Notice(f"{case.id} {named(clock)}, {clock.entity}, was due {due}", about=case.id, label="overdue"))
    for case, clock in scene.unanswered:
        said = f"{case.id} whether {clock.regime.upper()} applies to {clock.entity}: {clock.asks}"
        rows.append(Notice(said, "unknown", case.id, "unanswered"))
    for case, running in scene.closed:
        said = f"{case.id} was closed over {len(running):,} clock{'s' * (len(running) > 1)} that nobody met"
        rows.append(Notice(f"{said}: {handoff_rest.running_on(running)}", about=case.id, label="runs on"))
    for given in scene.unaccepted:
        said = f"the handoff {given.id} of {stamp(given.at)} by {clean(given.who, 60)}"
        rows.append(Notice(said, about=given.id, label="unaccepted"))
    if rows:
        return Section("First", tuple(rows), "first")
    none = (
        "Every source is fresh, the watch runs and all of the ledger is taken in; nothing is seen to leave beyond what "
        "is usual, no threat waits for anybody, no action failed or is in doubt, and no clock is overdue"
    )
    return Section("First", (Points((none,)),), "first")


def _unread(scene: Scene) -> list[Notice]:
    """What is on record and not in this report: a containment begun may be among it."""
    told = []
    if scene.behind:
        told.append(f"the store has not taken in {_entries(scene.behind)} of the ledger")
    if scene.passed:
        told.append(f"{_entries(scene.passed)} of the ledger could not be understood")
    return [Notice(f"Not all is known: {one}; what that says is not told here", "unknown") for one in told]


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _blind_first(judged: Clear) -> list[Notice]:
    """One notice a service and state, so that what failed and what is overdue is seen beside them."""
    alike: dict[tuple[str, str], list[SourceKey]] = {}
    for state in judged.lacking:
        alike.setdefault((state.key.service, state.freshness.value), []).append(state.key)
    rows = []
    for (service, freshness), keys in alike.items():
        where = ", ".join(f"{key.account} {key.region}" for key in keys[:_PLACES])
        more = f" and {len(keys) - _PLACES:,} more places" if len(keys) > _PLACES else ""
        rows.append(Notice(f"{service} {where}{more}: {freshness}", "bad", _source(keys[0]), "blind"))
    return rows


def _source(key: SourceKey) -> str:
    return f"{key.service} {key.account} {key.region}"


def _named(record: ActionRecord) -> str:
    return f"{record.named} on {clean(record.target, 200)} ({record.id})"


def _state(record: ActionRecord) -> str:
    said = record.state.value.replace("_", " ")
    return f"{said}: {clean(record.detail, 200)}" if record.detail else said


def _blind(scene: Scene) -> Section:
    mood: Mood = "bad"
    rows = tuple(
        (
            _source(one.key),
            Cell(one.freshness.value, mood),
            one.detail,
            stamp(one.last_complete) if one.last_complete else "never",
            one.remedy,
        )
        for one in scene.judged.lacking
    )
    empty = f"none of {scene.judged.total}" if scene.judged.total else "no source is in scope: nothing was looked at"
    return Section(
        "Sources that cannot see",
        (Table(("Source", "State", "Why", "Last complete", "Mend it with"), rows, empty),),
        "blind",
    )

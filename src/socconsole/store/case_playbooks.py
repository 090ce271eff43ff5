"""The playbooks by which a case is worked: which were taken, and how each of their steps stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from socconsole.commands import cases as asked
from socconsole.config import Config
from socconsole.model.action import ActionState
from socconsole.model.case import Case
from socconsole.model.entry import Entry
from socconsole.playbooks import Playbook, Standing, Tick, readable, standing, suggested
from socconsole.store import cases, reading
from socconsole.store.case_desk import CaseDesk, CaseMisnamed, CaseRefused, text
from socconsole.text import clean

_LOOKED_AT: Final = 200


def known(config: Config) -> Mapping[str, Playbook]:
    """Ours and the team's, as far as they can be read; :func:`trouble` says which cannot."""
    return readable(_folder(config))[0]


def trouble(config: Config) -> tuple[str, ...]:
    """In words, each file of the team's that is no playbook: ours of that name, or none, is used in its place."""
    return tuple(f"playbook file {clean(str(one), 300)}" for one in readable(_folder(config))[1])


def _folder(config: Config) -> Path | None:
    return Path(config.cases.playbooks) if config.cases.playbooks else None


def taken(conn: Connection, case: Case) -> tuple[str, ...]:
    """Ids of the playbooks that it is worked by, in the order in which they were taken."""
    events = cases.events(conn, case.id)
    return tuple(dict.fromkeys(str(one.data["playbook"]) for one in events if one.verb == "case_playbook"))


def gone(conn: Connection, config: Config, case: Case) -> tuple[str, ...]:
    """Those of them that are not there any more: nobody can tell which of their steps were missed."""
    there = known(config)
    return tuple(clean(one, 40) for one in taken(conn, case) if one not in there)


def of_case(conn: Connection, config: Config, case: Case) -> list[tuple[Playbook, tuple[Standing, ...]]]:
    """Each playbook that the case is worked by, with its steps: ticked by hand, by a verified containment, or open."""
    named = taken(conn, case)
    if not named:
        return []
    ticks: dict[str, dict[str, Tick]] = {}
    for event in cases.events(conn, case.id):
        data = event.data
        if event.verb == "case_step":
            tick = Tick(event.at, clean(event.who, 80), "", skipped=bool(data["skip"]))
            ticks.setdefault(data["playbook"], {})[data["step"]] = tick
    done = [
        (one.action, one.id, one.settled or one.intended, one.who)
        for one in cases.actions_of(conn, case)
        if one.state is ActionState.APPLIED and one.undone_by is None and one.undoes is None
    ]
    there = known(config)
    return [(there[id_], standing(there[id_], ticks.get(id_, {}), done)) for id_ in named if id_ in there]


def fitting(conn: Connection, config: Config, case: Case) -> tuple[str, ...]:
    """Ids of playbooks that the types and titles of its findings call for, best first."""
    words = [
        word
        for stored in reading.each(conn, case.findings[:_LOOKED_AT])
        for word in (*stored.finding.types, clean(stored.finding.title, 200))
    ]
    return suggested(words, known(config))


def take(desk: CaseDesk, request: asked.TakePlaybook) -> tuple[Entry, str]:
    """The entry that begins a playbook, and its words."""
    case = desk.open_case(request.case)
    there = known(desk.config)
    if request.playbook not in there:
        raise CaseMisnamed(f"there is no playbook {clean(request.playbook, 40)}: {', '.join(sorted(there))}")
    if any(one.id == request.playbook for one, _ in of_case(desk.conn, desk.config, case)):
        raise CaseRefused(f"{case.id} is worked by {request.playbook} already")
    words = f"worked by {there[request.playbook].title}: {len(there[request.playbook].step)} steps"
    return desk.entry("case_playbook", case, {"playbook": request.playbook}), words


def tick(desk: CaseDesk, request: asked.TickStep) -> tuple[Entry, str]:
    """The entry that ticks a step by hand, and its words."""
    case = desk.open_case(request.case)
    playbook = next((one for one, _ in of_case(desk.conn, desk.config, case) if one.id == request.playbook), None)
    if playbook is None:
        raise CaseMisnamed(f"{case.id} is not worked by {clean(request.playbook, 40)}: `case playbook` takes it")
    step = next((one for one in playbook.step if one.id == request.step), None)
    if step is None:
        ids = ", ".join(one.id for one in playbook.step)
        raise CaseMisnamed(f"{playbook.id} has no step {clean(request.step, 40)}: {ids}")
    note = text(request.note, "why is it left out?" if request.skip else "how was it done? a note is needed")
    data = {"playbook": playbook.id, "step": step.id, "skip": request.skip}
    return desk.entry("case_step", case, data, note=note), f"{step.title}: {'left out' if request.skip else 'done'}"

"""From findings to their case: open one of them, attach them to one that is open, or go to the one that has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from socconsole.commands import cases as ask
from socconsole.model.case import Case, CaseStatus
from socconsole.screens import opening, words
from socconsole.screens.base import ConsoleScreen
from socconsole.screens.replies import Said
from socconsole.store import cases
from socconsole.store.db import Connection
from socconsole.text import clean
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Section

_ID: Final = re.compile(r"c-[0-9a-f]{8}")
_TITLE: Final = 30
"""Characters of a case's title in a question."""


def is_id(text: str) -> bool:
    """Whether somebody typed a case's id."""
    return _ID.fullmatch(text.strip().lower()) is not None


def go_to(screen: ConsoleScreen, typed: str) -> None:
    """Open the case that was named."""
    case = cases.get(screen.desk.conn, typed)
    if case is None:
        screen.say(f"there is no case {clean(typed, 40)}", "warning")
    else:
        opening.case(screen.desk, case.id)


async def enter(screen: ConsoleScreen, ids: Sequence[str], title: str, incident: str = "") -> None:
    """Findings into a case. ``ids`` were bound at the keypress; ``incident`` names the candidate that they are.

    Where one open case has all of them already, that is shown. Else one question: its title for a new case, or the id
    of an open one, through which tab goes.
    """
    desk = screen.desk
    known, having = await desk.read(_open_cases, ids)
    if known and having.get(known[0].id) == len(ids):
        opening.case(desk, known[0].id)
        return
    new = f"enter: a new case of {words.plural(len(ids), 'finding')}" + ("; tab: into an open one" if known else "")
    # What has joined an incident since its case was opened belongs there: that case is offered first.
    at = 0 if having else -1

    def offered() -> tuple[str, str]:
        if at < 0:
            return title, new
        one = known[at]
        rest = f"the other {len(ids) - having[one.id]:,} " if one.id in having else ""
        return one.id, f"enter: {rest}into {one.severity.name} {clean(one.title, _TITLE)}; tab: the next"

    def turn(line: str) -> str:
        nonlocal at
        at = at + 1 if at + 1 < len(known) else -1
        value, hint = offered()
        screen.hint(hint)
        return value

    done: list[tuple[str, Said]] = []

    async def check(line: str) -> str:
        from socconsole.screens.case_acts import record  # brings all that cases are worked with: not at the start

        if is_id(line):
            request: ask.CaseRequest = ask.AttachFindings(case=line.strip().lower(), findings=tuple(ids))
        else:
            named = "" if line.strip() == title.strip() else line.strip()
            request = ask.OpenCase(findings=tuple(ids), incident=incident, title=named)
        done[:] = [await record(desk, request)]
        case, (said, _) = done[0]
        return "" if case else said

    value, hint = offered()
    if await screen.ask("case:", value=value, hint=hint, complete=turn if known else None, check=check) is not None:
        opening.case(desk, *done[0])


def section(conn: Connection, finding: str) -> Section | None:
    """The cases that a finding is in, for its detail; None where it is in none."""
    lines: list[Body] = []
    for id_ in cases.of_finding(conn, finding):
        case = cases.get(conn, id_)
        if case is not None:
            lines.append(
                [
                    (f"{case.id} ", "strong"),
                    (f"{severity_text(case.severity)} ", severity_style(case.severity)),
                    (f"{case.status.value}, owner ", "quiet"),
                    (case.owner, "text"),
                ]
            )
            if case.status is not CaseStatus.CLOSED:
                lines.append([("K goes to it", "quiet")])
    return Section("case", lines) if lines else None


def _open_cases(conn: Connection, ids: Sequence[str]) -> tuple[list[Case], dict[str, int]]:
    """The open cases, those first that have most of these findings; and how many of them each has."""
    found = list(cases.each(conn))
    named = {case.id for case in found}
    having = Counter(id_ for finding in ids for id_ in cases.of_finding(conn, finding) if id_ in named)
    return sorted(found, key=lambda case: -having[case.id]), dict(having)

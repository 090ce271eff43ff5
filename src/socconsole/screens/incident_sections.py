"""What is said of the incident that a finding is part of: its story, who else is in it, what ties them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from socconsole.model.finding import Leaving, State
from socconsole.model.incident import Incident
from socconsole.screens import words
from socconsole.screens.finding_sections import STATE_STYLES, Stamp
from socconsole.store.queue_row import QueueRow
from socconsole.widgets import glyphs
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Piece, Section

_ALSO: Final = 8
"""Other findings named beside a list; the rest are counted."""
_TIES: Final = 5


def story(incident: Incident, members: Sequence[QueueRow], here: str, stamp: Stamp) -> Section:
    """The story by time; the line of the finding ``here`` stands out."""
    day = {stamp(chapter.at)[:10] for chapter in incident.story}
    lines: list[Body] = [list(_headline(incident, members))]
    for chapter in incident.story:
        # The date only where the story takes more than one day.
        when = stamp(chapter.at) if len(day) > 1 else stamp(chapter.at)[11:]
        lines.append([(f"{when} ", "quiet"), (chapter.what, "strong" if chapter.ref == here else "text")])
    return Section("story", lines)


def also_here(members: Sequence[QueueRow], here: str, *, full: bool) -> Section | None:
    """The other findings of the incident with their states, worst first; None when there are none."""
    others = [row for row in members if row.id != here]
    shown = others if full else others[:_ALSO]
    lines: list[Body] = [list(_member(row)) for row in shown]
    if len(others) > len(shown):
        lines.append([(f"and {len(others) - len(shown)} more (i lists them)", "quiet")])
    return Section("also here", lines) if lines else None


def elsewhere(members: Sequence[QueueRow], here: str) -> list[Body]:
    """What other open findings of the incident say of data that leaves, where that is not that it stopped."""
    others = [row for row in members if row.id != here and row.state is not State.RESOLVED]
    lines: list[Body] = []
    for leaving, said, style in (
        (Leaving.YES, "yes elsewhere in this incident", "bad"),
        (Leaving.CANNOT_SEE, "cannot see elsewhere in this incident", "warn"),
    ):
        found = [row for row in others if row.leaving is leaving]
        if found:  # members come worst first
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            lines.append([(f"{said}: ", style), (found[0].title, "text"), (more, "quiet")])
    return lines


def tied_by(incident: Incident, *, full: bool) -> Section | None:
    """What more than one of its findings names."""
    shown = incident.shared if full else incident.shared[:_TIES]
    lines: list[Body] = [[(f"{kind} ", "quiet"), (value, "text")] for kind, value in shown]
    if len(incident.shared) > len(shown):
        lines.append([(f"and {len(incident.shared) - len(shown)} more (enter)", "quiet")])
    return Section("tied by", lines) if lines else None


def standing(members: Sequence[QueueRow]) -> str:
    """``12 findings: 9 new, 2 acknowledged, 1 resolved``."""
    counts = {state: sum(row.state is state for row in members) for state in State}
    states = ", ".join(f"{n:,} {state.value}" for state, n in counts.items() if n)
    return f"{words.plural(len(members), 'finding')}: {states}"


def severities(rows: Sequence[QueueRow]) -> str:
    """``2 critical, 5 high``: what an act on all of them is about."""
    found = sorted({row.severity for row in rows}, reverse=True)
    return ", ".join(f"{sum(row.severity is each for row in rows)} {each.name.lower()}" for each in found)


def _headline(incident: Incident, members: Sequence[QueueRow]) -> Iterator[Piece]:
    new = any(row.state is State.NEW for row in members)
    yield standing(members), "bad" if new else "quiet"
    if len(incident.accounts) > 1:
        yield f" {glyphs.current().dot} {len(incident.accounts)} accounts", "quiet"


def _member(row: QueueRow) -> Iterator[Piece]:
    yield f"{severity_text(row.severity)} {row.score:>3}  ", severity_style(row.severity)
    yield row.state.value, STATE_STYLES[row.state]
    if row.still_firing and row.state is not State.NEW:
        yield " fires", "bad"
    yield "  ", "quiet"
    yield row.title, "text"

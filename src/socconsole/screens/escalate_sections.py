"""Escalation in a detail: what was sent about a finding or a case, and what a path would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from socconsole import escalate
from socconsole.config import Config
from socconsole.model.world import World
from socconsole.screens import words
from socconsole.screens.finding_sections import Stamp
from socconsole.store import escalations
from socconsole.store.db import Connection
from socconsole.store.escalation_plan import Proposal, Telling, held_up, sends_of, steps_of
from socconsole.store.escalations import Going, Sent
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Piece, Section

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk

_MOST: Final = 3
"""Escalations of one thing that its detail shows, the newest."""
_LOOKED_AT: Final = 50
"""Findings of an incident of which escalations are looked for while the cursor rests on it."""
_HOW: Final = {"again": "began anew", "stopped": "stopped by hand"}


@dataclass(frozen=True, slots=True)
class Told:
    """An escalation with its sends, and why nobody further is told by it (empty where somebody is)."""

    going: Going
    sends: Sequence[Sent]
    held_up: str


def told_of(conn: Connection, config: Config, world: World, *ids: str) -> list[Told]:
    """What was escalated about these, the newest first."""
    return [
        Told(one, escalations.sends(conn, one.id), "" if one.stopped else held_up(conn, config, world, one.path))
        for one in escalations.of(conn, *ids)[:_MOST]
    ]


def about(desk: Desk, *findings: str, full: bool) -> Section | None:
    """What was escalated of a finding, or of any of an incident's, for the detail: a line each, or ``full``."""
    found = told_of(desk.conn, desk.config, desk.world, *findings[:_LOOKED_AT])
    if full or not found:
        return section(found, desk.config, desk.stamp)
    return Section("escalated", [_brief(one) for one in found])


def _brief(told: Told) -> Body:
    """The path, and the last result of each channel."""
    last = {send.channel: send for send in told.sends}
    sent: list[Piece] = [piece for send in last.values() for piece in ((f"  {send.channel} ", "text"), _result(send))]
    nobody: list[Piece] = [("  nobody further is told", "bad")] if told.held_up else []
    return [(f"{told.going.path} ", "strong"), _state(told.going), *sent, *nobody]


def section(found: Sequence[Told], config: Config, stamp: Stamp) -> Section | None:
    """What was escalated, for the detail of what it is about; None for nothing."""
    lines = [line for one in found for line in _told(one, config, stamp)]
    return Section("escalated", lines) if lines else None


def _told(told: Told, config: Config, stamp: Stamp) -> Iterator[Body]:
    """One escalation: since when, every send with its result, and who is next."""
    one = told.going
    yield [
        (f"{one.path} ", "strong"), _state(one),
        (f"  {one.id} since {stamp(one.fired)[5:]} by ", "quiet"), (clean(one.who, 40), "quiet"),
    ]  # fmt: skip
    for send in told.sends:
        yield _sent(send, stamp)
    if not one.stopped:
        yield from _next(told, config)


def _state(one: Going) -> Piece:
    return (_HOW.get(one.how, one.how), "quiet") if one.stopped else ("under way", "warn")


def _result(send: Sent) -> Piece:
    signs = glyphs.current()
    if send.ended is None:
        return f"{signs.warn} in doubt, or under way", "warn"
    return (f"{signs.good} sent", "good") if send.reached else (f"{signs.bad} failed", "bad")


def _sent(send: Sent, stamp: Stamp) -> Body:
    said, style = _result(send)
    again = f", attempt {send.attempt}" if send.attempt > 1 else ""
    why = f": {clean(send.why, 160)}" if send.why else ""
    return [(f"  {stamp(send.began)[5:]} {send.channel} ", "text"), (f"{said}{why}", style), (again, "quiet")]


def _next(told: Told, config: Config) -> Iterator[Body]:
    path = next((path for path in config.escalation if path.name == told.going.path), None)
    if path is None or told.held_up:
        yield [(f"  nobody further is told: {told.held_up}", "bad")]
        return
    steps, made = steps_of(path), sends_of(told.sends)
    if escalate.told_all(steps, made):
        yield [("  everybody was told, and nobody has answered", "warn")]
        return
    known = {send.number for send in made}
    placed = zip(escalate.numbers(steps, made), steps, strict=True)
    left = [step.channel for number, step in placed if number not in known]
    if left:
        yield [("  then, until somebody answers: ", "quiet"), (", ".join(left), "text")]


def proposal(one: Proposal, place: tuple[int, int], now: datetime) -> Iterator[Section]:
    """What a path would do: whom it tells when, and in which words. ``place``: the how-many-th of how many paths."""
    at, of = place
    fits = "" if one.fits else "  by hand only: nothing of this severity sets it going"
    yield Section("path", [[(one.path, "strong"), (f"  {at} of {of}" if of > 1 else "", "quiet"), (fits, "quiet")]])
    if one.known and one.going is None:
        yield Section("left out", [[(f"{one.known:,} of which it tells already", "quiet")]])
    if one.nobody:
        yield Section("nobody", [[(f"{glyphs.current().warn} nobody is told now: {one.nobody}", "warn")]])
    yield Section("tells", list(_tells(one.tells, now)))
    yield from _words(one.tells)


def _tells(tells: Sequence[Telling], now: datetime) -> Iterator[Body]:
    for one in tells:
        wait = one.at - now + timedelta(seconds=30)  # what is shown is some seconds old
        when = "at once" if wait < timedelta(minutes=1) else f"in {words.age(wait.total_seconds())}"
        line: list[Piece] = [(f"{when:8} ", "accent"), (one.channel, "strong")]
        line += [(f"  {clean(one.who, 60)}", "text")] if one.who else []
        topic = one.where.rpartition(":")[2] if one.where.startswith("arn:") else ""
        line += [(f"  {f'SNS {topic}' if topic else clean(one.where, 120)}", "quiet")]
        yield line
        if one.quiet:
            yield [("         after its quiet hours; the next one is told in its place", "quiet")]
        if one.fault:
            yield [(f"         {glyphs.current().bad} {clean(one.fault, 200)}", "bad")]


def _words(tells: Sequence[Telling]) -> Iterator[Section]:
    """Each text once, with the channels that get it."""
    texts: dict[tuple[str, str], list[str]] = {}
    for one in tells:
        texts.setdefault((one.message.subject, one.message.body), []).append(one.channel)
    for (subject, body), channels in texts.items():
        label = "words" if len(texts) == 1 else channels[0]
        head: list[Body] = [[(", ".join(channels), "quiet")]] if len(texts) > 1 and len(channels) > 1 else []
        yield Section(label, [*head, [(subject, "strong")], *([(line, "text")] for line in body.splitlines())])

"""A path of escalation at one moment. Pure: the same facts make the same sends, whoever asks.

Steps are told in order. Whoever was reached has ``wait`` to acknowledge before the next one is told. Where a channel
fails, the next one is told at once, and the failed one is tried again with growing pauses. In its quiet hours a step
waits, and the next one is told in its place. Nobody who was reached is told twice; a send that failed, or of which
nobody knows whether it arrived (the watch died before that was written down), is repeated, and says so.

The configuration may change while a path is under way: a step is known by its channel, so whoever was reached stays
reached wherever the step stands by now, and whoever is new is told in his turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=15)
ATTEMPTS: Final = 20
"""Of one step, over some four hours: a channel that is dead for longer is somebody's finding, not a page."""


@dataclass(frozen=True, slots=True)
class Step:
    """One channel in its turn."""

    channel: str
    wait: timedelta = timedelta(0)
    """How long whoever it reaches has to acknowledge before the next step."""
    quiet: tuple[str, ...] = ()
    """UTC spans (``22:00-06:00``) in which it is not used."""


@dataclass(frozen=True, slots=True)
class Send:
    """One attempt at one step: an intent, and what became of it."""

    channel: str
    number: int
    """Under which its step is on record: its place in the path (from 0) when it was told first."""
    attempt: int
    """From 1."""
    began: datetime
    ended: datetime | None = None
    """None: nobody knows what became of it."""
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """What has to be sent now."""

    step: int
    """Its place in the path, from 0."""
    number: int
    """Under which it goes on record: see :func:`numbers`."""
    attempt: int
    again: bool = False
    """It was tried before: a send that failed (no answer in time) or is in doubt may have arrived all the same, and
    this one has to say so."""


@dataclass(frozen=True, slots=True)
class Planned:
    """When a step would be told, if every channel works and nobody acknowledges."""

    step: int
    at: datetime
    quiet: bool
    """It has waited for the end of its quiet hours, and the next one was told in its place."""


def due(steps: Sequence[Step], sends: Sequence[Send], now: datetime) -> tuple[Due, ...]:
    """What is due at ``now``, of something that fired and that nobody has acknowledged; in the order of the steps.

    ``sends`` are all attempts so far, none of which is still under way: one without an end is in doubt. Where one lies
    ahead of ``now`` the clock was set back: its wait is over, since nobody knows how much of it has passed.
    """
    found: list[Due] = []
    for place, (number, step) in enumerate(zip(numbers(steps, sends), steps, strict=True)):
        mine = sorted((one for one in sends if one.number == number), key=lambda one: one.attempt)
        if reached := next((one for one in mine if one.reached), None):
            if timedelta(0) <= now - (reached.ended or reached.began) < step.wait:
                break
            continue
        if quiet_until(step.quiet, now) is not None:
            continue  # its turn is the next one's, and its own comes when the quiet ends
        last = mine[-1] if mine else None
        if last is None or last.ended is None:  # what becomes of it decides when the next one is told
            if last is None or last.attempt < ATTEMPTS:
                found.append(Due(place, number, last.attempt + 1 if last else 1, again=last is not None))
                break
            continue
        if last.attempt < ATTEMPTS and not timedelta(0) <= now - last.ended < pause(last.attempt):
            found.append(Due(place, number, last.attempt + 1, again=True))
    return tuple(found)


def told_all(steps: Sequence[Step], sends: Sequence[Send]) -> bool:
    """Whether nobody is left to be told: every step was reached or given up."""
    done = {one.number for one in sends if one.reached or one.attempt >= ATTEMPTS}
    return done >= set(numbers(steps, sends))


def numbers(steps: Sequence[Step], sends: Sequence[Send]) -> tuple[int, ...]:
    """Under which number each step is on record: its place, but for a path that changed since the first of ``sends``.

    A step whose channel was told already keeps the number of that, of several one that was reached before the others.
    """
    known = {one.number: one.channel for one in sends}
    if all(number < len(steps) and steps[number].channel == channel for number, channel in known.items()):
        return tuple(range(len(steps)))
    reached = {one.number for one in sends if one.reached}
    left = sorted(known, key=lambda number: (number not in reached, number))
    fresh = itertools.count(max(len(steps), max(known) + 1))
    found = []
    for place, step in enumerate(steps):
        told = next((number for number in left if known[number] == step.channel), None)
        if told is not None:
            left.remove(told)
        found.append(told if told is not None else next(fresh) if place in known else place)
    return tuple(found)


def pause(attempt: int) -> timedelta:
    """How long after an attempt that failed the next one is made."""
    doubled: int = 2 ** min(attempt - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doubled)


def plan(steps: Sequence[Step], start: datetime) -> tuple[Planned, ...]:
    """Who would be told when, in the order of time, were it to fire at ``start``."""
    found: list[Planned] = []
    begins = start
    for number, step in enumerate(steps):
        until = quiet_until(step.quiet, begins)
        found.append(Planned(number, until or begins, until is not None))
        if until is None:
            begins += step.wait
    return tuple(sorted(found, key=lambda one: (one.at, one.step)))


def quiet_until(spans: Sequence[str], at: datetime) -> datetime | None:
    """When the quiet that reigns at ``at`` ends; None where none does. A span may run over midnight.

    One that begins where it ends is no quiet at all, nor are spans that leave no minute of the day: a step that may
    never speak would be silence by accident.
    """
    at = at.astimezone(UTC)
    end = at
    while ends := [later for span in spans if (later := _end(span, end)) is not None]:
        end = max(ends)
        if end - at >= timedelta(days=1):
            return None
    return end if end > at else None


def _end(span: str, at: datetime) -> datetime | None:
    begin, _, end = span.partition("-")
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    for day in (at.date() - timedelta(days=1), at.date()):
        since = datetime.combine(day, first, UTC)
        until = datetime.combine(day if last >= first else day + timedelta(days=1), last, UTC)
        if since <= at < until:
            return until
    return None

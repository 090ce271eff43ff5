"""The clocks of one case at one moment. Pure: the same facts make the same clocks, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from socconsole.clocks.arithmetic import add
from socconsole.clocks.regime import CONTRACT, Deadline, Regime, period, regimes
from socconsole.model.clock import Clock, ClockState, Facts, Party

AWARE: Final = "aware"
SUSPECTED: Final = "suspected"
"""The earlier of detection and awareness: where suspicion is enough, who is sure later was not later."""
TEAM: Final = "team"
"""The role of the team itself, whose clocks are its own."""

_NEAREST_FIRST: Final = {ClockState.OVERDUE: 0, ClockState.RUNNING: 1, ClockState.ASK: 2, ClockState.WAITING: 3}


def clocks(facts: Facts, now: datetime, known: Mapping[str, Regime] | None = None) -> tuple[Clock, ...]:
    """Every deadline that the case has or may have, the nearest first; what is done or not owed last.

    Clocks never pause, and what nobody answered is not a no: a regime that has to be asked about stays ASK, with the
    deadline that it would have.
    """
    found = [
        clock
        for regime in (known or regimes()).values()
        for party in _bound(regime, facts.parties)
        if party.role in regime.roles and (not regime.countries or party.country in regime.countries)
        for clock in _of(regime, party, facts, now)
    ]
    return tuple(sorted(found, key=lambda one: (_NEAREST_FIRST.get(one.state, 9), _sooner(one), one.id)))


def _bound(regime: Regime, parties: Sequence[Party]) -> Iterator[Party]:
    """Whom a regime binds: a processor towards each controller where the contract counts; else an entity once, towards
    the authority, whatever its roles."""
    if any(one.after == CONTRACT for one in regime.deadline):
        yield from parties
        return
    seen: set[str] = set()
    for party in parties:
        if party.role in regime.roles and party.entity not in seen:
            seen.add(party.entity)
            yield replace(party, to="", within="")


def nearest(found: tuple[Clock, ...]) -> Clock | None:
    """The open clock that somebody has to look at first."""
    return next((one for one in found if one.open and one.due is not None), None)


def _sooner(clock: Clock) -> float:
    return clock.due.timestamp() if clock.due is not None else float("inf")


@dataclass(frozen=True, slots=True)
class _Counted:
    """From when, until when, and whether that stands on an assumption."""

    start: datetime | None
    due: datetime | None
    about: bool


def _of(regime: Regime, party: Party, facts: Facts, now: datetime) -> Iterator[Clock]:
    early = replace(facts, moments={**facts.moments, (party.entity, AWARE): facts.detected})
    for deadline in regime.deadline:
        counted = _count(regime, deadline, party, facts)
        conservative = _count(regime, deadline, party, early)
        done = _done(regime, deadline, party, facts)
        met = done[-1] if done and not deadline.every else None
        yield Clock(
            id=f"{regime.id}/{deadline.id}@{party.entity}" + (f">{party.to}" if party.to else ""),
            regime=regime.id,
            deadline=deadline.id,
            title=deadline.title,
            entity=party.entity,
            role=party.role,
            to=party.to or dict(party.authorities).get(regime.id, regime.to),
            state=_state(regime, party, facts, counted, met, now),
            start=counted.start,
            due=counted.due,
            about=counted.about,
            conservative=conservative.due,
            met=met,
            asks=regime.asks,
        )


def _state(
    regime: Regime, party: Party, facts: Facts, counted: _Counted, met: datetime | None, now: datetime
) -> ClockState:
    if met is not None:
        return ClockState.MET_LATE if counted.due is not None and met > counted.due else ClockState.MET
    applies = facts.answers.get((party.entity, regime.id))
    if applies is False:
        return ClockState.NOT_APPLICABLE
    if facts.owed.get((party.entity, regime.id)) is False:
        return ClockState.NOT_OWED
    if regime.asks and applies is None:
        return ClockState.ASK
    if counted.start is None and counted.due is None:
        return ClockState.WAITING
    return ClockState.OVERDUE if counted.due is not None and counted.due <= now else ClockState.RUNNING


def _count(regime: Regime, deadline: Deadline, party: Party, facts: Facts) -> _Counted:
    zone = ZoneInfo(party.zone)
    start, about = _start(regime, deadline.start, party, facts)
    length = period(party.within if deadline.after == CONTRACT else deadline.after)
    if deadline.every and start is not None:
        start = max((start, *_done(regime, deadline, party, facts)))
    due = add(start, length, zone) if start is not None and length is not None else None
    cap = period(deadline.cap)
    if cap is not None:
        since, assumed = _start(regime, deadline.cap_start, party, facts)
        latest = add(since, cap, zone) if since is not None else None
        if latest is not None and (due is None or latest < due):
            start, due, about = start or since, latest, assumed
    return _Counted(start, due, about)


def _start(regime: Regime, what: str, party: Party, facts: Facts) -> tuple[datetime | None, bool]:
    """The moment that a clock runs from, and whether it is assumed."""
    if what == "detected":
        return facts.detected, False
    if what == "opened":
        return facts.opened, False
    if what.startswith("sent:"):
        other = next(one for one in regime.deadline if one.id == what.removeprefix("sent:"))
        done = _done(regime, other, party, facts)
        if done:
            return done[-1], False
        return _count(regime, other, party, facts).due, True
    if what == SUSPECTED:
        return min(facts.detected, _start(regime, AWARE, party, facts)[0] or facts.detected), False
    said = facts.moments.get((party.entity, what)) or facts.moments.get(("", what))
    if party.role == TEAM:  # the team's clocks run from the first of all entities that was
        said = min((at for (_, name), at in facts.moments.items() if name == what), default=None)
    if said is None and what == AWARE:
        return facts.detected, True
    return said, False


def _done(regime: Regime, deadline: Deadline, party: Party, facts: Facts) -> tuple[datetime, ...]:
    return tuple(facts.sent.get((party.entity, regime.id, deadline.id, party.to), ()))

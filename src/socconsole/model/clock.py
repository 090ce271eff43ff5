"""Clocks: deadlines of a case, each for one legal entity in one role towards one authority, controller or lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ClockState(StrEnum):
    RUNNING = "running"
    OVERDUE = "overdue"
    WAITING = "waiting"
    """What it runs from has not happened, as far as anybody said."""
    ASK = "ask"
    """Nobody has answered yet whether the regime applies: never taken for no."""
    MET = "met"
    MET_LATE = "met_late"
    NOT_OWED = "not_owed"
    """Somebody who may decide it decided not to notify, with a reason."""
    NOT_APPLICABLE = "not_applicable"
    """Somebody answered that the regime does not apply."""


@dataclass(frozen=True, slots=True)
class Party:
    """A legal entity in one of its roles."""

    entity: str
    role: str
    """``controller``, ``processor`` or ``team``."""
    zone: str = "UTC"
    """IANA name of the time zone whose calendar counts."""
    country: str = ""
    to: str = ""
    """Of a processor: the controller that it tells."""
    within: str = ""
    """Of a processor: the period that the contract with that controller says."""
    authorities: tuple[tuple[str, str], ...] = ()
    """(regime, whom it tells there), where the regime alone does not say it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case knows of itself, as far as clocks are concerned. Entities are named as in the configuration."""

    detected: datetime
    """The first moment at which anybody or anything of ours knew."""
    opened: datetime
    parties: Sequence[Party]
    moments: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """(entity, ``aware`` …) → when, as somebody who may say it said; the last amendment. An empty entity: of all."""
    answers: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """(entity, regime) → whether it applies."""
    sent: Mapping[tuple[str, str, str, str], Sequence[datetime]] = field(default_factory=dict)
    """(entity, regime, deadline, to) → when it was done, in the order it was said: a later one amends, but of what is
    due again and again."""
    owed: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """(entity, regime) → the decision to notify, or not."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One deadline as it stands."""

    id: str
    """``regime/deadline@entity``, with ``>controller`` for a processor's: stable within its case."""
    regime: str
    deadline: str
    title: str
    entity: str
    role: str
    to: str
    state: ClockState
    start: datetime | None
    due: datetime | None
    """None while it waits, and where the law gives no number: without undue delay."""
    about: bool
    """It stands on an assumption: that the entity was aware when something was first detected, or that what it runs
    from is done at its own deadline."""
    conservative: datetime | None
    """When it would be due had the entity been aware at detection."""
    met: datetime | None
    asks: str = ""
    """The question that has to be answered first, while ``state`` is ASK."""

    @property
    def open(self) -> bool:
        return self.state in (ClockState.RUNNING, ClockState.OVERDUE, ClockState.ASK)


def named(clocks: Sequence[Clock], line: str) -> tuple[Clock | None, str]:
    """The clock that a line begins with, and the rest of the line. Case is no matter.

    By its id, which may hold blanks as names of entities do; or by ``regime/deadline`` where only one has that. None,
    and the line as it was, where none is meant or several are.
    """
    typed = line.strip().strip('"')
    low = typed.casefold()
    whole = [one for one in clocks if _begins(low, one.id.casefold())]
    if whole:
        found = max(whole, key=lambda one: len(one.id))
        return found, typed[len(found.id) :].strip(' "')
    first, _, rest = typed.partition(" ")
    short = [one for one in clocks if f"{one.regime}/{one.deadline}".casefold() == first.strip('"').casefold()]
    return (short[0], rest.strip()) if len(short) == 1 else (None, line)


def _begins(line: str, id_: str) -> bool:
    return line.startswith(id_) and line[len(id_) :][:1] in ("", " ", '"')


def ids(clocks: Sequence[Clock]) -> str:
    """How the clocks can be named, for whoever named none: short where that is enough."""
    shorts = [f"{one.regime}/{one.deadline}" for one in clocks]
    return ", ".join(short if shorts.count(short) == 1 else one.id for one, short in zip(clocks, shorts, strict=True))

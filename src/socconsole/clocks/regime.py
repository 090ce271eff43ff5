"""Regimes: what a law or contract asks for, by when. Versioned data, one TOML file a family in ``regimes``."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from importlib import resources
from typing import Final, Literal

import msgspec

CONTRACT: Final = "contract"
"""A period that the contract with the controller says; without undue delay where it says none."""

_PERIOD: Final = re.compile(r"(\d+) ?(m|h|days?|working days?|months?)")


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONTHS = "months"


_UNITS: Final[Mapping[str, Unit]] = {
    "m": Unit.MINUTES,
    "h": Unit.HOURS,
    "day": Unit.DAYS,
    "working day": Unit.WORKING_DAYS,
    "month": Unit.MONTHS,
}


class Period(msgspec.Struct, frozen=True):
    """How long after something. Months are the calendar's."""

    count: int
    unit: Unit

    @property
    def length(self) -> timedelta | None:
        """Of minutes and hours; None of what the calendar measures."""
        if self.unit is Unit.MINUTES:
            return timedelta(minutes=self.count)
        return timedelta(hours=self.count) if self.unit is Unit.HOURS else None


def period(text: str) -> Period | None:
    """``72h``, ``15m``, ``15 days``, ``3 working days``, ``1 month``; None for the empty word: without undue delay.

    Raises ``ValueError`` for anything else.
    """
    if not text:
        return None
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no period: 72h, 15m, 15 days, 3 working days, 1 month")
    return Period(int(found[1]), _UNITS[found[2].removesuffix("s") if len(found[2]) > 1 else found[2]])


class Deadline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that is due."""

    id: str
    title: str
    after: str
    """A period, ``contract``, or empty: without undue delay, which has no number."""
    start: str
    """The moment that it runs from (``aware``, ``detected`` …; ``suspected``: the earlier of these two), or ``sent:ID``
    of another deadline of the regime."""
    phase: Literal["initial", "update", "final"]
    unless: str = ""
    """What makes it not owed, in the law's words or near them."""
    cap: str = ""
    """And never later than this period …"""
    cap_start: str = ""
    """… after this moment."""
    every: bool = False
    """Due again that long after each time that it was done."""


class Regime(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One law, contract or plan. What ``asks`` something runs only after somebody answered yes."""

    id: str
    title: str
    law: str
    checked: date
    """When its text and dates were last compared with the source named in ``law``."""
    roles: tuple[Literal["controller", "processor", "team"], ...]
    to: str
    awareness: str
    """What starts it, in the law's words or near them."""
    fields: tuple[str, ...]
    deadline: tuple[Deadline, ...]
    asks: str = ""
    countries: tuple[str, ...] = ()
    """ISO 3166-1 codes of entities that it binds; empty: wherever the law itself holds."""


@functools.cache
def regimes() -> Mapping[str, Regime]:
    """All by id. Raises ``ValueError`` for a file that does not hold together."""
    found: dict[str, Regime] = {}
    for file in sorted(resources.files(__package__).joinpath("regimes").iterdir(), key=lambda one: one.name):
        for id_, table in tomllib.loads(file.read_text("utf-8")).items():
            found[id_] = _checked(msgspec.convert({"id": id_, **table}, Regime))
    return found


def _checked(regime: Regime) -> Regime:
    ids = {one.id for one in regime.deadline}
    for one in regime.deadline:
        if one.after != CONTRACT:
            period(one.after)
        period(one.cap)
        if one.start.startswith("sent:") and one.start.removeprefix("sent:") not in ids:
            raise ValueError(f"{regime.id}: {one.id} runs from {one.start}, and there is no such deadline")
    return regime

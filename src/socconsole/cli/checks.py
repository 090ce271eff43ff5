"""One line of ``doctor``: what was looked at, how it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from socconsole.cli.exits import Code


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """Works, with less than it could do."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """``what`` is printable: whoever makes a check cleans what is not ours."""

    level: Level
    area: str
    what: str
    remedy: str = ""
    code: Code = Code.DONE
    """What a script is told when this is not well."""


def ok(area: str, what: str) -> Check:
    return Check(Level.OK, area, what)


def warn(area: str, what: str, remedy: str = "") -> Check:
    return Check(Level.WARN, area, what, remedy)


def fail(area: str, what: str, remedy: str = "", code: Code = Code.NO) -> Check:
    return Check(Level.FAIL, area, what, remedy, code)

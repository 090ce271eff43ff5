"""Short words for times, ages and amounts: the same ones on every screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from socconsole.model.action import ActionRecord

_UNITS: Final = ((31_536_000, "y"), (86_400, "d"), (3_600, "h"), (60, "m"))
_DURATION_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def age(seconds: float | None) -> str:
    """``8s``, ``4m``, ``3h``, ``12d``; ``-`` when there is none."""
    if seconds is None:
        return "-"
    whole = max(0, int(seconds))
    for size, unit in _UNITS:
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def clock(at: datetime, *, local: bool = False) -> str:
    """A time of day: ``03:14:07Z``, or ``05:14:07+02`` in local time."""
    if not local:
        return f"{at.astimezone(UTC):%H:%M:%S}Z"
    there = at.astimezone()
    return f"{there:%H:%M:%S}{_offset(there)}"


def short_stamp(at: datetime, *, local: bool = False) -> str:
    """``11-23 03:14:07Z``: for lists, where the year is beside the point."""
    return stamp(at, local=local)[5:]


def stamp(at: datetime | None, *, local: bool = False) -> str:
    """A date and time: ``2026-11-23 03:14:07Z``; ``not said`` when there is none."""
    if at is None:
        return "not said"
    if not local:
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    there = at.astimezone()
    return f"{there:%Y-%m-%d %H:%M:%S}{_offset(there)}"


def plural(n: int, one: str, many: str = "") -> str:
    """``1 row``, ``2 rows``, ``1,204 rows``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def named(record: ActionRecord) -> str:
    """What was done: the action's name, or that it was the undo of which."""
    return record.named


def duration(text: str) -> timedelta:
    """``30m``, ``4h``, ``2d``, ``1w`` or a sum of them (``1d12h``). Raises ``ValueError`` with a sentence."""
    total, number = 0, ""
    for char in text.strip().lower().replace(" ", ""):
        if char.isascii() and char.isdigit() and len(number) < 6:
            number += char
        elif char in _DURATION_UNITS and number:
            total += int(number) * _DURATION_UNITS[char]
            number = ""
        else:
            total, number = 0, "?"
            break
    if number or total <= 0:
        raise ValueError("a duration is a number and m, h or d: 30m, 4h, 2d")
    return timedelta(seconds=total)


def _offset(at: datetime) -> str:
    offset = f"{at:%z}"
    return offset[:3] if offset.endswith("00") else offset

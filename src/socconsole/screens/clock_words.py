"""Clocks in words: how long is left, in figures and in words, never by colour alone; and times as they are typed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

from socconsole.model.clock import Clock, ClockState
from socconsole.screens import words
from socconsole.store.case_glance import Nearest, past, spent
from socconsole.widgets import glyphs

NEAR: Final = 0.75
"""The part of its time after which a clock is shown as near its end."""


def span(length: timedelta) -> str:
    """``9 d``, ``71 h``, ``42 m``: whole ones, rounded down, so that nobody is told more than is left."""
    minutes = max(0, int(length.total_seconds()) // 60)
    if minutes >= 96 * 60:
        return f"{minutes // (24 * 60)} d"
    return f"{minutes // 60} h" if minutes >= 3 * 60 else f"{minutes} m"


def left(clock: Clock, now: datetime) -> tuple[str, str]:
    """What is left of it, and its style: ``≈71 h``, ``▲ ask ≈5 h``, ``✗ OVERDUE 3 h``, ``● met``."""
    signs = glyphs.current()
    match clock.state:
        case ClockState.MET:
            return f"{signs.good} met", "good"
        case ClockState.MET_LATE:
            return f"{signs.warn} met late", "warn"
        case ClockState.NOT_OWED:
            return f"{signs.off} not owed", "quiet"
        case ClockState.NOT_APPLICABLE:
            return f"{signs.off} not for us", "quiet"
        case ClockState.WAITING:
            return f"{signs.off} waits", "quiet"
    asks = "ask " if clock.state is ClockState.ASK else ""
    about = signs.about if clock.about else ""
    if clock.due is None:
        return f"{signs.warn} {asks}no delay", "warn"
    if past(clock, now):
        return f"{signs.bad} {asks}OVERDUE {about}{span(now - clock.due)}", "bad"
    near = (spent(clock, now) or 0) >= NEAR
    sign = f"{signs.warn} " if near or asks else ""
    return f"{sign}{asks}{about}{span(clock.due - now)}", "warn" if sign else "text"


def headline(nearest: Nearest, now: datetime) -> tuple[str, str]:
    """The header's words, and their style: ``GDPR-33 ≈71 h``, with how many others are over."""
    text, style = left(nearest.clock, now)
    more = nearest.overdue - past(nearest.clock, now)
    said = f"{name(nearest.clock)} {text}{' (case closed)' if nearest.closed else ''}"
    if nearest.law is not None:
        said += f", {name(nearest.law)} {left(nearest.law, now)[0]}"
        more -= past(nearest.law, now)
    return (f"{said}, {more} OVERDUE", "bad") if more else (said, style)


def name(clock: Clock) -> str:
    """``GDPR-33``, of a clock of the team's own its deadline: ``update``."""
    return clock.deadline if clock.role == "team" else clock.regime.upper()


def moment(text: str, now: datetime) -> datetime:
    """A moment as somebody types it: nothing for now, ``35m`` ago, ``04:00`` (UTC, the last one), or RFC 3339 with its
    zone. Raises ``ValueError`` with a sentence."""
    typed = text.strip()
    if not typed or typed.lower() == "now":
        return now
    try:
        return now - words.duration(typed.lower().removesuffix("ago"))
    except ValueError:
        pass
    try:
        if len(typed.removesuffix("Z")) <= 5:
            at = datetime.combine(now.astimezone(UTC).date(), time.fromisoformat(typed.removesuffix("Z")), UTC)
            return at if at <= now else at - timedelta(days=1)
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise ValueError("a time is 35m (ago), 04:00 (UTC) or 2026-11-23T04:00Z; nothing for now") from None
    if at.tzinfo is None:
        raise ValueError("a date and time needs its zone: 2026-11-23T04:00Z")
    return at

"""Signing on and off in the console: ``:shift on [UNTIL]`` and ``:shift off``, on every screen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from socconsole.model.wire import Proven
from socconsole.screens import replies, words
from socconsole.screens.reader import ReadScreen
from socconsole.screens.replies import Said
from socconsole.store import db, handoffs, shifts
from socconsole.text import clean
from socconsole.widgets.asking import alone
from socconsole.widgets.detail import Body, Section

if TYPE_CHECKING:
    from socconsole.screens.base import ConsoleScreen
    from socconsole.screens.desk import Desk

USAGE: Final = ":shift on [UNTIL], :shift off; UNTIL is 06:00 (UTC), 8h or 2026-11-24T06:00:00Z"
_STATES: Final = {"READY": "good", "DENIED": "bad"}


async def shift(screen: ConsoleScreen, said: str) -> None:
    """Do what ``:shift`` was asked for; of nothing, say who is on."""
    if not said.strip():
        screen.say(*await _who(screen.desk))
        return
    line = await screen.ask(
        "shift", hint="on [UNTIL], or off", given=said, check=lambda line: _no_shift(line, screen.desk.now())
    )
    now = screen.desk.now()
    verb, _, rest = (line or "").strip().partition(" ")
    match verb.lower():
        case "on":
            _on(screen, until(rest, now), now)
        case "off":
            await _off(screen)


async def _who(desk: Desk) -> Said:
    on = await desk.read(handoffs.on_shift)
    named = ", ".join(f"{clean(one.who, 60)} since {desk.stamp(one.since)}" for one in on)
    return f"on: {named or 'nobody'}. {USAGE}", "" if on else "warning"


def _no_shift(line: str, now: datetime) -> str:
    """Why a line neither signs on nor off."""
    match [word.lower() for word in line.split()]:
        case [] | ["off"]:
            return ""
        case ["on", *rest]:
            try:
                until(" ".join(rest), now)
            except ValueError as why:
                return str(why)
            return ""
    return USAGE


def until(text: str, now: datetime) -> datetime | None:
    """When a shift ends, as somebody types it: nothing, ``06:00`` (UTC, the next one), ``8h``, or RFC 3339 with its
    zone. Raises ``ValueError`` with a sentence."""
    typed = text.strip()
    if not typed:
        return None
    try:
        return now + words.duration(typed)
    except ValueError:
        pass
    try:
        if len(typed.removesuffix("Z")) <= 5:
            at = datetime.combine(now.astimezone(UTC).date(), time.fromisoformat(typed.removesuffix("Z")), UTC)
            return at if at > now else at + timedelta(days=1)
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise ValueError("an end is 06:00 (UTC), 8h or 2026-11-24T06:00:00Z") from None
    if at.tzinfo is None:
        raise ValueError("an end with a date needs its zone: 2026-11-24T06:00:00Z")
    return at.astimezone(UTC)


# --- on -----------------------------------------------------------------------------------------------------------


def _on(screen: ConsoleScreen, end: datetime | None, now: datetime) -> None:
    screen.say("asking every account whether the responder role can be had …", seconds=0)
    screen.outlive(_sign_on(screen, now, end))


async def _sign_on(screen: ConsoleScreen, now: datetime, end: datetime | None) -> None:
    desk = screen.desk
    troubles = _troubles(desk)
    try:
        await asyncio.to_thread(shifts.may_begin, desk.folder, desk.analyst, now, end)
        sessions = await _sessions(desk)
        found = [(one["account"], one["state"]) for one in sessions]
        began = await asyncio.to_thread(shifts.sign_on, desk.folder, desk.analyst, now, end, found)
    except shifts.ShiftRefused as why:
        desk.app.say(str(why), "warning")
        return
    except troubles as why:
        desk.app.say(f"not recorded: {clean(str(why), 300)}", "error")
        return
    desk.app.poll()
    ready = sum(one["state"] == "READY" for one in sessions)
    accounts = words.plural(len(sessions), "account")
    said = f"you are on, ledger entry {began.seq:,}; responder READY in {ready} of {accounts}"
    if not began.projected:
        said += f"; {shifts.SHORTLY}"
    desk.app.say(said, "good" if ready == len(sessions) and began.projected else "warning")
    if screen.is_current and not screen.asking:  # who went on working is not thrown off his screen
        title: Body = [(clean(desk.analyst, 60), "strong"), (f" is on since {desk.stamp(now)}", "text")]
        desk.app.push_screen(ReadScreen(desk, title, _detail(desk, sessions, end, began.seq)))


async def _sessions(desk: Desk) -> list[dict[str, str]]:
    """Of each account whether its responder role can be had; UNKNOWN where nobody could be asked."""
    reply = await desk.prove_responder()
    if isinstance(reply, Proven):
        return list(reply.sessions)
    why = replies.failed(reply)[0]
    accounts = dict.fromkeys((*(one.account for one in desk.config.accounts), *desk.world.accounts))
    return [{"account": account, "state": "UNKNOWN", "detail": why} for account in accounts]


def _detail(desk: Desk, sessions: list[dict[str, str]], end: datetime | None, seq: int) -> list[Section]:
    lines: list[Body] = []
    for one in sessions:
        style = _STATES.get(one["state"], "warn")
        lines.append([(f"{one['account']}  ", "text"), (one["state"], style)])
        lines.append([(clean(one["detail"], 400), "quiet")])
    return [
        Section("until", [desk.stamp(end) if end is not None else "no end was said"]),
        Section("responder", lines or [[("this state folder reaches no AWS", "quiet")]]),
        Section("ledger", [f"entry {seq:,}"]),
        Section("next", ["6 Handoff says what is open; :shift off when the next one has taken over"]),
    ]


# --- off ----------------------------------------------------------------------------------------------------------


async def _off(screen: ConsoleScreen) -> None:
    desk = screen.desk
    loose = await desk.read(_loose, desk.analyst)
    if loose is None:
        screen.say("you are not signed on; :shift on [UNTIL]", "warning")
        return
    hint = f"{loose}; enter signs off, esc stays on"
    if loose and await screen.ask("sign off all the same?", hint=hint, check=alone) is None:
        screen.say("you are still on")
        return
    troubles = _troubles(desk)
    try:
        done = await asyncio.to_thread(shifts.sign_off, desk.folder, desk.analyst, desk.now())
    except shifts.ShiftRefused as why:
        screen.say(str(why), "warning")
        return
    except troubles as why:
        screen.say(f"not recorded: {clean(str(why), 300)}", "error")
        return
    desk.app.poll()
    screen.say(*_said(done))


def _loose(conn: db.Connection, who: str) -> str | None:
    mine = shifts.of(conn, who)
    return shifts.loose_end(shifts.given_in(conn, mine)) if mine is not None else None


def _said(done: shifts.SignedOff) -> Said:
    loose = shifts.loose_end(done.given)
    handed = loose or f"{done.given[0].id} was given and accepted"
    busy = "" if done.projected else f"; {shifts.SHORTLY}"
    return f"you are off, ledger entry {done.seq:,}; {handed}{busy}", "warning" if loose or busy else "good"


def _troubles(desk: Desk) -> tuple[type[Exception], ...]:
    """What may go wrong while something is put on record."""
    from socconsole.store.ledger import EntryRefused, LedgerError
    from socconsole.store.locks import LockHeld
    from socconsole.store.project import ProjectError

    return (EntryRefused, LedgerError, ProjectError, LockHeld, OSError, desk.conn.Error)

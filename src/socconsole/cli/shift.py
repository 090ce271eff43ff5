"""``shift``: who is on, since when, and how long they can act."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.times import instant
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.model.entry import Entry
    from socconsole.store.handoffs import Shift
    from socconsole.store.state import StateFolder


LONGEST: Final = timedelta(days=7)
"""No shift is longer: an end after that is a slip of the hand."""


def register(app: typer.Typer) -> None:
    room = typer.Typer(help="Signing on and off.", no_args_is_help=True)
    for verb in (on, off, show):
        room.command(verb.__name__)(verb)
    app.add_typer(room, name="shift")


def on(
    until: Annotated[str, typer.Option("--until", help="When the shift ends, RFC 3339 with its zone.")] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Sign on: put on record who is on, and find out whether the responder role can be had, and how long.

    Exit code 3 where that is UNKNOWN or denied; you are signed on all the same.
    """
    from socconsole.cli.shift_sessions import responder_sessions
    from socconsole.model.entry import Entry
    from socconsole.store.instants import micros
    from socconsole.store.project_handoffs import ON

    end = instant(until) if until else None
    now = datetime.now(UTC)
    if end is not None and not now < end <= now + LONGEST:
        stop(Code.BAD_INPUT, f"{until!a} is past, or more than {LONGEST.days} days away")
    folder, settings = open_configured(store, config)
    if mine := _mine(folder, settings.who):
        began = f"{mine.since:%Y-%m-%dT%H:%M:%SZ}"
        stop(Code.BAD_INPUT, f"{clean(settings.who, 60)} is on since {began}", "socconsole shift off")
    sessions = asyncio.run(responder_sessions(folder.world, settings))
    data = {
        "now": micros(now),
        "until": micros(end) if end else None,
        "sessions": [{"account": one.account, "state": one.state} for one in sessions],
    }
    seq = _append(folder, Entry(ON, settings.who, data=data))
    row: dict[str, Any] = {
        "who": settings.who,
        "since": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{end:%Y-%m-%dT%H:%M:%SZ}" if end else None,
        "responder": [{"account": one.account, "state": one.state, "detail": one.detail} for one in sessions],
        "ledger": seq,
    }
    if json:
        put(row)
    else:
        said = f" until {row['until']}" if end else ""
        print(f"{clean(settings.who, 60)} is on{said}, ledger entry {seq:,}")
        for one in sessions:
            print(f"  responder {one.account}  {one.state:<8} {clean(one.detail, 300)}")
        if not sessions:
            print("  responder: this state folder reaches no AWS")
    finish(Code.DONE if all(one.state == "READY" for one in sessions) else Code.NOT_FRESH)


def off(json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
    """Sign off. Says whether a handoff was given since you signed on, and whether it was accepted."""
    from socconsole.model.entry import Entry
    from socconsole.store import db, handoffs
    from socconsole.store.instants import micros
    from socconsole.store.project_handoffs import OFF

    folder, settings = open_configured(store, config)
    mine = _mine(folder, settings.who)
    if mine is None:
        stop(Code.BAD_INPUT, f"{clean(settings.who, 60)} is not signed on", "socconsole shift on")
    now = datetime.now(UTC)
    seq = _append(folder, Entry(OFF, settings.who, data={"now": micros(now), "of": mine.seq}))
    with db.reading(folder) as conn:
        given = [one for one in handoffs.latest(conn) if one.given and one.seq > mine.seq]
    accepted = any(one.accepted for one in given)
    if json:
        handed = [one.id for one in given]
        put({"who": settings.who, "ended": f"{now:%Y-%m-%dT%H:%M:%SZ}", "handoffs": handed, "accepted": accepted})
    else:
        print(f"{clean(settings.who, 60)} is off, ledger entry {seq:,}")
    if not given:
        say("no handoff was given in this shift: socconsole handoff -o NAME.handoff")
    elif not accepted:
        say(f"the handoff {given[0].id} is not accepted yet: nobody is known to have taken over")
    finish(Code.DONE)


def show(json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
    """Who is on, and the latest shifts. Exit code 1 when nobody is on."""
    from socconsole.store import db, handoffs
    from socconsole.store.reading import rfc3339

    folder, _ = open_configured(store, config)
    with db.reading(folder) as conn:
        shifts = handoffs.last_shifts(conn)
        anybody = bool(handoffs.on_shift(conn))
    for one in shifts:
        if json:
            put(
                {
                    "who": one.who,
                    "since": rfc3339(one.since),
                    "until": rfc3339(one.until),
                    "ended": rfc3339(one.ended),
                    "ledger": one.seq,
                }
            )
        else:
            print(_words(one))
    if not anybody:
        say("nobody is on")
    finish(Code.DONE if anybody else Code.NO)


def _words(one: Shift) -> str:
    until = f", until {one.until:%Y-%m-%dT%H:%M:%SZ}" if one.until else ""
    ended = f"off {one.ended:%Y-%m-%dT%H:%M:%SZ}" if one.ended else f"ON{until}"
    return f"{clean(one.who, 30):<16} since {one.since:%Y-%m-%dT%H:%M:%SZ}  {ended}"


def _mine(folder: StateFolder, who: str) -> Shift | None:
    from socconsole.store import db, handoffs

    with db.reading(folder) as conn:
        return next((one for one in handoffs.on_shift(conn) if one.who.raw() == who), None)


def _append(folder: StateFolder, entry: Entry) -> int:
    from socconsole.store import ledger, project

    try:
        (line,) = ledger.append(folder, [entry])
        project.project(folder)
    except ledger.EntryRefused as error:
        stop(Code.BAD_INPUT, clean(str(error)))
    except ledger.LedgerError as error:
        stop(Code.NO, f"not recorded: {clean(error.message)}", error.remedy)
    return line.seq

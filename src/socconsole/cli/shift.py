"""``shift``: who is on, since when, and how long they can act."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.pasting import pasted
from socconsole.cli.times import instant
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.handoffs import Shift


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
    from socconsole.response.responder_sessions import responder_sessions
    from socconsole.store import shifts

    end = instant(until) if until else None
    now = datetime.now(UTC)
    folder, settings = open_configured(store, config)
    with _recorded():
        shifts.may_begin(folder, settings.who, now, end)
        sessions = asyncio.run(responder_sessions(folder.world, settings))
        began = shifts.sign_on(folder, settings.who, now, end, [(one.account, one.state) for one in sessions])
    row: dict[str, Any] = {
        "who": settings.who,
        "since": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{end:%Y-%m-%dT%H:%M:%SZ}" if end else None,
        "responder": [{"account": one.account, "state": one.state, "detail": one.detail} for one in sessions],
        "ledger": began.seq,
    }
    if json:
        put(row)
    else:
        said = f" until {row['until']}" if end else ""
        print(f"{clean(settings.who, 60)} is on{said}, ledger entry {began.seq:,}")
        for one in sessions:
            print(f"  responder {one.account}  {one.state:<8} {clean(one.detail, 300)}")
        if not sessions:
            print("  responder: this state folder reaches no AWS")
    if not began.projected:
        say(shifts.SHORTLY)
    finish(Code.DONE if all(one.state == "READY" for one in sessions) else Code.NOT_FRESH)


def off(json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
    """Sign off. Says whether a handoff was given since you signed on, and whether it was accepted."""
    from socconsole.store import shifts

    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    with _recorded():
        done = shifts.sign_off(folder, settings.who, now)
    if json:
        handed = [one.id for one in done.given]
        put({"who": settings.who, "ended": f"{now:%Y-%m-%dT%H:%M:%SZ}", "handoffs": handed, "accepted": done.accepted})
    else:
        print(f"{clean(settings.who, 60)} is off, ledger entry {done.seq:,}")
    if not done.projected:
        say(shifts.SHORTLY)
    if loose := shifts.loose_end(done.given):
        say(loose + ("" if done.given else pasted(": socconsole handoff -o NAME.handoff")))
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


@contextmanager
def _recorded() -> Iterator[None]:
    """Ends the command with a sentence where nothing could be put on record."""
    from socconsole.store import ledger, shifts
    from socconsole.store.locks import LockHeld

    try:
        yield
    except shifts.ShiftRefused as refused:
        stop(Code.BAD_INPUT, clean(str(refused)), refused.remedy)
    except ledger.EntryRefused as error:
        stop(Code.BAD_INPUT, clean(str(error)))
    except LockHeld as held:
        stop(Code.NO, f"not recorded: process {held.pid} is signing on or off right now")
    except ledger.LedgerError as error:
        stop(Code.NO, f"not recorded: {clean(error.message)}", error.remedy)

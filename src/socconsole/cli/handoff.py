"""``handoff``: what the next shift has to know, as a report and as a signed file that another install accepts."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from socconsole.cli import writing
from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.pasting import pasted
from socconsole.cli.render import count
from socconsole.cli.times import instant
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.adopted_decisions import Said
    from socconsole.store.handoffs import HandedOff
    from socconsole.store.state import StateFolder

_FORMS = ("md", "html", "json", "signed")


def register(app: typer.Typer) -> None:
    room = typer.Typer(help="What the next shift has to know; accepting it.", invoke_without_command=True)
    room.callback()(handoff)
    room.command("accept")(accept)
    room.command("receipt")(receipt)
    room.command("show")(show)
    app.add_typer(room, name="handoff")


def handoff(
    context: typer.Context,
    form: Annotated[
        str,
        typer.Option("--format", help="md, html or json; signed: the file for another install (a name in .handoff)."),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file that is not there yet; standard output when absent.")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", help="Changes from then on, RFC 3339; since the last handoff when absent.")
    ] = "",
    to: Annotated[str, typer.Option("--to", help="Who takes over, as far as is known.")] = "",
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Say what the next shift has to know: what cannot be seen, failed or is overdue first.

    A preview changes nothing and is not on record; the signed file is.
    """
    if context.invoked_subcommand is not None:
        return
    from socconsole.reports.as_data import as_data
    from socconsole.reports.handoff import handoff as made
    from socconsole.reports.handoff_file import SUFFIX
    from socconsole.store import db, ledger

    form = form or ("signed" if output is not None and output.suffix == SUFFIX else "md")
    if form not in _FORMS:
        stop(Code.BAD_INPUT, f"a handoff is one of {', '.join(_FORMS)}, not {form!a}", "--format html")
    began = instant(since) if since else None
    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    try:
        if form == "signed":
            _give(folder, settings, output, now, began, to)
        with db.reading(folder) as conn:
            document = made(folder, conn, settings, now, since=began, to=to)
    except ledger.LedgerError as error:
        stop(Code.NO, f"no handoff: {clean(error.message)}", error.remedy)
    writing.report(document, lambda: as_data(document), form, output)
    finish(Code.DONE)


def _give(
    folder: StateFolder, settings: Config, output: Path | None, now: datetime, since: datetime | None, to: str
) -> NoReturn:
    from socconsole.reports import giving
    from socconsole.reports.files import NotWritten
    from socconsole.reports.handoff_file import SUFFIX, BadHandoff

    if output is None:
        stop(Code.BAD_INPUT, "a signed handoff is a file", f"-o tonight{SUFFIX}")
    try:
        gave = giving.give(folder, settings, output, settings.who, now, since=since, to=to)
    except BadHandoff as bad:
        stop(Code.NO, f"not handed over: {clean(str(bad), 600)}", bad.remedy)
    except NotWritten as trouble:
        stop(Code.BAD_INPUT, str(trouble), "-o another-name" if trouble.taken else "")
    given, parcel = gave.given, gave.given.parcel
    print(
        f"{parcel.id}: {count(len(parcel.cases), 'case')}, {count(len(parcel.actions), 'containment')}, "
        f"{count(len(parcel.decisions), 'set')} of decisions on findings, {len(given.data):,} bytes, "
        f"sha256 {given.digest}; ledger entry {gave.seq:,}"
    )
    for lacking in parcel.lacks:
        say(lacking)
    say(pasted("unaccepted until their receipt is here: socconsole handoff receipt LINE"))
    finish(Code.NOT_FRESH if parcel.lacks else Code.DONE)


def accept(
    file: Annotated[Path, typer.Argument(help="What `handoff -o NAME.handoff` wrote on the other install.")],
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Take over: cases and containments of another install, undo plans included. Prints the receipt for them."""
    from socconsole.reports import accepting
    from socconsole.reports.handoff_file import MOST, BadHandoff
    from socconsole.store import ledger
    from socconsole.store.locks import LockHeld

    folder, settings = open_configured(store, config)
    try:
        with open(file, "rb") as opened:
            data = opened.read(MOST + 1)
    except OSError as error:
        stop(Code.BAD_INPUT, f"{clean(str(file), 200)} cannot be read: {error.strerror}")
    try:
        taken = accepting.accept(folder, settings, data, settings.who, datetime.now(UTC))
    except BadHandoff as bad:
        stop(Code.REFUSED, clean(str(bad), 600), bad.remedy)
    except LockHeld as held:
        stop(Code.REFUSED, f"process {held.pid} is accepting a handoff right now, or settling one")
    except ledger.EntryRefused as error:
        stop(Code.NO, f"not accepted: {clean(str(error), 600)}")
    except ledger.LedgerError as error:
        stop(Code.NO, f"not accepted: {clean(error.message)}", error.remedy)
    except OSError as error:
        stop(Code.NO, f"not accepted: its evidence cannot be kept: {error.strerror}")
    parcel = taken.parcel
    if json:
        put(
            {
                "handoff": parcel.id,
                "from": parcel.who,
                "peer": taken.peer,
                "cases": list(parcel.cases),
                "actions": list(parcel.actions),
                "entries": taken.adopted,
                "decisions": taken.decisions,
                "awaited": sorted(taken.met.awaited),
                "conflicts": [
                    {
                        "finding": one.finding,
                        "kept": one.kept,
                        "here": _said(one.here),
                        "theirs": _said(one.theirs),
                    }
                    for one in taken.met.conflicts
                ],
                "left_out": list(parcel.left_out),
                "untold": list(parcel.untold),
                "ledger": taken.seq,
                "receipt": taken.receipt,
            }
        )
    else:
        say(f"{parcel.id} of {clean(parcel.who, 80)} ({clean(taken.peer, 80)}) is yours, ledger entry {taken.seq:,}")
        for case in parcel.cases:
            say(pasted(f"  socconsole case show {case}"))
        for action in parcel.actions:
            say(pasted(f"  socconsole undo {action}"))
        for said in (*parcel.lacks, *taken.decided):
            say(f"  {said}")
        say("send them this line; until it is there they count it as unaccepted:")
        print(taken.receipt)
    finish(Code.DONE)


def _said(one: Said) -> dict[str, object]:
    from socconsole.store.reading import rfc3339

    return {"verb": one.verb, "by": one.who, "at": rfc3339(one.at)}


def receipt(
    line: Annotated[str, typer.Argument(help="What `handoff accept` printed there; - reads it from stdin.")],
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Put their receipt on record: from then on the handoff counts as accepted, and its containments as theirs."""
    from socconsole.reports import accepting
    from socconsole.reports.receipts import BadReceipt
    from socconsole.store import ledger
    from socconsole.store.locks import LockHeld

    if line == "-":
        line = sys.stdin.read(10_000)
    folder, settings = open_configured(store, config)
    try:
        id_, by, peer, seq = accepting.receipt(folder, settings, line, settings.who, datetime.now(UTC))
    except BadReceipt as bad:
        stop(Code.REFUSED, clean(str(bad), 600))
    except LockHeld as held:
        stop(Code.REFUSED, f"not recorded: process {held.pid} is accepting a handoff right now, or settling one")
    except ledger.LedgerError as error:
        stop(Code.NO, f"not recorded: {clean(error.message)}", error.remedy)
    if json:
        put({"handoff": id_, "accepted_by": by, "peer": peer, "ledger": seq})
    else:
        print(f"{id_}: accepted by {clean(by, 80)} ({clean(peer, 80)}), ledger entry {seq:,}")
    finish(Code.DONE)


def show(
    id_: Annotated[str, typer.Argument(metavar="[HANDOFF]", help="One (h-…), with its receipt if it was taken.")] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Handoffs given and taken, newest first. Exit code 1 when one that was given is not accepted."""
    from socconsole.reports import accepting
    from socconsole.store import db, handoffs
    from socconsole.store.reading import rfc3339

    folder, _ = open_configured(store, config)
    with db.reading(folder) as conn:
        one = handoffs.get(conn, id_.strip().lower()) if id_ else None
        found = [one] if one else [] if id_ else handoffs.latest(conn)
        waiting = handoffs.unaccepted(conn)
        over = {each.id: later for each in found if (later := handoffs.superseded(conn, each.id)) is not None}
    if id_ and one is None:
        stop(Code.BAD_INPUT, f"there is no handoff {clean(id_, 40)}", "socconsole handoff show")
    for each in found:
        if json:
            put(
                {
                    "handoff": each.id,
                    "given": each.given,
                    "at": rfc3339(each.at),
                    "by": each.who,
                    "sha256": each.digest,
                    "cases": each.cases,
                    "actions": list(each.actions),
                    "accepted": rfc3339(each.accepted),
                    "accepted_by": each.accepted_by,
                    "peer": each.peer,
                    "superseded_by": over[each.id].id if each.id in over else None,
                    "ledger": each.seq,
                }
            )
        else:
            print(_words(each, over.get(each.id)))
    if not found:
        say("no handoff was given or taken yet")
    if one is not None and not json and (line := accepting.receipt_again(folder, one)):
        print(line)
    finish(Code.NO if any(each.id in {found.id for found in found} for each in waiting) else Code.DONE)


def _words(one: HandedOff, later: HandedOff | None) -> str:
    by = f"{clean(one.accepted_by, 60)} ({clean(one.peer, 60)})" if one.given else clean(one.accepted_by, 60)
    state = f"accepted {one.accepted:%Y-%m-%dT%H:%M:%SZ} by {by}" if one.accepted else "UNACCEPTED"
    if later is not None:
        state = f"never accepted; {later.id}, which holds what was still open, was"
    of = "given by" if one.given else f"taken from {clean(one.peer, 60)},"
    return (
        f"{one.id}  {one.at:%Y-%m-%dT%H:%M:%SZ}  {of} {clean(one.who, 60)}: {count(one.cases, 'case')}, "
        f"{count(len(one.actions), 'containment')}  {state}"
    )

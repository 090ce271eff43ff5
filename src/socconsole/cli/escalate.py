"""``escalate``: set a path going by hand, see what would go where, see what goes, answer it.

The command puts the wish on record; the watch sends. Exit code 3 says that it was recorded and that nobody sends it:
no watch is alive, or the path is not in force here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, ReasonOption, StoreOption
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.db import Connection
    from socconsole.store.escalation_plan import Proposal
    from socconsole.store.escalations import Going, Sent
    from socconsole.store.state import StateFolder


def register(app: typer.Typer) -> None:
    app.command()(escalate)


def escalate(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="[ID]", help="A finding, or a case (to --stop, an escalation too); none lists what is under way."
        ),
    ] = "",
    path: Annotated[
        str, typer.Option("--path", help="As [[escalation]] names it; the first that fits when absent.")
    ] = "",
    reason: ReasonOption = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go where and when; send nothing.")
    ] = False,
    stop_: Annotated[
        bool, typer.Option("--stop", help="Answer what is under way about it: nobody further is told.")
    ] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell the next in line about a finding or a case: the watch sends, and each send is on the ledger."""
    from socconsole.store import db, decisions, escalation_acts, escalation_plan

    folder, settings = open_configured(store, config)
    decisions.catch_up(folder)
    now = datetime.now(UTC)
    named = id_.strip().lower()
    if stop_ and named:
        _stop(folder, settings, named, reason, json)
        return
    with db.reading(folder) as conn:
        if not named:
            _list(conn, settings, json)
            return
        try:
            about = escalation_acts.about(conn, [named], now)
        except escalation_acts.EscalationRefused as refused:
            stop(Code.BAD_INPUT, str(refused), "socconsole findings --all")
        proposals = escalation_plan.propose(conn, settings, folder.world, about, settings.who, now)
    chosen = _chosen(proposals, path)
    if dry_run:
        _dry(chosen, json)
        return
    _begin(folder, settings, chosen, about[0].id, reason, json)


def _begin(folder: StateFolder, settings: Config, chosen: Proposal, about: str, reason: str, json: bool) -> None:
    from socconsole.store import escalation_acts

    try:
        begun = escalation_acts.begin(folder, chosen.path, [about], settings.who, reason, datetime.now(UTC))
    except escalation_acts.EscalationRefused as refused:
        stop(Code.BAD_INPUT, str(refused))
    if json:
        put({"escalation": begun.id, "path": begun.path, "about": about})
    else:
        print(f"{begun.id}  path {begun.path}  about {about}")
    if not begun.seq:
        say(f"{begun.id}: path {begun.path} is under way about {about}; nobody is told twice")
        return
    if chosen.nobody:
        say(f"on record, and not sent: {chosen.nobody}")
        finish(Code.NOT_FRESH)


def _stop(folder: StateFolder, settings: Config, named: str, reason: str, json: bool) -> None:
    from socconsole.store import escalation_acts

    try:
        found = escalation_acts.stop(folder, [named], settings.who, reason)
    except escalation_acts.EscalationRefused as refused:
        stop(Code.BAD_INPUT, str(refused), "--reason WHY")
    for one in found:
        if json:
            put({"escalation": one.id, "path": one.path, "stopped": True})
        else:
            print(f"{one.id}  path {one.path}  stopped")
    say(f"{len(found)} stopped")
    if not found:
        finish(Code.NO)


def _chosen(proposals: Sequence[Proposal], named: str) -> Proposal:
    """The path that is meant: as named, else the first that something of its severity sets going, else the only one."""
    if not proposals:
        stop(Code.BAD_INPUT, "the configuration has no [[escalation]]", "socconsole config init   (shows one)")
    found = [one for one in proposals if one.path == named] if named else [one for one in proposals if one.fits]
    if not found and not named and len(proposals) == 1:
        return proposals[0]
    if not found:
        known = ", ".join(one.path for one in proposals)
        why = f"no path is called {clean(named, 40)};" if named else "which path?"
        stop(Code.BAD_INPUT, f"{why} there are: {known}", "--path NAME")
    return found[0]


def _dry(chosen: Proposal, json: bool) -> None:
    """Who would be told when, if every channel works and nobody acknowledges; and what each would read."""
    for one in chosen.tells:
        at = one.at.isoformat(timespec="seconds").replace("+00:00", "Z")
        row: dict[str, Any] = {
            "at": at,
            "path": chosen.path,
            "channel": one.channel,
            "who": one.who or None,
            "where": one.where,
            "after_quiet_hours": one.quiet,
            "subject": one.message.subject,
            "body": one.message.body,
            "fault": one.fault or None,
        }
        if json:
            put(row)
            continue
        print(f"{at}  {one.channel}  {one.where}" + (f"  ({clean(one.who, 80)})" if one.who else ""))
        if one.quiet:
            print("    after its quiet hours; the next one is told in its place")
        if one.fault:
            print(f"    broken: {clean(one.fault, 200)}")
        for line in (one.message.subject, *one.message.body.splitlines()):
            print(f"    {line}")
    if chosen.going is not None:
        say(f"{chosen.going.id}: path {chosen.path} is under way about it; nobody is told twice")
    if chosen.nobody:
        say(f"now nobody would be told: {chosen.nobody}")
    say("nothing was sent")
    if chosen.fault:
        finish(Code.NOT_FRESH)


def _list(conn: Connection, settings: Config, json: bool) -> None:
    """What is under way, with each send and its result."""
    from socconsole.store import escalations

    going = escalations.going(conn)
    for one in going:
        told = escalations.sends(conn, one.id)
        if json:
            put(_row(one, told))
            continue
        print(f"{one.id}  path {one.path}  since {one.fired:%Y-%m-%dT%H:%M:%SZ}  about {', '.join(one.abouts[:3])}")
        for send in told:
            result = "in doubt" if send.ended is None else "sent" if send.reached else "failed"
            result += f": {clean(send.why, 120)}" if send.why else ""
            print(f"    {send.began:%H:%M:%SZ}  step {send.step + 1}  {send.channel}  attempt {send.attempt}  {result}")
        if one.path not in {path.name for path in settings.escalation}:
            print("    its path is not in the configuration: nobody further is told (--stop answers it)")
    say(f"{len(going)} under way, nobody acknowledged them yet" if going else "nothing is under way")


def _row(one: Going, told: list[Sent]) -> dict[str, Any]:
    return {
        "escalation": one.id,
        "path": one.path,
        "who": one.who,
        "since": one.fired.isoformat().replace("+00:00", "Z"),
        "about": list(one.abouts),
        "sends": [
            {
                "step": send.step + 1,
                "channel": send.channel,
                "attempt": send.attempt,
                "at": send.began.isoformat().replace("+00:00", "Z"),
                "result": "in_doubt" if send.ended is None else "sent" if send.reached else "failed",
                "why": send.why or None,
            }
            for send in told
        ],
    }

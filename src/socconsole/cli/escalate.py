"""``escalate``: set a path going by hand, see what would go where, see what goes, answer it.

The command puts the wish on record; the watch sends. Exit code 3 says that it was recorded and that nobody sends it:
no watch is alive, or the path is not in force here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, ReasonOption, StoreOption
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import ChannelConfig, Config, EscalationConfig
    from socconsole.model.entry import Entry
    from socconsole.store.db import Connection
    from socconsole.store.escalations import Going, Sent, Told
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
    from socconsole.store import db, escalations, project

    folder, settings = open_configured(store, config)
    project.project(folder)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        if not id_:
            _list(conn, settings, json)
            return
        named = id_.strip().lower()
        if stop_:
            _stop(conn, folder, settings, named, reason, json)
            return
        about = escalations.told(conn, named, now)
        if about is None:
            stop(Code.BAD_INPUT, f"there is no finding or case {clean(id_, 40)}", "socconsole findings --all")
        chosen = _path(settings, path, about)
        if dry_run:
            _dry(settings, chosen, about, json, now)
            return
        going = [one for one in escalations.going(conn) if one.path == chosen.name and about.id in one.abouts]
    if going:
        say(f"{going[0].id}: path {chosen.name} is under way about {about.id}; nobody is told twice")
        _put(going[0].id, chosen, about, json)
        return
    _begin(folder, settings, chosen, about, reason, json)


def _begin(folder: StateFolder, settings: Config, path: EscalationConfig, about: Told, reason: str, json: bool) -> None:
    from socconsole.model.world import WorldKind
    from socconsole.store import db, sources
    from socconsole.watch.escalation import opening

    entry = opening(path.name, [about.id], settings.who, reason.strip())
    _append(folder, entry)
    _put(str(entry.data["id"]), path, about, json)
    with db.reading(folder) as conn:
        alive = sources.watch_alive(conn)
    if folder.world.kind is WorldKind.IMPORT or (folder.world.kind is WorldKind.DRILL and not path.drill):
        say(f"on record, and not sent: path {path.name} tells nobody in a {folder.world.kind.value} world")
        finish(Code.NOT_FRESH)
    if not alive:
        say("on record, and not sent: no watch is alive to send it")
        say("  mend it with: socconsole watch")
        finish(Code.NOT_FRESH)


def _stop(conn: Connection, folder: StateFolder, settings: Config, named: str, reason: str, json: bool) -> None:
    from socconsole.model.entry import Entry
    from socconsole.store import escalations

    if not reason.strip():
        stop(Code.BAD_INPUT, "an answer needs its reason", "--reason WHY")
    found = escalations.told(conn, named, datetime.now(UTC))
    ids = {named, found.id if found else named}
    going = [one for one in escalations.going(conn) if one.id == named or ids.intersection(one.abouts)]
    for one in going:
        private = {"reason": reason.strip()}
        _append(
            folder, Entry("escalation_stopped", settings.who, one.abouts, {"id": one.id, "how": "stopped"}, private)
        )
        if json:
            put({"escalation": one.id, "path": one.path, "stopped": True})
        else:
            print(f"{one.id}  path {one.path}  stopped")
    say(f"{len(going)} stopped")
    if not going:
        finish(Code.NO)


def _append(folder: StateFolder, entry: Entry) -> None:
    from socconsole.store import ledger, project

    ledger.append(folder, [entry])
    project.project(folder)


def _put(id_: str, path: EscalationConfig, about: Told, json: bool) -> None:
    if json:
        put({"escalation": id_, "path": path.name, "about": about.id})
    else:
        print(f"{id_}  path {path.name}  about {about.id}")


def _path(settings: Config, named: str, about: Told) -> EscalationConfig:
    """The path that is meant: as named, else the first that something of its severity sets going, else the only one."""
    from socconsole.model.finding import Severity

    if not settings.escalation:
        stop(Code.BAD_INPUT, "the configuration has no [[escalation]]", "socconsole config init   (shows one)")
    if named:
        fits = [one for one in settings.escalation if one.name == named]
    else:
        least = [(one, one.case_severity if about.id.startswith("c-") else one.severity) for one in settings.escalation]
        fits = [one for one, severity in least if severity and about.severity >= Severity[severity]]
        if not fits and len(least) == 1:
            fits = [least[0][0]]
    if not fits:
        _which(settings, f"no path is called {clean(named, 40)};" if named else "which path?")
    return fits[0]


def _which(settings: Config, why: str) -> NoReturn:
    known = ", ".join(one.name for one in settings.escalation)
    stop(Code.BAD_INPUT, f"{why} there are: {known}", "--path NAME")


def _dry(settings: Config, path: EscalationConfig, about: Told, json: bool, now: datetime) -> None:
    """Who would be told when, if every channel works and nobody acknowledges; and what each would read."""
    from socconsole.escalate import plan
    from socconsole.watch.escalation import compose, steps_of

    channels = {one.id: one for one in settings.channel}
    broken = False
    for planned in plan(steps_of(path), now):
        channel = channels[path.steps[planned.step].channel]
        text = compose(settings, path.name, channel, [about], again=False, by=settings.who)
        where, fault = _where(channel)
        broken = broken or bool(fault or text.fault)
        at = planned.at.isoformat(timespec="seconds").replace("+00:00", "Z")
        row: dict[str, Any] = {
            "at": at,
            "path": path.name,
            "channel": channel.id,
            "who": channel.who or None,
            "where": where,
            "after_quiet_hours": planned.quiet,
            "subject": text.subject,
            "body": text.body,
            "fault": fault or text.fault or None,
        }
        if json:
            put(row)
            continue
        print(f"{at}  {channel.id}  {where}" + (f"  ({clean(channel.who, 80)})" if channel.who else ""))
        if planned.quiet:
            print("    after its quiet hours; the next one is told in its place")
        if row["fault"]:
            print(f"    broken: {clean(str(row['fault']), 200)}")
        for line in (text.subject, *text.body.splitlines()):
            print(f"    {line}")
    say("nothing was sent")
    if broken:
        finish(Code.NOT_FRESH)


def _where(channel: ChannelConfig) -> tuple[str, str]:
    """Where a channel goes, without its secret, and what is wrong with it as far as this process can see."""
    from socconsole.watch.telling import Unreachable, secret

    if channel.sns:
        return channel.sns, ""
    named = f"variable {channel.apprise_env}" if channel.apprise_env else f"file {clean(channel.apprise_file, 120)}"
    try:
        scheme = secret(channel).partition(":")[0]
    except Unreachable as trouble:
        # The watch may have another environment than this shell.
        return f"apprise, {named}", "" if channel.apprise_env else str(trouble)
    return f"apprise {clean(scheme, 20)}, {named}", ""


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
            result = "in doubt" if send.ended is None else "sent" if send.reached else f"failed: {clean(send.why, 120)}"
            print(f"    {send.began:%H:%M:%SZ}  step {send.step + 1}  {send.channel}  attempt {send.attempt}  {result}")
        if one.path not in {path.name for path in settings.escalation}:
            print("    its path is not in the configuration: nobody further is told")
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

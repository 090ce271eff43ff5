"""contain, undo, action, send: what reaches AWS to change something, each through the actor's own code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.common import (
    AccountOption,
    Code,
    ConfigOption,
    JsonOption,
    RegionOption,
    Stop,
    StoreOption,
    finish,
    open_folder,
    put,
    say,
    stop,
)
from socconsole.cli.world import open_world
from socconsole.commands import Contain, PlanContain, PlanUndo, Send, Undo
from socconsole.model.action import ActionRecord, ActionState, Mode
from socconsole.model.wire import AnyReply, Done, Failed, Planned, Sent
from socconsole.text import ascii_json, clean

if TYPE_CHECKING:
    from socconsole.commands import ActorRequest
    from socconsole.response.session import Session

_ENDING: Final = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_FAILED: Final = {"refused": Code.REFUSED, "aws": Code.NOT_FRESH, "input": Code.BAD_INPUT, "fault": Code.FAULT}
_STATES: Final = {ActionState.APPLIED.value: Code.DONE, ActionState.NOT_APPLIED.value: Code.NO}

RespondOption = Annotated[bool, typer.Option("--respond", help="Arm this one command: it may change AWS.")]
ConfirmOption = Annotated[
    str, typer.Option("--confirm", metavar="ID", help="The whole target id; required off a terminal.")
]
PlanOption = Annotated[bool, typer.Option("--plan", help="Only say what would be done; nothing is changed.")]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Return after the first read-back; the watch makes the later ones.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the record.")]
ModeOption = Annotated[str, typer.Option("--mode", help="READ or TRIAGE; the strictest said anywhere wins.")]

action_app = typer.Typer(help="Containments on record.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command()(contain)
    app.command()(undo)
    app.command()(send)
    app.add_typer(action_app, name="action")


def contain(
    action: Annotated[str | None, typer.Argument(help="Which action; see --list.")] = None,
    target: Annotated[str | None, typer.Argument(help="Its target: a name, an id or an ARN.")] = None,
    account: AccountOption = None,
    region: RegionOption = None,
    finding: Annotated[str, typer.Option(help="The finding it answers.")] = "",
    reason: ReasonOption = "",
    plan: PlanOption = False,
    respond: RespondOption = False,
    confirm: ConfirmOption = "",
    no_wait: NoWaitOption = False,
    list_: Annotated[bool, typer.Option("--list", help="List the actions there are.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Stop a leak: plan, confirm, apply, read back. Without --respond it only says what it would do."""
    if list_:
        return _list(json)
    if not action or not target:
        stop(Code.BAD_INPUT, "contain needs ACTION and TARGET", "socconsole contain --list")
    where = {"account": account or "", "region": region or "", "finding": finding}
    asked = PlanContain(action=action, target=target, **where)

    def order(typed: str) -> Contain:
        return Contain(action=action, target=target, confirm=typed, reason=reason, wait=not no_wait, **where)

    return _act(_Verb(store, config, mode, respond, confirm, json), asked, order, plan)


def undo(
    action_id: Annotated[str, typer.Argument(help="The action's id (a-…); see `action show`.")],
    reason: ReasonOption = "",
    plan: PlanOption = False,
    respond: RespondOption = False,
    confirm: ConfirmOption = "",
    accept_exposure: Annotated[
        bool, typer.Option("--accept-exposure", help="Restore it although that is public; needs --reason.")
    ] = False,
    no_wait: NoWaitOption = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Restore what an action changed, after a look at who changed it since."""

    def order(typed: str) -> Undo:
        return Undo(
            action_id=action_id,
            confirm=typed,
            reason=reason,
            accept_exposure=accept_exposure,
            wait=not no_wait,
        )

    return _act(_Verb(store, config, mode, respond, confirm, json), PlanUndo(action_id=action_id), order, plan)


def send(
    include_read: Annotated[
        bool, typer.Option("--include-read/--without-read", help="Also what was decided in READ mode.")
    ] = True,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Send workflow writes that AWS has not been told yet."""
    verb = _Verb(store, config, mode, False, "", json)
    reply = asyncio.run(verb.ask(Send(include_read=include_read)))
    if isinstance(reply, Failed):
        _refused(reply, json)
    if not isinstance(reply, Sent):
        raise TypeError(type(reply).__name__)
    told = {
        "sent": reply.sent,
        "failed": reply.failed,
        "overtaken": reply.overtaken,
        "waiting": reply.waiting,
        "why": reply.why,
    }
    if json:
        put(told)
    else:
        print(", ".join(f"{count} {what}" for what, count in told.items() if what != "why"))
    if reply.why:
        say(f"socconsole: {clean(reply.why)}")
    finish(Code.NOT_FRESH if reply.failed or reply.why else Code.DONE)


# --- carrying out -----------------------------------------------------------------------------------------


class _Verb:
    """One command's session: in-process, the same code as the console's actor."""

    def __init__(
        self, store: Path | None, config: Path | None, mode: str, respond: bool, confirm: str, json: bool
    ) -> None:
        from socconsole.actor.identity import base_mode, name_of
        from socconsole.aws.modes import ModeError
        from socconsole.response.session import LATER, Session

        self.folder, self.config = open_world(store, config)
        self.confirm = confirm
        self.json = json
        self.respond = respond
        try:
            base = base_mode(self.config, mode)
        except ModeError as error:
            stop(Code.BAD_INPUT, str(error))
        self.mode = Mode.RESPOND if respond and base is not Mode.READ else base
        # A person at a terminal is shown the plan and types; everything else gives the whole id at once.
        self.at_keyboard = not confirm and sys.stdin.isatty() and sys.stderr.isatty()
        self.session: Session = Session(
            self.folder,
            self.config,
            name_of(self.config),
            self.mode,
            by_script=not self.at_keyboard,
            tell=_tell,
            later=LATER,
            shown={} if self.at_keyboard else None,
        )

    async def ask(self, request: ActorRequest) -> AnyReply:
        """The reply. A signal to end gives up what is not begun and lets finish what is (see ``uninterrupted``)."""
        from socconsole.actor import run_in

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("asked outside a task")
        # SIGINT too: asyncio's own handling would break off an action at the second Ctrl-C.
        for number in _ENDING:
            loop.add_signal_handler(number, task.cancel)
        try:
            return await run_in(self.session, request)
        except asyncio.CancelledError as end:
            with contextlib.suppress(OSError):  # the terminal may be what ended
                say("socconsole: interrupted; what was begun is on the ledger: socconsole action show")
            raise KeyboardInterrupt from end
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)


async def _tell(done: int, total: int, text: str) -> None:
    say(f"[{done}/{total}] {clean(text)}")


def _act(verb: _Verb, asked: PlanContain | PlanUndo, order: Callable[[str], Contain | Undo], plan_only: bool) -> None:
    reply = _plan_or_act(verb, asked, order, plan_only)
    if isinstance(reply, Failed):
        _refused(reply, verb.json)
    if isinstance(reply, Planned):
        put(reply.plan) if verb.json else _print_plan(reply)
        finish(Code.DONE)
    if not isinstance(reply, Done):
        raise TypeError(type(reply).__name__)
    if verb.json:
        put(reply.outcome)
    else:
        _print_outcome(reply.outcome)
    finish(_code(reply.outcome, waited=order("").wait))


def _plan_or_act(
    verb: _Verb, asked: PlanContain | PlanUndo, order: Callable[[str], Contain | Undo], plan_only: bool
) -> AnyReply:
    if plan_only:
        return asyncio.run(verb.ask(asked))
    typed = verb.confirm
    if verb.at_keyboard and verb.respond:
        planned = asyncio.run(verb.ask(asked))
        if not isinstance(planned, Planned):
            return planned
        _print_plan(planned, to_person=True)
        # Not input(): that would put the question among the data on stdout.
        sys.stderr.write(f"type {clean(planned.confirm)} to go ahead: ")
        sys.stderr.flush()
        typed = sys.stdin.readline().rstrip("\n")
    return asyncio.run(verb.ask(order(typed)))


def _code(outcome: Mapping[str, Any], *, waited: bool) -> Code:
    """0 applied and seen to hold, 1 not applied, 3 anything that is not known for certain."""
    code = _STATES.get(outcome["state"], Code.NOT_FRESH)
    if code is Code.DONE and waited:
        from socconsole.response.session import LATER

        made = {when for when, _ in outcome["verified"]}
        if not made.issuperset(when for when, _ in LATER):
            say(f"socconsole: applied, but not read back as often as it should: {clean(outcome['detail'])}")
            return Code.NOT_FRESH
    return code


def _refused(reply: Failed, json: bool) -> None:
    """Say why not, and, for hands that may, what would have been done; then end."""
    if json:
        put(
            {
                "refused": reply.why,
                "kind": reply.kind,
                "remedy": reply.remedy,
                "aws_lines": list(reply.aws_lines),
            }
        )
    elif reply.aws_lines:
        say("nothing was done; with the rights to it, by hand:")
        for line in reply.aws_lines:
            print(clean(line, 30_000))
    raise Stop(_FAILED.get(reply.kind, Code.FAULT), clean(reply.why, 2_000), clean(reply.remedy))


# --- in words -----------------------------------------------------------------------------------------------


def _print_plan(reply: Planned, *, to_person: bool = False) -> None:
    """A plan for reading: on stdout as data, on stderr when a person is about to be asked."""
    out = say if to_person else print
    plan = reply.plan
    out(f"{plan['action']} on {plan['target']} in account {plan['account']}, {plan['region']}")
    rows = [
        ("helps" if plan["helps"] else "no help", plan["why"]),
        ("instead", plan["instead"]),
        ("stops", plan["stops"]),
        ("but not", plan["does_not_stop"]),
        ("radius", plan["blast_radius"]),
        ("undo", plan["reversible"]),
        ("permitted", plan["permitted"]),
        ("before", ascii_json(plan["before"])),
        ("after", ascii_json(plan["after"])),
        *(("warning", warning) for warning in plan["warnings"]),
        *(("REFUSED", refusal) for refusal in plan["refusals"]),
    ]
    for name, text in rows:
        if text:
            out(f"  {name:<10}{clean(text, 2_000)}")
    for line in reply.aws_lines:
        out(f"  {clean(line, 30_000)}")


def _print_outcome(outcome: Mapping[str, Any]) -> None:
    print(f"{outcome['action_id']}: {outcome['state'].replace('_', ' ')}: {clean(outcome['target'])}")
    for when, held in outcome["verified"]:
        print(f"  read back {when}: {'holds' if held else 'does NOT hold'}")
    if outcome["detail"]:
        print(f"  {clean(outcome['detail'])}")
    if outcome["undo"]:
        print(f"  undo: {outcome['undo']['command']}")
    print(f"  ledger: entry {outcome['ledger']}")


def _list(json: bool) -> None:
    from socconsole.response.present import info_json
    from socconsole.response.registry import ACTIONS

    for action in ACTIONS.values():
        info = action.info
        if json:
            put(info_json(info))
            continue
        print(f"{info.id}: {info.title} ({info.target_type})")
        print(f"  stops   {info.stops}")
        print(f"  but not {info.does_not_stop}")
        print(f"  undo    {info.reversible.value}")


# --- action -------------------------------------------------------------------------------------------------


@action_app.callback()
def action() -> None:
    """Containments on record."""


@action_app.command("show")
def show(
    action_id: Annotated[str | None, typer.Argument(help="One action's id; the latest hundred without.")] = None,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """What was done, whether it holds, and what undoes it."""
    from contextlib import closing

    from socconsole.response.book import catch_up
    from socconsole.response.session import Refusal
    from socconsole.store import actions, db

    folder = open_folder(store)
    try:
        catch_up(folder)
    except Refusal as refusal:
        stop(Code.REFUSED, refusal.why, refusal.remedy)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        one = actions.get(conn, action_id) if action_id else None
        records = [one] if one else [] if action_id else actions.latest(conn)
    if action_id and one is None:
        stop(Code.BAD_INPUT, f"no action has the id {clean(action_id, 40)}", "socconsole action show")
    unsure = [r for r in records if r.state not in (ActionState.APPLIED, ActionState.NOT_APPLIED)]
    for record in records:
        put(_record_json(record)) if json else _print_record(record)
    for record in unsure:
        say(f"socconsole: {record.id} is {record.state.value.replace('_', ' ')}")
    finish(Code.NOT_FRESH if unsure else Code.DONE)


def _record_json(record: ActionRecord) -> dict[str, Any]:
    return {
        "action_id": record.id,
        "action": record.action,
        "target": record.target,
        "account": record.place.account,
        "region": record.place.region,
        "finding": record.finding,
        "state": record.state.value,
        "who": record.who,
        "intended": _stamp(record.intended),
        "settled": _stamp(record.settled),
        "verified": [list(check) for check in record.verified],
        "undoes": record.undoes,
        "undone_by": record.undone_by,
        "undo": f"socconsole undo {record.id}" if _can_undo(record) else None,
        "ledger": record.intent_seq,
        "detail": record.detail,
    }


def _print_record(record: ActionRecord) -> None:
    place = f"{record.place.account} {record.place.region}"
    print(f"{record.id}  {record.state.value.replace('_', ' ')}  {record.action} {clean(record.target)}  {place}")
    print(f"  by {clean(record.who)} at {_stamp(record.intended)}, ledger entry {record.intent_seq}")
    for when, held in record.verified:
        print(f"  read back {when}: {'holds' if held else 'does NOT hold'}")
    if record.detail:
        print(f"  {clean(record.detail)}")
    if record.undoes:
        print(f"  undoes {record.undoes}")
    if record.undone_by:
        print(f"  undone by {record.undone_by}")
    elif _can_undo(record):
        print(f"  undo: socconsole undo {record.id}")


def _can_undo(record: ActionRecord) -> bool:
    return record.state is not ActionState.NOT_APPLIED and record.undone_by is None


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

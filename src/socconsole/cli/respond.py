"""contain, undo, action, send: what reaches AWS to change something, each through the actor's own code."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import load_config, open_folder
from socconsole.cli.options import (
    AccountOption,
    ApprovalOption,
    ConfigOption,
    ConfirmOption,
    JsonOption,
    ReasonOption,
    RegionOption,
    StoreOption,
)
from socconsole.cli.respond_run import Verb, act, refused
from socconsole.cli.respond_words import print_actions, print_record, print_recorded, record_json
from socconsole.cli.times import after
from socconsole.commands import Contain, PlanContain, PlanUndo, RecordByHand, Send, Undo
from socconsole.model.action import ActionState
from socconsole.model.wire import Done, Failed, Sent
from socconsole.text import clean

RespondOption = Annotated[bool, typer.Option("--respond", help="Arm this one command: it may change AWS.")]
PlanOption = Annotated[bool, typer.Option("--plan", help="Only say what would be done; nothing is changed.")]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Return after the first read-back; the watch makes the later ones.")
]
GlassOption = Annotated[
    bool,
    typer.Option(
        "--break-glass",
        help="Without a second person, for an open CRITICAL finding; needs --reason; the approval is owed.",
    ),
]
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
    check: Annotated[
        str, typer.Option("--check", metavar="ID", help="The posture check it mends: it may harden what does not leak.")
    ] = "",
    reason: ReasonOption = "",
    approval: ApprovalOption = "",
    break_glass: GlassOption = False,
    expires: Annotated[
        str, typer.Option("--expires", metavar="SPAN", help="When to look at it again: 30m, 4h, 2d. Never by itself.")
    ] = "",
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
        return print_actions(json, load_config(config))
    if not action or not target:
        stop(Code.BAD_INPUT, "contain needs ACTION and TARGET", "socconsole contain --list")
    asked = PlanContain(
        action=action, target=target, account=account or "", region=region or "", finding=finding, check=check
    )
    until = after(expires, datetime.now(UTC)) if expires else None

    def order(typed: str) -> Contain:
        return Contain(
            action=action,
            target=target,
            confirm=typed,
            account=asked.account,
            region=asked.region,
            finding=finding,
            check=check,
            reason=reason,
            approval=approval,
            break_glass=break_glass,
            expires=until,
            wait=not no_wait,
        )

    return act(Verb(store, config, mode, respond, confirm, json), asked, order, plan)


def undo(
    action_id: Annotated[str, typer.Argument(help="The action's id (a-…); see `action show`.")],
    reason: ReasonOption = "",
    plan: PlanOption = False,
    respond: RespondOption = False,
    confirm: ConfirmOption = "",
    approval: ApprovalOption = "",
    break_glass: GlassOption = False,
    accept_exposure: Annotated[
        bool, typer.Option("--accept-exposure", help="Restore it although that is public; needs --reason.")
    ] = False,
    although_handed_over: Annotated[
        bool,
        typer.Option("--although-handed-over", help="Another shift accepted it; undone here too; needs --reason."),
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
            although_handed_over=although_handed_over,
            approval=approval,
            break_glass=break_glass,
            wait=not no_wait,
        )

    return act(Verb(store, config, mode, respond, confirm, json), PlanUndo(action_id=action_id), order, plan)


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
    verb = Verb(store, config, mode, False, "", json)
    reply = asyncio.run(verb.ask(Send(include_read=include_read)))
    if isinstance(reply, Failed):
        refused(reply, json)
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
    if not records:
        say("no containment is on record")
    unsure = [r for r in records if r.state not in (ActionState.APPLIED, ActionState.NOT_APPLIED)]
    for record in records:
        put(record_json(record, store)) if json else print_record(record, store)
    for record in unsure:
        say(f"socconsole: {record.id} is {record.state.value.replace('_', ' ')}")
    finish(Code.NOT_FRESH if unsure else Code.DONE)


@action_app.command("record")
def record(
    action: Annotated[str, typer.Argument(help="Which action it was; see `contain --list`.")],
    target: Annotated[str, typer.Argument(help="Its target.")],
    event: Annotated[list[str], typer.Option("--event", metavar="ID", help="CloudTrail event id; may be repeated.")],
    account: AccountOption = None,
    region: RegionOption = None,
    finding: Annotated[str, typer.Option(help="The finding it answers.")] = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Put on record what was done by hand, bound to the CloudTrail events that prove it."""
    verb = Verb(store, config, mode, False, "", json)
    asked = RecordByHand(
        action=action,
        target=target,
        events=tuple(event),
        account=account or "",
        region=region or "",
        finding=finding,
        reason=reason,
    )
    reply = asyncio.run(verb.ask(asked))
    if isinstance(reply, Failed):
        refused(reply, json)
    if not isinstance(reply, Done):
        raise TypeError(type(reply).__name__)
    if json:
        put(reply.outcome)
    else:
        print_recorded(reply.outcome)
    finish(Code.NO if reply.outcome["still_needed"] else Code.DONE)

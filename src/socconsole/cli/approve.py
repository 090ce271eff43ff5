"""``approve``: the second person's yes, on an install of their own; ``action approve``: one that is owed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ApprovalOption, ConfigOption, ConfirmOption, JsonOption, ReasonOption, StoreOption
from socconsole.cli.respond import action_app
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.model.action import Call
    from socconsole.response.approvals import Proposal


def register(app: typer.Typer) -> None:
    app.command()(approve)
    action_app.command("approve")(afterwards)


def approve(
    line: Annotated[str, typer.Argument(help="The line that begins with socconsole-proposal; - reads it from stdin.")],
    confirm: ConfirmOption = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Approve what somebody on another install may not do alone; prints one line for them. Calls no AWS."""
    from socconsole.response import approvals, awscli, book
    from socconsole.store import keys

    if line == "-":
        line = sys.stdin.read(300_000)
    try:
        proposal = approvals.read_proposal(line)
    except approvals.BadLine as bad:
        stop(Code.BAD_INPUT, str(bad))
    # Never by open_world: that may ask AWS who it is, and the second person may have no credentials at all.
    folder, settings = open_configured(store, config)
    calls = _calls(proposal)
    what = f"{'undo' if proposal.undoes else 'do'} {clean(proposal.action, 80)}"
    if proposal.done:
        say(
            f"{clean(proposal.who, 80)} asks for the approval owed: {clean(proposal.done, 20)} was carried out already,"
        )
        say(f"under break-glass, to {what}")
    else:
        say(f"{clean(proposal.who, 80)} asks to {what}")
    say(f"  target    {clean(proposal.target, 300)}")
    say(f"  where     account {clean(proposal.account, 20)}, {clean(proposal.region, 30)}")
    if proposal.re_exposes:
        say("  RE-EXPOSES: what it restores is open to others")
    say(f"  why       {clean(proposal.why, 500) or 'no reason was given'}")
    until = f"{proposal.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    say(f"  until     {until}")
    for call in calls:
        say(f"  {clean(awscli.line(call, proposal.region), 30_000)}")
    typed = confirm
    if not typed and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(f"type {clean(proposal.target, 300)} to approve: ")
        sys.stderr.flush()
        typed = sys.stdin.readline().rstrip("\n")
    if typed != proposal.target:
        stop(Code.REFUSED, "not approved: what was typed is not the target's whole id" if typed else "unconfirmed")
    signer = keys.load(folder.keys)
    if signer is None:
        stop(Code.BAD_INPUT, "this install has no signing key yet", "socconsole ledger key")
    try:
        approval = approvals.approve(proposal, settings.who, folder.install, signer, datetime.now(UTC))
        entry = book.append(folder, approvals.entry(approval, proposal, reason))[0]
    except approvals.BadLine as bad:
        stop(Code.REFUSED, str(bad))
    told = approvals.approval_line(approval)
    if json:
        put({"approval": told, "digest": approval.digest, "ledger": entry.seq, "until": until})
    else:
        say(f"approved, entry {entry.seq}; send them this line:")
        print(told)
    finish(Code.DONE)


def afterwards(
    action_id: Annotated[str, typer.Argument(help="What was done under break-glass (a-…); see `action show`.")],
    approval: ApprovalOption = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Settle the approval that break-glass owes: prints the line for the second person, and takes theirs."""
    from socconsole.model.action import Mode
    from socconsole.response import afterthought
    from socconsole.response.session import Refusal, Session

    folder, settings = open_configured(store, config)
    session = Session(folder, settings, settings.who, Mode.READ, by_script=True)
    try:
        if not approval:
            line, due = afterthought.ask(session, action_id)
            until = f"{due:%Y-%m-%dT%H:%M:%SZ}"
            if json:
                put({"proposal": line, "due": until})
            else:
                say(f"owed by {until}; the line holds for 30 minutes. Send it to the second person:")
                print(line)
            finish(Code.DONE)
        second, entry = afterthought.give(session, action_id, approval, reason)
    except Refusal as refusal:
        stop(Code.BAD_INPUT if refusal.kind == "input" else Code.REFUSED, refusal.why, refusal.remedy)
    if json:
        put({"action_id": action_id, "approved_by": second.who, "peer": second.peer, "ledger": entry})
    else:
        print(f"{action_id}: approved by {clean(second.who, 80)} ({clean(second.peer, 80)}), entry {entry}")
    finish(Code.DONE)


def _calls(proposal: Proposal) -> list[Call]:
    """The calls to be read by whoever approves. The line may have been packed by anybody."""
    from socconsole.model.action import Call

    calls = []
    for call in proposal.calls:
        service, operation, params = call.get("service"), call.get("operation"), call.get("params")
        if not (isinstance(service, str) and isinstance(operation, str) and isinstance(params, dict)):
            stop(Code.BAD_INPUT, "a call in the proposal lacks its service, operation or params", "ask for a new line")
        calls.append(Call(service, operation, params))
    return calls

"""One containing command from its plan to its end: its session, the question at a keyboard, the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socconsole.cli.exits import Code, Stop, finish, put, say, stop
from socconsole.cli.pasting import with_store
from socconsole.cli.respond_words import print_outcome, print_plan
from socconsole.cli.world import open_world
from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.model.action import ActionState, Mode
from socconsole.model.wire import AnyReply, Done, Failed, Planned
from socconsole.model.world import WorldKind
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.commands import ActorRequest
    from socconsole.config import Config
    from socconsole.response.session import Session

_ENDING: Final = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_FAILED: Final = {"refused": Code.REFUSED, "aws": Code.NOT_FRESH, "input": Code.BAD_INPUT, "fault": Code.FAULT}
_LIVE: Final = "leave out --store, for the live state; or socconsole drill (an exercise that needs no account)"
_ARMING: Final = "--respond"
"""What the remedy of an unarmed containment names."""
_STATES: Final = {ActionState.APPLIED.value: Code.DONE, ActionState.NOT_APPLIED.value: Code.NO}


class Verb:
    """One command's session: in-process, the same code as the console's actor."""

    def __init__(
        self, store: Path | None, config: Path | None, mode: str, respond: bool, confirm: str, json: bool
    ) -> None:
        from socconsole.actor.identity import base_mode, name_of
        from socconsole.aws.modes import ModeError
        from socconsole.response.session import LATER, Session

        self.folder, self.config = open_world(store, config)
        self.store = store
        self.confirm = confirm
        self.json = json
        self.respond = respond
        try:
            base = base_mode(self.config, mode)
        except ModeError as error:
            stop(Code.BAD_INPUT, str(error))
        if respond and self.folder.world.kind is WorldKind.IMPORT:
            # Before anything else could refuse it with another way out: none of this store's leads to AWS.
            why = "this state folder holds imported findings only: it reaches no AWS"
            refused(Failed(kind="refused", why=why, remedy=_LIVE), json)
        self.read_asked_by = _read_asked_by(mode, self.config) if respond and base is Mode.READ else ""
        """What keeps it in READ although --respond was given."""
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
                said = "socconsole: interrupted; what was begun is on the ledger: socconsole action show"
                say(with_store(said, self.store))
            raise KeyboardInterrupt from end
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)


def _read_asked_by(flag: str, config: Config) -> str:
    from socconsole.aws.modes import VARIABLE, from_environment

    said = (
        (flag, f"--mode {flag}: leave it out"),
        (from_environment() or "", f"{VARIABLE} in the environment: unset it"),
        (config.limit.value, "mode in the configuration"),
    )
    return next(name for mode, name in said if mode.strip().upper() == Mode.READ)


async def _tell(done: int, total: int, text: str) -> None:
    say(f"[{done}/{total}] {clean(text)}")


def act(verb: Verb, asked: PlanContain | PlanUndo, order: Callable[[str], Contain | Undo], plan_only: bool) -> None:
    reply = _plan_or_act(verb, asked, order, plan_only)
    if isinstance(reply, Failed):
        if verb.read_asked_by and _ARMING in reply.remedy:
            remedy = f"READ was asked for by {verb.read_asked_by} (the strictest wins over --respond)"
            reply = msgspec.structs.replace(reply, remedy=remedy)
        refused(reply, verb.json)
    if isinstance(reply, Planned):
        put(reply.plan) if verb.json else print_plan(reply, hidden=_hidden(verb, reply))
        finish(Code.DONE)
    if not isinstance(reply, Done):
        raise TypeError(type(reply).__name__)
    outcome = reply.outcome
    if undo := outcome["undo"]:
        outcome = {**outcome, "undo": {**undo, "command": with_store(undo["command"], verb.store)}}
    if approval := outcome["approval"]:
        outcome = {**outcome, "approval": with_store(approval, verb.store)}
    if verb.json:
        put(outcome)
    else:
        print_outcome(outcome)
    finish(_code(reply.outcome, waited=order("").wait))


def _plan_or_act(
    verb: Verb, asked: PlanContain | PlanUndo, order: Callable[[str], Contain | Undo], plan_only: bool
) -> AnyReply:
    if plan_only:
        return asyncio.run(verb.ask(asked))
    typed = verb.confirm
    if verb.at_keyboard and verb.respond:
        planned = asyncio.run(verb.ask(asked))
        if not isinstance(planned, Planned):
            return planned
        print_plan(planned, to_person=True, hidden=_hidden(verb, planned))
        # Not input(): that would put the question among the data on stdout.
        sys.stderr.write(f"type {clean(planned.confirm)} to go ahead: ")
        sys.stderr.flush()
        typed = sys.stdin.readline().rstrip("\n")
    return asyncio.run(verb.ask(order(typed)))


def _hidden(verb: Verb, planned: Planned) -> str:
    """What stays snoozed of a target that this would open to others again."""
    from socconsole.store import snoozed

    if not planned.plan["re_exposes"]:
        return ""
    return snoozed.sentence(snoozed.about(verb.folder, planned.plan["target"], datetime.now(UTC)))


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


def refused(reply: Failed, json: bool) -> None:
    """Say why not, and, for hands that may, what would have been done; then end."""
    if json:
        put(
            {
                "refused": reply.why,
                "kind": reply.kind,
                "remedy": reply.remedy,
                "aws_lines": list(reply.aws_lines),
                "proposal": reply.proposal or None,
            }
        )
    elif reply.proposal:
        say(
            "nothing was done; the proposal is on record and holds for 30 minutes. Send this line to the second person:"
        )
        print(reply.proposal)
    elif reply.aws_lines:
        say("nothing was done; with the rights to it, by hand:")
        for line in reply.aws_lines:
            print(clean(line, 30_000))
    raise Stop(_FAILED.get(reply.kind, Code.FAULT), clean(reply.why, 2_000), clean(reply.remedy))

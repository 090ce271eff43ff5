"""``ack``, ``claim``, ``note``, ``verdict``, ``snooze`` and ``takeback``: the keys of Triage for scripts.

A decision is on the ledger before anything else happens; what Security Hub has to know of it is then sent by the
actor's own code. Exit code 2 names an unknown finding, 3 says that AWS was not told although it should be.
"""

from __future__ import annotations

import json as jsonlib
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.exits import Code, finish, mend, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, ReasonOption, StoreOption
from socconsole.cli.pasting import pasted
from socconsole.cli.times import after, instant
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.commands import Decision
    from socconsole.model.wire import AnyReply, Sent
    from socconsole.store.decisions import Decided
    from socconsole.store.state import StateFolder

IdsArgument = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Findings; - reads ids, or `findings --json`, from stdin.")
]
ModeOption = Annotated[
    str, typer.Option("--mode", help="READ keeps it here; TRIAGE sends it. The strictest said anywhere wins.")
]

_LISTED: Final = 20


def register(app: typer.Typer) -> None:
    for verb in (ack, claim, note, verdict, snooze, takeback):
        app.command()(verb)


def ack(
    ids: IdsArgument,
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Acknowledge findings; Security Hub is told NOTIFIED."""
    from socconsole.commands import Acknowledge

    _decide(
        Acknowledge(ids=_ids(ids, "ack", "--reason", reason), reason=reason),
        _Options("acknowledged", json, store, config, mode, sends=True),
    )


def claim(
    ids: IdsArgument,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Take findings as yours."""
    from socconsole.commands import Claim

    _decide(Claim(ids=_ids(ids)), _Options("claimed", json, store, config, mode))


def note(
    ids: IdsArgument,
    text: Annotated[str, typer.Option("--text", "--reason", help="The note.")] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Write a note on findings."""
    from socconsole.commands import Note

    _decide(
        Note(ids=_ids(ids, "note", "--text", text), text=text), _Options("noted", json, store, config, mode, sends=True)
    )


def verdict(
    ids: IdsArgument,
    is_: Annotated[str, typer.Option("--is", help="true, false or benign (positive), or unknown.")],
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Say what findings turned out to be (Security Hub's VerificationState)."""
    from socconsole.commands import Verify

    asked = Verify(ids=_ids(ids, "verdict", "--reason", reason), verdict=_verdict(is_), reason=reason)
    _decide(asked, _Options("judged", json, store, config, mode, sends=True))


def snooze(
    ids: IdsArgument,
    for_: Annotated[str, typer.Option("--for", help="How long: 30m, 4h, 2d; at most 7d.")] = "",
    until: Annotated[str, typer.Option("--until", help="Until when, RFC 3339 with its zone.")] = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    mode: ModeOption = "",
) -> None:
    """Hide findings for a while, here only; each by its own actor, resource, type and severity."""
    from socconsole.commands import Snooze

    asked = Snooze(
        ids=_ids(ids, "snooze", "--reason", reason), until=_until(for_, until, datetime.now(UTC)), reason=reason
    )
    _decide(asked, _Options(f"snoozed until {asked.until:%Y-%m-%dT%H:%M:%SZ}", json, store, config, mode))


def takeback(
    json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None, mode: ModeOption = ""
) -> None:
    """Undo your last triage act, unless somebody decided about the same findings since."""
    from socconsole.commands import TakeBack

    _decide(TakeBack(), _Options("taken back", json, store, config, mode, sends=True))


# --- reading what was asked ---------------------------------------------------------------------------------


def _ids(given: Sequence[str], verb: str = "", option: str = "", text: str = "") -> tuple[str, ...]:
    """The findings that are meant. What is no id, while ``option`` has no ``text``, was meant for that option."""
    out: list[str] = []
    for one in given:
        if option and not text and one != "-" and not one.startswith("f-"):
            finding = next((clean(id_, 40) for id_ in given if id_.startswith("f-")), "ID")
            meant = shlex.quote(clean(one, 200))
            why = f"{meant} is no finding's id: text goes behind {option}"
            stop(Code.BAD_INPUT, why, f"socconsole {verb} {finding} {option} {meant}")
        out += _from_stdin() if one == "-" else [one]
    if not out:
        stop(Code.BAD_INPUT, "no finding is named")
    return tuple(dict.fromkeys(out))


def _from_stdin() -> list[str]:
    """Ids separated by blanks, or the objects that `findings --json` prints."""
    out: list[str] = []
    for number, line in enumerate(sys.stdin, 1):
        if not line.lstrip().startswith("{"):
            out += line.split()
            continue
        try:
            out.append(str(jsonlib.loads(line)["id"]))
        except (ValueError, LookupError):
            stop(Code.BAD_INPUT, f"line {number} of standard input holds no id")
    return out


_VERDICTS: Final = {
    "true": "TRUE_POSITIVE",
    "false": "FALSE_POSITIVE",
    "benign": "BENIGN_POSITIVE",
    "unknown": "UNKNOWN",
}


def _verdict(word: str) -> str:
    named = word.strip().upper().replace("-", "_")
    found = _VERDICTS.get(word.strip().lower(), named)
    if found not in _VERDICTS.values():
        stop(Code.BAD_INPUT, f"a verdict is true, false, benign or unknown, not {word!a}")
    return found


def _until(span: str, until: str, now: datetime) -> datetime:
    if bool(span) == bool(until):
        stop(Code.BAD_INPUT, "a snooze needs --for or --until", "socconsole snooze ID --for 4h --reason …")
    return after(span, now) if span else instant(until)


# --- deciding and telling AWS -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Options:
    done: str
    """What happened, in a word."""
    json: bool
    store: Path | None
    config: Path | None
    mode: str
    sends: bool = False
    """Security Hub has to know of it."""


def _decide(request: Decision, options: _Options) -> None:
    import asyncio

    from socconsole.actor.identity import base_mode
    from socconsole.aws.modes import ModeError
    from socconsole.model.action import Mode
    from socconsole.model.world import WorldKind
    from socconsole.response.session import Session
    from socconsole.store import decisions, ledger, project

    folder, settings = open_configured(options.store, options.config)
    who = settings.who
    try:
        mode = base_mode(settings, options.mode)
        decided = decisions.decide(folder, request, who, mode, datetime.now(UTC))
    except (ModeError, decisions.DecisionRefused, ledger.EntryRefused) as error:
        stop(Code.BAD_INPUT, clean(str(error)))
    except (ledger.LedgerError, project.ProjectError) as error:
        stop(Code.NO, f"not recorded: {clean(error.message)}", error.remedy)
    reply: AnyReply | None = None
    if options.sends and decided.ids and folder.world.kind is not WorldKind.IMPORT and mode is not Mode.READ:
        reply = asyncio.run(_send(Session(folder, settings, who, mode)))
    code = max(_recorded(request, decided, options), _told(reply, folder, decided))
    if options.sends and decided.ids and mode is Mode.READ and folder.world.kind is not WorldKind.IMPORT:
        say(pasted("READ: kept here, not sent to AWS (`socconsole send` sends it)"))
    if options.json:
        put(_json(decided, reply))
    finish(code)


async def _send(session: Any) -> AnyReply:
    from socconsole.actor import run_in
    from socconsole.commands import Send

    return await run_in(session, Send())


def _recorded(request: Decision, decided: Decided, options: _Options) -> Code:
    """Say what is on the ledger now, and why the rest is not."""
    from socconsole.cli.render import count
    from socconsole.commands import Claim
    from socconsole.store.decisions import UNKNOWN

    if decided.ids:
        line = f"{options.done}: {count(len(decided.ids), 'finding')}, ledger entry {decided.seq:,}"
        say(line) if options.json else print(line)
        sys.stdout.flush()
    for id_, why in decided.skipped[:_LISTED]:
        say(f"left as it is: {clean(id_, 80)}: {clean(why, 200)}")
    if len(decided.skipped) > _LISTED:
        say(f"  and {len(decided.skipped) - _LISTED:,} more; --json lists them")
    if not decided.projected:
        say("the store is busy: the decision is on record and shows as soon as the store is free")
    if any(why == UNKNOWN for _, why in decided.skipped):
        return Code.BAD_INPUT
    # A claim leaves out only what is claimed already: what was asked for is true.
    return Code.DONE if not decided.skipped or isinstance(request, Claim) else Code.NO


def _told(reply: AnyReply | None, folder: StateFolder, decided: Decided) -> Code:
    """Say what AWS was told; the decision stands whatever became of that."""
    from socconsole.model.wire import Failed, Sent

    if reply is None:
        return Code.DONE
    if isinstance(reply, Failed):
        say(f"recorded here, not sent: {clean(reply.why)}")
        if reply.remedy:
            mend(clean(reply.remedy))
        return Code.NOT_FRESH
    if not isinstance(reply, Sent):
        raise TypeError(type(reply).__name__)
    counts = _counts(reply)
    say("AWS: " + (", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing to tell"))
    if reply.why:
        say(f"  not sent: {clean(reply.why)}")
    if reply.failed:
        _tell_failed(folder, decided.ids)
    if reply.failed or reply.why:
        return Code.NOT_FRESH
    return Code.NO if reply.overtaken else Code.DONE


def _tell_failed(folder: StateFolder, ids: Sequence[str]) -> None:
    from socconsole.store import db, reading

    with db.reading(folder) as conn:
        whys = {why: stored.finding.id for stored in reading.each(conn, ids[:_LISTED]) for why in stored.send_failed}
    for why, id_ in whys.items():
        say(f"  failed: {id_}: {clean(why, 300)}")


def _counts(reply: Sent) -> dict[str, int]:
    return {
        "sent": reply.sent,
        "failed": reply.failed,
        "overtaken": reply.overtaken,
        "waiting": reply.waiting,
    }


def _json(decided: Decided, reply: AnyReply | None) -> dict[str, Any]:
    """The batch: what was decided about, what was not and why, and what AWS was told (null: nothing to tell)."""
    from socconsole.model.wire import Failed, Sent

    sent: dict[str, Any] | None = None
    if isinstance(reply, Sent):
        sent = {**_counts(reply), "why": reply.why}
    elif isinstance(reply, Failed):
        sent = {"sent": 0, "failed": 0, "overtaken": 0, "waiting": len(decided.ids), "why": reply.why}
    return {
        "batch": decided.batch or None,
        "ids": list(decided.ids),
        "skipped": [{"id": id_, "why": why} for id_, why in decided.skipped],
        "ledger": decided.seq or None,
        "aws": sent,
    }

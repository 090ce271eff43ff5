"""How a command ends and how it speaks: exit codes, the exception that carries one, data and talk.

Data goes to stdout, talk to stderr. The exit code is the highest of all that applied. Nothing heavy is imported
here: the console's start goes through it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NoReturn

from socconsole.cli.pasting import pasted
from socconsole.text import ascii_json, clean, clean_lines

if TYPE_CHECKING:
    from socconsole.store.clear import Clear

TALK_LIMIT: Final = 40_000
"""Characters of one piece of talk: an `aws` line with a whole bucket policy in it is long."""


class Code(IntEnum):
    """Exit codes; part of the contract with scripts."""

    DONE = 0
    NO = 1
    """The answer is no: a broken ledger, a failed check, not applied."""
    BAD_INPUT = 2
    NOT_FRESH = 3
    """A source in scope is not fresh and complete; AWS unreachable or denied; in doubt or partial."""
    REFUSED = 4
    """Refused by a rail, unarmed or unconfirmed."""
    FAULT = 70
    INTERRUPTED = 130


class Stop(Exception):
    """End the command with a code, a message for stderr and the command that mends it."""

    def __init__(self, code: Code, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


def say(text: str = "") -> None:
    """Talk: stderr. Cleaned here once more: an option or a path that a person pasted may hold anything."""
    for line in clean_lines(text, TALK_LIMIT):
        print(line, file=sys.stderr)


def put(value: Mapping[str, Any]) -> None:
    """Data: one JSON object on one line of stdout, ASCII only, so that no terminal is driven by it."""
    print(ascii_json(value))


def put_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def mend(remedy: str) -> None:
    """Name the command that mends it, ready to paste."""
    say(f"  mend it with: {pasted(remedy)}")


def stop(code: Code, message: str, remedy: str = "") -> NoReturn:
    raise Stop(code, message, remedy)


def finish(code: Code) -> NoReturn:
    """End the command, with nothing more to say."""
    import typer

    raise typer.Exit(int(code))


def freshness_code(judged: Clear) -> Code:
    """``DONE`` when every source in scope is fresh and complete, else ``NOT_FRESH`` with each one named."""
    if judged.answered:
        return Code.DONE
    if not judged.total:
        say("not fresh: no source is in scope yet")
        mend("socconsole watch --once")
    for state in judged.lacking:
        where = f"{state.key.service} {state.key.account} {state.key.region}"
        age = "" if state.age_s is None else f", last complete answer {state.age_s:.0f} s ago"
        detail = clean(state.detail)
        say(f"not fresh: {where}: {state.freshness.value}{age}{': ' + detail if detail else ''}")
        if state.remedy:
            mend(clean(state.remedy))
    return Code.NOT_FRESH

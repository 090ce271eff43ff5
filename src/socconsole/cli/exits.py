"""How a command ends and how it speaks: exit codes, the exception that carries one, data and talk.

Data goes to stdout, talk to stderr. The exit code is the highest of all that applied. Nothing heavy is imported
here: the console's start goes through it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final, NoReturn

from socconsole.text import ascii_json, clean_lines

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


def stop(code: Code, message: str, remedy: str = "") -> NoReturn:
    raise Stop(code, message, remedy)

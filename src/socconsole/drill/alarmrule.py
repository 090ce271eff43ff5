"""The rule of a composite alarm: ``ALARM("a") AND (OK(b) OR NOT INSUFFICIENT_DATA(c))``.

Source: CloudWatch API reference, ``PutCompositeAlarm``, parameter ``AlarmRule``. ``AT_LEAST`` is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_TOKEN: Final = re.compile(
    r"\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"([^\"]+)\"|([^\s()\"]+))\s*\)|(AND|OR|NOT|TRUE|FALSE|\(|\)))"
)


class BadRule(ValueError):
    """A rule that cannot be read; the message says where."""


def names(rule: str) -> list[str]:
    """Names or ARNs of the alarms that a rule looks at, each once, in its order. Raises :class:`BadRule`."""
    found: dict[str, None] = {}

    def note(name: str, state: str) -> bool:
        found[name] = None
        return False

    holds(rule, note)
    return list(found)


def holds(rule: str, is_in: Callable[[str, str], bool]) -> bool:
    """Whether a rule is true; ``is_in(name, state)`` tells of one alarm. Raises :class:`BadRule`.

    Every alarm is asked for, also where the answer does not matter any more. NOT binds closest, then AND, then OR.
    """
    reader = _Reader(rule, is_in)
    truth = reader.either()
    if reader.token[0]:
        raise BadRule(f"unexpected {reader.token[0]}")
    return truth


class _Reader:
    def __init__(self, rule: str, is_in: Callable[[str, str], bool]) -> None:
        self._rest, self._is_in = rule, is_in
        self.token: tuple[str, str] = ("", "")
        self._next()

    def _next(self) -> tuple[str, str]:
        """The token that was current: (word, name of the alarm)."""
        before, self._rest = self.token, self._rest.strip()
        found = _TOKEN.match(self._rest) if self._rest else None
        if self._rest and found is None:
            raise BadRule(f"cannot read from {self._rest[:40]!r} on")
        self.token = ("", "") if found is None else (found[1] or found[4], found[2] or found[3] or "")
        self._rest = self._rest[found.end() :] if found else ""
        return before

    def either(self) -> bool:
        truth = self._both()
        while self.token[0] == "OR":
            self._next()
            truth = self._both() or truth
        return truth

    def _both(self) -> bool:
        truth = self._one()
        while self.token[0] == "AND":
            self._next()
            truth = self._one() and truth
        return truth

    def _one(self) -> bool:
        word, name = self._next()
        if name:
            return self._is_in(name, word)
        match word:
            case "NOT":
                return not self._one()
            case "TRUE" | "FALSE":
                return word == "TRUE"
            case "(":
                truth = self.either()
                if self._next()[0] != ")":
                    raise BadRule("a parenthesis is not closed")
                return truth
        raise BadRule(f"unexpected {word or 'end'}")

"""Asking for some of the results: ``result:fail sev:>=high region:eu-* S3 bucket-name``.

Every term has to hold; a comma means or, ``-`` in front means not, ``*`` and ``?`` stand for anything. A word without a
colon has to occur in the id, the title, the subject or the evidence. Pure; what is typed is never executed.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from socconsole.model.finding import Severity
from socconsole.model.posture import OWN, Result, Verdict
from socconsole.posture.catalogue import catalogue
from socconsole.triage.query import QueryError

FIELDS: Final[Mapping[str, str]] = {
    "result": "fail, pass or unknown",
    "sev": "critical, high, medium or low; with >= at least so much",
    "check": "S3-01, or S3 for all of its family",
    "acct": "account id",
    "region": "eu-central-1, eu-*",
    "res": "any part of the subject",
    "by": "who answered: own, securityhub, config, prowler",
}
"""Name → what may stand after the colon."""

_ALIASES: Final = {"account": "acct", "severity": "sev", "resource": "res", "subject": "res", "id": "check"}
_RESULTS: Final = frozenset(verdict.value.lower() for verdict in Verdict)
_WHO: Final = frozenset({OWN, "securityhub", "config", "prowler"})
_LEVELS: Final = {severity.name.lower(): severity for severity in Severity if severity is not Severity.INFO}


@dataclass(frozen=True, slots=True)
class _Term:
    """``field`` empty: a word of the text."""

    field: str
    values: tuple[str, ...]
    negated: bool
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All terms have to hold."""

    terms: tuple[_Term, ...] = ()

    def fits(self, result: Result) -> bool:
        return all(_holds(term, result) is not term.negated for term in self.terms)


def severity(check: str) -> Severity:
    """Of a check; MEDIUM where this program does not know it any more."""
    about = catalogue().get(check)
    return Severity[about.severity.upper()] if about else Severity.MEDIUM


def parse(text: str) -> Query:
    """Read a query; the empty one asks for everything. Raises ``QueryError``."""
    try:
        words = shlex.split(text, posix=True)
    except ValueError as error:
        raise QueryError("a quotation mark is not closed", len(text)) from error
    return Query(tuple(_term(word, text.find(word) + 1) for word in words))


def _term(word: str, column: int) -> _Term:
    negated, word = word.startswith("-"), word.removeprefix("-")
    name, colon, rest = word.partition(":")
    field = _ALIASES.get(name.lower(), name.lower())
    if not colon or name.lower() == "arn" or not name.isalpha():
        return _Term("", (word.lower(),), negated)
    if field not in FIELDS:
        raise QueryError(f"no field {name!a}; there are {', '.join(FIELDS)}", column)
    at_least = field == "sev" and rest.startswith(">=")
    values = tuple(value.lower() for value in rest.removeprefix(">=" if at_least else "").split(",") if value)
    if not values:
        raise QueryError(f"{name}: what? {FIELDS[field]}", column)
    known = {"result": _RESULTS, "sev": frozenset(_LEVELS), "by": _WHO}.get(field)
    if known and (wrong := next((value for value in values if value not in known), None)):
        raise QueryError(f"{name}:{wrong!a} is none; {FIELDS[field]}", column)
    return _Term(field, values, negated, at_least)


def _holds(term: _Term, result: Result) -> bool:
    if term.field == "sev":
        found = severity(result.check)
        return any(found >= _LEVELS[one] if term.at_least else found is _LEVELS[one] for one in term.values)
    if term.field == "check":
        return any(fnmatchcase(result.check.lower(), p) or fnmatchcase(_family(result), p) for p in term.values)
    if term.field == "res":
        return any(one in result.subject.lower() or fnmatchcase(result.subject.lower(), one) for one in term.values)
    if term.field:
        value = {
            "result": result.verdict.value,
            "acct": result.place.account,
            "region": result.place.region,
            "by": result.answered_by,
        }[term.field].lower()
        return any(fnmatchcase(value, one) for one in term.values)
    about = catalogue().get(result.check)
    text = " ".join((result.check, about.title if about else "", result.subject, *result.evidence)).lower()
    return term.values[0] in text


def _family(result: Result) -> str:
    return result.check.rpartition("-")[0].lower()

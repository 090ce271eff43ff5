"""What can be asked for: the fields of the query language, and how each reads its values.

One row makes the parser, the help and the completion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from socconsole.model.standing import Kind, Leaving, Severity, State, Workflow

Value = Severity | State | Kind | Leaving | Workflow | str | int | bool | timedelta
"""What a term compares with. Plain strings are lower case."""

ME: Final = "@me"
"""``owner:me``: the analyst at this console, filled in by whoever runs the query."""
NOBODY: Final = "@nobody"


class Shape(StrEnum):
    """How a field's values are read and compared."""

    CHOICE = "choice"
    """One of ``choices``; severity also with ``<``, ``<=``, ``>``, ``>=``."""
    EXACT = "exact"
    """The whole value, case aside; ``*`` and ``?`` stand for any text and any character."""
    PART = "part"
    """The value anywhere in the text; with ``*`` or ``?`` the whole text has to fit."""
    NUMBER = "number"
    AGE = "age"
    """A span: ``90s``, ``15m``, ``2h``, ``3d``, ``1w``; without an operator it means at most."""


class Field(msgspec.Struct, frozen=True):
    """One field: ``name`` is canonical, ``help`` one line, ``example`` something that can be typed."""

    name: str
    shape: Shape
    help: str
    example: str
    aliases: tuple[str, ...] = ()
    choices: Mapping[str, Value] = msgspec.field(default_factory=dict)
    """Spelling → value; several spellings may mean the same."""


def _choices(*pairs: tuple[Value, str]) -> Mapping[str, Value]:
    return MappingProxyType({name: value for value, names in pairs for name in names.split()})


_SEVERITIES: Final = _choices(
    (Severity.CRITICAL, "critical crit c"),
    (Severity.HIGH, "high h"),
    (Severity.MEDIUM, "medium med m"),
    (Severity.LOW, "low l"),
    (Severity.INFO, "info informational i"),
)
_SOURCES: Final = _choices(
    ("guardduty", "guardduty gd"),
    ("securityhub", "securityhub hub asff"),
    ("ocsf", "ocsf v2"),
    ("socconsole", "socconsole own"),
    ("trail", "trail rules"),
    ("alarm", "alarm alarms"),
    ("posture", "posture checks"),
)
_TRUTH: Final = _choices((True, "yes true"), (False, "no false"))

FIELDS: Final[tuple[Field, ...]] = (
    Field("sev", Shape.CHOICE, "severity", "sev:critical,high", ("severity",), _SEVERITIES),
    Field("src", Shape.CHOICE, "who reported it", "src:guardduty", ("source",), _SOURCES),
    Field(
        "kind",
        Shape.CHOICE,
        "what sort of statement",
        "kind:control",
        (),
        _choices(*((each, each.value) for each in Kind)),
    ),
    Field(
        "state",
        Shape.CHOICE,
        "where it stands now",
        "state:new,acknowledged",
        (),
        _choices(
            *((each, each.value) for each in State if each is not State.ACKNOWLEDGED),
            (State.ACKNOWLEDGED, "acknowledged acked"),
        ),
    ),
    Field(
        "leaving",
        Shape.CHOICE,
        "whether data is leaving",
        "leaving:yes",
        (),
        _choices(*((each, each.value) for each in Leaving)),
    ),
    Field(
        "workflow",
        Shape.CHOICE,
        "Security Hub's workflow status",
        "workflow:notified",
        ("wf",),
        _choices(*((each, each.value.lower()) for each in Workflow)),
    ),
    Field("acked", Shape.CHOICE, "acknowledged by someone", "acked:no", (), _TRUTH),
    Field("firing", Shape.CHOICE, "went on after it should have ended", "firing:yes", (), _TRUTH),
    Field("sample", Shape.CHOICE, "sample findings, hidden otherwise", "sample:yes", (), _TRUTH),
    Field("active", Shape.CHOICE, "not archived by AWS", "active:no", (), _TRUTH),
    Field("region", Shape.EXACT, "region", "region:eu-*"),
    Field("acct", Shape.EXACT, "account id, or how it begins", "acct:1111…", ("account",)),
    Field("owner", Shape.EXACT, "who claimed it; me, none", "owner:me"),
    Field("id", Shape.EXACT, "our id, or how it begins", "id:f-12ab*"),
    Field("incident", Shape.EXACT, "the incident it is part of", "incident:n-12ab*", ("inc",)),
    Field("case", Shape.EXACT, "the case it is in", "case:c-12ab34cd"),
    Field("res", Shape.PART, "resource: id, name or type", "res:bucket", ("resource",)),
    Field("type", Shape.PART, "finding type", "type:exfil"),
    Field("actor", Shape.PART, "who acted: address, user, key", "actor:203.0.113.9", ("who",)),
    Field("product", Shape.PART, "the product that found it", "product:inspector"),
    Field("title", Shape.PART, "the title alone", 'title:"bulk read"'),
    Field("score", Shape.NUMBER, "priority, 0 to 100", "score:>70"),
    Field("count", Shape.NUMBER, "events it counts", "count:>=100"),
    Field("age", Shape.AGE, "time since it was first seen", "age:<15m"),
)

BY_NAME: Final[Mapping[str, Field]] = MappingProxyType(
    {name: each for each in FIELDS for name in (each.name, *each.aliases)}
)

FLAGS: Final[Mapping[str, tuple[str, Value]]] = MappingProxyType(
    {
        "unacked": ("acked", False),
        "acked": ("acked", True),
        "mine": ("owner", ME),
        "unowned": ("owner", NOBODY),
        "firing": ("firing", True),
    }
)
"""Single words that stand for a term: word → (field, value)."""

_SPAN: Final = re.compile(r"(\d{1,6})(s|m|h|d|w)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(text: str) -> timedelta | None:
    """``15m`` as a span; None for anything else, and for more than 100 years."""
    found = _SPAN.fullmatch(text.lower())
    if found is None:
        return None
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    return length if length <= timedelta(days=36_500) else None

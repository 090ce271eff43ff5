"""The query language of ``/`` and ``findings QUERY``.

``sev:critical,high region:eu-* unacked age:<15m -sev:low "free words"``: every term has to hold; a comma
means or; ``-`` in front means not; a word without a colon is searched for in the text of the finding. The
result is a frozen tree of values that the store turns into SQL; nothing typed here is ever executed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from socconsole.model.standing import Severity
from socconsole.triage.query_fields import (
    BY_NAME,
    FIELDS,
    FLAGS,
    ME,
    NOBODY,
    Field,
    Shape,
    Value,
    span,
)

__all__ = ["FIELDS", "FLAGS", "ME", "NOBODY", "Op", "Query", "QueryError", "Term", "Value", "Word", "parse"]

LENGTH_LIMIT: Final = 4_000
TERMS_LIMIT: Final = 64
VALUES_LIMIT: Final = 64


class Op(StrEnum):
    """How a term compares. ``IS``, ``LIKE`` and ``HAS`` hold when any of the values fits."""

    IS = "is"
    LIKE = "like"
    """The whole text fits a pattern with ``*`` and ``?``, case aside."""
    HAS = "has"
    """The text contains the value, case aside."""
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


class Term(msgspec.Struct, frozen=True):
    """``field`` is a canonical name out of ``FIELDS``. A comparison (``<`` …) has exactly one value."""

    field: str
    op: Op
    values: tuple[Value, ...]
    negated: bool = False


class Word(msgspec.Struct, frozen=True):
    """Text to search for; a phrase (it was quoted) has to stand there as it is."""

    text: str
    phrase: bool = False
    negated: bool = False


class Query(msgspec.Struct, frozen=True):
    """All terms and all words have to hold. ``text`` is what was typed."""

    terms: tuple[Term, ...] = ()
    words: tuple[Word, ...] = ()
    text: str = ""

    def asks(self, field: str) -> bool:
        """Whether some term is about ``field`` (a view's own condition on it then steps back)."""
        return any(term.field == field for term in self.terms)


class QueryError(ValueError):
    """What is wrong with a query: ``message`` for the analyst, ``column`` (from 1) where it is."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.message = message
        self.column = column


class _Piece(msgspec.Struct, frozen=True):
    """Something between blanks. ``values`` are the parts between unquoted commas: (text, quoted, column)."""

    column: int
    negated: bool
    name: str | None
    values: tuple[tuple[str, bool, int], ...]


_FIELD: Final = re.compile(r"([A-Za-z_]+):")
_OWNERS: Final = {"me": ME, "none": NOBODY}
_COMPARISON: Final = re.compile(r"(<=|>=|<|>)")


def parse(text: str) -> Query:
    """Read a query; the empty one asks for everything. Raises :class:`QueryError`."""
    if len(text) > LENGTH_LIMIT:
        raise QueryError(f"longer than {LENGTH_LIMIT} characters", LENGTH_LIMIT + 1)
    terms: list[Term] = []
    words: list[Word] = []
    for piece in _pieces(text):
        if len(terms) + len(words) >= TERMS_LIMIT:
            raise QueryError(f"more than {TERMS_LIMIT} terms", piece.column)
        if piece.name is not None:
            terms.append(_term(piece))
            continue
        word, quoted, _ = piece.values[0]
        flag = None if quoted else FLAGS.get(word.lower())
        if flag is not None:
            terms.append(Term(flag[0], Op.IS, (flag[1],), piece.negated))
        else:
            words.append(Word(word, quoted, piece.negated))
    return Query(tuple(terms), tuple(words), text)


def _pieces(text: str) -> Iterable[_Piece]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        column = at + 1
        negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
        at += negated
        named = _FIELD.match(text, at)
        if named is None:
            (value, quoted), at = _value(text, at, commas=False)
            if not value:
                raise QueryError("nothing between the quotes", column)
            yield _Piece(column, negated, None, ((value, quoted, column),))
            continue
        at = named.end()
        values: list[tuple[str, bool, int]] = []
        while True:
            start = at + 1
            (value, quoted), at = _value(text, at, commas=True)
            if not value:
                raise QueryError(f"{named[1]}: needs a value, as in {_example(named[1])}", start)
            values.append((value, quoted, start))
            if len(values) > VALUES_LIMIT:
                raise QueryError(f"more than {VALUES_LIMIT} values", start)
            if at >= len(text) or text[at] != ",":
                break
            at += 1
        yield _Piece(column, negated, named[1].lower(), tuple(values))


def _value(text: str, at: int, *, commas: bool) -> tuple[tuple[str, bool], int]:
    """((value, was it quoted), where it ends). A quoted part may be glued to what is before or behind it."""
    out: list[str] = []
    quoted = False
    while at < len(text) and not text[at].isspace() and not (commas and text[at] == ","):
        if text[at] != '"':
            out.append(text[at])
            at += 1
            continue
        end = text.find('"', at + 1)
        if end < 0:
            raise QueryError("this quote is not closed", at + 1)
        out.append(text[at + 1 : end])
        quoted = True
        at = end + 1
    return ("".join(out), quoted), at


def _example(name: str) -> str:
    known = BY_NAME.get(name.lower())
    return known.example if known else "sev:high"


def _term(piece: _Piece) -> Term:
    field = BY_NAME.get(piece.name or "")
    if field is None:
        raise QueryError(
            f'no field {piece.name}{_near(piece.name or "", BY_NAME)}; put "quotes" around it to search for the text',
            piece.column,
        )
    if field.shape is Shape.CHOICE:
        op, values = _choice(field, piece)
    elif field.shape in (Shape.NUMBER, Shape.AGE):
        op, values = _measure(field, piece)
    else:
        op, values = _text(field, piece)
    return Term(field.name, op, values, piece.negated)


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 3, 0.5)
    return f": did you mean {' or '.join(close)}?" if close else ""


def _choice(field: Field, piece: _Piece) -> tuple[Op, tuple[Value, ...]]:
    op, rest, column = _compared(piece)
    if op is not None and field.name != "sev":
        raise QueryError(f"{field.name}: has no order, as in {field.example}", piece.values[0][2])
    chosen: list[Value] = []
    for text, where in [(rest, column)] if op else [(value, at) for value, _, at in piece.values]:
        value = field.choices.get(text.lower())
        if value is None:
            names = ", ".join({str(_spelled(each)): None for each in field.choices.values()})
            raise QueryError(f"{field.name}: knows no {text}{_near(text.lower(), field.choices)} ({names})", where)
        if value not in chosen:
            chosen.append(value)
    return op or Op.IS, tuple(chosen)


def _spelled(value: Value) -> str:
    if isinstance(value, Severity):
        return value.name.lower()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).lower()


def _measure(field: Field, piece: _Piece) -> tuple[Op, tuple[Value, ...]]:
    op, rest, column = _compared(piece)
    if field.shape is Shape.AGE:
        length = span(rest)
        if length is None:
            raise QueryError(f"{rest or 'nothing'} is no span; 90s, 15m, 2h, 3d and 1w are", column)
        return op or Op.LE, (length,)
    if not (rest.isascii() and rest.isdecimal() and len(rest) <= 9):
        raise QueryError(f"{rest or 'nothing'} is no whole number, as in {field.example}", column)
    return op or Op.IS, (int(rest),)


def _compared(piece: _Piece) -> tuple[Op | None, str, int]:
    """(operator, value, its column) where the one value begins with an operator, else None and the value."""
    text, quoted, column = piece.values[0]
    found = None if quoted else _COMPARISON.match(text)
    measured = piece.name is not None and BY_NAME[piece.name].shape in (Shape.NUMBER, Shape.AGE)
    if (found or measured) and len(piece.values) > 1:
        raise QueryError("takes one value, not several", piece.values[1][2])
    if found is None:
        return None, text, column
    return Op(found[1]), text[found.end() :], column + found.end()


def _text(field: Field, piece: _Piece) -> tuple[Op, tuple[Value, ...]]:
    values = [(value.lower(), quoted) for value, quoted, _ in piece.values]
    if field.name == "acct":
        values = [(_account(value), quoted) for value, quoted in values]
    if field.name == "owner":
        values = [(value if quoted else _OWNERS.get(value, value), quoted) for value, quoted in values]
    if any(not quoted and ("*" in value or "?" in value) for value, quoted in values):
        around = "*" if field.shape is Shape.PART else ""
        return Op.LIKE, tuple(
            value if not quoted and ("*" in value or "?" in value) else f"{around}{_literal(value)}{around}"
            for value, quoted in values
        )
    return (Op.HAS if field.shape is Shape.PART else Op.IS), tuple(value for value, _ in values)


def _literal(value: str) -> str:
    """A value among patterns: its own ``*`` and ``?`` match any character, the nearest a pattern can say."""
    return value.replace("*", "?")


def _account(value: str) -> str:
    """``1111…``, ``1111...`` and fewer than 12 digits are how an account id begins."""
    shortened = value.removesuffix("…").removesuffix("...")
    if shortened != value or (value.isdecimal() and len(value) < 12):
        return f"{shortened}*"
    return value

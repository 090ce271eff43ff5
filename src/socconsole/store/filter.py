"""From a query of the analyst to a condition on ``queue``.

Values only ever travel as parameters; words go through the full-text index as quoted strings, so nothing that
is typed can be an operator of either language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from socconsole.model.standing import Severity
from socconsole.store import standing_sql
from socconsole.store.instants import micros, storable
from socconsole.triage.query import ME, NOBODY, Op, Query, Term, Value, Word

Param = str | int
Params = dict[str, Param]


class Condition(msgspec.Struct, frozen=True):
    """An SQL expression over ``queue`` and its named parameters.

    It may also name ``:now`` and ``:fresh``; whoever runs it binds them.
    """

    sql: str
    params: Params


_COLUMNS: Final = {
    "kind": "kind",
    "workflow": "workflow",
    "region": "region",
    "acct": "account",
    "id": "id",
    "owner": "owner",
    "incident": "incident",
    "type": "types",
    "product": "product",
    "title": "title",
    "score": "score",
    "count": "events",
    "sample": "sample",
    "active": "active",
}
_COMPUTED: Final = {
    "state": standing_sql.STATE,
    "leaving": standing_sql.LEAVING,
    "acked": standing_sql.ACKNOWLEDGED,
    "firing": standing_sql.FIRING,
}
# Too wide for the queue: looked up in the finding's own row.
_WIDE: Final = {"res": "resources", "actor": "actors"}
_COMPARE: Final = {Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}


def compile(query: Query, now: datetime, me: str) -> Condition:
    """The condition that a row has to meet; ``1`` for the empty query. ``me`` is who ``owner:me`` means."""
    builder = _Builder(now, me)
    parts = [builder.term(term) for term in query.terms]
    parts += builder.words(query.words)
    return Condition(" AND ".join(parts) or "1", builder.params)


class _Builder:
    def __init__(self, now: datetime, me: str) -> None:
        self.params: Params = {}
        self._now = micros(now)
        self._me = me

    def term(self, term: Term) -> str:
        if term.field == "incident" and term.op is Op.IS and not term.negated:
            # Bare, so that its index finds the few rows; NULL is no incident's.
            return f"incident IN ({', '.join(self._bind(storable(str(value))) for value in term.values)})"
        sql = self._expression(term)
        # NULL is neither: a finding without a region is not in eu-west-1, and does answer to -region:eu-west-1.
        return f"({sql}) IS {'NOT ' if term.negated else ''}TRUE"

    def words(self, words: tuple[Word, ...]) -> list[str]:
        wanted = [word for word in words if not word.negated and _has_tokens(word.text)]
        parts = []
        if wanted:
            last = wanted[-1]
            match = " AND ".join(_quoted(word, prefix=word is last) for word in wanted)
            parts.append(f"text_row IN ({self._search(match)})")
        for word in words:
            if not _has_tokens(word.text):  # "--" or "→": nothing the index knows
                sql = self._any("title", [f"%{_escaped(word.text)}%"])
                parts.append(f"({sql}) IS {'NOT ' if word.negated else ''}TRUE")
            elif word.negated:
                parts.append(f"text_row NOT IN ({self._search(_quoted(word, prefix=False))})")
        return parts

    def _search(self, match: str) -> str:
        return f"SELECT rowid FROM finding_fts WHERE finding_fts MATCH {self._bind(match)}"

    def _expression(self, term: Term) -> str:
        match term.field:
            case "sev":
                return self._compared("severity", term, _number)
            case "age":
                return self._compared(f"({self._bind(self._now)} - seen)", term, _number)
            case "score" | "count" | "sample" | "active":
                return self._compared(_COLUMNS[term.field], term, _number)
            case "acked" | "firing":
                return self._compared(_COMPUTED[term.field], term, _number)
            case "state" | "leaving":
                return self._compared(_COMPUTED[term.field], term, str)
            case "src":
                return self._any("' ' || sources || ' '", [f"% {_escaped(str(v))} %" for v in term.values])
            case "owner":
                return self._owner(term)
            case "case":
                return f"id IN (SELECT finding FROM case_finding WHERE {self._text('case_id', term)})"
            case "kind" | "workflow":
                return self._compared(_COLUMNS[term.field], term, str)
        column = _WIDE.get(term.field)
        if column is None:
            return self._text(_COLUMNS[term.field], term)
        return f"(SELECT {self._text(f'f.{column}', term)} FROM finding AS f WHERE f.n = queue.n)"

    def _compared(self, expression: str, term: Term, read: Callable[[Value], Param]) -> str:
        values = [self._bind(read(value)) for value in term.values]
        if term.op in _COMPARE:
            return f"{expression} {_COMPARE[term.op]} {values[0]}"
        return f"{expression} IN ({', '.join(values)})"

    def _owner(self, term: Term) -> str:
        parts = ["owner IS NULL"] if NOBODY in term.values else []
        named = tuple(self._me.lower() if value == ME else value for value in term.values if value != NOBODY)
        if named:
            parts.append(self._text("owner", Term(term.field, term.op, named)))
        return " OR ".join(parts)

    def _text(self, column: str, term: Term) -> str:
        """Case aside: LIKE folds ASCII, and the capital forms are asked for where there are others."""
        values = [str(value) for value in term.values]
        if term.op is Op.HAS:
            return self._any(column, [f"%{_escaped(value)}%" for value in values])
        if term.op is Op.LIKE:
            return self._any(column, [_pattern(value) for value in values])
        return self._any(column, [_escaped(value) for value in values])

    def _any(self, column: str, patterns: list[str]) -> str:
        forms: dict[str, None] = {}
        for pattern in patterns:
            forms[pattern] = None
            if not pattern.isascii():
                forms[pattern.upper()] = None
                forms[pattern.title()] = None
        return " OR ".join(f"{column} LIKE {self._bind(storable(form))} ESCAPE '\\'" for form in forms)

    def _bind(self, value: Param) -> str:
        name = f"q{len(self.params)}"
        self.params[name] = value
        return f":{name}"


def _number(value: Value) -> Param:
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, (Severity, bool, int)):
        return int(value)
    raise TypeError(f"{value!r} is no number")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _pattern(text: str) -> str:
    """``*`` and ``?`` as LIKE writes them."""
    return _escaped(text).replace("*", "%").replace("?", "_")


def _has_tokens(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _quoted(word: Word, *, prefix: bool) -> str:
    """A full-text string: within quotes only the quote means anything. The last word may be still unfinished."""
    quoted = '"' + storable(word.text).replace('"', '""') + '"'
    return quoted + "*" if prefix and not word.phrase and len(word.text) > 1 else quoted


class View(StrEnum):
    """What Triage shows before any query: one key goes round."""

    THREATS = "threats"
    ALL = "all"
    MINE = "mine"


def view_conditions(view: View, query: Query) -> list[str]:
    """The view's own conditions; each steps back where the query speaks of the same thing (binds ``:me``), and all
    but the one on samples for an incident, which is looked at whole."""
    parts = []
    whole = query.asks("incident")
    if not query.asks("sample"):
        parts.append("sample = 0")
    if view is View.THREATS and not query.asks("kind") and not whole:
        parts.append("kind = 'threat'")
    if view is View.MINE and not query.asks("owner") and not whole:
        parts.append("owner = :me")
    return parts

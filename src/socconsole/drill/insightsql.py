"""The part of the Logs Insights language that the drill's AWS understands.

Commands: ``fields``, ``display``, ``parse FIELD "glob * …" as a, b`` and ``parse FIELD /(?<name>regex)/``, ``filter``,
``stats … by …``, ``sort``, ``limit``, ``dedup``; comments from ``#``. Expressions: ``and or not``, ``= != < <= > >=``,
``like`` and ``=~`` with a text or a regex, ``in [ … ]``, ``+ - * /``, and ``insightsvalues.FUNCTIONS``; in
``stats``: ``sum count count_distinct min max avg pct earliest latest``, and ``bin(5m)`` after ``by``. A field that a
record lacks equals nothing and is neither above nor below anything. Source: CloudWatch Logs User Guide, "CloudWatch
Logs Insights query syntax". Anything else is :class:`Malformed`, which says where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.drill.insightsvalues import FUNCTIONS, Moment, compare, reckon, text_of

Record = Mapping[str, Any]
Expression = Callable[[Record], Any]

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)|(?P<number>\d+(?:\.\d+)?(?:ms|[smhdw])?(?![\w.]))|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>`[^`]+`|[@A-Za-z_][\w.@-]*)|(?P<sign><=|>=|!=|=~|[-=<>+*/(),|\[\]])""",
    re.VERBOSE,
)
_REGEX: Final = re.compile(r"\s*/((?:[^/\\]|\\.)+)/")
_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_AGGREGATES: Final = ("sum", "count", "count_distinct", "min", "max", "avg", "pct", "earliest", "latest")


class Malformed(ValueError):
    """A query that does not compile; ``begin`` and ``end`` are offsets into its text."""

    def __init__(self, message: str, begin: int, end: int) -> None:
        super().__init__(message)
        self.begin, self.end = begin, end


@dataclass(frozen=True, slots=True)
class Column:
    """A named expression, or an aggregate (``function`` is set) of one."""

    name: str
    value: Expression
    function: str = ""
    argument: float = 0.0


@dataclass(frozen=True, slots=True)
class Command:
    """One step of a pipeline; which of the members are set follows from ``name``."""

    name: str
    columns: tuple[Column, ...] = ()
    by: tuple[Column, ...] = ()
    test: Expression | None = None
    pattern: re.Pattern[str] | None = None
    between: str = ""
    """What stands between all wildcards of a ``parse``, where it is the same: then splitting is enough."""
    names: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """(field, descending)."""
    number: int = 0


def compiled(query: str) -> list[Command]:
    """The commands of a query. Raises :class:`Malformed`."""
    return list(_Compiler(query).commands())


class _Compiler:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._kind, self._word, self._begin = "", "", 0
        self._next()

    # --- tokens ------------------------------------------------------------------------------------------

    def _next(self) -> str:
        """The current token; the one after it becomes current."""
        before = self._word
        self._kind = "space"
        while self._kind == "space":
            self._begin = self._at
            if self._at >= len(self._text):
                self._kind, self._word = "end", ""
                return before
            found = _TOKEN.match(self._text, self._at)
            if found is None:
                raise Malformed(f"unexpected symbol found {self._text[self._at]}", self._at, self._at + 1)
            self._kind, self._word, self._at = str(found.lastgroup), found[0], found.end()
        return before

    def _bad(self, wanted: str) -> Malformed:
        found = self._word or "end of the query"
        return Malformed(f"unexpected {found}, expected {wanted}", self._begin, max(self._at, self._begin + 1))

    def _is(self, *words: str) -> bool:
        return self._kind in ("name", "sign") and self._word.lower() in words

    def _take(self, *words: str) -> bool:
        if self._is(*words):
            self._next()
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._bad(word)

    def _name(self) -> str:
        if self._kind != "name":
            raise self._bad("a field")
        return self._next().strip("`")

    def _regex(self) -> re.Pattern[str]:
        """The regex that begins at the current ``/``."""
        found = _REGEX.match(self._text, self._begin)
        if found is None:
            raise self._bad("a regular expression")
        try:
            pattern = re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", found[1]))
        except re.error as error:
            raise Malformed(f"invalid regular expression: {error}", self._begin, found.end()) from error
        self._at = found.end()
        self._next()
        return pattern

    # --- commands ----------------------------------------------------------------------------------------

    def commands(self) -> Iterator[Command]:
        if self._kind == "end":
            raise self._bad("a command")
        while True:
            yield self._command()
            if self._kind == "end":
                return
            self._expect("|")

    def _command(self) -> Command:
        if not self._is("fields", "display", "filter", "stats", "sort", "limit", "dedup", "parse"):
            raise self._bad("one of fields, display, parse, filter, stats, sort, limit, dedup")
        name = self._next().lower()
        match name:
            case "fields" | "display":
                return Command(name, tuple(self._listed(lambda: self._column(stats=False))))
            case "filter":
                return Command(name, test=self._either())
            case "stats":
                columns = tuple(self._listed(lambda: self._column(stats=True)))
                by = tuple(self._listed(lambda: self._column(stats=False))) if self._take("by") else ()
                return Command(name, columns, by)
            case "sort":
                return Command(name, order=tuple(self._listed(self._sorted)))
            case "dedup":
                return Command(name, names=tuple(self._listed(self._name)))
            case "parse":
                return self._parse()
        if self._kind != "number" or not self._word.isdigit():
            raise self._bad("a number")
        return Command(name, number=int(self._next()))

    def _listed(self, one: Callable[[], Any]) -> Iterator[Any]:
        yield one()
        while self._take(","):
            yield one()

    def _sorted(self) -> tuple[str, bool]:
        begin = self._begin
        self._sum()  # a field, or an aggregate by the text that names its column
        field = self._text[begin : self._begin].strip().strip("`")
        if self._take("desc"):
            return field, True
        self._take("asc")
        return field, False

    def _parse(self) -> Command:
        field = self._name() if self._kind == "name" else "@message"
        if self._word == "/":
            pattern = self._regex()
            return Command("parse", pattern=pattern, names=tuple(pattern.groupindex), columns=(_field(field),))
        if self._kind != "text":
            raise self._bad("a pattern")
        glob = _unquoted(self._next())
        self._expect("as")
        names = tuple(self._listed(self._name))
        if glob.count("*") != len(names):
            raise self._bad(f"{glob.count('*')} names, one for each *")
        pieces = glob.split("*")
        between = set(pieces[1:-1])
        same = between.pop() if len(between) == 1 and not pieces[0] and not pieces[-1] else ""
        body = "(.*?)".join(re.escape(piece) for piece in pieces)
        if names and not pieces[-1]:  # the last wildcard takes what is left of the text
            body = body.removesuffix("(.*?)") + "(.*)"
        return Command("parse", (_field(field),), pattern=re.compile(body, re.DOTALL), between=same, names=names)

    def _column(self, *, stats: bool) -> Column:
        begin = self._begin
        function, argument = "", 0.0
        value: Expression
        if stats:
            if self._kind != "name" or self._word.lower() not in _AGGREGATES:
                raise self._bad(f"one of {', '.join(_AGGREGATES)}")
            function = self._next().lower()
            self._expect("(")
            value, argument = self._aggregated(function)
            self._expect(")")
        else:
            value = self._sum()
        name = (
            self._text[begin : self._begin].strip().strip("`")
            if self._kind != "end"
            else self._text[begin:].strip().strip("`")
        )
        if self._take("as"):
            name = self._name()
        return Column(name, value, function, argument)

    def _aggregated(self, function: str) -> tuple[Expression, float]:
        if function == "count" and (self._take("*") or self._is(")")):
            return (lambda record: 1), 0.0
        value, argument = self._sum(), 0.0
        if function == "pct":
            self._expect(",")
            if self._kind != "number":
                raise self._bad("a percentage")
            argument = float(self._next())
        return value, argument

    # --- expressions ---------------------------------------------------------------------------------------

    def _either(self) -> Expression:
        left = self._both()
        while self._take("or"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._one()
        while self._take("and"):
            left = _and(left, self._one())
        return left

    def _one(self) -> Expression:
        if self._take("not"):
            inner = self._one()
            return lambda record: not inner(record)
        left = self._sum()
        negated = self._take("not")
        if self._take("like", "=~"):
            test = self._like(left)
        elif self._take("in"):
            test = self._in(left)
        elif negated:
            raise self._bad("like or in")
        elif self._is("=", "!=", "<", "<=", ">", ">="):
            test = self._compared(left, self._next(), self._sum())
        else:
            return left
        return (lambda record: not test(record)) if negated else test

    def _compared(self, left: Expression, sign: str, right: Expression) -> Expression:
        return lambda record: compare(sign, left(record), right(record))

    def _like(self, left: Expression) -> Expression:
        if self._word == "/":
            pattern = self._regex()
            return lambda record: pattern.search(text_of(left(record))) is not None
        if self._kind != "text":
            raise self._bad("a text or a regular expression")
        part = _unquoted(self._next())
        return lambda record: part in text_of(left(record))

    def _in(self, left: Expression) -> Expression:
        self._expect("[")
        values = list(self._listed(self._sum))
        self._expect("]")
        return lambda record: any(compare("=", left(record), value(record)) for value in values)

    def _sum(self) -> Expression:
        left = self._product()
        while self._is("+", "-"):
            left = _arithmetic(self._next(), left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._primary()
        while self._is("*", "/"):
            left = _arithmetic(self._next(), left, self._primary())
        return left

    def _primary(self) -> Expression:
        if self._kind == "number":
            begin, word = self._begin, self._next()
            try:
                constant = float(word)
            except ValueError:
                raise Malformed(f"unexpected {word}", begin, begin + len(word)) from None
            return lambda record: constant
        if self._kind == "text":
            text = _unquoted(self._next())
            return lambda record: text
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        begin, name = self._begin, self._name()
        if not self._take("("):
            return lambda record: record.get(name)
        if name.lower() == "bin":
            return self._bin()
        if name.lower() in _AGGREGATES:  # in sort: the column of that name
            self._aggregated(name.lower())
            self._expect(")")
            return lambda record: None
        function = FUNCTIONS.get(name.lower())
        if function is None:
            raise Malformed(f"unknown function {name}", begin, begin + len(name))
        arguments = [] if self._is(")") else list(self._listed(self._either))
        self._expect(")")
        return _called(function, arguments)

    def _bin(self) -> Expression:
        word = self._word
        found = re.fullmatch(r"(\d+)(ms|[smhdw])", word)
        if found is None or int(found[1]) == 0:
            raise self._bad("a period, as 5m")
        self._next()
        self._expect(")")
        period = int(found[1]) * _UNITS[found[2]]
        return lambda record: Moment(int(record["@timestamp"]) // period * period)


def _field(name: str) -> Column:
    return Column(name, lambda record: record.get(name))


def _and(left: Expression, right: Expression) -> Expression:
    return lambda record: bool(left(record)) and bool(right(record))


def _or(left: Expression, right: Expression) -> Expression:
    return lambda record: bool(left(record)) or bool(right(record))


def _arithmetic(sign: str, left: Expression, right: Expression) -> Expression:
    return lambda record: reckon(sign, left(record), right(record))


def _called(function: Callable[..., Any], arguments: Sequence[Expression]) -> Expression:
    return lambda record: function(*(one(record) for one in arguments))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])

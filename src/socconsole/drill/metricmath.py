"""Metric math: the expressions of GetMetricData and of alarms over several metrics.

Known: numbers, ids, ``+ - * / ^``, unary minus, comparisons (1 or 0), parentheses, ``[a, b]``, ``METRICS()`` and
``METRICS("text")`` (ids that contain it), ``SUM AVG MIN MAX`` (of one series a number, of several a series),
``ABS CEIL FLOOR``, ``RATE DIFF PERIOD``, ``FILL(series, number | REPEAT | LINEAR)``, ``IF(condition, yes[, no])`` and
``ANOMALY_DETECTION_BAND(series[, width])``. Anything else is an error that names itself. Where two series meet, a
moment that one of them lacks is missing in the result; functions over several series take what is there. Source:
CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\"[^\"]*\"|'[^']*')|(<=|>=|==|!=|[-+*/^()\[\],<>]))"
)
_BINDS: Final = {"<": 1, ">": 1, "<=": 1, ">=": 1, "==": 1, "!=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "^": 5}
_UNARY: Final = 4
_AGGREGATES: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
_EACH: Final[Mapping[str, Callable[[float], float]]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
}


class BadExpression(ValueError):
    """An expression that cannot be computed; the message says why, as AWS does."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values by the begin of their period (seconds since 1970), in the order of time."""

    values: Mapping[int, float]
    period: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """What is expected of a metric."""

    upper: Series
    lower: Series


Value = float | str | Series | Band | list["Series"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression is computed. ``lookup`` gives the value of an id, or None where there is no such id."""

    lookup: Callable[[str], Value | None]
    metrics: Callable[[], Mapping[str, Series]]
    """Every query of a metric (not of an expression) in the request, by id."""
    band: Callable[[Series, str, float], Band]
    """What is expected of the metric that was queried with an id."""
    grid: Callable[[int], range]
    """Begins of all periods of a length that the request asks for."""


def compute(expression: str, scope: Scope) -> Value:
    """Raises :class:`BadExpression`."""
    reader = _Reader(expression, scope)
    value = reader.expression(0)
    if reader.token is not None:
        raise BadExpression(f"Unexpected '{reader.token}'")
    return value


class _Reader:
    """A precedence climber that computes while it reads."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._scope = scope
        self._tokens = _tokens(text)
        self.token: str | None = next(self._tokens, None)

    def _next(self) -> str:
        token = self.token
        if token is None:
            raise BadExpression("Unexpected end of the expression")
        self.token = next(self._tokens, None)
        return token

    def _expect(self, wanted: str) -> None:
        if (token := self._next()) != wanted:
            raise BadExpression(f"Expected '{wanted}' and found '{token}'")

    def expression(self, least: int) -> Value:
        left = self._operand()
        while self.token is not None and _BINDS.get(self.token, -1) > least:
            operator = self._next()
            right = self.expression(_BINDS[operator])
            left = _binary(operator, left, right)
        return left

    def _operand(self) -> Value:
        token = self._next()
        if token == "-":
            return _binary("*", -1.0, self.expression(_UNARY))
        if token == "(":
            value = self.expression(0)
            self._expect(")")
            return value
        if token == "[":
            return [one for item in self._list("]") for one in _many(item)]
        if token[0].isdigit():
            return float(token)
        if token[0] in "\"'":
            return token[1:-1]
        if self.token == "(":
            self._next()
            name, at = token.upper(), self.token
            return self._call(name, at or "", self._list(")"))
        if token in ("REPEAT", "LINEAR"):
            return token
        value_of = self._scope.lookup(token)
        if value_of is None:
            raise BadExpression(f"Unknown identifier: '{token}'")
        return value_of

    def _list(self, end: str) -> list[Value]:
        items: list[Value] = []
        while self.token != end:
            items.append(self.expression(0))
            if self.token != end:
                self._expect(",")
        self._next()
        return items

    def _call(self, name: str, first: str, given: list[Value]) -> Value:
        if name == "METRICS":
            wanted = given[0] if given else ""
            return [one for id_, one in self._scope.metrics().items() if str(wanted) in id_]
        if not given:
            raise BadExpression(f"{name} needs an argument")
        if name in _AGGREGATES:
            return _aggregate(_AGGREGATES[name], given[0])
        if name in _EACH:
            each = _EACH[name]
            return _map(given[0], each)
        if name == "IF" and len(given) in (2, 3):
            return _choose(given)
        series = given[0]
        if not isinstance(series, Series):
            raise BadExpression(f"Unsupported operand type(s) for {name}")
        if name == "PERIOD":
            return float(series.period)
        if name in ("RATE", "DIFF"):
            return _changes(series, float(series.period) if name == "RATE" else 0.0)
        if name == "FILL" and len(given) == 2:
            return _fill(series, given[1], self._scope.grid(series.period))
        if name == "ANOMALY_DETECTION_BAND":
            width = given[1] if len(given) > 1 else 2.0
            if not isinstance(width, float) or width <= 0:
                raise BadExpression("The width of an anomaly detection band is a number above 0")
            return self._scope.band(series, first, width)
        raise BadExpression(f"Unsupported function: '{name}'")


def _tokens(text: str) -> Iterator[str]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadExpression(f"Unexpected '{text[at:].strip()[:20]}'")
        at = found.end()
        yield found[found.lastindex or 0]


def _many(value: Value) -> list[Series]:
    if isinstance(value, list):
        return value
    if isinstance(value, Series):
        return [value]
    raise BadExpression("Only series go into an array")


def _operate(operator: str, left: float, right: float) -> float | None:
    """None where there is no answer: AWS leaves such a moment out."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
        case "^":
            try:
                power = left**right
            except (OverflowError, ZeroDivisionError):
                return None
            return power if isinstance(power, float) else None
    truth = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}
    return float(truth.get(operator, (left == right) is (operator == "==")))


def _binary(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, list):
        return [one for item in left for one in _many(_binary(operator, item, right))]
    if isinstance(right, list):
        return [one for item in right for one in _many(_binary(operator, left, item))]
    if isinstance(left, float) and isinstance(right, float):
        answer = _operate(operator, left, right)
        return math.nan if answer is None else answer
    period = max(one.period for one in (left, right) if isinstance(one, Series)) if _any(left, right) else 0
    if not period or isinstance(left, str | Band) or isinstance(right, str | Band):
        raise BadExpression(f"Unsupported operand type(s) for {operator}")
    label = next(one.label for one in (left, right) if isinstance(one, Series))
    moments = [one.values for one in (left, right) if isinstance(one, Series)]
    found = {}
    for at in moments[0]:
        if all(at in one for one in moments):
            answer = _operate(operator, _at(left, at), _at(right, at))
            if answer is not None:
                found[at] = answer
    return Series(found, period, label)


def _any(*values: Value) -> bool:
    return any(isinstance(one, Series) for one in values)


def _at(value: Value, at: int) -> float:
    if isinstance(value, Series):
        return value.values[at]
    if isinstance(value, float):
        return value
    raise BadExpression("Unsupported operand type(s)")


def _map(value: Value, each: Callable[[float], float]) -> Value:
    if isinstance(value, float):
        return each(value)
    changed = [Series({at: each(one) for at, one in s.values.items()}, s.period, s.label) for s in _many(value)]
    return changed if isinstance(value, list) else changed[0]


def _aggregate(function: Callable[[list[float]], float], value: Value) -> Value:
    if isinstance(value, Series):
        return float(function(list(value.values.values()))) if value.values else math.nan
    several = _many(value)
    if not several:
        raise BadExpression("There is no series to aggregate")
    moments = sorted({at for one in several for at in one.values})
    values = {at: float(function([one.values[at] for one in several if at in one.values])) for at in moments}
    return Series(values, max(one.period for one in several))


def _changes(series: Series, per: float) -> Series:
    """Difference to the value before; divided by the seconds between them where ``per`` is given."""
    moments = list(series.values)
    values = {
        at: (series.values[at] - series.values[before]) / ((at - before) if per else 1.0)
        for before, at in itertools.pairwise(moments)
    }
    return Series(values, series.period, series.label)


def _fill(series: Series, by: Value, grid: range) -> Series:
    values: dict[int, float] = {}
    known = sorted(series.values)
    for at in grid:
        if at in series.values:
            values[at] = series.values[at]
        elif isinstance(by, float):
            values[at] = by
        elif by in ("REPEAT", "LINEAR"):
            place = bisect.bisect(known, at)
            before = known[place - 1] if place else None
            after = known[place] if place < len(known) else None
            if by == "REPEAT" and before is not None:
                values[at] = series.values[before]
            elif by == "LINEAR" and before is not None and after is not None:
                part = (at - before) / (after - before)
                values[at] = series.values[before] + (series.values[after] - series.values[before]) * part
        else:
            raise BadExpression("FILL takes a number, REPEAT or LINEAR")
    return Series(values, series.period, series.label)


def _choose(given: list[Value]) -> Value:
    """``IF``: where the condition is not 0 the one, elsewhere the other, or nothing."""
    condition, yes = given[0], given[1]
    if isinstance(condition, float):
        return yes if condition else (given[2] if len(given) == 3 else Series({}, 60))
    if not isinstance(condition, Series):
        raise BadExpression("Unsupported operand type(s) for IF")
    values = {}
    for at, truth in condition.values.items():
        chosen = yes if truth else (given[2] if len(given) == 3 else None)
        if isinstance(chosen, float) or (isinstance(chosen, Series) and at in chosen.values):
            values[at] = _at(chosen, at)
    return Series(values, condition.period, condition.label)

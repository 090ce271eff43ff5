"""A compiled Logs Insights query over records: rows, and how many records were looked at and matched.

Values are texts as Insights answers them: whole numbers without a point, ``@timestamp`` and bins as dates. Rows of
``stats`` have their groups first, then the aggregates; others begin with the fields that were asked for (``@timestamp``
and ``@message`` where none were) and end with ``@ptr``.
"""

from __future__ import annotations

import hashlib
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from socconsole.drill.insightsql import Column, Command
from socconsole.drill.insightsvalues import Moment, number

MOST_ROWS: Final = 10_000
_MOST_FIELDS: Final = 200
_DATES: Final = frozenset({"@timestamp", "@ingestionTime"})
# What Insights discovers in a record of a flow log in the default format.
_DEFAULT: Final = (
    "version",
    "accountId",
    "interfaceId",
    "srcAddr",
    "dstAddr",
    "srcPort",
    "dstPort",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "logStatus",
)


@dataclass(slots=True)
class Answer:
    rows: list[list[dict[str, str]]] = field(default_factory=list)
    scanned: int = 0
    matched: int = 0
    bytes: int = 0


def record(group: str, account: str, stream: str, at: int, ingested: int, message: str) -> dict[str, Any]:
    """A record with the fields that Insights knows or discovers: a flow log's default format, or JSON's members."""
    found: dict[str, Any] = {}
    if message.startswith("{"):
        try:
            found = dict(list(_flat(orjson.loads(message)))[:_MOST_FIELDS])
        except orjson.JSONDecodeError:
            found = {}
    elif message.startswith("2 ") and len(words := message.split(" ")) == len(_DEFAULT):
        found = {name: word for name, word in zip(_DEFAULT, words, strict=True) if word != "-"}
    return {
        **found,
        "@timestamp": at,
        "@ingestionTime": ingested,
        "@message": message,
        "@logStream": stream,
        "@log": f"{account}:{group}",
    }


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _flat(item, f"{path}.{place}")
    elif isinstance(value, bool):
        yield path, int(value)
    elif value is not None:
        yield path, value


def run(commands: Sequence[Command], records: Iterable[dict[str, Any]], limit: int = MOST_ROWS) -> Answer:
    """The answer to a query; ``records`` may come in any order."""
    answer = Answer()
    shown: list[str] = []
    grouped = False
    rows: Iterable[dict[str, Any]] = _counted(records, answer)
    steps = list(commands)
    while steps and steps[0].name in ("filter", "parse", "fields", "display"):
        step = steps.pop(0)
        rows, shown = _streamed(step, rows), _shown(step, shown)
    rows = _matched(rows, answer)
    if steps and steps[0].name == "stats":  # as records pass, of which only the values are kept
        step = steps.pop(0)
        found, shown, grouped = _stats(step, rows), _names(step), True
    else:
        found = sorted(rows, key=lambda one: int(one["@timestamp"]), reverse=True)
    for step in steps:
        match step.name:
            case "stats":
                found, shown, grouped = _stats(step, found), _names(step), True
            case "sort":
                for name, descending in reversed(step.order):
                    found.sort(key=_key(name), reverse=descending)
            case "limit":
                found = found[: step.number]
            case "dedup":
                found = _deduplicated(step.names, found)
            case _:
                found, shown = list(_streamed(step, found)), _shown(step, shown)
    names = shown or ["@timestamp", "@message"]
    answer.rows = [_row(one, names, grouped=grouped) for one in found[: min(limit, MOST_ROWS)]]
    return answer


def _counted(records: Iterable[dict[str, Any]], answer: Answer) -> Iterator[dict[str, Any]]:
    for one in records:
        answer.scanned += 1
        answer.bytes += len(one["@message"])
        yield one


def _matched(rows: Iterable[dict[str, Any]], answer: Answer) -> Iterator[dict[str, Any]]:
    for one in rows:
        answer.matched += 1
        yield one


def _streamed(step: Command, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if step.name == "filter":
            if step.test is not None and step.test(row):
                yield row
            continue
        if step.name == "parse" and step.pattern is not None:
            parts = _parsed(step, step.pattern, str(step.columns[0].value(row) or ""))
            if len(parts) == len(step.names):
                row = {**row, **dict(zip(step.names, parts, strict=True))}
        else:
            row = {**row, **{one.name: one.value(row) for one in step.columns}}
        yield row


def _parsed(step: Command, pattern: re.Pattern[str], text: str) -> Sequence[str]:
    if step.between:
        return text.split(step.between, len(step.names) - 1)
    found = pattern.search(text)
    return found.groups() if found else ()


def _shown(step: Command, shown: list[str]) -> list[str]:
    """``fields`` adds to what is shown, ``display`` says what is."""
    if step.name == "display":
        return [one.name for one in step.columns]
    return shown + [one.name for one in step.columns if step.name == "fields" and one.name not in shown]


def _names(step: Command) -> list[str]:
    return [one.name for one in (*step.by, *step.columns)]


def _stats(step: Command, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a group, in the order in which the groups were met."""
    groups: dict[tuple[Any, ...], list[list[tuple[int, Any]]]] = {}
    if not step.by:
        groups[()] = [[] for _ in step.columns]
    for row in rows:
        key = tuple(one.value(row) for one in step.by)
        seen = groups.get(key)
        if seen is None:
            seen = groups[key] = [[] for _ in step.columns]
        at = int(row.get("@timestamp", 0))
        for values, column in zip(seen, step.columns, strict=True):
            if (value := column.value(row)) is not None:
                values.append((at, value))
    return [
        {
            **{one.name: value for one, value in zip(step.by, key, strict=True)},
            **{one.name: _aggregate(one, some) for one, some in zip(step.columns, seen, strict=True)},
        }
        for key, seen in groups.items()
    ]


def _aggregate(column: Column, seen: Sequence[tuple[int, Any]]) -> Any:
    """An aggregate of (time, value) pairs."""
    if column.function == "count":
        return len(seen)
    if column.function == "count_distinct":
        return len({str(value) for _, value in seen})
    if column.function in ("earliest", "latest"):
        choose = min if column.function == "earliest" else max
        return choose(seen, key=lambda one: one[0])[1] if seen else None
    numbers = [one for _, value in seen if (one := number(value)) is not None]
    if not numbers:
        return 0 if column.function == "sum" else None
    if column.function == "pct":
        ordered = sorted(numbers)
        return ordered[min(len(ordered) - 1, int(len(ordered) * column.argument / 100))]
    functions: Mapping[str, Callable[[Sequence[float]], float]] = {
        "sum": sum,
        "min": min,
        "max": max,
        "avg": statistics.fmean,
    }
    return functions[column.function](numbers)


def _key(name: str) -> Callable[[dict[str, Any]], tuple[int, float, str]]:
    """Numbers before texts, and what lacks the field before both."""

    def key(row: dict[str, Any]) -> tuple[int, float, str]:
        value = row.get(name)
        as_number = number(value)
        if value is None:
            return 0, 0.0, ""
        return (2, 0.0, str(value)) if as_number is None else (1, as_number, "")

    return key


def _deduplicated(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first row of each combination of values."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        seen.setdefault(tuple(row.get(name) for name in names), row)
    return list(seen.values())


def _row(row: Mapping[str, Any], names: Sequence[str], *, grouped: bool) -> list[dict[str, str]]:
    told = [{"field": name, "value": _told(name, row[name])} for name in names if row.get(name) is not None]
    if not grouped:
        pointer = hashlib.sha256(f"{row['@log']}{row['@logStream']}{row['@timestamp']}{row['@message']}".encode())
        told.append({"field": "@ptr", "value": pointer.hexdigest()})
    return told


def _told(name: str, value: Any) -> str:
    if isinstance(value, Moment) or name in _DATES:
        when = datetime.fromtimestamp(int(value) / 1000, UTC)
        return f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)

"""Values of Logs Insights' records: how they compare, what functions make of them."""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final


class Moment(int):
    """Milliseconds since 1970 that are shown as a date."""


def number(value: Any) -> float | None:
    """A value as a number, if it is one."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


@lru_cache(maxsize=4096)
def _in_subnet(address: str, network: str) -> bool:
    try:
        return ipaddress.IPv4Address(address) in ipaddress.IPv4Network(network, strict=False)
    except ValueError:
        return False


def text_of(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "isipv4insubnet": lambda address, network: _in_subnet(text_of(address), text_of(network)),
    "isvalidipv4": lambda address: _in_subnet(text_of(address), "0.0.0.0/0"),
    "ispresent": lambda value: value is not None,
    "isempty": lambda value: value is None or value == "",
    "isblank": lambda value: not text_of(value).strip(),
    "strlen": lambda value: float(len(text_of(value))),
    "strcontains": lambda value, part: float(text_of(part) in text_of(value)),
    "tolower": lambda value: text_of(value).lower(),
    "toupper": lambda value: text_of(value).upper(),
    "trim": lambda value: text_of(value).strip(),
    "concat": lambda *values: "".join(text_of(value) for value in values),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "abs": lambda value: None if number(value) is None else abs(number(value) or 0.0),
}


_COMPARED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(sign: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return sign == "!=" and left is not right
    a, b = number(left), number(right)
    one, other = (a, b) if a is not None and b is not None else (text_of(left), text_of(right))
    return bool(_COMPARED[sign](one, other))


def reckon(sign: str, left: Any, right: Any) -> float | None:
    a, b = number(left), number(right)
    if a is None or b is None or (sign == "/" and not b):
        return None
    return {"+": a + b, "-": a - b, "*": a * b}[sign] if sign != "/" else a / b

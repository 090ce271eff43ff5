"""Evaluation of IAM policy documents: explicit deny, then allow, else implicit deny.

Source: "Policy evaluation logic" and "IAM JSON policy elements" in the IAM user guide. Pure: no AWS, no moto.
A condition operator that is not known here makes an Allow not apply and a Deny apply: never more than AWS
would give.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, Sequence[str]]
"""Condition keys in lower case → their values."""


class Decision(StrEnum):
    """Named as SimulatePrincipalPolicy names them."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: Decision
    policy: str = ""
    """Name of the policy that decided."""


@lru_cache(8192)
def _pattern(glob: str, ignore_case: bool) -> re.Pattern[str]:
    text = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def glob(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """IAM wildcards: ``*`` any run of characters, ``?`` one."""
    return _pattern(pattern, ignore_case).fullmatch(value) is not None


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def evaluate(policies: Iterable[tuple[str, Document]], action: str, resource: str, context: Context) -> Verdict:
    """Identity policies, each with its name, for one action on one resource."""
    allowed: Verdict | None = None
    for name, document in policies:
        for statement in as_list(document.get("Statement")):
            effect = statement.get("Effect")
            if not _about(statement, action, resource):
                continue
            if not conditions_hold(statement.get("Condition") or {}, context, unknown=effect == "Deny"):
                continue
            if effect == "Deny":
                return Verdict(Decision.EXPLICIT_DENY, name)
            allowed = allowed or Verdict(Decision.ALLOWED, name)
    return allowed or Verdict(Decision.IMPLICIT_DENY)


def _about(statement: Document, action: str, resource: str) -> bool:
    if "NotAction" in statement:
        if any(glob(one, action, ignore_case=True) for one in as_list(statement["NotAction"])):
            return False
    elif not any(glob(one, action, ignore_case=True) for one in as_list(statement.get("Action"))):
        return False
    if "NotResource" in statement:
        return not any(glob(one, resource) for one in as_list(statement["NotResource"]))
    if "Resource" not in statement:
        return True
    return any(glob(one, resource) for one in as_list(statement["Resource"]))


def conditions_hold(block: Mapping[str, Any], context: Context, *, unknown: bool) -> bool:
    """All operators and keys of a Condition block; ``unknown`` answers for an operator not known here."""
    for operator, keys in block.items():
        for key, wanted in keys.items():
            held = _holds(operator, [str(one) for one in as_list(_plain(wanted))], context.get(key.lower()))
            if held is None:
                held = unknown
            if not held:
                return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value


def _holds(operator: str, wanted: list[str], actual: Sequence[str] | None) -> bool | None:
    quantifier = ""
    if ":" in operator:
        quantifier, operator = operator.split(":", 1)
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    if operator == "Null":
        return (actual is None) == (wanted[0].lower() == "true")
    negated = "Not" in operator
    if actual is None:
        # An absent key fails a positive match and passes a negated one.
        return if_exists or negated or quantifier == "ForAllValues"
    base = operator.replace("Not", "", 1)
    try:
        results = [any(_compare(base, one, value) for one in wanted) for value in actual]
    except _UnknownOperatorError:
        return None
    if quantifier == "ForAllValues":
        return all(not hit if negated else hit for hit in results)
    return not any(results) if negated else any(results)


class _UnknownOperatorError(Exception):
    pass


def _compare(operator: str, wanted: str, actual: str) -> bool:
    match operator:
        case "StringEquals":
            return wanted == actual
        case "StringEqualsIgnoreCase":
            return wanted.lower() == actual.lower()
        case "StringLike" | "ArnLike" | "ArnEquals":
            return glob(wanted, actual)
        case "Bool":
            return wanted.lower() == actual.lower()
        case "IpAddress":
            return _address(wanted, actual)
        case "NumericEquals" | "NumericLessThan" | "NumericLessThanEquals" | "NumericGreaterThan":
            return _ordered(operator.removeprefix("Numeric"), float(actual), float(wanted))
        case "NumericGreaterThanEquals":
            return float(actual) >= float(wanted)
        case "DateEquals" | "DateLessThan" | "DateLessThanEquals" | "DateGreaterThan":
            return _ordered(operator.removeprefix("Date"), _date(actual), _date(wanted))
        case "DateGreaterThanEquals":
            return _date(actual) >= _date(wanted)
        case _:
            raise _UnknownOperatorError(operator)


def _ordered(how: str, actual: Any, wanted: Any) -> bool:
    match how:
        case "Equals":
            return bool(actual == wanted)
        case "LessThan":
            return bool(actual < wanted)
        case "LessThanEquals":
            return bool(actual <= wanted)
        case _:
            return bool(actual > wanted)


def _address(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _date(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

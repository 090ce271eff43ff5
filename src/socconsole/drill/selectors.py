"""Which records a trail asks for.

Source: CloudTrail API reference, ``EventSelector``, ``AdvancedEventSelector``, ``AdvancedFieldSelector``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Selector = Mapping[str, Any]

_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def wanted(basic: Sequence[Selector], advanced: Sequence[Selector], record: Mapping[str, Any]) -> bool:
    """Whether a trail with these selectors keeps a record; without any it keeps every management event."""
    if advanced:
        return any(_advanced(one, record) for one in advanced)
    if basic:
        return any(_basic(one, record) for one in basic)
    return bool(record["managementEvent"])


def _basic(selector: Selector, record: Mapping[str, Any]) -> bool:
    which = selector.get("ReadWriteType", "All")
    if which != "All" and (which == "ReadOnly") != bool(record["readOnly"]):
        return False
    if record["managementEvent"]:
        excluded = selector.get("ExcludeManagementEventSources") or ()
        return selector.get("IncludeManagementEvents", True) is not False and record["eventSource"] not in excluded
    kind, arn = _resource(record)
    return any(
        one.get("Type") == kind and any(arn.startswith(str(value)) for value in one.get("Values") or ())
        for one in selector.get("DataResources") or ()
    )


def _advanced(selector: Selector, record: Mapping[str, Any]) -> bool:
    kind, arn = _resource(record)
    values = {
        "eventCategory": record["eventCategory"],
        "eventName": record["eventName"],
        "eventSource": record["eventSource"],
        "readOnly": str(record["readOnly"]).lower(),
        "resources.type": kind,
        "resources.ARN": arn,
        "userIdentity.arn": str(record["userIdentity"].get("arn", "")),
    }
    return all(_holds(one, str(values.get(one["Field"], ""))) for one in selector["FieldSelectors"])


def _holds(field: Selector, value: str) -> bool:
    for name, test in _TESTS.items():
        if (listed := field.get(name)) and not any(test(value, one) for one in listed):
            return False
        if (unwanted := field.get(f"Not{name}")) and any(test(value, one) for one in unwanted):
            return False
    return True


def _resource(record: Mapping[str, Any]) -> tuple[str, str]:
    """Type and ARN of what a data event was about."""
    first: Mapping[str, Any] = next(iter(record.get("resources") or ()), {})
    return str(first.get("type", "")), str(first.get("ARN", ""))

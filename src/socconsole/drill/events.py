"""EventBridge, as far as AWS's own services use it: an event, the rules that match it, their targets.

moto matches no pattern against lists of objects and reaches neither topics nor other Regions. Source: EventBridge
User Guide, "Event patterns", "Comparison operators", "Sending and receiving events between AWS accounts".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from moto.backends import get_backend

from socconsole.drill import messages
from socconsole.drill.messages import Sender

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

_ABSENT = object()
DEFAULT_BUS = "default"


def heard(account: str, region: str) -> bool:
    """Whether any rule is there: without one an event need not be made."""
    return any(bus.rules for bus in get_backend("events")[account][region].event_buses.values())


def put(
    cloud: Cloud,
    account: str,
    region: str,
    source: str,
    kind: str,
    detail: Mapping[str, Any],
    resources: Iterable[str] = (),
) -> None:
    """An event of an AWS service (``source``, ``detail-type``) on the default bus of a place."""
    if not heard(account, region):
        return
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }
    _deliver(cloud, account, region, DEFAULT_BUS, event, onward=True)


def _deliver(cloud: Cloud, account: str, region: str, bus: str, event: Mapping[str, Any], *, onward: bool) -> None:
    found = get_backend("events")[account][region].event_buses.get(bus)
    for rule in list(found.rules.values()) if found else ():
        pattern = rule.event_pattern.get_pattern()
        if rule.state != "ENABLED" or not pattern or not matches(pattern, event):
            continue
        sender = Sender(messages.EVENTS, rule.arn, account)
        for target in list(rule.targets):
            arn = str(target["Arn"])
            _, _, service, to_region, to_account, name = arn.split(":", 5)
            if service == "sqs":
                messages.to_queue(arn, orjson.dumps(event).decode(), sender)
            elif service == "sns":
                messages.to_topic(arn, orjson.dumps(event).decode(), sender, cloud.clock.now())
            elif service == "events" and onward and _admits(arn, to_account, to_region, account):
                # What came from another bus goes to no third one.
                _deliver(cloud, to_account, to_region, name.removeprefix("event-bus/"), event, onward=False)


def _admits(bus: str, account: str, region: str, sender: str) -> bool:
    """A bus takes events of its own account, and of another only by its policy."""
    found = get_backend("events")[account][region].event_buses.get(bus.rpartition("/")[2])
    if found is None:
        return False
    return account == sender or messages.admitted(found.policy, "events:PutEvents", bus, sender)


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether an event has, for every field of a pattern, one of the values; a list has those of its members."""
    if isinstance(event, list):
        return any(matches(pattern, one) for one in event)
    if not isinstance(event, Mapping):
        return False
    return all(_field(name, wanted, event) for name, wanted in pattern.items())


def _field(name: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if name == "$or":
        return any(matches(one, event) for one in wanted)
    found = event.get(name, _ABSENT)
    if isinstance(wanted, Mapping):
        return matches(wanted, found)
    values = found if isinstance(found, list) else [found]
    return any(_value(one, values) for one in wanted)


def _value(wanted: Any, values: list[Any]) -> bool:
    if not isinstance(wanted, Mapping):
        return any(value is not _ABSENT and type(value) is type(wanted) and value == wanted for value in values)
    operator, operand = next(iter(wanted.items()))
    there = [value for value in values if value is not _ABSENT]
    match operator:
        case "exists":
            return bool(there) == bool(operand)
        case "prefix":
            return any(isinstance(value, str) and value.startswith(operand) for value in there)
        case "suffix":
            return any(isinstance(value, str) and value.endswith(operand) for value in there)
        case "equals-ignore-case":
            return any(isinstance(value, str) and value.lower() == operand.lower() for value in there)
        case "anything-but":
            unwanted = operand if isinstance(operand, list) else [operand]
            return any(value not in unwanted for value in there)
    return False  # numeric, cidr and wildcard: no rule of a drill uses them

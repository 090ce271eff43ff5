"""Model names ⇄ names on the wire, by botocore's shapes; GuardDuty's are ``Severity`` and ``severity``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from moto.core.utils import get_service_model


@cache
def shape(service: str, name: str) -> Any:
    return get_service_model(service).shape_for(name)


def to_wire(value: Any, of: Any) -> Any:
    """A value in model names as JSON carries it: wire names, times as seconds since 1970."""
    if of.type_name == "structure":
        members = of.members
        return {
            members[key].serialization.get("name", key): to_wire(item, members[key])
            for key, item in value.items()
            if item is not None
        }
    if of.type_name == "list":
        return [to_wire(item, of.member) for item in value]
    if of.type_name == "map":
        return {str(key): to_wire(item, of.value) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def has_path(of: Any, path: tuple[str, ...]) -> bool:
    """Whether a dotted path of wire names exists in a shape; lists are passed through."""
    while of.type_name == "list":
        of = of.member
    if not path:
        return True
    if of.type_name == "map":
        return True
    if of.type_name != "structure":
        return False
    for key, member in of.members.items():
        if member.serialization.get("name", key) == path[0]:
            return has_path(member, path[1:])
    return False


def at_path(value: Any, path: tuple[str, ...]) -> list[Any]:
    """All values at a dotted path of wire names, lists taken apart."""
    if isinstance(value, list):
        return [found for item in value for found in at_path(item, path)]
    if not path:
        return [value]
    if isinstance(value, Mapping) and path[0] in value:
        return at_path(value[path[0]], path[1:])
    return []
